"""By whom, where and what about: each part beside the whole, and nothing that would give away the few."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from analytics import breakdowns, themes
from analytics.breakdowns import breakdown, by_period
from analytics.counts import By, attribute
from analytics.periods import run_back
from analytics.scores import Verdict, nps, share
from analytics.small_groups import Shown
from surveys import wording
from tests import factories
from tests.analytics.voices import OCTOBER, SEPTEMBER, answer, campaign_of, on, say

pytestmark = pytest.mark.django_db


def parts(found) -> dict:
    return {row.name: row for row in found.rows}


# --- Parts


def test_each_part_stands_with_its_groups_and_interval_beside_the_whole(acme):
    answer(acme, "nps", (18, 7, 5), team=factories.make_team(acme, "Nord"))
    answer(acme, "nps", (12, 9, 11), team=factories.make_team(acme, "Süd"))
    answer(acme, "nps", (6, 3, 1))

    found = breakdown(acme, "nps", OCTOBER, By.TEAM)

    assert {name: (row.groups, row.n, row.estimate) for name, row in parts(found).items()} == {
        "Süd": ((12, 9, 11), 32, nps(12, 9, 11)),
        "Nord": ((18, 7, 5), 30, nps(18, 7, 5)),
        "no team": ((6, 3, 1), 10, nps(6, 3, 1)),
    }
    assert [row.name for row in found.rows] == ["Süd", "Nord", "no team"]  # the largest first
    assert (found.total.groups, found.total.estimate) == ((36, 19, 17), nps(36, 19, 17))


def test_csat_and_ces_are_shares_and_stay_apart(acme):
    answer(acme, "csat", (8, 1, 3), channel="phone")
    answer(acme, "ces", (2, 5, 5), channel="phone")

    assert breakdown(acme, "csat", OCTOBER, By.CHANNEL).rows[0].estimate == share(8, 12)
    assert breakdown(acme, "ces", OCTOBER, By.CHANNEL).rows[0].estimate == share(2, 12)


@pytest.mark.parametrize(
    ("by", "fields", "named"),
    [
        (By.CHANNEL, {"channel": "email"}, {"en": "Email", "de": "E-Mail"}),
        (By.REASON, {"reason": "Umzug"}, {"en": "Umzug", "de": "Umzug"}),
        (By.REASON, {"reason": ""}, {"en": "no reason given", "de": "kein Anliegen angegeben"}),
        (By.LANGUAGE, {"language": "tr"}, {"en": "Turkish", "de": "Türkisch"}),
        (By.SEGMENT, {"segment": "Gewerbe"}, {"en": "Gewerbe", "de": "Gewerbe"}),
        (By.SEGMENT, {}, {"en": "no segment", "de": "kein Segment"}),
        (By.GOODWILL, {"is_goodwill": True}, {"en": "goodwill given", "de": "Kulanz gewährt"}),
        (By.GOODWILL, {}, {"en": "no goodwill", "de": "keine Kulanz"}),
        (By.SURVEY, {}, {"en": "csat acme", "de": "csat acme"}),
        (By.VERSION, {}, {"en": "csat acme, version 1", "de": "csat acme, Fassung 1"}),
        (By.AGENT, {}, {"en": "no agent", "de": "kein Mitarbeiter"}),
        (By.THEME, {}, {"en": "no theme", "de": "kein Thema"}),
        (attribute("tariff"), {"attributes": {"tariff": "Gold"}}, {"en": "Gold", "de": "Gold"}),
        (attribute("tariff"), {"attributes": {}}, {"en": "not stated", "de": "keine Angabe"}),
    ],
)
def test_a_value_is_called_by_its_name_in_the_readers_language(acme, by, fields, named):
    answer(acme, "csat", (6, 3, 3), **fields)

    for language, name in named.items():
        with translation.override(language):
            assert [(row.name, row.n) for row in breakdown(acme, "csat", OCTOBER, by).rows] == [(name, 12)]


def test_a_merged_theme_is_what_it_became_and_a_part_stands_for_itself(acme):
    own = themes.adopt_starter_taxonomy(acme)
    doubled, _reminder = themes.split(
        own["billing"],
        [{"name_en": "debited twice", "name_de": "doppelt"}, {"name_en": "reminder", "name_de": "Mahnung"}],
    )
    say(answer(acme, "nps", (2, 0, 9)), {"price": -1})
    say(answer(acme, "nps", (0, 0, 11)), {doubled.key: -1})
    say(answer(acme, "nps", (0, 0, 12)), {"billing": -1, "contract": -1})
    themes.merge(own["price"], own["contract"])

    found = parts(breakdown(acme, "nps", OCTOBER, By.THEME))

    assert {name: row.groups for name, row in found.items()} == {
        "Contract & cancellation": (2, 0, 21),
        "Invoice & payment": (0, 0, 12),
        "Invoice & payment: debited twice": (0, 0, 11),
    }


def test_what_is_no_dimension_is_refused(acme):
    with pytest.raises(ValueError, match="weather"):
        breakdown(acme, "nps", OCTOBER, "weather")


# --- Small groups


def test_a_small_part_is_hidden_and_the_next_smallest_with_it(acme):
    for name, n in (("Nord", 12), ("Süd", 10), ("West", 3)):
        answer(acme, "nps", (n, 0, 0), team=factories.make_team(acme, name))

    found = breakdown(acme, "nps", OCTOBER, By.TEAM)

    assert [(row.name, row.shown, row.n, row.groups, row.estimate) for row in found.rows] == [
        ("Nord", Shown.FULL, 12, (12, 0, 0), nps(12, 0, 0)),
        ("Süd", Shown.HIDDEN, None, None, None),
        ("West", Shown.HIDDEN, None, None, None),
    ]


def test_of_five_to_nine_only_the_interval_is_said_and_nothing_is_compared(acme):
    answer(acme, "nps", (7, 0, 0), SEPTEMBER, channel="chat")
    answer(acme, "nps", (0, 0, 7), channel="chat")

    row = breakdown(acme, "nps", OCTOBER, By.CHANNEL, before=SEPTEMBER).rows[0]

    assert (row.shown, row.n, row.groups, row.estimate) == (Shown.INTERVAL_ONLY, 7, None, nps(0, 0, 7))
    assert (row.change, row.stands, row.is_ranked) == (None, None, False)


def test_no_change_tells_what_was_hidden_before(acme):
    nord, west = factories.make_team(acme, "Nord"), factories.make_team(acme, "West")
    for team, before in ((nord, 31), (west, 3)):
        answer(acme, "nps", (before, 0, 0), SEPTEMBER, team=team)
        answer(acme, "nps", (0, 0, 31), team=team)

    found = breakdown(acme, "nps", OCTOBER, By.TEAM, before=SEPTEMBER)

    assert [(row.name, row.n, row.change) for row in found.rows] == [("Nord", 31, None), ("West", 31, None)]
    assert found.total.change.verdict == Verdict.LOWER


def test_no_data_is_no_row_and_no_zero(acme):
    found = breakdown(acme, "nps", OCTOBER, By.TEAM, before=SEPTEMBER)

    assert (found.rows, found.total.n, found.total.estimate) == ((), None, None)
    assert found.limits(30) is None


# --- Comparisons


def test_a_part_is_compared_with_itself_before(acme):
    answer(acme, "nps", (5, 5, 30), SEPTEMBER, channel="chat")
    answer(acme, "nps", (30, 5, 5), channel="chat")

    found = breakdown(acme, "nps", OCTOBER, By.CHANNEL, before=SEPTEMBER)

    assert found.rows[0].change.verdict == Verdict.HIGHER
    assert (found.is_adjusted, found.is_new_series) == (False, False)


def test_nothing_is_compared_across_a_series_break(acme):
    answer(acme, "csat", (5, 5, 30), SEPTEMBER, channel="chat")
    survey = campaign_of(acme, "csat").survey
    wording.publish(survey, on(OCTOBER, 2))
    answer(acme, "csat", (30, 5, 5), channel="chat")

    found = breakdown(acme, "csat", OCTOBER, By.CHANNEL, before=SEPTEMBER)

    assert (found.is_new_series, found.total.change, [row.change for row in found.rows]) == (True, None, [None])


@pytest.mark.parametrize(("others", "verdict"), [(4, Verdict.HIGHER), (5, Verdict.NO_CLEAR_CHANGE)])
def test_of_more_than_five_changes_one_that_chance_would_bring_is_none(acme, others, verdict):
    answer(acme, "nps", (12, 9, 19), SEPTEMBER, reason="a")
    answer(acme, "nps", (21, 9, 10), reason="a")  # p 0.02
    for reason in "bcdef"[:others]:
        for period in (SEPTEMBER, OCTOBER):
            answer(acme, "nps", (5, 3, 3), period, reason=reason)

    found = breakdown(acme, "nps", OCTOBER, By.REASON, before=SEPTEMBER)

    first = parts(found)["a"].change
    assert (0.01 < first.p < 0.05, first.verdict, found.is_adjusted) == (True, verdict, others == 5)


@pytest.mark.parametrize(("n", "stands"), [(29, None), (30, Verdict.LOWER)])
def test_agents_are_compared_from_thirty_answers(acme, n, stands):
    answer(acme, "nps", (90, 20, 10), agent=factories.make_agent(acme, "Bo"))
    answer(acme, "nps", (0, 0, n), agent=factories.make_agent(acme, "Ada"))

    found = breakdown(acme, "nps", OCTOBER, By.AGENT)

    assert [(row.name, row.stands) for row in found.rows] == [
        ("Ada", stands), ("Bo", Verdict.HIGHER),
    ]  # fmt: skip
    assert [row.is_ranked for row in found.rows] == [bool(stands)] * 2


def test_agents_whose_intervals_overlap_have_no_rank_and_stand_by_name(acme):
    for name, groups in (("Cleo", (30, 5, 5)), ("Ada", (28, 6, 6)), ("Bo", (5, 10, 60))):
        answer(acme, "nps", groups, agent=factories.make_agent(acme, name))

    found = breakdown(acme, "nps", OCTOBER, By.AGENT)

    assert [(row.name, row.is_ranked) for row in found.rows] == [("Ada", False), ("Bo", True), ("Cleo", False)]


def test_a_part_within_the_funnel_stands_nowhere(acme):
    for reason, groups in (("a", (20, 10, 10)), ("b", (18, 10, 12)), ("c", (0, 0, 12))):
        answer(acme, "nps", groups, reason=reason)

    found = breakdown(acme, "nps", OCTOBER, By.REASON)

    unclear = Verdict.NO_CLEAR_CHANGE
    assert {row.name: row.stands for row in found.rows} == {"a": unclear, "b": unclear, "c": Verdict.LOWER}
    assert found.limits(12).far_low > -100


# --- Periods


def test_periods_stand_in_their_order_each_against_the_one_before(acme):
    answer(acme, "nps", (5, 5, 30), SEPTEMBER)
    answer(acme, "nps", (30, 5, 5))

    found = by_period(acme, "nps", run_back(OCTOBER, 3))

    assert [(row.value, row.name, row.n) for row in found.rows] == [
        ("2026-08", "August 2026", None), ("2026-09", "September 2026", 40), ("2026-10", "October 2026", 40),
    ]  # fmt: skip
    assert [row.change and row.change.verdict for row in found.rows] == [None, None, Verdict.HIGHER]
    assert found.total == found.rows[-1]


def test_only_the_period_in_which_a_series_begins_is_not_compared(acme):
    for period in run_back(OCTOBER, 3):
        answer(acme, "csat", (20, 5, 5), period)
    wording.publish(campaign_of(acme, "csat").survey, on(SEPTEMBER, 20))

    found = by_period(acme, "csat", run_back(OCTOBER, 3))

    # September is two series, and so it is compared with neither neighbour.
    assert [row.change for row in found.rows] == [None, None, None]
    assert by_period(acme, "csat", [OCTOBER, OCTOBER.next()]).is_new_series is False


# --- Whose it is


def test_globex_sees_nothing_of_acme(acme, globex):
    team = factories.make_team(acme, "Nord")
    answer(acme, "nps", (20, 5, 5), team=team)
    answer(globex, "nps", (10, 5, 5))

    for by in By:
        assert all(row.n is None or row.n <= 20 for row in breakdown(globex, "nps", OCTOBER, by).rows)
    assert [row.name for row in breakdown(globex, "nps", OCTOBER, By.TEAM).rows] == ["no team"]
    assert breakdown(globex, "nps", OCTOBER, By.TEAM, {By.TEAM: str(team.pk)}).total.n is None
    assert breakdowns.names_of(globex, By.TEAM, [str(team.pk)]) == {str(team.pk): "no longer known"}
    assert by_period(globex, "nps", [SEPTEMBER, OCTOBER]).total.n == 20


@pytest.mark.parametrize("by", list(By))
def test_three_parts_cost_as_many_queries_as_one(acme, by):
    def ask():
        with CaptureQueriesContext(connection) as queries:
            breakdown(acme, "nps", OCTOBER, by, before=SEPTEMBER)
        return len(queries)

    fill(acme, "a")
    first = ask()
    fill(acme, "b")
    fill(acme, "c")

    assert ask() == first


def fill(client, name: str) -> None:
    """A dozen answers in both months, of another team, agent, theme and whatever else."""
    own = {"team": factories.make_team(client, name), "agent": factories.make_agent(client, name)}
    for period in (SEPTEMBER, OCTOBER):
        given = answer(client, "nps", (5, 4, 3), period, reason=name, segment=name, **own)
        say(given, {{"a": "price", "b": "billing", "c": "contract"}[name]: 1})


def test_periods_before_can_be_any_earlier_one(acme):
    answer(acme, "nps", (5, 5, 30), dt_period := run_back(OCTOBER, 13)[0], channel="chat")
    answer(acme, "nps", (30, 5, 5), channel="chat")

    found = breakdown(acme, "nps", OCTOBER, By.CHANNEL, before=dt_period)

    assert (dt_period.first_on, found.rows[0].change.verdict) == (dt.date(2025, 10, 1), Verdict.HIGHER)
