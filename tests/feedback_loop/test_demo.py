"""`manage.py demo`: the story played through the product, counted from the database, and never near a real one."""

import datetime as dt
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.core.management.color import no_style
from django.db import connection, transaction
from django.test import Client as Browser

from analytics import periods, tallies
from feedback_loop import initiatives
from feedback_loop.demo import outer_loop, stage, story, summary
from feedback_loop.demo.year import Year
from feedback_loop.models import Digest, Initiative, Target
from surveys.models import (
    Access,
    Answer,
    Campaign,
    Client,
    Contact,
    Exclusion,
    FlaggedSheet,
    Invitation,
    Login,
    OutgoingMessage,
    Question,
    Response,
)

pytestmark = pytest.mark.django_db

DAYS = 45  # a monthly digest, one wave and a good many cases


@pytest.fixture
def played(settings, monkeypatch):
    """The first weeks of the year, with the mails as files; rows are numbered from 1, as in the demo's own database."""
    numbered = [model._meta.db_table for model in apps.get_models() if model._meta.pk.column == "id"]
    sequences = [{"table": table, "column": "id"} for table in numbered]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_by_name_sql(no_style(), sequences):
            cursor.execute(statement)
    settings.EMAIL_BACKEND = "surveys.delivery.eml.EmlBackend"
    settings.BASE_URL = "http://localhost:8000"
    world = story.make_world(dt.date(2026, 11, 10), contacts_a_year={"nordheim": 1500, "alderfinch": 1200})
    days = world.days()[:DAYS]
    monkeypatch.setattr(story.World, "days", lambda self: days)
    object.__setattr__(world, "end_on", days[-1] + dt.timedelta(days=1))
    passed = []
    Year(world, stage.build(world), on_day=lambda: passed.append(1)).play()
    assert len(passed) == DAYS
    return summary.counts()


@pytest.mark.urls("tests.feedback_loop.demo_urls")
def test_a_played_year_holds_together(played, client):
    check_the_figures_of_the_summary_agree(played)
    check_only_machines_were_taken_for_machines()
    check_finished_contacts_have_a_verdict_and_nobody_answered_unasked()
    check_every_login_of_the_summary_opens_the_admin()
    check_the_mailbox_shows_each_mail_in_a_frame_that_may_do_nothing(client)
    check_the_outer_loop_stands(played)
    check_everything_that_ended_is_tallied()


def test_a_seed_draws_the_same_customers_each_time():
    world = story.make_world(dt.date(2026, 11, 10))
    assert salts_of(world) == salts_of(world) != salts_of(story.make_world(dt.date(2026, 11, 10), seed=8))


def salts_of(world) -> set[str]:
    with transaction.atomic():
        stage.build(world)
        salts = set(Campaign.objects.values_list("salt", flat=True))
        transaction.set_rollback(True)
    assert len(salts) == 4
    return salts


def check_the_figures_of_the_summary_agree(played):
    invitations, mails = played["invitations"], played["mails"]
    assert played["contacts"] == Contact.objects.count() > 200
    assert invitations["total"] == invitations["asked"] + sum(invitations["not_asked"].values())
    assert mails["files"] == mails["messages"]["accepted"]
    surveys = OutgoingMessage.objects.filter(invitation__isnull=False)
    assert surveys.count() == Invitation.objects.filter(is_asked=True).count() == invitations["asked"]
    for kind in ("nps", "csat"):
        groups = {name: n for name, n in played["responses"][kind].items() if name != "total"}
        assert sum(groups.values()) == played["responses"][kind]["total"] > 0
    comments = played["comments"]
    outcomes = comments.get("themes", 0) + comments.get("unclassified", 0) + comments.get("empty", 0)
    assert comments["total"] == outcomes == Answer.objects.exclude(text="").count() > 0
    check_sheets_add_up(played)
    cases = played["cases"]
    assert cases["total"] == cases.get("open", 0) + cases.get("in_progress", 0) + cases.get("resolved", 0)
    assert cases["resolved"] > 0
    assert played["digests"]["sent"] == Digest.objects.filter(state="sent").count() > 0


def check_sheets_add_up(played):
    sheets, beside, total = played["sheets"], played["beside"], Response.objects.count()
    verified = sum(played["responses"][kind]["total"] for kind in ("nps", "csat"))
    assert total == sheets["whole"] + sheets["partial"] == verified + beside["unverified"]
    assert total == sum(sheets["by_door"].values()) == sum(sheets["by_language"].values())
    assert min(sheets["partial"], sheets["changed"], beside["unverified"], beside["provisional"]) > 0
    two_pages = Question.objects.filter(starts_page=True).values("version")
    assert set(Response.objects.values_list("version", flat=True)) <= set(two_pages.values_list("version", flat=True))
    clicked = Invitation.objects.filter(clicked_at__isnull=False)
    answered = clicked.filter(response__isnull=False).count()
    only_scanned = clicked.filter(response=None, flagged_sheets__isnull=False).distinct().count()
    assert clicked.count() == answered + only_scanned + beside["provisional"]


def check_only_machines_were_taken_for_machines():
    """People of the demo send what the page carries, after a while: none of them is flagged."""
    evidence = [set(sheet.evidence) for sheet in FlaggedSheet.objects.all()]
    assert evidence
    assert all("decoy" in found for found in evidence)


def check_finished_contacts_have_a_verdict_and_nobody_answered_unasked():
    judged = Invitation.objects.filter(contact__isnull=False).values("contact")
    waiting = Contact.objects.exclude(state="open").exclude(pk__in=judged)
    last = Contact.objects.latest("received_at").received_at
    assert set(waiting.values_list("received_at", flat=True)) <= {last}  # judged the next morning
    assert not Response.objects.filter(invitation__is_asked=False).exists()


def check_every_login_of_the_summary_opens_the_admin():
    rows = summary.logins()
    assert len(rows) == Login.objects.count() > Access.objects.count()
    for row in rows:
        browser = Browser()
        assert browser.login(username=row["login"], password=row["password"])
        assert browser.get("/admin/").status_code == 200


def check_the_outer_loop_stands(played):
    """For each client two targets, one initiative, its own counts with one gap, and two answers objected to."""
    clients = Client.objects.count()
    assert sum(played["targets"].values()) == Target.objects.exclude(looked_at=None).count() == 2 * clients
    assert sum(played["initiatives"].values()) == clients
    for initiative in Initiative.objects.all():
        assert not initiatives.may_overlap(initiative.scope, initiative.control)
    assert played["exclusions"] == {"confirmed": clients, "proposed": clients}
    assert Exclusion.objects.awaiting().exclude(proposed_by__accesses__role=Access.Role.ANALYST).count() == clients
    reported = played["reported"]
    known = sum(map(contacts_of_the_days_reported, Client.objects.all()))
    assert reported["contacts"] - reported["missing"] == known > 0
    assert reported["missing"] == outer_loop.LOST * clients


def contacts_of_the_days_reported(client) -> int:
    told = client.reported_counts
    first_on, after_on = told.earliest("day").day, told.latest("day").day + dt.timedelta(days=1)
    since, until = (periods.midnight(day, client.time_zone) for day in (first_on, after_on))
    return client.contacts.filter(is_test=False, started_at__gte=since, started_at__lt=until).count()


def check_everything_that_ended_is_tallied():
    today = Exclusion.objects.latest("proposed_at").proposed_at.date()
    states = tallies.standing(list(Client.objects.all())).values()
    assert [(state.until_on, state.touched) for state in states] == [(today, frozenset())] * Client.objects.count()


def check_the_mailbox_shows_each_mail_in_a_frame_that_may_do_nothing(client):
    newest = sorted(Path(django_settings.EMAIL_FILE_PATH).glob("*.eml"))[-1].stem
    assert f"/demo/mailbox/{newest}/" in client.get("/demo/mailbox/").content.decode()
    page = client.get(f"/demo/mailbox/{newest}/").content.decode()
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    body = client.get(f"/demo/mailbox/{newest}/body/")
    assert "default-src 'none'" in body["Content-Security-Policy"]
    assert "cid:" not in body.content.decode()


@pytest.mark.urls("tests.feedback_loop.demo_urls")
@pytest.mark.parametrize("name", ["..", "secret_key", "..%2Fsecret_key", "x"])
def test_the_mailbox_opens_nothing_but_its_mails(client, settings, tmp_path, name):
    settings.EMAIL_FILE_PATH = tmp_path / "mailbox"
    (tmp_path / "secret_key").write_text("secret")
    assert client.get(f"/demo/mailbox/{name}/").status_code == 404


def test_the_command_refuses_a_database_that_is_not_the_demos_own():
    Login.objects.create_user("mira")
    with pytest.raises(CommandError, match="which is not the demo's own"):
        call_command("demo", no_serve=True)
    assert Login.objects.filter(username="mira").exists()
