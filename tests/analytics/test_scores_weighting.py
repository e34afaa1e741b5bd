"""Weighted scores beside the raw ones: the oracle of the method paper, and what holds for any strata and margins."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import scores
from analytics.scores import SHARE_WORTH, Stratum

unhurried = settings(deadline=None)
groups = st.tuples(*[st.integers(0, 50)] * 3)
strata = st.lists(
    st.tuples(groups, st.integers(0, 5000)).map(lambda one: Stratum(sum(one[0]) + one[1], one[0])),
    min_size=1,
    max_size=6,
)


def test_the_weighted_score_of_the_method_paper():
    found = scores.post_stratified([Stratum(800, (10, 5, 5)), Stratum(200, (24, 4, 2))])
    assert scores.nps(34, 9, 7).value == 54.0
    assert (round(found.value, 3), round(found.n_effective, 1), found.n) == (34.667, 30.0, 50)
    assert (round(found.standard_error, 3), found.uncovered) == (15.154, 0)
    assert found.low < found.value < found.high


def test_a_share_is_weighted_like_a_score():
    found = scores.post_stratified([Stratum(800, (10, 5, 5)), Stratum(200, (24, 4, 2))], SHARE_WORTH)
    assert found.value == pytest.approx(0.8 * 50 + 0.2 * 80)
    spread = 0.64 * 0.25 / 19 * (1 - 20 / 800) + 0.04 * 0.16 / 29 * (1 - 30 / 200)
    assert found.standard_error == pytest.approx(100 * math.sqrt(spread))


def test_strata_from_which_nobody_answered_are_named_and_not_guessed():
    found = scores.post_stratified([Stratum(600, (10, 5, 5)), Stratum(400, (0, 0, 0))])
    assert (found.value, found.uncovered) == (25, 40)
    assert scores.post_stratified([Stratum(400, (0, 0, 0))]) is None
    assert scores.post_stratified([]) is None


def test_more_answers_than_there_are_contacts_are_refused():
    with pytest.raises(ValueError, match="impossible counts"):
        scores.post_stratified([Stratum(19, (10, 5, 5))])


def test_strata_in_which_all_agree_are_no_certainty():
    found = scores.post_stratified([Stratum(500, (5, 0, 0)), Stratum(500, (5, 0, 0))])
    assert (found.value, found.standard_error, found.high) == (100, 0, 100)
    assert found.low == pytest.approx(scores.nps(10, 0, 0).low)


def test_a_sample_that_is_like_the_population_keeps_its_score():
    found = scores.post_stratified([Stratum(2000, (12, 5, 3)), Stratum(4000, (18, 14, 8))])
    assert (found.value, found.n_effective) == (pytest.approx(scores.nps(30, 19, 11).value), pytest.approx(60))


@unhurried
@given(strata)
def test_any_weighted_score_lies_in_its_interval_and_on_the_scale(parts):
    found = scores.post_stratified(parts)
    if found is not None:
        bounds = [-100, found.low, found.value, found.high, 100]
        assert bounds == pytest.approx(sorted(bounds))
        assert 0 < found.n_effective <= found.n + 1e-9
        assert not math.isnan(found.standard_error)


CELLS = {("chat", "solved"): 10, ("chat", "open"): 20, ("mail", "solved"): 60, ("mail", "open"): 10}
CHANNELS, SOLVED = {"chat": 700, "mail": 300}, {"solved": 550, "open": 450}


def margin(raked, place: int) -> dict[str, float]:
    sums: dict[str, float] = {}
    for cell, count in CELLS.items():
        sums[cell[place]] = sums.get(cell[place], 0) + raked.weights[cell] * count / 100
    return sums


def test_raking_meets_every_margin_within_fifty_rounds():
    raked = scores.rake(CELLS, [CHANNELS, SOLVED])
    assert raked.is_fitted and raked.off <= 1e-4 and raked.rounds <= 50
    assert margin(raked, 0) == pytest.approx({"chat": 0.7, "mail": 0.3}, abs=1e-6)
    assert margin(raked, 1) == pytest.approx({"solved": 0.55, "open": 0.45}, abs=1e-6)


def test_raking_keeps_what_holds_the_cells_together():
    """Deming and Stephan: rows and columns are multiplied, so that cross ratios stay."""
    weights = scores.rake(CELLS, [CHANNELS, SOLVED]).weights
    ratio = weights["chat", "solved"] * weights["mail", "open"] / weights["chat", "open"] / weights["mail", "solved"]
    assert ratio == pytest.approx(1)


def test_the_effective_number_is_that_of_kish():
    raked = scores.rake(CELLS, [CHANNELS, SOLVED])
    each = [raked.weights[cell] for cell, count in CELLS.items() for _ in range(count)]
    assert raked.n_effective == pytest.approx(sum(each) ** 2 / sum(weight**2 for weight in each))
    assert raked.n_effective < 100


def test_a_sample_that_is_like_the_population_needs_no_round():
    raked = scores.rake({("a",): 30, ("b",): 70}, [{"a": 3, "b": 7}])
    assert (raked.weights, raked.rounds, raked.n_effective) == ({("a",): 1, ("b",): 1}, 0, 100)


def test_few_never_speak_for_many():
    raked = scores.rake({("rare",): 1, ("common",): 99}, [{"rare": 50, "common": 50}])
    assert raked.weights["rare",] == 5
    assert not raked.is_fitted
    assert raked.off == pytest.approx(45)


def test_values_that_nobody_answered_with_are_left_out_and_named():
    raked = scores.rake({("a",): 30, ("b",): 70}, [{"a": 40, "b": 40, "c": 20}])
    assert (raked.uncovered, raked.is_fitted) == (pytest.approx(20), True)
    assert raked.weights["a",] == pytest.approx(50 / 30)


def test_a_value_that_its_margin_does_not_know_is_refused():
    with pytest.raises(ValueError, match="no margin for"):
        scores.rake({("a",): 30, ("z",): 70}, [{"a": 40, "b": 40}])


def test_no_answers_are_not_raked():
    assert scores.rake({}, [CHANNELS]) is None
    assert scores.rake({("a",): 0}, [{"a": 3}]) is None


def test_raked_by_one_attribute_a_score_is_post_stratified():
    cells = {("a",): (10, 5, 5), ("b",): (24, 4, 2)}
    raked = scores.rake({cell: sum(one) for cell, one in cells.items()}, [{"a": 800, "b": 200}])
    found = scores.weighted_by(cells, raked)
    assert (found.value, found.n_effective, found.n) == (pytest.approx(104 / 3), pytest.approx(30), 50)
    assert found.low < found.value < found.high


@unhurried
@given(st.lists(st.tuples(st.integers(0, 40), groups), min_size=4, max_size=4), st.integers(1, 99), st.integers(1, 99))
def test_weights_stay_within_their_cut_and_scores_on_the_scale(parts, here, there):
    cells = dict(zip(CELLS, (one for _n, one in parts), strict=True))
    margins = [{"chat": here, "mail": 100 - here}, {"solved": there, "open": 100 - there}]
    raked = scores.rake({cell: sum(one) for cell, one in cells.items()}, margins)
    if raked is not None:
        assert max(raked.weights.values()) <= 5
        found = scores.weighted_by(cells, raked)
        bounds = [-100, found.low, found.value, found.high, 100]
        assert bounds == pytest.approx(sorted(bounds))
