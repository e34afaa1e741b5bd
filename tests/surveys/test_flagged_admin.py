"""Flagged answers in the admin: analysts of the client read them and let one count; nobody edits or deletes one."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from surveys.models import Access, Agent, FlaggedSheet, Invitation, OpenLink, Response
from tests import factories
from tests.conftest import NOW


def url(page, *args):
    return reverse(f"admin:surveys_flaggedsheet_{page}", args=args)


@pytest.fixture
def invitation(acme):
    return factories.make_invitation(acme, "nps", campaign=factories.make_campaign(acme, "nps", name="Wellen"))


@pytest.fixture
def sheet(invitation):
    return factories.make_flagged(invitation, 3, "Ganz schlimm, ⟦name⟧.", evidence=["untouched", "soon"])


@pytest.fixture
def analyst(client, acme):
    login = factories.make_login("ana", first_name="Ana")
    factories.give_access(login, acme, Access.Role.ANALYST)
    client.force_login(login)
    return client


def test_the_list_says_the_score_the_evidence_and_whom_it_is_about(analyst, sheet):
    said = analyst.get(url("changelist")).content.decode()
    assert "3 of 10" in said
    assert "sent by script, without pointer or key, answered within seconds of sending" in said
    assert reverse("admin:surveys_invitation_change", args=[sheet.invitation.pk]) in said
    assert "Wellen" in said


def test_an_empty_list_says_what_would_stand_there(analyst):
    assert "No answer bears the marks of a machine." in analyst.get(url("changelist")).content.decode()


def test_the_page_shows_what_was_sent_with_its_questions(analyst, sheet):
    said = analyst.get(url("change", sheet.pk)).content.decode()
    assert "Sent by script, without pointer or key" in said and "Answered within seconds of sending" in said
    assert 'Ganz schlimm, <span class="redacted">removed</span>.' in said
    assert "It bears the marks of a machine and is in no score." in said


def test_let_count_it_is_an_answer_and_logged(analyst, sheet):
    done = analyst.post(url("restore", sheet.pk), follow=True)
    assert "The answer counts now, as of the moment when it was sent." in done.content.decode()
    response = Response.objects.get()
    assert (response.score, response.submitted_at, response.answers.get().text) == (3, NOW, "Ganz schlimm, ⟦name⟧.")
    sheet.refresh_from_db()
    assert sheet.restored_by.username == "ana"
    assert [(entry.user.username, entry.get_change_message()) for entry in LogEntry.objects.all()] == [
        ("ana", "Let it count.")
    ]
    page = analyst.get(url("change", sheet.pk)).content.decode()
    assert "It counts after all." in page and "Ana" in page
    assert url("restore", sheet.pk) not in page


def test_where_another_answer_counts_it_is_said_why_not(analyst, sheet):
    factories.make_response(sheet.client, 9, invitation=sheet.invitation)
    said = analyst.post(url("restore", sheet.pk), follow=True).content.decode()
    assert "Another answer counts already; this one stays flagged." in said
    assert (Response.objects.get().score, FlaggedSheet.objects.get().restored_at) == (9, None)
    assert LogEntry.objects.count() == 0


def test_an_answer_from_an_open_link_can_be_let_count_too(analyst, acme):
    survey = factories.make_survey(acme)
    link = OpenLink.objects.create(client=acme, survey=survey, name="Theke")
    number = "0" * 31 + "7"
    sheet = FlaggedSheet.objects.create(
        client=acme, open_link=link, door="open", version=survey.current, kind="csat", score=2, language="de",
        sheet={"said": {"score": 2}, "wants_call": None, "phone": "", "is_last": True, "is_preselected": False,
               "sheet_id": number},
        evidence=["no_page"], submitted_at=NOW,
    )  # fmt: skip
    assert "Theke" in analyst.get(url("changelist")).content.decode()
    for _ in range(2):
        analyst.post(url("restore", sheet.pk))
    response = Response.objects.get()
    assert (response.open_link, response.score, response.public_id.hex, response.invitation) == (link, 2, number, None)


@pytest.mark.parametrize("role", ["lead", "agent", "viewer"])
def test_leads_agents_and_viewers_have_no_part_in_it(client, acme, sheet, role):
    login, team = factories.make_login(role), factories.make_team(acme)
    if role == "agent":
        Agent.objects.filter(pk=factories.make_agent(acme).pk).update(login=login)
    else:
        factories.give_access(login, acme, role, team if role == "lead" else None)
    client.force_login(login)
    pages = [client.get(url("changelist")), client.get(url("change", sheet.pk)), client.post(url("restore", sheet.pk))]
    assert [page.status_code for page in pages] == [403, 403, 403]
    assert Response.objects.count() == 0


def test_what_is_foreign_does_not_exist(analyst, globex):
    foreign = factories.make_flagged(factories.make_invitation(globex, "nps"), 1)
    gone = [analyst.get(url("change", foreign.pk)), analyst.post(url("restore", foreign.pk))]
    assert [(page.status_code, page["Location"]) for page in gone] == [(302, "/admin/")] * 2
    assert (Response.objects.count(), FlaggedSheet.objects.get().restored_at) == (0, None)
    assert analyst.get(url("changelist")).context["cl"].result_count == 0


def test_nobody_edits_or_deletes_one_and_a_look_lets_none_count(client, sheet):
    client.force_login(factories.make_login("root", is_superuser=True))
    assert client.post(url("change", sheet.pk), {"score": "10"}).status_code == 403
    assert client.post(url("delete", sheet.pk), {"post": "yes"}).status_code == 403
    assert client.get(url("restore", sheet.pk)).status_code == 405
    assert client.get(url("add")).status_code == 403
    assert (FlaggedSheet.objects.get().score, Response.objects.count()) == (3, 0)


def test_the_list_takes_as_many_queries_for_three_as_for_one(analyst, acme):
    def queries():
        with CaptureQueriesContext(connection) as context:
            assert analyst.get(url("changelist")).status_code == 200
        return len(context)

    factories.make_flagged(factories.make_invitation(acme))
    queries()
    one = queries()
    for _ in range(2):
        factories.make_flagged(factories.make_invitation(acme))
    assert queries() == one


def test_the_funnel_page_counts_them_and_each_number_leads_to_its_rows(analyst, acme, invitation, sheet):
    factories.make_flagged(invitation, 4, restored_at=NOW)
    other = factories.make_invitation(acme, "nps", campaign=factories.make_campaign(acme, "nps"))
    factories.make_flagged(other)
    silent = factories.make_invitation(acme, "nps", campaign=invitation.campaign)
    Invitation.objects.update(clicked_at=NOW, clicked_score=9)
    days = {"from": "2026-11-01", "until": "2026-12-01"}
    page = analyst.get(reverse("admin:surveys_campaign_ledger", args=[invitation.campaign.pk]), days)
    (clicked, groups), (flagged, _note) = page.context["beside"]
    assert (clicked.number, groups, flagged.number) == ("1", "9–10: 1, 7–8: 0, 0–6: 0", "1")
    assert list(analyst.get(clicked.address).context["cl"].result_list) == [silent]
    assert list(analyst.get(flagged.address).context["cl"].result_list) == [sheet]
    factories.make_response(acme, 9, invitation=silent)
    page = analyst.get(reverse("admin:surveys_campaign_ledger", args=[invitation.campaign.pk]), days)
    assert [line.number for line, _ in page.context["beside"]] == ["1"]  # sent: provisional no more


def test_the_story_of_an_invitation_tells_of_clicks_and_machines(analyst, sheet):
    invitation = sheet.invitation
    Invitation.objects.filter(pk=invitation.pk).update(clicked_at=NOW, clicked_score=9)
    invitation.visits.create(kind="click", score=4, at=NOW)
    invitation.visits.create(kind="decoy", at=NOW)
    said = analyst.get(reverse("admin:surveys_invitation_change", args=[invitation.pk])).content.decode()
    for words in (
        "9 clicked in the mail",
        "Another number clicked in the mail",
        "Followed a link that no person sees",
        "Flagged answer: 3",
    ):
        assert words in said
