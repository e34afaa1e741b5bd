"""The list of cases and the page of one: the same verbs behind buttons, errors at their fields, nothing typed lost."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from feedback_loop import cases
from feedback_loop.models import Case
from feedback_loop.templatetags import casework
from tests import factories

LIST = reverse("admin:feedback_loop_case_changelist")


def page_of(case):
    return reverse("admin:feedback_loop_case_change", args=[case.pk])


@pytest.fixture
def team(acme):
    return factories.make_team(acme)


@pytest.fixture
def lead(acme, team):
    login = factories.make_login("mira", first_name="Mira", last_name="Tönnies")
    factories.give_access(login, acme, "lead", team)
    return login


@pytest.fixture
def agent(acme, team):
    login = factories.make_login("lena", first_name="Lena", last_name="Ritter")
    return factories.make_agent(acme, login=login, team=team)


@pytest.fixture
def browser(client, lead):
    client.force_login(lead)
    return client


def make(acme, team, agent=None, at=None, score=1, **fields):
    at = at or timezone.now()
    fields |= {"team": team, "agent": agent, "submitted_at": at}
    return cases.open_for(factories.make_response(acme, score, "Ewig gewartet.", kind="csat", **fields), at)


@pytest.fixture
def case(acme, team, agent, lead):
    return make(acme, team, agent, wants_call=True, phone="0170 555 47")


def press(browser, case, button, follow=True, **typed):
    return browser.post(
        page_of(case), {"owner": case.owner_id or "", "cause": "", "note": "", **typed, button: "1"}, follow=follow
    )


def kinds(case):
    return list(case.events.values_list("kind", flat=True))


# --- The list ---


def test_open_cases_come_first_by_due_time_and_overdue_ones_are_marked(browser, acme, team, now):
    later, late, closed = (make(acme, team, at=timezone.now() - dt.timedelta(days=days)) for days in (0, 20, 40))
    cases.resolve(closed, "our_reach", "Angerufen", None, now)
    answer = browser.get(LIST)
    assert list(answer.context["cl"].result_list) == [late, later, closed]
    assert answer.context["subtitle"] == "2 cases are open, 1 of them overdue."
    assert answer.content.decode().count("due-over") == 1


def test_the_list_takes_as_many_queries_for_three_as_for_one(browser, acme, team, agent):
    make(acme, team, agent)
    browser.get(LIST)
    with CaptureQueriesContext(connection) as first:
        assert browser.get(LIST).context["cl"].result_count == 1
    for number in range(2):
        make(acme, team, factories.make_agent(acme, f"Agent {number}", team=team))
    with CaptureQueriesContext(connection) as second:
        assert browser.get(LIST).context["cl"].result_count == 3
    assert len(second) == len(first)


def test_a_list_without_open_cases_says_when_one_would_appear(browser):
    said = browser.get(LIST).context["subtitle"]
    assert said == "No case is open. New ones appear here when someone gives 0 to 6 or asks for a call."


@pytest.mark.parametrize(
    ("query", "found"), [("open", {"late", "new"}), ("overdue", {"late"}), ("mine", {"new"}), ("resolved", {"closed"})]
)
def test_the_state_filter_finds_what_it_says(browser, lead, acme, team, agent, now, query, found):
    rows = {
        "late": make(acme, team, agent, at=timezone.now() - dt.timedelta(days=20)),
        "new": make(acme, team),
        "closed": make(acme, team),
    }
    cases.assign(rows["late"], agent.login, lead, now)
    cases.resolve(rows["closed"], "our_reach", "Angerufen", None, now)
    listed = browser.get(f"{LIST}?state={query}").context["cl"].result_list
    assert {name for name, case in rows.items() if case in listed} == found


# --- One case ---


def test_the_page_says_why_what_who_and_until_when(browser, case):
    said = browser.get(page_of(case)).content.decode()
    for part in (
        "unhappy score, wants a call",
        "Ewig gewartet.",
        "Lena Ritter",
        "number ends in 47",
        "working days left",
    ):
        assert part in said
    assert "0170" not in said


def test_closing_without_a_cause_says_so_at_the_field_and_keeps_what_was_typed(browser, case, agent):
    answer = press(browser, case, "_resolve", note="Mit ihr gesprochen.", owner=agent.login_id)
    said = answer.content.decode()
    assert answer.context["form"].errors == {"cause": ["Please choose what caused it."]}
    assert "Mit ihr gesprochen." in said
    assert "<title>Error: " in said
    assert 'href="#id_cause"' in said
    case.refresh_from_db()
    assert (case.state, case.owner.username, kinds(case)) == ("open", "mira", ["opened"])


def test_closing_with_cause_and_action_presses_the_verb(browser, case, lead):
    said = press(browser, case, "_resolve", cause="client_billing", note="Rechnung berichtigt.").content.decode()
    assert "The case is closed." in said
    assert "Closed. Cause: Invoice or payment at the client. Rechnung berichtigt." in said
    case.refresh_from_db()
    assert (case.state, case.cause, case.action) == ("resolved", "client_billing", "Rechnung berichtigt.")
    assert (case.events.last().kind, case.events.last().by) == ("resolved", lead)


def test_a_note_is_saved_and_an_empty_one_is_not(browser, case):
    press(browser, case, "_save", note="Niemand erreicht.")
    assert (kinds(case), case.events.last().note) == (["opened", "note"], "Niemand erreicht.")
    answer = press(browser, case, "_save")
    assert answer.context["form"].errors == {"note": ["Please write what was said or done."]}


def test_handing_on_needs_no_note(browser, case, agent):
    assert "Assigned to Lena Ritter." in press(browser, case, "_save", owner=agent.login_id).content.decode()
    case.refresh_from_db()
    assert (case.owner, kinds(case)) == (agent.login, ["opened", "assigned"])


def test_only_those_who_may_see_the_case_can_own_it(browser, case, acme, globex, agent, lead):
    factories.give_access(factories.make_login("viewer"), acme, "viewer")
    foreign = factories.make_login("elsewhere", first_name="Elsewhere")
    factories.give_access(foreign, globex, "analyst")
    offered = browser.get(page_of(case)).context["form"].fields["owner"].queryset
    assert set(offered) == {agent.login, lead}
    answer = press(browser, case, "_save", owner=foreign.pk)
    assert list(answer.context["form"].errors) == ["owner"]
    case.refresh_from_db()
    assert case.owner == lead


def test_work_begins_and_a_closed_case_opens_again(browser, case):
    press(browser, case, "_start")
    case.refresh_from_db()
    assert case.state == "in_progress"
    cases.resolve(case, "our_reach", "Angerufen", None, timezone.now())
    assert list(press(browser, case, "_reopen").context["form"].errors) == ["note"]
    press(browser, case, "_reopen", note="Sie hat wieder angerufen.")
    case.refresh_from_db()
    assert (case.state, kinds(case)) == ("open", ["opened", "started", "resolved", "reopened"])


def test_the_number_is_shown_by_post_only_written_down_and_nothing_typed_is_lost(browser, case, lead):
    assert "0170" not in browser.get(page_of(case) + "?_reveal=1").content.decode()
    said = press(browser, case, "_reveal", note="Rufe gleich an").content.decode()
    assert "0170 555 47" in said
    assert "Rufe gleich an" in said
    event = case.events.last()
    assert (event.kind, event.by, event.detail) == ("note", lead, {"revealed": "phone"})
    assert "0170" not in browser.get(page_of(case)).content.decode()


def test_two_people_closing_at_once_are_told_apart(browser, case, now):
    cases.resolve(case, "our_reach", "Schon erledigt", None, now)
    answer = press(browser, case, "_resolve", cause="our_advice", note="Angerufen")
    assert answer.context["form"].non_field_errors() == ["Someone else has closed this case in the meantime."]
    case.refresh_from_db()
    assert case.action == "Schon erledigt"


def test_whoever_hands_the_case_out_of_sight_goes_back_to_the_list(client, case, agent, lead, acme, team):
    stranger = factories.make_agent(acme, "Other", login=factories.make_login("other"), team=team)
    Case.objects.filter(pk=case.pk).update(owner=stranger.login)
    client.force_login(stranger.login)
    answer = press(client, Case.objects.get(pk=case.pk), "_save", owner=lead.pk, follow=False)
    assert answer.url == LIST


def test_causes_are_grouped_by_who_has_to_change_something(browser, case):
    groups = browser.get(page_of(case)).context["form"].fields["cause"].choices
    assert [title for title, _causes in list(groups)[1:]] == ["With us", "With Acme", "Neither"]
    assert sum(len(causes) for _title, causes in list(groups)[1:]) == len(Case.Cause.choices)


def test_nothing_of_a_case_is_saved_raw(browser, case, now):
    press(browser, case, "_save", note="Notiz", state="resolved", action="x", due_at="2030-01-01")
    case.refresh_from_db()
    assert (case.state, case.action) == ("open", "")


# --- Time left, first page ---


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-11-13T09:00Z", "2 working days left"),  # Friday; due on Tuesday
        ("2026-11-16T23:30Z", "due today"),  # past midnight in Berlin
        ("2026-11-17T16:59Z", "due today"),
        ("2026-11-17T19:30Z", "2 h overdue"),
    ],
)
def test_the_time_left_counts_working_days_in_the_clients_calendar(acme, at, said):
    case = Case(client=acme, due_at=dt.datetime(2026, 11, 17, 17, 0, tzinfo=dt.UTC))
    assert casework.time_left(case, dt.datetime.fromisoformat(at)) == said


def test_the_first_page_shows_my_cases_the_most_urgent_first(browser, acme, team, agent, lead, now):
    later, late = make(acme, team), make(acme, team, at=timezone.now() - dt.timedelta(days=20))
    others = make(acme, team, agent)
    cases.assign(others, agent.login, lead, now)
    said = browser.get(reverse("admin:index")).content.decode()
    assert said.index(late.number) < said.index(later.number)
    assert others.number not in said


def test_the_first_page_takes_as_many_queries_for_three_as_for_one(browser, acme, team, agent):
    make(acme, team, agent)
    browser.get(reverse("admin:index"))
    with CaptureQueriesContext(connection) as first:
        browser.get(reverse("admin:index"))
    make(acme, team), make(acme, team, agent)
    with CaptureQueriesContext(connection) as second:
        browser.get(reverse("admin:index"))
    assert len(second) == len(first)


def test_the_page_of_a_case_is_german_for_a_german_browser(browser, case):
    said = browser.get(page_of(case), headers={"accept-language": "de"}).content.decode()
    for part in (
        "Was der Kunde sagt",
        "niedrige Bewertung, wünscht einen Rückruf",
        "Nummer anzeigen",
        "Als gelöst schließen",
    ):
        assert part in said
