"""Was the sample chosen? χ², exact binomial and standardised differences; a part beside its whole."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analytics import scores
from analytics.scores import NPS_WORTH, SHARE_WORTH, Moments

unhurried = settings(deadline=None)
counts = st.integers(0, 500)
groups = st.tuples(counts, counts, counts)


def test_the_gating_monitor_of_the_method_paper():
    found = scores.chi_square([[400, 100], [40, 60]])
    assert (round(found.statistic, 2), f"{found.p:.1e}", found.df, found.is_sound) == (68.18, "1.5e-16", 1, True)


def test_the_sample_ratio_of_the_method_paper():
    assert round(scores.sample_ratio(460, 1000, 0.5), 4) == 0.0124


@unhurried
@given(st.lists(st.tuples(counts, counts, counts), min_size=2, max_size=6))
def test_a_table_is_tested_as_by_scipy(table):
    from scipy import stats

    assume(all(map(any, table)) and all(map(any, zip(*table, strict=True))))
    found, expected = scores.chi_square(table), stats.chi2_contingency(table, correction=False)
    assert (found.statistic, found.p, found.df) == pytest.approx(
        (expected.statistic, expected.pvalue, expected.dof), rel=1e-6, abs=1e-9
    )


def test_empty_rows_and_columns_are_no_groups():
    table = [[400, 0, 100], [0, 0, 0], [40, 0, 60]]
    assert scores.chi_square(table) == scores.chi_square([[400, 100], [40, 60]])
    assert scores.chi_square([[5, 3], [0, 0]]) is None
    assert scores.chi_square([[5, 0], [3, 0]]) is None
    assert scores.chi_square([]) is None


def test_a_table_too_thin_for_the_test_says_so():
    assert not scores.chi_square([[3, 1], [2, 4]]).is_sound
    assert scores.chi_square([[30, 10], [20, 40]]).is_sound


@unhurried
@given(st.integers(1, 400), st.floats(0.01, 0.99), st.data())
def test_a_sample_ratio_is_that_of_scipy(n, expected, data):
    from scipy import stats

    hits = data.draw(st.integers(0, n))
    assert scores.sample_ratio(hits, n, expected) == pytest.approx(
        stats.binomtest(hits, n, expected).pvalue, rel=1e-6, abs=1e-12
    )


def test_a_sample_ratio_of_millions_is_found_too():
    from scipy import stats

    expected = stats.binomtest(1_001_500, 2_000_000, 0.5).pvalue
    assert scores.sample_ratio(1_001_500, 2_000_000, 0.5) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("hits", "n", "expected", "p"), [(0, 0, 0.5, None), (5, 5, 1, 1), (4, 5, 1, 0), (0, 5, 0, 1), (1, 5, 0, 0)]
)
def test_all_none_and_nobody_are_no_mishap(hits, n, expected, p):
    assert scores.sample_ratio(hits, n, expected) == p


def test_two_shares_differ_by_standard_deviations():
    """By hand: 0.6 against 0.4, both with a variance of 0.24."""
    assert scores.standardised_difference((60, 100), (40, 100)) == pytest.approx(0.2 / math.sqrt(0.24))
    assert scores.standardised_difference((40, 100), (60, 100)) == pytest.approx(-0.2 / math.sqrt(0.24))


def test_two_means_differ_by_standard_deviations():
    waits = scores.standardised_difference_of_means(Moments(40, 130.0, 900.0), Moments(900, 100.0, 2700.0))
    assert waits == pytest.approx(30 / math.sqrt(1800))


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [((0, 5), (0, 9), 0), ((5, 5), (0, 9), 10), ((0, 9), (5, 5), -10), ((0, 0), (5, 9), None), ((5, 9), (0, 0), None)],
)
def test_a_standardised_difference_at_the_edges(one, other, difference):
    assert scores.standardised_difference(one, other) == difference


def test_means_without_spread_or_without_anyone():
    still = Moments(5, 3.0, 0.0)
    assert scores.standardised_difference_of_means(still, still) == 0
    assert scores.standardised_difference_of_means(still, Moments(5, 4.0, 0.0)) == -10
    assert scores.standardised_difference_of_means(still, Moments(0, 0.0, 0.0)) is None


def test_an_impact_is_the_score_of_all_less_that_of_the_rest():
    theme, everyone = (2, 3, 20), (120, 50, 55)
    found = scores.impact(theme, everyone)
    assert found.value == pytest.approx(scores.nps(*everyone).value - scores.nps(118, 47, 35).value)
    assert found.n == 25
    assert found.high < 0


def test_the_impact_on_a_share_is_in_percent_of_all():
    found = scores.impact((2, 3, 20), (120, 50, 55), SHARE_WORTH)
    assert found.value == pytest.approx(100 * (120 / 225 - 118 / 200))


def test_who_names_what_nobody_or_everybody_names_learns_nothing():
    assert scores.impact((0, 0, 0), (5, 5, 5)) is None
    assert scores.impact((5, 5, 5), (5, 5, 5)) is None
    with pytest.raises(ValueError, match="impossible counts"):
        scores.impact((6, 0, 0), (5, 5, 5))


@unhurried
@given(groups, groups)
def test_an_impact_lies_in_its_interval_and_turns_with_the_groups(theme, rest):
    everyone = tuple(one + other for one, other in zip(theme, rest, strict=True))
    found, turned = scores.impact(theme, everyone), scores.impact(theme[::-1], everyone[::-1])
    if found is not None:
        bounds = [-200, found.low, found.value, found.high, 200]
        assert bounds == sorted(bounds)
        assert (turned.value, turned.low, turned.high) == pytest.approx((-found.value, -found.high, -found.low))


@pytest.mark.parametrize(
    ("n", "named", "naming", "others"),
    [
        (30, 0.2, (0.2, 0.2, 0.6), (0.6, 0.25, 0.15)),
        (200, 0.05, (0.1, 0.2, 0.7), (0.6, 0.25, 0.15)),
        (200, 0.2, (0.5, 0.3, 0.2), (0.55, 0.25, 0.2)),
        (1000, 0.02, (0.05, 0.1, 0.85), (0.6, 0.25, 0.15)),
        (50, 0.15, (0.9, 0.08, 0.02), (0.4, 0.3, 0.3)),
        (100, 0.8, (0.6, 0.2, 0.2), (0.3, 0.3, 0.4)),
    ],
)
def test_the_interval_of_an_impact_holds_the_truth_as_often_as_it_says(n, named, naming, others):
    """Drawn 2,000 times from a known truth, in every draw with another number who name the theme."""
    chances = [named * p for p in naming] + [(1 - named) * p for p in others]
    truth = named * 100 * ((naming[0] - naming[2]) - (others[0] - others[2]))
    found = []
    for draw in np.random.default_rng(11).multinomial(n, chances, size=2000).tolist():
        theme, everyone = tuple(draw[:3]), tuple(one + other for one, other in zip(draw[:3], draw[3:], strict=True))
        if sum(theme) >= scores.SHOWN_FROM:
            estimate = scores.impact(theme, everyone)
            found.append(estimate.low <= truth <= estimate.high)
    assert 0.93 <= sum(found) / len(found) <= 0.99


def test_the_limits_of_a_funnel_are_those_of_the_normal_curve():
    """By hand: 100/50/50 is 25 points with a variance of 0.6875, so 30 answers have a standard error of 15.138."""
    limits = scores.funnel_limits(30, (100, 50, 50))
    standard_error = 100 * math.sqrt(0.6875 / 30)
    assert (limits.low, limits.high) == pytest.approx((25 - 1.959964 * standard_error, 25 + 1.959964 * standard_error))
    assert (limits.far_low, limits.far_high) == pytest.approx(
        (25 - 3.090232 * standard_error, 25 + 3.090232 * standard_error)
    )


@unhurried
@given(groups, st.integers(1, 1000), st.sampled_from([NPS_WORTH, SHARE_WORTH]))
def test_the_limits_of_a_funnel_lie_on_the_scale_and_close_in(everyone, n, worth):
    limits, closer = scores.funnel_limits(n, everyone, worth), scores.funnel_limits(4 * n, everyone, worth)
    if limits is not None:
        bounds = [worth[2], limits.far_low, limits.low, closer.low, closer.high, limits.high, limits.far_high, 100]
        assert bounds == sorted(bounds)


def test_one_agent_of_twenty_that_are_alike_lies_outside():
    everyone, chance = (500, 300, 200), np.random.default_rng(3)
    limits = scores.funnel_limits(60, everyone)
    drawn = [scores.nps(*draw).value for draw in chance.multinomial(60, [0.5, 0.3, 0.2], size=4000).tolist()]
    assert 0.03 <= sum(not limits.low <= value <= limits.high for value in drawn) / 4000 <= 0.07
    assert sum(not limits.far_low <= value <= limits.far_high for value in drawn) / 4000 <= 0.006


def test_a_funnel_of_nobody_has_no_limits():
    assert scores.funnel_limits(0, (5, 5, 5)) is None
    assert scores.funnel_limits(5, (0, 0, 0)) is None
