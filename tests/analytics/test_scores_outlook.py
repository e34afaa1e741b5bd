"""How a period will end, against simulation: of periods with a chance of 70 %, seven in ten meet their target."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import scores
from analytics.scores import NPS_WORTH, SHARE_WORTH, chance_of_meeting, chance_of_meeting_mean, outlook

unhurried = settings(deadline=None)
groups = st.tuples(*[st.integers(0, 60)] * 3)
worths = st.sampled_from([NPS_WORTH, SHARE_WORTH])


def test_a_period_without_answers_to_come_has_met_its_target_or_not():
    assert [chance_of_meeting((7, 2, 1), target, 0) for target in (59.9, 60, 60.1)] == [1, 1, 0]
    assert [chance_of_meeting((7, 2, 1), target, 0, SHARE_WORTH) for target in (70, 70.1)] == [1, 0]
    assert [chance_of_meeting_mean((0, 0, 0, 0, 5, 5) + (0,) * 5, target, 0, 1, 5) for target in (4.5, 4.6)] == [1, 0]


def test_before_the_first_answer_there_is_no_chance_to_state():
    assert chance_of_meeting((0, 0, 0), 40, 100) is None
    assert chance_of_meeting_mean((0,) * 11, 4, 100) is None


def test_what_can_no_longer_be_reached_has_no_chance():
    """After 90 detractors ten promoters make −80 at best."""
    assert chance_of_meeting((0, 0, 90), -79, 10) == 0
    assert chance_of_meeting((0, 0, 90), -80, 10) > 0
    assert chance_of_meeting((90, 0, 0), 80, 10) == pytest.approx(1)


@unhurried
@given(groups, st.integers(0, 40), worths, st.integers(-100, 99))
def test_a_higher_target_is_never_likelier(so_far, expected, worth, target):
    if sum(so_far):
        easier, harder = (chance_of_meeting(so_far, goal, expected, worth) for goal in (target, target + 1))
        assert 0 <= harder <= easier + 1e-12 <= 1 + 1e-9


@unhurried
@given(st.lists(st.integers(0, 9), min_size=5, max_size=5), st.integers(0, 300), st.floats(0, 6))
def test_a_chance_is_one_whatever_came_so_far(bars, expected, target):
    counts = (0, *bars, 0, 0, 0, 0, 0)
    if sum(bars):
        easier, harder = (chance_of_meeting_mean(counts, goal, expected, 1, 5) for goal in (target, target + 0.1))
        assert 0 <= harder <= easier <= 1
        assert chance_of_meeting_mean(counts, 0.9, expected, 1, 5) == 1
        assert chance_of_meeting_mean(counts, 5.1, expected, 1, 5) == 0


@unhurried
@given(groups, st.integers(0, 8), st.integers(-100, 100))
def test_every_outcome_is_counted_once(so_far, expected, target):
    """By enumeration of the Dirichlet-multinomial of scipy."""
    from scipy import stats

    if not sum(so_far):
        return
    believed = [so_far[0] + 0.75, so_far[1] + 1.5, so_far[2] + 0.75]
    outcomes = [(up, expected - up - down, down) for up in range(expected + 1) for down in range(expected + 1 - up)]
    meets = [
        100 * (so_far[0] + up - so_far[2] - down) >= target * (sum(so_far) + expected) for up, _level, down in outcomes
    ]
    total = sum(
        stats.dirichlet_multinomial.pmf(one, believed, expected) for one, ok in zip(outcomes, meets, strict=True) if ok
    )
    assert chance_of_meeting(so_far, target, expected) == pytest.approx(total, abs=1e-9)


@pytest.mark.parametrize("worth", [NPS_WORTH, SHARE_WORTH])
@pytest.mark.parametrize("so_far", [(18, 7, 5), (7, 2, 1), (120, 50, 30), (40, 3, 2)])
def test_both_ways_of_counting_agree_where_one_follows_the_other(so_far, worth, monkeypatch):
    at_seam = outlook.EXACT_UP_TO
    targets = range(0, 100, 5)
    exact = [chance_of_meeting(so_far, target, at_seam, worth) for target in targets]
    monkeypatch.setattr(outlook, "EXACT_UP_TO", 0)
    smooth = [chance_of_meeting(so_far, target, at_seam, worth) for target in targets]
    assert max(abs(one - other) for one, other in zip(exact, smooth, strict=True)) < 0.011


def off(chances: list[float], outcomes: list[bool]) -> float:
    """How far the share that came true lies off the mean chance, at most, over quarters of the open cases by chance."""
    still_open = sorted((said, came) for said, came in zip(chances, outcomes, strict=True) if 0.03 < said < 0.97)
    assert len(still_open) > 500
    quarters = np.array_split(np.array(still_open, dtype=float), 4)
    return max(abs(quarter[:, 0].mean() - quarter[:, 1].mean()) for quarter in quarters)


def foretold(chance, truths, n: int, expected: int) -> tuple[list[float], list[bool]]:
    """For each truth a target that knows nothing of it, its chance after `n` answers, and whether it was met."""
    chances, outcomes = [], []
    for truth in truths:
        target = round(chance.normal(30, 30))
        so_far, more = chance.multinomial(n, truth).tolist(), chance.multinomial(expected, truth).tolist()
        chances.append(chance_of_meeting(tuple(so_far), target, expected))
        end = [one + other for one, other in zip(so_far, more, strict=True)]
        outcomes.append(scores.nps(*end).value >= target)
    return chances, outcomes


@pytest.mark.parametrize(("n", "expected"), [(12, 20), (40, 150), (60, 61)])
def test_of_periods_with_a_chance_of_seven_in_ten_seven_meet_their_target(n, expected):
    """6,000 clients of whom no more is known than the prior says."""
    chance = np.random.default_rng(n)
    assert off(*foretold(chance, chance.dirichlet((0.75, 1.5, 0.75), size=6000), n, expected)) < 0.05


def test_where_clients_are_like_each_other_the_chance_is_off_by_a_tenth_at_most():
    """6,000 clients around 50/30/20: who knew that would take far-off scores for chance."""
    chance = np.random.default_rng(8)
    assert off(*foretold(chance, chance.dirichlet((10, 6, 4), size=6000), 60, 120)) < 0.1


def test_the_mean_score_is_foretold_as_honestly():
    chance = np.random.default_rng(4)
    chances, outcomes = [], []
    for truth in chance.dirichlet((1, 1, 2, 6, 9), size=6000):
        target = float(chance.normal(4.1, 0.3))
        so_far, more = chance.multinomial(60, truth), chance.multinomial(60, truth)
        chances.append(chance_of_meeting_mean((0, *so_far.tolist(), 0, 0, 0, 0, 0), target, 60, 1, 5))
        outcomes.append(((so_far + more) * range(1, 6)).sum() / 120 >= target)
    assert off(chances, outcomes) < 0.08


def test_all_alike_so_far_is_no_certainty():
    fives = (0, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0)
    assert 0.3 < chance_of_meeting_mean(fives, 4.9, 30, 1, 5) < 0.9
    assert 0.3 < chance_of_meeting((12, 0, 0), 90, 30) < 0.9
