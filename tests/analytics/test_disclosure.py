"""What may be shown of a view, however it is asked for."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import disclosure, tallies
from analytics.counts import By
from analytics.models import DayTally
from analytics.periods import containing
from analytics.small_groups import Shown
from surveys.models import Response, SurveyVersion
from tests import factories
from tests.analytics.voices import OCTOBER, SEPTEMBER, answer, on, say

pytestmark = pytest.mark.django_db
AUGUST = SEPTEMBER.previous()
FULL, INTERVAL, HIDDEN = Shown.FULL, Shown.INTERVAL_ONLY, Shown.HIDDEN


def shown(client, by="", where=None):
    return disclosure.of(client, "nps", [OCTOBER], by, where or {})[0]


@pytest.mark.parametrize(("n", "whole"), [(0, HIDDEN), (4, HIDDEN), (5, INTERVAL), (9, INTERVAL), (10, FULL)])
def test_the_whole_is_shown_by_its_size(acme, n, whole):
    answer(acme, "nps", (n, 0, 0))

    assert shown(acme) == disclosure.Disclosure(whole, {})


def test_parts_hide_what_would_give_the_smallest_away(acme):
    for channel, n in (("phone", 12), ("email", 10), ("chat", 3)):
        answer(acme, "nps", (n, 0, 0), channel=channel)

    assert shown(acme, By.CHANNEL).parts == {"phone": FULL, "email": HIDDEN, "chat": HIDDEN}
    assert disclosure.shown_by(acme, "nps", OCTOBER, By.CHANNEL) == shown(acme, By.CHANNEL).parts


def test_a_filter_hides_what_a_breakdown_hides(acme):
    for channel, n in (("phone", 12), ("email", 10), ("chat", 3)):
        answer(acme, "nps", (n, 0, 0), channel=channel)

    found = {
        channel: disclosure.shown(acme, "nps", OCTOBER, {By.CHANNEL: channel}) for channel in ("phone", "email", "chat")
    }

    assert found == shown(acme, By.CHANNEL).parts
    assert disclosure.shown(acme, "nps", OCTOBER, {By.CHANNEL: "web"}) == HIDDEN  # nobody


def test_a_view_of_two_attributes_is_the_same_by_either_way(acme):
    teams = [factories.make_team(acme, name) for name in ("Nord", "Süd", "West")]
    numbers = {"phone": (30, 12, 11), "email": (14, 3, 25), "chat": (10, 16, 4)}
    for channel, row in numbers.items():
        for team, n in zip(teams, row, strict=True):
            answer(acme, "nps", (n, 0, 0), channel=channel, team=team)

    by_team = {
        (str(team.pk), channel): part
        for team in teams
        for channel, part in shown(acme, By.CHANNEL, {By.TEAM: str(team.pk)}).parts.items()
    }
    by_channel = {
        (team, channel): part
        for channel in numbers
        for team, part in shown(acme, By.TEAM, {By.CHANNEL: channel}).parts.items()
    }
    by_filters = {
        (team, channel): shown(acme, "", {By.TEAM: team, By.CHANNEL: channel}).whole for team, channel in by_team
    }
    assert by_team == by_channel == by_filters
    # The two small cells stand in one block: of each line that they lie in, another cell is hidden with them.
    hidden = {place for place, part in by_team.items() if part is HIDDEN}
    assert {(str(teams[1].pk), "email"), (str(teams[2].pk), "chat")} < hidden
    for place in (0, 1):
        lines = [cell[place] for cell in hidden]
        assert min(lines.count(line) for line in lines) >= 2


def test_a_view_that_leaves_too_few_of_a_part_is_hidden(acme):
    """Team Nord has 12 answers, 10 of them by phone: who saw both would know the 2 by mail."""
    nord, sued = factories.make_team(acme, "Nord"), factories.make_team(acme, "Süd")
    answer(acme, "nps", (10, 0, 0), team=nord, channel="phone")
    answer(acme, "nps", (2, 0, 0), team=nord, channel="email")
    answer(acme, "nps", (40, 0, 0), team=sued, channel="phone")
    answer(acme, "nps", (40, 0, 0), team=sued, channel="email")

    assert shown(acme, "", {By.TEAM: str(nord.pk)}).whole == FULL
    assert shown(acme, "", {By.TEAM: str(nord.pk), By.CHANNEL: "phone"}).whole == HIDDEN


def test_an_agent_is_hidden_within_the_team(acme):
    """By agent alone, Cleo's three could hide behind Dan; within Nord they hide behind Bo, so they do everywhere."""
    nord, sued = factories.make_team(acme, "Nord"), factories.make_team(acme, "Süd")
    for name, team, n in (("Ada", nord, 30), ("Bo", nord, 20), ("Cleo", nord, 3), ("Dan", sued, 12), ("Eva", sued, 14)):
        answer(acme, "nps", (n, 0, 0), team=team, agent=factories.make_agent(acme, name))
    agents = {str(agent.pk): agent.name for agent in acme.agents.all()}

    alone = {agents[pk]: part for pk, part in shown(acme, By.AGENT).parts.items()}
    of_nord = {agents[pk]: part for pk, part in shown(acme, By.AGENT, {By.TEAM: str(nord.pk)}).parts.items()}

    assert alone == {"Ada": FULL, "Bo": HIDDEN, "Cleo": HIDDEN, "Dan": FULL, "Eva": FULL}
    assert of_nord == {"Ada": FULL, "Bo": HIDDEN, "Cleo": HIDDEN}


def test_an_agent_who_changed_teams_is_hidden_as_a_whole_where_one_part_is(acme):
    nord, sued = factories.make_team(acme, "Nord"), factories.make_team(acme, "Süd")
    ada, bo, cleo = (factories.make_agent(acme, name) for name in ("Ada", "Bo", "Cleo"))
    for agent, team, n in ((ada, nord, 20), (bo, nord, 20), (ada, sued, 3), (cleo, sued, 20), (bo, sued, 30)):
        answer(acme, "nps", (n, 0, 0), team=team, agent=agent)

    assert shown(acme, By.AGENT).parts == {str(ada.pk): HIDDEN, str(bo.pk): FULL, str(cleo.pk): HIDDEN}


def test_a_theme_stands_against_those_that_do_not_name_it(acme):
    given = answer(acme, "nps", (30, 0, 0))
    say(given[:27], {"price": 1})
    say(given[:12], {"billing": 1})
    say(given[:4], {"contract": 1})
    keys = {theme.key: str(theme.pk) for theme in acme.themes.all()}

    found = shown(acme, By.THEME)

    assert found.parts == {keys["price"]: HIDDEN, keys["billing"]: FULL, keys["contract"]: HIDDEN, "": HIDDEN}
    for key in ("price", "billing", "contract"):
        assert disclosure.shown(acme, "nps", OCTOBER, {By.THEME: keys[key]}) == found.parts[keys[key]]


def test_a_theme_within_a_filter_minds_both(acme):
    """Billing has 25 answers, 22 of them by phone: who saw both would know the 3 by mail."""
    phone, mail = answer(acme, "nps", (40, 0, 0), channel="phone"), answer(acme, "nps", (40, 0, 0), channel="email")
    say([*phone[:22], *mail[:3]], {"billing": -1})
    say([*phone[:20], *mail[:20]], {"price": -1})
    keys = {theme.key: str(theme.pk) for theme in acme.themes.all()}

    by_phone = shown(acme, By.THEME, {By.CHANNEL: "phone"}).parts

    assert (by_phone[keys["billing"]], by_phone[keys["price"]]) == (HIDDEN, FULL)
    assert shown(acme, By.CHANNEL, {By.THEME: keys["billing"]}) == disclosure.Disclosure(
        FULL, {"phone": HIDDEN, "email": HIDDEN}
    )


def test_a_theme_within_a_team_does_not_follow_from_the_theme_and_the_team(acme):
    """Nord has 23 answers, 20 of them name billing. All 35 that name it less the 15 of Süd are 20, and 3 do not."""
    nord, sued = factories.make_team(acme, "Nord"), factories.make_team(acme, "Süd")
    of_nord, of_sued = answer(acme, "nps", (23, 0, 0), team=nord), answer(acme, "nps", (30, 0, 0), team=sued)
    say([*of_nord[:20], *of_sued[:15]], {"billing": -1})
    billing = str(acme.themes.get(key="billing").pk)

    assert shown(acme, By.TEAM).parts == {str(nord.pk): FULL, str(sued.pk): FULL}
    assert shown(acme, By.TEAM, {By.THEME: billing}) == disclosure.Disclosure(
        FULL, {str(nord.pk): HIDDEN, str(sued.pk): HIDDEN}
    )
    assert shown(acme, By.THEME, {By.TEAM: str(sued.pk)}).parts == {billing: HIDDEN, "": HIDDEN}


def test_a_wording_does_not_give_away_the_rest_of_its_survey(acme):
    """A survey of 25 answers, 22 of them to its first wording: who saw both would know the 3 to the second one."""
    first = answer(acme, "nps", (25, 0, 0))
    survey = first[0].version.survey
    second = SurveyVersion.objects.create(survey=survey, number=2)
    Response.objects.filter(pk__in=[each.pk for each in first[:3]]).update(version=second)
    other = factories.make_long_survey(acme, "nps")
    Response.objects.filter(pk__in=[each.pk for each in answer(acme, "nps", (12, 0, 0))]).update(version=other.current)

    assert shown(acme, "", {By.SURVEY: str(survey.pk)}).whole == FULL
    assert shown(acme, By.VERSION).parts == {
        str(first[0].version.pk): HIDDEN, str(second.pk): HIDDEN, str(other.current.pk): FULL,
    }  # fmt: skip


def test_a_quarter_that_would_give_a_small_month_away_is_hidden_with_all_its_parts(acme):
    answer(acme, "nps", (20, 0, 0), AUGUST, channel="phone")
    answer(acme, "nps", (3, 0, 0), SEPTEMBER, channel="email")
    quarter, week = (
        containing(on(SEPTEMBER), "quarter", "Europe/Berlin"),
        containing(on(AUGUST), "week", "Europe/Berlin"),
    )

    found = disclosure.of(acme, "nps", [quarter], By.CHANNEL)[0]

    assert found == disclosure.Disclosure(HIDDEN, {"phone": HIDDEN, "email": HIDDEN})
    assert [disclosure.shown(acme, "nps", period) for period in (AUGUST, week, SEPTEMBER)] == [FULL, FULL, HIDDEN]
    assert disclosure.shown(acme, "csat", quarter) == HIDDEN  # nobody

    answer(acme, "nps", (2, 0, 0), SEPTEMBER)
    assert [disclosure.shown(acme, "nps", period) for period in (quarter, SEPTEMBER)] == [FULL, INTERVAL]


def test_periods_are_decided_on_alike_by_tallies_and_by_answers(acme):
    for period, n in ((AUGUST, 20), (SEPTEMBER, 3), (OCTOBER, 30), (OCTOBER.next(), 7)):
        answer(acme, "nps", (n, 0, 0), period, at=on(period, 5))
    by_answers = disclosure.hidden_periods([acme], "nps")
    at = on(OCTOBER.next(), 7)
    while tallies.turn(acme, at):
        pass
    with CaptureQueriesContext(connection) as first:
        by_tallies = disclosure.hidden_periods([acme], "nps")
    with CaptureQueriesContext(connection) as again:
        assert disclosure.hidden_periods([acme], "nps") == by_tallies

    assert DayTally.objects.filter(client=acme).exists()
    assert by_tallies == by_answers
    assert len(again) == len(first) - 1  # what has ended is decided on once
    assert (dt.date(2026, 7, 1), dt.date(2026, 9, 30)) in by_tallies[acme.pk]

    Response.objects.filter(submitted_at__lt=OCTOBER.start, submitted_at__gte=SEPTEMBER.start).delete()
    assert (dt.date(2026, 7, 1), dt.date(2026, 9, 30)) not in disclosure.hidden_periods([acme], "nps")[acme.pk]


def test_answers_that_name_a_theme_are_not_broken_down_by_themes(acme):
    with pytest.raises(ValueError, match="themes"):
        shown(acme, By.THEME, {By.THEME: "1"})


def test_each_period_of_a_run_is_decided_on_for_itself(acme):
    answer(acme, "nps", (12, 0, 0), SEPTEMBER, channel="phone")
    answer(acme, "nps", (3, 0, 0), channel="phone")

    found = disclosure.of(acme, "nps", [SEPTEMBER, OCTOBER], By.CHANNEL)

    assert found == [disclosure.Disclosure(FULL, {"phone": FULL}), disclosure.Disclosure(HIDDEN, {"phone": HIDDEN})]


@pytest.mark.parametrize(
    ("by", "where"), [("", {}), (By.AGENT, {}), (By.TEAM, {By.CHANNEL: "phone"}), (By.THEME, {By.CHANNEL: "phone"})]
)
def test_more_answers_and_periods_take_no_more_queries(acme, by, where):
    def ask(run):
        with CaptureQueriesContext(connection) as queries:
            disclosure.of(acme, "nps", run, by, where)
        return len(queries)

    say(answer(acme, "nps", (12, 0, 0), team=factories.make_team(acme, "Nord")), {"price": 1})
    first = ask([OCTOBER])
    for name in ("Süd", "West"):
        say(answer(acme, "nps", (12, 0, 0), team=factories.make_team(acme, name)), {"billing": 1})

    assert ask([SEPTEMBER, OCTOBER]) == first


def test_globex_is_decided_on_without_acme(acme, globex):
    answer(acme, "nps", (40, 0, 0), channel="phone")
    answer(globex, "nps", (3, 0, 0), channel="phone")

    assert shown(globex, By.CHANNEL) == disclosure.Disclosure(HIDDEN, {"phone": HIDDEN})
