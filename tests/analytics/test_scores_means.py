"""Means, their changes, differences of differences, and the curves they rest on, against scipy and statsmodels."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analytics import scores
from analytics.scores import Verdict, curves

unhurried = settings(deadline=None)
answers = st.lists(st.integers(0, 400), min_size=11, max_size=11).map(tuple)
groups = st.tuples(*[st.integers(1, 400)] * 3)

FIVE_BARS = (0, 2, 2, 5, 17, 24, 0, 0, 0, 0, 0)
"""5…1 = 24/17/5/2/2."""


def spread_out(counts) -> list[int]:
    return [score for score, count in enumerate(counts) for _ in range(count)]


def test_the_csat_of_the_method_paper():
    found, mean = scores.share_of(FIVE_BARS, 4), scores.mean(FIVE_BARS, 1, 5)
    assert (found.value, round(found.low, 2), round(found.high, 2)) == (82.0, 69.20, 90.23)
    assert (mean.value, round(mean.low, 3), round(mean.high, 3), mean.n) == (4.18, 3.883, 4.477, 50)
    assert round(scores.moments(FIVE_BARS).deviation, 4) == 1.0437


def test_effort_is_the_share_of_five_to_seven():
    assert scores.share_of((0, 1, 1, 1, 1, 2, 2, 2, 0, 0, 0), 5) == scores.share(6, 10)


@unhurried
@given(answers)
def test_a_mean_has_the_interval_of_scipy(counts):
    from scipy import stats

    each = spread_out(counts)
    assume(len(set(each)) > 1)
    found = scores.mean(counts)
    low, high = stats.t.interval(0.95, len(each) - 1, np.mean(each), stats.sem(each))
    assert (found.value, found.low, found.high) == pytest.approx((np.mean(each), max(0, low), min(10, high)))


@unhurried
@given(answers)
def test_a_mean_lies_in_its_interval_and_on_the_scale(counts):
    found = scores.mean(counts)
    if found is not None:
        bounds = [0, found.low, found.value, found.high, 10]
        assert bounds == sorted(bounds)


@unhurried
@given(answers)
def test_a_scale_turned_around_turns_the_mean_around(counts):
    found, turned = scores.mean(counts), scores.mean(counts[::-1])
    if found is not None:
        expected = (10 - found.value, 10 - found.high, 10 - found.low)
        assert (turned.value, turned.low, turned.high) == pytest.approx(expected)


def test_more_answers_alike_narrow_every_interval():
    for once in (FIVE_BARS, (0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0)):
        widths = [
            found.high - found.low
            for times in (1, 2, 5, 20)
            for found in [scores.mean(tuple(times * count for count in once), 1, 5)]
        ]
        assert widths == sorted(widths, reverse=True)
        assert len(set(widths)) == len(widths)


def test_one_answer_says_nothing_about_others():
    assert scores.mean((0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0), 1, 5) == scores.Estimate(3.0, 1.0, 5.0, 1)


def test_all_alike_are_no_certainty():
    """Of ten the share of others may be 27.75 % (Wilson): all of them at 1 would be four points lower."""
    found = scores.mean((0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0), 1, 5)
    assert (found.value, round(found.low, 3), found.high) == (5.0, round(5 - 4 * 0.277533, 3), 5.0)


def test_no_answers_have_no_mean():
    nothing = (0,) * 11
    assert (scores.mean(nothing), scores.share_of(nothing, 4), scores.moments(nothing)) == (None, None, None)
    assert scores.mean_change(nothing, FIVE_BARS) is None
    assert scores.mean_change(FIVE_BARS, (0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)) is None


def test_a_score_outside_the_scale_is_refused():
    with pytest.raises(ValueError, match="scores outside 1 to 5"):
        scores.mean((0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0), 1, 5)


@unhurried
@given(answers, answers)
def test_a_change_of_a_mean_is_that_of_welch(before, after):
    from scipy import stats

    was, now = spread_out(before), spread_out(after)
    assume(len(set(was)) > 1 and len(set(now)) > 1)
    change, found = scores.mean_change(before, after), stats.ttest_ind(now, was, equal_var=False)
    assert (change.z, change.p) == pytest.approx((found.statistic, found.pvalue), rel=1e-6, abs=1e-9)
    interval = found.confidence_interval()
    assert (change.low, change.high) == pytest.approx((max(-10, interval.low), min(10, interval.high)))
    assert (change.verdict is Verdict.NO_CLEAR_CHANGE) == (change.p >= 0.05)


def test_all_fives_after_all_fours_are_higher_and_the_same_again_is_no_change():
    fours, fives = ((0,) * 4 + (12,) + (0,) * 6, (0,) * 5 + (12,) + (0,) * 5)
    assert scores.mean_change(fours, fives).verdict is Verdict.HIGHER
    same = scores.mean_change(fives, fives)
    assert (same.difference, same.p, same.verdict) == (0, 1, Verdict.NO_CLEAR_CHANGE)


def test_a_difference_in_differences_adds_up_what_all_four_groups_leave_open():
    before, after, before_there, after_there = (40, 30, 30), (60, 25, 15), (42, 30, 28), (45, 30, 25)
    change, control = scores.nps_change(before, after), scores.nps_change(before_there, after_there)
    did = scores.difference_in_differences(change, control)
    assert did.difference == pytest.approx((45 - 10) - (20 - 14))
    means, variances = zip(*(adjusted(one) for one in (before, after, before_there, after_there)), strict=True)
    standard_error = 100 * math.sqrt(sum(variances))
    moved = 100 * ((means[1] - means[0]) - (means[3] - means[2]))
    assert (did.z, did.standard_error) == pytest.approx((moved / standard_error, standard_error))
    assert (did.low, did.high) == pytest.approx((moved - 1.959964 * standard_error, moved + 1.959964 * standard_error))
    assert did.verdict is Verdict.NO_CLEAR_CHANGE


def adjusted(one) -> tuple[float, float]:
    """Rocks' mean and variance by hand."""
    up, level, down = one
    n = up + level + down + 3
    mean = (up - down) / n
    return mean, ((up + down + 1.5) / n - mean**2) / n


@unhurried
@given(groups, groups, groups, groups)
def test_measure_and_control_exchanged_turn_the_difference_around(before, after, before_there, after_there):
    change, control = scores.nps_change(before, after), scores.nps_change(before_there, after_there)
    one, other = (
        scores.difference_in_differences(change, control),
        scores.difference_in_differences(control, change),
    )
    assert (one.difference, one.low, one.high, one.p) == pytest.approx(
        (-other.difference, -other.high, -other.low, other.p)
    )


@pytest.mark.parametrize(("change", "answers"), [(5, 3768), (10, 942), (15, 419), (20, 236), (30, 105)])
def test_the_answers_that_a_change_needs(change, answers):
    assert scores.answers_needed(change) == scores.answers_needed(-change) == answers


@given(st.integers(5, 150))
def test_the_answers_needed_show_the_change_and_one_less_does_not(change):
    needed = scores.answers_needed(change)
    assert scores.detectable_change(needed, needed) <= change
    assert (scores.detectable_change(needed - 1, needed - 1) or 201) > change


def test_the_power_is_that_of_statsmodels():
    from statsmodels.stats.power import NormalIndPower

    needed = NormalIndPower().solve_power(0.1 / math.sqrt(0.6), alpha=0.05, power=0.8)
    assert scores.answers_needed(10) == math.ceil(needed)


def test_no_number_of_answers_shows_a_change_of_nothing():
    with pytest.raises(ValueError, match="a change of nothing"):
        scores.answers_needed(0)


def test_benjamini_and_hochberg_agree_with_statsmodels():
    from statsmodels.stats.multitest import multipletests

    chance = np.random.default_rng(5)
    for size in (1, 6, 40):
        p_values = (chance.random(size) ** 3).tolist()
        assert scores.benjamini_hochberg(p_values) == multipletests(p_values, method="fdr_bh")[0].tolist()


def test_intervals_that_touch_rank_nobody():
    one, other = scores.nps(18, 7, 5), scores.nps(12, 9, 11)
    assert scores.overlap(one, other) and scores.overlap(other, one)
    assert not scores.overlap(scores.nps(120, 10, 10), scores.nps(10, 10, 120))
    assert scores.overlap(scores.Estimate(1, 0, 2, 5), scores.Estimate(3, 2, 4, 5))


def test_a_small_closed_group_is_known_better():
    assert scores.finite_population(36, 100) == 0.8
    assert (scores.finite_population(10, 10), scores.finite_population(0, 10)) == (0, 1)
    estimate = scores.Estimate(50, 40, 70, 36)
    assert scores.within_population(estimate, 100) == scores.Estimate(50, 42, 66, 36)
    with pytest.raises(ValueError, match="impossible counts"):
        scores.finite_population(11, 10)


@unhurried
@given(st.floats(0.5, 1e5), st.floats(0.5, 1e5), st.floats(0, 1))
def test_the_incomplete_beta_is_that_of_scipy(a, b, x):
    from scipy import special

    assert curves.beta_share(x, a, b) == pytest.approx(special.betainc(a, b, x), rel=1e-7, abs=1e-12)


@unhurried
@given(st.floats(1, 1e6))
def test_the_quantile_of_t_is_that_of_scipy(df):
    from scipy import stats

    assert curves.t_quantile(df) == pytest.approx(stats.t.ppf(0.975, df), rel=1e-7)


@unhurried
@given(st.floats(0, 3000), st.integers(1, 600))
def test_the_tail_of_chi_squared_is_that_of_scipy(statistic, df):
    from scipy import stats

    assert curves.chi_square_above(statistic, df) == pytest.approx(stats.chi2.sf(statistic, df), rel=1e-7, abs=1e-300)


@unhurried
@given(st.integers(0, 60), st.floats(0.1, 100), st.floats(0.1, 100))
def test_the_beta_binomial_is_that_of_scipy(n, a, b):
    from scipy import stats

    found = [curves.beta_binomial(k, n, a, b) for k in range(n + 1)]
    assert found == pytest.approx(stats.betabinom.pmf(range(n + 1), n, a, b).tolist(), rel=1e-7, abs=1e-12)
