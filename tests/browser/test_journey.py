"""The whole loop in a real browser: file → mail → page → answer → themes → case → digest, in German and in English."""

import datetime as dt
import re

import pytest
from django.core.management import call_command
from django.utils import timezone

from analytics.models import ThemeAssignment
from feedback_loop import digests
from feedback_loop.models import Case, Digest, DigestSubscription
from surveys import delivery
from surveys.management.commands.tick import tick
from surveys.models import Access, Invitation, Response
from tests import factories

from .conftest import check_accessibility, check_fits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STORY = {
    "de": {
        "comment": "25 Minuten in der Warteschleife, und Frau Ritter war unfreundlich.",
        "send": "Antwort senden", "thanks": "Danke, dass Sie uns das sagen.",
        "theme": "Wartezeit & Erreichbarkeit", "resolve": "Als gelöst schließen", "resolved": "gelöst",
        "headline": "Zufriedenheit", "salutation": "Guten Tag Frau Brook",
    },
    "en": {
        "comment": "I was on hold for 25 minutes, and the agent was rude.",
        "send": "Send answer", "thanks": "Thank you for telling us.",
        "theme": "Waiting & reachability", "resolve": "Close as solved", "resolved": "resolved",
        "headline": "Satisfaction", "salutation": "Dear Ms Brook",
    },
}  # fmt: skip


@pytest.mark.parametrize("language", ["de", "en"])
def test_an_unhappy_customer_is_asked_heard_called_and_reported(
    language, live_server, smtp_sink, settings, open_page, tmp_path, monkeypatch
):
    story = STORY[language]
    settings.BASE_URL = live_server.url
    client = factories.make_client(language=language, time_zone="UTC")
    team = factories.make_team(client)
    lead = factories.make_login(
        "lead", first_name="Mira", last_name="Tönnies", email="lead@provider.example", language=language
    )
    factories.give_access(lead, client, Access.Role.LEAD, team)
    factories.make_campaign(client, hour_from=0, hour_until=24, sending_days=[1, 2, 3, 4, 5, 6, 7], quarantine_days=30)
    DigestSubscription.objects.create(
        client=client,
        kind="week",
        email="brook@acme.example",
        salutation=story["salutation"],
        language=language,
        starts_on=dt.date(2026, 1, 1),
        send_hour=0,
    )

    # A contact comes in by file, and its customer is asked.
    ended_at = timezone.now() - dt.timedelta(hours=2)
    export = tmp_path / "tickets.csv"
    row = {
        "Ticket ID": "4711", "Created at": f"{ended_at - dt.timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        "Solved at": f"{ended_at:%Y-%m-%dT%H:%M:%SZ}", "Status": "solved", "Group": "Nord", "Assignee": "Lena Ritter",
        "Requester": "Kim Brook", "Requester email": "kim.brook@example.org", "Channel": "email",
        "Subject": "Strom weg", "Tags": "", "Priority": "normal", "Locale": language, "Reopens": "0",
    }  # fmt: skip
    export.write_text(f"{','.join(row)}\n{','.join(row.values())}\n", encoding="utf-8-sig")
    call_command("import_contacts", "acme", str(export), profile="helpdesk")
    tick()
    [mail] = smtp_sink.mails
    assert mail["To"] == "kim.brook@example.org"
    text = mail.get_body(("plain",)).get_content()
    link = next(address for address in re.findall(r"http\S+", text) if address.endswith("score=2"))

    # The page: the score is preselected, counts only once sent, and says thank you.
    page = open_page(language, 360)
    page.goto(link)
    assert page.locator("input[name=score][value='2']").is_checked()
    assert Response.objects.count() == 0
    check_accessibility(page)
    check_fits(page)
    page.fill("textarea", story["comment"])
    page.check("input[type=checkbox]")
    page.fill("input[type=tel]", "030 23125 047" if language == "de" else "+44 20 7946 0047")
    page.get_by_role("button", name=story["send"]).click()
    page.get_by_role("heading", name=story["thanks"]).wait_for()
    check_accessibility(page)
    check_fits(page)
    [response] = Response.objects.all()
    assert (response.score, response.wants_call) == (2, True)

    # Understood, and somebody's to answer: the lead has heard of it.
    themes = set(ThemeAssignment.objects.values_list("theme__key", "sentiment"))
    assert themes == {("waiting_time", -1), ("friendliness", -1)}
    tick()
    [case] = Case.objects.all()
    assert case.owner == lead
    alert = smtp_sink.mails[-1]
    assert alert["To"] == "lead@provider.example"

    # In the admin the lead reads the answer, then closes the case with a cause and an action.
    desk = open_page(language, 1280)
    desk.goto(f"{live_server.url}/admin/")
    desk.fill("#id_username", "lead")
    desk.fill("#id_password", "kennwort")
    check_accessibility(desk)
    desk.locator("input[type=submit]").click()
    desk.goto(f"{live_server.url}/admin/surveys/response/")
    desk.get_by_text(story["theme"]).first.wait_for()
    check_accessibility(desk)
    check_fits(desk)
    [address] = re.findall(r"http\S+/feedback_loop/case/\d+\S*", alert.get_body(("plain",)).get_content())
    desk.goto(address)
    check_accessibility(desk)
    desk.select_option("select[name=cause]", Case.Cause.OUR_REACH)
    desk.fill("textarea[name=note]", "Angerufen und entschuldigt.")
    desk.get_by_role("button", name=story["resolve"]).click()
    desk.locator(".messagelist .success").wait_for()
    case.refresh_from_db()
    assert case.state == Case.State.RESOLVED

    # The client hears of it in the digest of that week, without the agent's name.
    next_week = timezone.now() + dt.timedelta(days=7)
    assert digests.send_due(next_week) == 1
    delivery.send_due(next_week)
    digest_mail = smtp_sink.mails[-1]
    assert digest_mail["To"] == "brook@acme.example"
    body = digest_mail.get_body(("plain",)).get_content()
    assert "Ritter" not in body
    [address] = re.findall(r"http\S+/d/\S+/", body)[:1]
    report = open_page(language, 360)
    report.goto(address)
    report.get_by_text(story["headline"]).first.wait_for()
    assert "Ritter" not in report.content()
    check_accessibility(report)
    check_fits(report)
    assert Digest.objects.filter(state=Digest.State.SENT).count() == 1
    assert Invitation.objects.get().is_asked
