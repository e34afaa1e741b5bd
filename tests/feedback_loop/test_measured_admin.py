"""The pages of initiatives and targets: the sentence first; kept by analysts, read by client and leads."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.models import Theme
from feedback_loop import initiatives, targets
from feedback_loop.models import Initiative, Target
from tests import factories
from tests.feedback_loop.crowds import answered

INITIATIVES = reverse("admin:feedback_loop_initiative_changelist")
TARGETS = reverse("admin:feedback_loop_target_changelist")
BEFORE, AFTER, NOVEMBER = dt.date(2026, 7, 28), dt.date(2026, 8, 18), dt.date(2026, 11, 9)

pytestmark = pytest.mark.usefixtures("clock")


def page_of(row):
    return reverse(f"admin:feedback_loop_{row._meta.model_name}_change", args=[row.pk])


def make_initiative(client, **fields):
    defaults = {
        "name": "Call back", "what": "We call back within a day.", "by": "Operations", "kind": "nps",
        "starts_on": dt.date(2026, 8, 3), "run_in_days": 14, "hoped_change": 10,
    }  # fmt: skip
    return Initiative.objects.create(client=client, **{**defaults, **fields})


def make_target(client, **fields):
    defaults = {"kind": "nps", "value": 30, "period": "month", "starts_on": dt.date(2026, 9, 1)}
    return Target.objects.create(client=client, **{**defaults, **fields})


@pytest.fixture
def nord(acme):
    return factories.make_team(acme, "Nord")


@pytest.fixture
def sued(acme):
    return factories.make_team(acme, "Süd")


def signed_in(client, acme, role, team=None):
    login = factories.make_login(role)
    factories.give_access(login, acme, role, team)
    client.force_login(login)
    return client


FILLED = {
    "name": "Call back", "what": "We call back within a day.", "by": "Operations", "kind": "nps",
    "starts_on": "2026-08-03", "run_in_days": "14", "hoped_change": "5",
}  # fmt: skip


# --- Written down ---


def test_what_is_written_down_is_looked_at_at_once(browser, acme, nord, sued):
    answered(acme, BEFORE, (20, 10, 10), team=nord)
    form = {**FILLED, "client": acme.pk, "in_team": nord.pk, "in_channel": "phone", "beside_team": sued.pk}
    assert browser.post(reverse("admin:feedback_loop_initiative_add"), form).status_code == 302
    row = Initiative.objects.get()
    assert (row.scope, row.control) == ({"team": str(nord.pk), "channel": "phone"}, {"team": str(sued.pk)})
    assert row.state == "keep_watching"


def test_a_scope_that_is_opened_again_stands_in_its_fields_and_can_be_emptied(browser, acme, nord):
    row = make_initiative(acme, scope={"team": str(nord.pk), "reason": "Rechnung"})
    form = browser.get(page_of(row)).context["adminform"].form
    assert {name: form[name].value() for name in ("in_team", "in_reason", "in_channel")} == {
        "in_team": str(nord.pk), "in_reason": "Rechnung", "in_channel": "",
    }  # fmt: skip
    assert browser.post(page_of(row), FILLED).status_code == 302
    row.refresh_from_db()
    assert row.scope == {}


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"beside_team": "nord"}, "beside_team"),  # without a scope, all answers could lie in both
        ({"in_team": "nord", "beside_team": "nord"}, "beside_team"),
        ({"in_team": "nord", "beside_channel": "phone"}, "beside_channel"),
        ({"ends_on": "2026-08-22"}, "ends_on"),
        ({"theme": "wait", "in_theme": "wait"}, "in_theme"),
        ({"in_survey": "csat"}, "in_survey"),
        ({"hoped_change": "0"}, "hoped_change"),
    ],
)
def test_what_could_never_be_judged_is_refused_at_its_field(browser, acme, nord, typed, field):
    wait = Theme.objects.create(client=acme, key="wait", name_en="Wait", name_de="Warten", side="service")
    rows = {"nord": nord.pk, "wait": wait.pk, "csat": factories.make_survey(acme, "csat").pk}
    form = {**FILLED, "client": acme.pk, **{name: rows.get(value, value) for name, value in typed.items()}}
    answer = browser.post(reverse("admin:feedback_loop_initiative_add"), form)
    assert list(answer.context["adminform"].form.errors) == [field]
    assert not Initiative.objects.exists()


@pytest.mark.parametrize("prefix", ["in", "beside"])
def test_no_scope_reaches_into_another_client(browser, acme, globex, prefix):
    foreign = factories.make_team(globex, "Globexteam")
    form = {**FILLED, "client": acme.pk, f"{prefix}_team": foreign.pk}
    answer = browser.post(reverse("admin:feedback_loop_initiative_add"), form)
    assert list(answer.context["adminform"].form.errors) == [f"{prefix}_team"]
    assert "Globexteam" not in answer.content.decode()


def test_whoever_analyses_both_cannot_mix_them(browser, analyst, acme, globex):
    factories.give_access(analyst, globex, "analyst")
    foreign = factories.make_team(globex)
    answer = browser.post(
        reverse("admin:feedback_loop_target_add"),
        {"client": acme.pk, "kind": "nps", "value": "30", "period": "month", "starts_on": "2026-09-01",
         "in_team": foreign.pk},
    )  # fmt: skip
    assert answer.context["adminform"].form.errors == {"in_team": ["This belongs to another client."]}


def test_a_share_below_nothing_is_no_target_and_an_nps_is(browser, acme):
    form = {"client": acme.pk, "value": "-5", "period": "month", "starts_on": "2026-09-01"}
    address = reverse("admin:feedback_loop_target_add")
    refused = browser.post(address, {**form, "kind": "csat"})
    assert refused.context["adminform"].form.errors == {"value": ["A share lies between 0 and 100."]}
    assert browser.post(address, {**form, "kind": "nps"}).status_code == 302


def test_matters_solved_can_be_promised_where_customers_are_asked_so(browser, acme):
    form = {"client": acme.pk, "kind": "csat", "value": "75", "period": "month", "starts_on": "2026-09-01"}
    address = reverse("admin:feedback_loop_target_add")
    refused = browser.post(address, {**form, "is_solved": "on"})
    assert refused.context["adminform"].form.errors == {
        "is_solved": ["No survey of this kind asks whether the matter was solved."]
    }
    factories.make_long_survey(acme, "csat")
    theme = Theme.objects.create(client=acme, key="wait", name_en="Wait", name_de="Warten", side="service")
    refused = browser.post(address, {**form, "is_solved": "on", "theme": theme.pk})
    assert refused.context["adminform"].form.errors == {"is_solved": ["Either mentions are counted or matters solved."]}
    assert browser.post(address, {**form, "is_solved": "on"}).status_code == 302
    assert "Matter solved (CSAT): at least 75.0% in each month" in browser.get(TARGETS).content.decode()


# --- Read ---


def test_the_page_of_an_initiative_says_the_advice_why_and_the_numbers(browser, acme):
    answered(acme, BEFORE, (40, 40, 40))
    answered(acme, AFTER, (100, 10, 10))
    said = browser.get(page_of(make_initiative(acme))).content.decode()
    for part in ("Scale it.", "Clearly better: +75.0 points (+55.2 to +91.1).", "n\u00a0=\u00a0120", "Clearly higher"):
        assert part in said


def test_the_page_of_a_target_says_how_it_stands_and_how_it_ended(browser, acme):
    answered(acme, dt.date(2026, 10, 5), (20, 20, 10))
    answered(acme, NOVEMBER, (30, 10, 10))
    said = browser.get(page_of(make_target(acme, value=20))).content.decode()
    for part in ("On course.", "40.0 so far, from 50 answers.", "October 2026", "Met", "the interval leaves it open"):
        assert part in said


def test_a_change_of_nobody_is_shown_as_nothing(browser, acme):
    answered(acme, BEFORE, (3, 0, 0))
    said = browser.get(page_of(make_initiative(acme))).content.decode()
    assert "Fewer than five answers stand behind these weeks. So few are not shown." in said
    assert "n\u00a0=" not in said


def test_lists_say_what_was_seen_and_that_nothing_is_there_yet(browser, acme):
    assert "No initiative yet." in browser.get(INITIATIVES).content.decode()
    assert "No target yet." in browser.get(TARGETS).content.decode()
    answered(acme, BEFORE, (40, 40, 40))
    answered(acme, AFTER, (100, 10, 10))
    answered(acme, NOVEMBER, (40, 5, 5))
    for row, look in ((make_initiative(acme), initiatives.look), (make_target(acme), targets.look)):
        look(row, factories.NOW)
    assert "<b>Scale it</b> +75.0 points" in browser.get(INITIATIVES).content.decode()
    listed = browser.get(TARGETS).content.decode()
    for part in ("<b>On course</b>", "70.0 (48.2 to 83.9), n\u00a0=\u00a050", "over 99%"):
        assert part in listed


@pytest.mark.parametrize(("address", "make"), [(INITIATIVES, make_initiative), (TARGETS, make_target)])
def test_a_list_takes_as_many_queries_for_three_as_for_one(browser, acme, nord, address, make):
    wait = Theme.objects.create(client=acme, key="wait", name_en="Wait", name_de="Warten", side="service")
    make(acme, scope={"team": str(nord.pk)}, theme=wait)
    browser.get(address)
    with CaptureQueriesContext(connection) as first:
        assert browser.get(address).context["cl"].result_count == 1
    for name in ("Ost", "West"):
        make(acme, scope={"team": str(factories.make_team(acme, name).pk)}, theme=wait)
    with CaptureQueriesContext(connection) as second:
        assert browser.get(address).context["cl"].result_count == 3
    assert len(second) == len(first)


def test_a_viewer_reads_the_name_of_a_large_team_alone_and_changes_nothing(client, acme, nord):
    row = make_initiative(acme, scope={"team": str(nord.pk)})
    viewer = signed_in(client, acme, "viewer")
    for place, said_so in ((1, (True, False)), (2, (True, False)), (3, (False, True))):
        factories.make_agent(acme, f"Agent {place}", team=nord)
        for address in (INITIATIVES, page_of(row)):
            said = viewer.get(address).content.decode()
            assert ("one team" in said, "Nord" in said) == said_so
    assert viewer.post(page_of(row), FILLED).status_code == 403


def test_a_lead_reads_what_is_about_the_own_team_alone(client, acme, nord, sued):
    mine = [make(acme, scope={"team": str(nord.pk)}) for make in (make_initiative, make_target)]
    others = [
        make(acme, scope=scope) for make in (make_initiative, make_target) for scope in ({"team": str(sued.pk)}, {})
    ]
    lead = signed_in(client, acme, "lead", nord)
    assert [lead.get(page_of(row)).status_code for row in mine] == [200, 200]
    assert [lead.get(page_of(row)).status_code for row in others] == [302] * 4
    assert lead.get(INITIATIVES).context["cl"].result_count == lead.get(TARGETS).context["cl"].result_count == 1


def test_a_lead_is_told_nothing_of_another_team_but_the_change_beyond_it(client, acme, nord, sued):
    for team, after in ((nord, (60, 20, 10)), (sued, (31, 29, 30))):
        answered(acme, BEFORE, (30, 30, 30), team=team)
        answered(acme, AFTER, after, team=team)
    row = make_initiative(acme, scope={"team": str(nord.pk)}, control={"team": str(sued.pk)})
    told = signed_in(client, acme, "lead", nord).get(page_of(row)).context
    assert [name for name, _change in told["changes"]] == ["Here", "Here, beyond the control group"]
    assert [piece.name for piece in told["chart"].pieces] == ["Before", "After"]
