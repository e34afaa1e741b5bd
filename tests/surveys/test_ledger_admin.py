"""The ledger on screen: each number leads to exactly its rows, each row tells its story, and only analysts read it."""

import csv
import datetime as dt
import html
import io
import re

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from surveys.models import Campaign, DeliveryEvent, Invitation, OutgoingMessage, RulesVersion
from tests import factories
from tests.surveys.test_ledger import IN_OCTOBER, Event, State, verdict

OCTOBER = "?from=2026-10-01&until=2026-11-01"


@pytest.fixture(autouse=True)
def _today(now):
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def campaign(acme):
    """A campaign with something in every stage, and some outside its period."""
    for reason in ("not_sampled", "not_sampled", "goodwill", "spam"):
        verdict(acme, reason=reason)
    for state in ("", State.PLANNED, State.DEFERRED, State.FAILED, State.UNKNOWN, State.ACCEPTED):
        verdict(acme, state=state)
    verdict(acme, state=State.ACCEPTED, events=[Event.HARD_BOUNCE])
    verdict(acme, state=State.ACCEPTED, opened_at=IN_OCTOBER)
    verdict(acme, state=State.ACCEPTED, is_answered=True)
    for day in ("2026-09-30T21:59:00Z", "2026-10-31T23:00:00Z"):
        verdict(acme, reason="stale", about_at=dt.datetime.fromisoformat(day))
    return Campaign.objects.get()


def ledger_of(campaign) -> str:
    return reverse("admin:surveys_campaign_ledger", args=[campaign.pk])


def rows_at(browser, address: str) -> int:
    return browser.get(address).context["cl"].result_count


def links_of(page) -> list[tuple[int, str]]:
    """Number and address of each link to rows on a page."""
    found = re.findall(r'<a href="([^"]*/invitation/\?[^"]*)">(.*?)</a>', page.content.decode(), re.S)
    numbers = [re.sub(r"<[^>]+>|\D", " ", re.sub(r"<[^>]+>", " ", text)).split() for _address, text in found]
    return [(int(number[0]), html.unescape(address)) for number, (address, _text) in zip(numbers, found, strict=True)]


# --- The funnel


def test_every_number_leads_to_exactly_so_many_rows(browser, campaign):
    links = links_of(browser.get(ledger_of(campaign) + OCTOBER))
    told = {re.search(r"(stage|fate)=(\w+)", address)[2]: number for number, address in links}
    assert told == {
        "eligible": 12, "not_sampled": 2, "goodwill": 1,
        "asked": 9, "no_message": 1, "planned": 1, "deferred": 1, "failed": 1, "unknown": 1, "bounced": 1,
        "delivered": 3, "unopened_expired": 1,
        "started": 2, "unanswered_expired": 1,
        "answered": 1, "spam": 1,
    }  # fmt: skip
    assert {address: rows_at(browser, address) for _number, address in links} == {
        address: number for number, address in links
    }


def test_clients_in_other_zones_have_their_own_days(browser, acme, campaign):
    other = factories.make_client("far", "Far", time_zone="Pacific/Auckland")
    factories.give_access(browser.get("/admin/").wsgi_request.user, other, "analyst")
    for about_at in ("2026-09-30T10:59:00Z", "2026-09-30T11:00:00Z", "2026-10-31T10:59:00Z", "2026-10-31T11:00:00Z"):
        far = verdict(other, reason="stale", about_at=dt.datetime.fromisoformat(about_at)).campaign
    ((number, address), *_rest) = links_of(browser.get(ledger_of(far) + OCTOBER))
    assert (number, rows_at(browser, address)) == (2, 2)
    assert rows_at(browser, reverse("admin:surveys_invitation_changelist") + "?about=2026-10-01..2026-11-01") == 2 + 13


def test_a_period_is_chosen_by_one_press_or_by_days_and_is_this_month_at_first(browser, campaign):
    page = browser.get(ledger_of(campaign))
    offered = re.findall(r'<a href="\?([^"]+)"( aria-current="true")?>([^<]+)</a>', page.content.decode())
    assert [(html.unescape(query), bool(chosen), name) for query, chosen, name in offered] == [
        ("from=2026-06-01&until=2026-07-01", False, "June 2026"),
        ("from=2026-07-01&until=2026-08-01", False, "July 2026"),
        ("from=2026-08-01&until=2026-09-01", False, "August 2026"),
        ("from=2026-09-01&until=2026-10-01", False, "September 2026"),
        ("from=2026-10-01&until=2026-11-01", False, "October 2026"),
        ("from=2026-11-01&until=2026-12-01", True, "November 2026"),
        ("from=2026-01-01&until=2026-04-01", False, "Q1 2026"),
        ("from=2026-04-01&until=2026-07-01", False, "Q2 2026"),
        ("from=2026-07-01&until=2026-10-01", False, "Q3 2026"),
        ("from=2026-10-01&until=2027-01-01", False, "Q4 2026"),
    ]
    days = browser.get(ledger_of(campaign) + "?from=2026-10-12&until=2026-10-13").content.decode()
    assert "Oct. 12, 2026 to Oct. 12, 2026" in days or "12 October 2026 to 12 October 2026" in days


def test_wrong_days_are_said_in_words_and_this_month_is_shown(browser, campaign):
    page = browser.get(ledger_of(campaign) + "?from=2026-11-01&until=2026-10-01")
    assert page.status_code == 400
    said = page.content.decode()
    assert "The first day must come before the day at which the period ends." in said
    assert '<h2 id="funnel">November 2026</h2>' in said
    assert "<title>Error: " in said


def test_rates_stand_beside_their_counts_and_opened_pages_are_no_rate(browser, campaign):
    said = browser.get(ledger_of(campaign) + OCTOBER).content.decode()
    assert re.findall(r"<small>([^<]+)</small>", said) == [
        "coverage 75.0%",
        "33.3% of those asked",
        "response rate 11.1% of those asked",
    ]
    assert "Mail scanners may be among them: they open links, too." in said


def test_an_empty_period_says_why_and_draws_nothing(browser, campaign):
    said = browser.get(ledger_of(campaign) + "?from=2025-10-01&until=2025-11-01").content.decode()
    assert "No verdict in this period." in said
    assert "<svg class" not in said


def test_the_page_costs_as_many_queries_for_many_verdicts_as_for_one(browser, acme):
    campaign = verdict(acme, state=State.ACCEPTED).campaign
    browser.get(ledger_of(campaign) + OCTOBER)
    with CaptureQueriesContext(connection) as first:
        browser.get(ledger_of(campaign) + OCTOBER)
    for reason in ("goodwill", "stale"):
        verdict(acme, reason=reason)
    with CaptureQueriesContext(connection) as second:
        browser.get(ledger_of(campaign) + OCTOBER)
    assert len(second) == len(first)


def test_no_page_of_the_ledger_carries_inline_styles_or_scripts(browser, campaign):
    message = OutgoingMessage.objects.first()
    for page in (
        ledger_of(campaign) + OCTOBER,
        reverse("admin:surveys_invitation_changelist"),
        reverse("admin:surveys_invitation_change", args=[message.invitation_id]),
        reverse("admin:surveys_outgoingmessage_changelist"),
        reverse("admin:surveys_outgoingmessage_change", args=[message.pk]),
    ):
        said = browser.get(page).content.decode()
        assert [each for each in ("<style", " style=", "<script>") if each in said] == []


# --- Whose


@pytest.mark.parametrize("role", ["lead", "agent", "viewer"])
def test_the_ledger_is_for_analysts_only(client, acme, campaign, role):
    login, team = factories.make_login(role), factories.make_team(acme)
    if role == "agent":
        factories.make_agent(acme, "Tom", login)
    else:
        factories.give_access(login, acme, role, team if role == "lead" else None)
    client.force_login(login)
    invitation = Invitation.objects.first()
    pages = [
        ledger_of(campaign),
        reverse("admin:surveys_invitation_change", args=[invitation.pk]),
        reverse("admin:surveys_invitation_export", args=["csv"]),
    ]
    assert [client.get(page).status_code for page in pages] == [403, 403, 403]


def test_what_is_foreign_is_not_there(browser, globex):
    foreign = verdict(globex, state=State.UNKNOWN, contact=factories.make_contact(globex, external_id="Zyx"))
    message = foreign.messages.get()
    pages = [
        ledger_of(foreign.campaign),
        reverse("admin:surveys_invitation_change", args=[foreign.pk]),
        reverse("admin:surveys_outgoingmessage_change", args=[message.pk]),
    ]
    assert {browser.get(page).url for page in pages} == {reverse("admin:index")}
    for name in ("invitation", "outgoingmessage"):
        found = browser.get(reverse(f"admin:surveys_{name}_changelist") + f"?campaign={foreign.campaign_id}")
        assert found.context["cl"].result_count == 0
        assert foreign.campaign.name not in found.content.decode()
    for query in ("", f"?campaign={foreign.campaign_id}", "?stage=asked"):
        export = browser.get(reverse("admin:surveys_invitation_export", args=["csv"]) + query)
        assert "Zyx" not in b"".join(export.streaming_content).decode()
    assert message.to not in re.findall(
        "<li>.*", browser.get(reverse("admin:surveys_outgoingmessage_changelist")).content.decode()
    )


def test_whoever_is_viewer_anywhere_reads_no_agents_name_in_a_story(browser, analyst, acme, globex):
    agent = factories.make_agent(acme, "Lena Ritter", team=factories.make_team(acme, "Nordlicht"))
    page = reverse("admin:surveys_invitation_change", args=[verdict(acme, agent=agent, team=agent.team).pk])
    named = browser.get(page).content.decode()
    factories.give_access(analyst, globex, "viewer")
    unnamed = browser.get(page).content.decode()
    assert ["Lena Ritter" in named, "Nordlicht" in named] == [True, True]
    assert ["Lena Ritter" in unnamed, "Nordlicht" in unnamed] == [False, False]


# --- The list and its files


def test_the_list_names_each_reason_with_its_number_under_the_other_filters(browser, campaign):
    def told(query):
        page = browser.get(reverse("admin:surveys_invitation_changelist") + query).content.decode()
        shown = page[page.index('id="changelist-filter"') :]
        return {name.strip(): int(n) for name, n in re.findall(r">\s*([^<>]+?) \((\d+)\)", shown)}

    everything = told("")
    assert everything["Not drawn"] == 2
    assert everything["Too long ago"] == 2
    assert sum(everything.values()) == Invitation.objects.count() == 15
    assert told("?about=2026-10-01..2026-11-01&stage=asked") == {
        "No message was made": 1,
        "Still to be sent": 1,
        "Put off by the receiving side, is tried again": 1,
        "Refused by the receiving side": 1,
        "Unknown: may have arrived, never sent again": 1,
        "Came back as undeliverable": 1,
        "Not opened until the link expired": 1,
        "Not answered until the link expired": 1,
        "Answered": 1,
    }


@pytest.mark.parametrize("query", ["fate=x", "stage=x", "about=x", "about=2026-11-01..2026-10-01", "campaign=x"])
def test_an_address_that_makes_no_sense_leads_back_to_the_list(browser, campaign, query):
    page = browser.get(f"{reverse('admin:surveys_invitation_changelist')}?{query}")
    assert (page.status_code, page.url) == (302, "/admin/surveys/invitation/?e=1")
    export = browser.get(f"{reverse('admin:surveys_invitation_export', args=['csv'])}?{query}")
    assert (export.status_code, export.url) == (302, "/admin/surveys/invitation/")


@pytest.mark.parametrize(
    "query", ["", "?stage=asked", "?fate=not_sampled", "?about=2026-10-01..2026-11-01", "?q=T-", "?is_asked=1"]
)
def test_the_file_holds_what_the_list_shows(browser, campaign, query):
    page = browser.get(reverse("admin:surveys_invitation_changelist") + query)
    export = browser.get(reverse("admin:surveys_invitation_export", args=["csv"]) + query)
    if query == "?is_asked=1":  # asks about a column that the list does not offer
        assert (page.status_code, export.status_code) == (400, 400)
        return
    told = csv.DictReader(io.StringIO(b"".join(export.streaming_content).decode("utf-8-sig")))
    shown = page.context["cl"].queryset.order_by("pk").values_list("pk", flat=True)
    assert [int(row["id"]) for row in told] == list(shown) != []


def test_the_buttons_of_the_list_keep_its_filters(browser, campaign):
    page = browser.get(reverse("admin:surveys_invitation_changelist") + "?stage=asked&q=T-")
    address = html.unescape(re.search(r'href="([^"]*/export/xlsx/[^"]*)"', page.content.decode())[1])
    assert address == "/admin/surveys/invitation/export/xlsx/?q=T-&stage=asked"
    assert browser.get(address)["Content-Disposition"] == 'attachment; filename="ledger.xlsx"'
    assert browser.get(reverse("admin:surveys_invitation_export", args=["exe"])).status_code == 404


# --- One verdict, one message


def test_a_verdict_tells_rules_messages_and_what_was_reported(browser, acme, now):
    invitation = verdict(acme, state=State.ACCEPTED, events=[Event.DELAYED], reminder=State.PLANNED, opened_at=now)
    invitation.rules = RulesVersion.objects.create(campaign=invitation.campaign, number=3, made_at=now, rules={})
    invitation.save()
    page = browser.get(reverse("admin:surveys_invitation_change", args=[invitation.pk]))
    said = " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())
    for sentence in (
        "Asked: not answered until the link expired.",
        "rules version 3 of 10 November 2026",
        "12 October 2026, 12:00",
        "Invitation, email: delayed ( t )".replace("( t )", "(t)"),
        "10 November 2026, 10:00 Page opened (mail scanners open pages, too)",
        "Reminder, email: due",
    ):
        assert sentence in said
    for name, row in (("contact", invitation.contact), ("campaign", invitation.campaign)):
        assert reverse(f"admin:surveys_{name}_change", args=[row.pk]) in page.content.decode()
    for message in invitation.messages.all():
        assert reverse("admin:surveys_outgoingmessage_change", args=[message.pk]) in page.content.decode()


def test_nobody_writes_in_a_verdict(browser, acme):
    invitation = verdict(acme, state=State.ACCEPTED)
    assert browser.post(reverse("admin:surveys_invitation_change", args=[invitation.pk]), {}).status_code == 403


def test_a_verdict_of_a_wave_and_one_without_customer_have_their_page(browser, acme):
    wave = verdict(acme, kind="nps", reason="quarantine")
    erased = verdict(acme, state=State.ACCEPTED)
    Invitation.objects.filter(pk=erased.pk).update(customer=None, email="")
    for invitation in (wave, erased):
        assert browser.get(reverse("admin:surveys_invitation_change", args=[invitation.pk])).status_code == 200


def test_unknown_messages_to_customers_are_named_on_top_with_what_that_means(browser, acme, globex, now):
    listed = reverse("admin:surveys_outgoingmessage_changelist")
    assert 'class="unknown"' not in browser.get(listed).content.decode()
    for number in range(7):
        message = verdict(acme, state=State.UNKNOWN).messages.get()
        OutgoingMessage.objects.filter(pk=message.pk).update(to=f"kim{number}@example.org", handed_over_at=now)
    foreign = verdict(globex, state=State.UNKNOWN).messages.get()
    OutgoingMessage.objects.filter(pk=foreign.pk).update(to="zyx@example.org")
    said = browser.get(listed + "?state__exact=accepted").content.decode()
    assert "7 messages to customers are unknown" in said
    assert "Each of them may have arrived, so none is ever sent again." in said
    assert len(set(re.findall(r"kim\d@example.org", said))) == 5
    assert "zyx@" not in said
    assert "Show all of them" in said


def test_messages_are_filtered_by_medium_state_campaign_and_what_they_are(browser, acme, now):
    survey, reminder = verdict(acme, state=State.FAILED, reminder=State.PLANNED).messages.order_by("is_reminder")
    other = verdict(acme, state=State.ACCEPTED, campaign=factories.make_campaign(acme)).messages.get()
    OutgoingMessage.objects.filter(pk=other.pk).update(medium="sms")
    staff = OutgoingMessage.objects.create(client=acme, key="case:1", to="l@x.org", due_at=now, subject="A case")
    listed = reverse("admin:surveys_outgoingmessage_changelist")
    found = {
        query: set(browser.get(f"{listed}?{query}").context["cl"].result_list)
        for query in (
            "medium__exact=sms", "state__exact=failed", f"campaign={survey.invitation.campaign_id}",
            "what=invitation", "what=reminder", "what=staff",
        )
    }  # fmt: skip
    assert list(found.values()) == [{other}, {survey}, {survey, reminder}, {survey, other}, {reminder}, {staff}]


def test_what_was_reported_stands_beneath_the_message_escaped_as_it_came(browser, acme, now):
    message = verdict(acme, state=State.ACCEPTED).messages.get()
    DeliveryEvent.objects.create(
        client=acme, message=message, kind="hard_bounce", source="dsn", event_id="1", happened_at=now,
        detail="5.1.1 <b>no</b>", raw="Final-Recipient: <script>alert(1)</script>",
    )  # fmt: skip
    said = browser.get(reverse("admin:surveys_outgoingmessage_change", args=[message.pk])).content.decode()
    assert "address does not exist" in said
    assert "5.1.1 &lt;b&gt;no&lt;/b&gt;" in said
    assert "Final-Recipient: &lt;script&gt;alert(1)&lt;/script&gt;" in said
    assert "The mail server or provider has taken it." in said


@pytest.mark.parametrize("name", ["invitation", "outgoingmessage"])
def test_a_list_takes_as_many_queries_for_three_rows_as_for_one(browser, acme, name):
    listed = reverse(f"admin:surveys_{name}_changelist")
    verdict(acme, state=State.UNKNOWN)
    browser.get(listed)
    with CaptureQueriesContext(connection) as first:
        browser.get(listed)
    verdict(acme, state=State.UNKNOWN), verdict(acme, state=State.UNKNOWN)
    with CaptureQueriesContext(connection) as second:
        assert browser.get(listed).context["cl"].result_count == 3
    assert len(second) == len(first)


def test_a_story_takes_the_same_queries_for_one_event_and_for_three(browser, acme):
    def cost(number):
        invitation = verdict(acme, state=State.ACCEPTED, events=[Event.DELAYED] * number, reminder=State.ACCEPTED)
        page = reverse("admin:surveys_invitation_change", args=[invitation.pk])
        browser.get(page)
        with CaptureQueriesContext(connection) as queries:
            browser.get(page)
        return len(queries)

    assert cost(1) == cost(3)
