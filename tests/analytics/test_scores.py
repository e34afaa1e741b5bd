"""Every oracle of the method paper that these functions answer for, and what must hold for any counts."""

import math
from itertools import pairwise
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.scores import (
    Estimate,
    Verdict,
    benjamini_hochberg,
    detectable_change,
    nps,
    nps_change,
    response_rates,
    round_half_away,
    share,
    share_change,
)

counts = st.integers(min_value=0, max_value=5_000)
unhurried = settings(deadline=None)  # a busy machine is no finding


def _rounded(estimate: Estimate, digits: int) -> tuple[float, float]:
    return round(estimate.low, digits), round(estimate.high, digits)


@pytest.mark.parametrize(
    ("groups", "score", "interval"),
    [
        ((18, 7, 5), 43.3333, (13.25, 65.54)),
        ((7, 2, 1), 60, (7.04, 85.27)),
        ((4, 1, 0), 80, (4.17, 95.83)),
        ((10, 0, 0), 100, (47.50, 100)),
        ((120, 50, 30), 45, (34.14, 54.53)),
    ],
)
def test_an_nps_stands_beside_its_adjusted_wald_interval(groups, score, interval):
    estimate = nps(*groups)
    assert (round(estimate.value, 4), _rounded(estimate, 2), estimate.n) == (score, interval, sum(groups))


def test_an_nps_is_computed_from_counts_and_not_from_rounded_shares():
    assert round_half_away(nps(2, 4, 1).value) == 14


def test_no_answers_give_no_score_rather_than_zero():
    assert nps(0, 0, 0) is None
    assert share(0, 0) is None


def test_impossible_counts_are_refused():
    for impossible in (lambda: share(3, 2), lambda: share(-1, 2), lambda: nps(-1, 2, 2)):
        with pytest.raises(ValueError, match="impossible counts"):
            impossible()


@unhurried
@given(counts, counts, counts)
def test_any_nps_lies_in_its_interval_and_both_on_the_scale(promoters, passives, detractors):
    estimate = nps(promoters, passives, detractors)
    if estimate is not None:
        bounds = [-100, estimate.low, estimate.value, estimate.high, 100]
        assert bounds == sorted(bounds)


@unhurried
@given(counts, counts, counts)
def test_praise_and_blame_exchanged_turn_the_nps_around(promoters, passives, detractors):
    estimate, mirrored = nps(promoters, passives, detractors), nps(detractors, passives, promoters)
    if estimate is not None:
        assert (mirrored.value, mirrored.low, mirrored.high) == pytest.approx(
            (-estimate.value, -estimate.high, -estimate.low)
        )


@pytest.mark.parametrize(
    ("hits", "n", "percent", "interval"),
    [(41, 50, 82.0, (69.20, 90.23)), (8, 10, 80.0, (49.02, 94.33)), (10, 10, 100.0, (72.25, 100.0))],
)
def test_a_share_stands_beside_its_wilson_interval(hits, n, percent, interval):
    estimate = share(hits, n)
    assert (estimate.value, _rounded(estimate, 2), estimate.n) == (percent, interval, n)


@unhurried
@given(st.integers(min_value=1, max_value=5_000), st.data())
def test_the_bounds_of_a_share_are_where_the_score_test_turns(n, data):
    """Wilson's definition rather than his formula: at each bound p the share is exactly z standard errors away."""
    hits = data.draw(st.integers(min_value=0, max_value=n))
    estimate, z = share(hits, n), NormalDist().inv_cdf(0.975)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 100
    for bound in (estimate.low / 100, estimate.high / 100):
        assert (hits / n - bound) ** 2 == pytest.approx(z**2 * bound * (1 - bound) / n, abs=1e-12)


@pytest.mark.parametrize("n", [1, 2, 10, 50, 997])
def test_a_share_agrees_with_statsmodels(n):
    from statsmodels.stats.proportion import proportion_confint

    for hits in range(n + 1):
        low, high = proportion_confint(hits, n, method="wilson")
        assert (share(hits, n).low, share(hits, n).high) == pytest.approx((100 * low, 100 * high), abs=1e-9)


def test_a_change_that_plain_wald_would_call_news_is_no_clear_change():
    change = nps_change(before=(12, 9, 11), after=(18, 7, 5))
    assert (round(change.z, 3), round(change.p, 4)) == (1.880, 0.0601)
    assert (round(change.low, 2), round(change.high, 2)) == (-1.55, 74.63)
    assert round((change.low + change.high) / 2, 3) == 36.537
    assert change.verdict is Verdict.NO_CLEAR_CHANGE


def test_a_change_is_the_difference_of_the_scores_that_are_printed():
    before, after = (230, 155, 100), (261, 149, 102)
    assert nps_change(before, after).difference == nps(*after).value - nps(*before).value


def test_a_clear_change_has_a_direction():
    good, bad = (300, 100, 100), (200, 100, 200)
    assert nps_change(bad, good).verdict is Verdict.HIGHER
    assert nps_change(good, bad).verdict is Verdict.LOWER


def test_a_change_of_a_share_adds_a_hit_and_a_miss_to_both_sides():
    """By hand: 8/10 and 4/10 become 9/12 and 5/12; SE = sqrt(0.1875/12 + 0.243056/12)."""
    standard_error = math.sqrt((0.75 * 0.25 + 5 / 12 * 7 / 12) / 12)
    change = share_change(before=(4, 10), after=(8, 10))
    assert change.difference == 40
    assert change.z == pytest.approx((9 / 12 - 5 / 12) / standard_error)
    assert (change.low, change.high) == pytest.approx(
        (100 * (1 / 3 - 1.959964 * standard_error), 100 * (1 / 3 + 1.959964 * standard_error)), abs=1e-4
    )
    assert change.verdict is Verdict.NO_CLEAR_CHANGE


def test_a_change_of_a_share_agrees_with_statsmodels():
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(117, 512, 65, 476, method="agresti-caffo")
    change = share_change(before=(65, 476), after=(117, 512))
    assert (change.low, change.high) == pytest.approx((100 * low, 100 * high))
    assert change.verdict is Verdict.HIGHER


@unhurried
@given(st.tuples(counts, counts, counts), st.tuples(counts, counts, counts))
def test_the_verdict_says_what_the_interval_says(before, after):
    change = nps_change(before, after)
    if change is not None:
        clear = change.low > 0 or change.high < 0
        assert clear == (change.verdict is not Verdict.NO_CLEAR_CHANGE)


def test_a_change_from_or_to_nothing_is_not_stated():
    assert nps_change((0, 0, 0), (5, 1, 1)) is None
    assert nps_change((5, 1, 1), (0, 0, 0)) is None
    assert share_change((0, 0), (5, 9)) is None
    assert share_change((5, 9), (0, 0)) is None


def test_among_many_comparisons_only_those_below_the_rising_line_are_news():
    """The example of Benjamini and Hochberg 1995: of 15 comparisons four are news, where 0.05 alone would give nine."""
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p_values += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    assert benjamini_hochberg(p_values) == [True] * 4 + [False] * 11
    assert benjamini_hochberg(p_values[::-1]) == [False] * 11 + [True] * 4


def test_a_later_p_value_under_the_line_carries_the_earlier_ones():
    assert benjamini_hochberg([0.04, 0.03, 0.045]) == [True, True, True]
    assert benjamini_hochberg([]) == []


@pytest.mark.parametrize(("n", "points"), [(3768, 5), (942, 10), (419, 15), (236, 20), (105, 30)])
def test_the_answers_of_the_power_table_show_its_changes_and_one_answer_less_does_not(n, points):
    assert detectable_change(n, n) == points
    assert detectable_change(n - 1, n - 1) == points + 1


def test_a_hundred_answers_show_changes_of_31_points_and_five_hundred_of_14():
    assert (detectable_change(100, 100), detectable_change(500, 500)) == (31, 14)


def test_more_answers_never_hide_a_change():
    seen = [detectable_change(n, 300) for n in range(10, 2_000, 10)]
    assert all(fewer >= more for fewer, more in pairwise(seen))


def test_where_no_change_on_the_scale_would_be_seen_none_is_named():
    assert detectable_change(1, 1) is None
    assert detectable_change(0, 500) is None


def test_the_response_rates_are_those_of_aapor():
    rates = response_rates(complete=120, partial=15, refused=8, silent=300, other=2, unknown=55)
    assert (rates.rr1, rates.rr2) == (24.0, 27.0)
    assert (round(rates.rr5, 3), round(rates.rr6, 3)) == (26.966, 30.337)


def test_nobody_asked_is_no_rate():
    rates = response_rates(0, 0, 0, 0, 0, unknown=0)
    assert (rates.rr1, rates.rr2, rates.rr5, rates.rr6) == (None, None, None, None)
    bounced = response_rates(0, 0, 0, 0, 0, unknown=7)
    assert (bounced.rr1, bounced.rr2, bounced.rr5, bounced.rr6) == (0.0, 0.0, None, None)


@pytest.mark.parametrize(
    ("value", "digits", "rounded"),
    [
        (12.5, 0, 13),
        (-12.5, 0, -13),
        (-0.4, 0, 0),
        (0.5, 0, 1),
        (14.499999999999998, 0, 15),
        (14.4999, 0, 14),
        (16.25, 1, 16.3),
        (-16.25, 1, -16.3),
        (1.005, 2, 1.01),
        (-0.04, 1, 0.0),
        (100, 0, 100),
    ],
)
def test_a_figure_is_rounded_half_away_from_zero(value, digits, rounded):
    assert round_half_away(value, digits) == rounded


def test_zero_never_has_a_minus():
    assert [str(round_half_away(-0.04, digits)) for digits in (0, 1)] == ["0", "0.0"]


@unhurried
@given(st.integers(min_value=-4_000, max_value=4_000), st.integers(min_value=1, max_value=4_000))
def test_rounding_follows_the_fraction_that_was_counted(part, whole):
    expected = (200 * abs(part) + whole) // (2 * whole)
    assert round_half_away(100 * part / whole) == math.copysign(expected, part)
