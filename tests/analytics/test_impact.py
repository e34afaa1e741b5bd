"""What themes bring and cost, by hand and by the house's own formula."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import themes
from analytics.counts import By
from analytics.impact import Impacts, impacts
from analytics.scores import NPS_WORTH, SHARE_WORTH, impact
from analytics.small_groups import Shown
from tests.analytics.voices import OCTOBER, SEPTEMBER, answer, say

pytestmark = pytest.mark.django_db


def rows(found) -> list[tuple]:
    return [(row.name_en, row.n, round(row.estimate.value, 2)) for row in found.rows]


def test_impact_is_the_nps_of_all_less_that_of_those_who_do_not_name_it(acme):
    say(answer(acme, "nps", (2, 3, 15)), {"waiting_time": -1})
    say(answer(acme, "nps", (25, 4, 1)), {"friendliness": 1})
    answer(acme, "nps", (20, 20, 10))  # NPS of all 47 − 26 of 100: 21

    found = impacts(acme, "nps", OCTOBER)

    # Without waiting: (45 − 11)/80 = 42.5; without friendliness: (22 − 25)/70 = −4.29.
    assert rows(found) == [("Waiting & reachability", 20, -21.5), ("Friendliness & empathy", 30, 25.29)]
    assert [row.side for row in found.rows] == ["service", "service"]
    assert found.rows[0].name_de == "Wartezeit & Erreichbarkeit"
    assert found.rows[0].estimate == impact((2, 3, 15), (47, 27, 26), NPS_WORTH)
    assert (found.n, found.comments, found.hidden) == (100, 50, ())


def test_for_csat_impact_is_in_points_of_the_share(acme):
    say(answer(acme, "csat", (2, 3, 15)), {"waiting_time": -1})
    answer(acme, "csat", (60, 10, 10))  # 62 % of all, 75 % without

    found = impacts(acme, "csat", OCTOBER)

    assert rows(found) == [("Waiting & reachability", 20, -13.0)]
    assert found.rows[0].estimate == impact((2, 3, 15), (62, 13, 25), SHARE_WORTH)


def test_what_too_few_name_is_only_called_by_name_and_the_thin_stand_last(acme):
    say(answer(acme, "nps", (0, 0, 7)), {"contract": -1})
    say(answer(acme, "nps", (0, 0, 4)), {"sales_pressure": -1})
    say(answer(acme, "nps", (12, 0, 0)), {"competence": 1})
    answer(acme, "nps", (20, 20, 10))

    found = impacts(acme, "nps", OCTOBER)

    assert [(row.name_en, row.shown) for row in found.rows] == [
        ("Competence & correctness", Shown.FULL), ("Contract & cancellation", Shown.INTERVAL_ONLY),
    ]  # fmt: skip
    assert found.hidden == ("Advertising & sales pressure",)


def test_what_all_but_a_few_name_is_hidden_too(acme):
    given = answer(acme, "nps", (20, 5, 5))
    say(given[:27], {"price": -1})

    found = impacts(acme, "nps", OCTOBER)

    assert (found.n, found.rows, found.hidden) == (30, (), ("Price & value",))


def test_what_everybody_names_has_no_impact_to_tell(acme):
    say(answer(acme, "nps", (20, 5, 5)), {"price": -1})

    assert [(row.n, row.estimate) for row in impacts(acme, "nps", OCTOBER).rows] == [(30, None)]


def test_merged_themes_count_as_what_they_became(acme):
    own = themes.adopt_starter_taxonomy(acme)
    say(answer(acme, "nps", (0, 0, 12)), {"price": -1, "billing": -1})
    answer(acme, "nps", (20, 0, 0))
    themes.merge(own["price"], own["billing"])

    assert [(row.theme, row.n) for row in impacts(acme, "nps", OCTOBER).rows] == [(own["billing"].pk, 12)]


def test_comments_are_those_that_say_something_and_were_read(acme):
    given = answer(acme, "nps", (20, 10, 10))
    say(given[:10], {"price": 1})
    say(given[10:17])
    say(given[17:20], outcome="empty")

    assert impacts(acme, "nps", OCTOBER).comments == 17


def test_a_filter_that_leaves_too_few_shows_nothing(acme):
    say(answer(acme, "nps", (0, 0, 30), channel="phone"), {"price": -1})
    answer(acme, "nps", (3, 0, 0), channel="chat")

    assert impacts(acme, "nps", OCTOBER, {By.CHANNEL: "phone"}) == Impacts(None, None, (), ())
    assert impacts(acme, "nps", SEPTEMBER) == Impacts(None, None, (), ())


def test_a_filter_narrows_both_sides(acme):
    say(answer(acme, "nps", (0, 0, 20), channel="phone"), {"price": -1})
    answer(acme, "nps", (20, 0, 0), channel="phone")
    say(answer(acme, "nps", (15, 0, 0), channel="chat"), {"price": 1})

    assert rows(impacts(acme, "nps", OCTOBER, {By.CHANNEL: "phone"})) == [("Price & value", 20, -100.0)]


def test_three_themes_take_as_many_queries_as_one(acme):
    def ask():
        with CaptureQueriesContext(connection) as queries:
            impacts(acme, "nps", OCTOBER)
        return len(queries)

    say(answer(acme, "nps", (12, 0, 0)), {"price": 1})
    answer(acme, "nps", (12, 0, 0))
    first = ask()
    say(answer(acme, "nps", (12, 0, 0)), {"billing": 1, "contract": 1})

    assert ask() == first


def test_globex_sees_no_theme_of_acme(acme, globex):
    say(answer(acme, "nps", (12, 0, 12)), {"price": 1})
    answer(globex, "nps", (12, 0, 12))

    assert impacts(globex, "nps", OCTOBER) == Impacts(24, 0, (), ())
