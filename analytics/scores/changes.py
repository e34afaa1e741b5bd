"""Did a figure change? The test, its interval and the words it allows; how large a change the volume lets one see."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .curves import NORMAL, SIGNIFICANCE, Z, t_quantile, t_two_sided, two_sided
from .estimates import Counts, Groups, Moments, adjusted_nps, checked, moments, nps, share


class Verdict(StrEnum):
    """The only words for a change; they come from the test, never from the difference."""

    HIGHER = "higher"
    LOWER = "lower"
    NO_CLEAR_CHANGE = "no_clear_change"


@dataclass(frozen=True)
class Change:
    """After minus before. `difference` is that of the printed scores; interval, z and p are of the adjusted ones.

    `standard_error` is in the unit of the difference. For means `z` is Student's t.
    """

    difference: float
    low: float
    high: float
    z: float
    p: float
    verdict: Verdict
    standard_error: float


def nps_change(before: Groups, after: Groups) -> Change | None:
    """Did the NPS change between two independent groups? z test on the adjusted values of both (as in `nps`).

    None when a side has no answers. Not valid across a series break (new wording, scale, layout, channel or sampling).
    """
    was, now = nps(*before), nps(*after)
    if was is None or now is None:
        return None
    return _adjusted(now.value - was.value, adjusted_nps(before), adjusted_nps(after), limit=200)


def share_change(before: tuple[int, int], after: tuple[int, int]) -> Change | None:
    """Did a share change between two independent groups, each given as (hits, n)?

    One hit and one miss are added to each group (Agresti and Caffo 2000, The American Statistician 54, 280-288).
    None when a side is empty; ValueError when counts are impossible.
    """
    was, now = share(*before), share(*after)
    if was is None or now is None:
        return None
    return _adjusted(now.value - was.value, _adjusted_share(*before), _adjusted_share(*after), limit=100)


def mean_change(before: Counts, after: Counts) -> Change | None:
    """Did a mean score change between two independent groups? Welch's t test (1947), which lets their spreads differ.

    A side on which all gave the same score is taken to have one answer more, a point away: it knows little of its
    spread. None where a side has fewer than two answers.
    """
    was, now = moments(before), moments(after)
    if was is None or now is None or min(was.n, now.n) < 2:
        return None
    spread = [_variance(side) / side.n for side in (was, now)]
    df = sum(spread) ** 2 / sum(part**2 / (side.n - 1) for part, side in zip(spread, (was, now), strict=True))
    difference = now.mean - was.mean
    return _change(difference, difference, math.sqrt(sum(spread)), limit=10, df=df)


def difference_in_differences(change: Change, control: Change) -> Change:
    """What a measure did beyond what happened anyway: the change where it ran minus that of a control group.

    Both in the same unit, from four independent groups; a z test with their standard errors added as squares. It
    says what the measure did only if both would have moved alike without it (Angrist and Pischke 2009, chapter 5).
    """
    standard_error = math.hypot(change.standard_error, control.standard_error)
    moved = change.z * change.standard_error - control.z * control.standard_error
    return _change(change.difference - control.difference, moved, standard_error, limit=math.inf)


def benjamini_hochberg(p_values: Sequence[float], rate: float = SIGNIFICANCE) -> list[bool]:
    """Which of several compared changes are news at this false discovery rate, in the order given.

    Benjamini and Hochberg 1995: the largest k with p(k) <= k/m * rate, and all below it. For more than five.
    """
    ranked = sorted(p_values)
    passing = [p for rank, p in enumerate(ranked, 1) if p <= rank / len(ranked) * rate]
    threshold = max(passing, default=-1.0)
    return [p <= threshold for p in p_values]


def detectable_change(n_before: int, n_after: int, variance: float = 0.6, power: float = 0.8) -> int | None:
    """Smallest NPS change in whole points that is seen with this power: "changes of 31 points or more".

    `variance` is that of one answer coded -1/0/+1. None where not even a change over the whole scale would be seen.
    """
    checked(n_before, n_after)
    if not n_before or not n_after:
        return None
    standard_error = math.sqrt(variance / n_before + variance / n_after)
    points = math.ceil(100 * _seen_from(power) * standard_error)
    return points if points <= 200 else None


def answers_needed(change: float, variance: float = 0.6, power: float = 0.8) -> int:
    """Answers needed in each of two periods to see an NPS change of so many points with this power.

    The inverse of `detectable_change`: 2·s²·((z_α + z_β)/Δ)², rounded up. ValueError for a change that is none.
    """
    if not change:
        raise ValueError("no number of answers shows a change of nothing")
    return math.ceil(2 * variance * (100 * _seen_from(power) / change) ** 2)


def _seen_from(power: float) -> float:
    """Standard errors between no change and one that is seen with this power."""
    return Z + NORMAL.inv_cdf(power)


def _adjusted_share(hits: int, n: int) -> tuple[float, float]:
    """Share and its variance on 0..1, with one hit and one miss added (Agresti and Caffo 2000)."""
    p = (hits + 1) / (n + 2)
    return p, p * (1 - p) / (n + 2)


def _variance(side: Moments) -> float:
    return side.variance or 1 / (side.n + 1)


def _adjusted(difference: float, before: tuple[float, float], after: tuple[float, float], limit: float) -> Change:
    """From mean and variance of both sides on -1..1, in percent."""
    (mean_before, variance_before), (mean_after, variance_after) = before, after
    standard_error = 100 * math.sqrt(variance_before + variance_after)
    return _change(difference, 100 * (mean_after - mean_before), standard_error, limit)


def _change(difference: float, moved: float, standard_error: float, limit: float, df: float | None = None) -> Change:
    """The verdict on `moved` by its standard error: of the normal curve, or of Student's t with `df`."""
    z = moved / standard_error
    p = two_sided(z) if df is None else t_two_sided(z, df)
    reach = (Z if df is None else t_quantile(df)) * standard_error
    direction = Verdict.HIGHER if z > 0 else Verdict.LOWER
    verdict = direction if p < SIGNIFICANCE else Verdict.NO_CLEAR_CHANGE
    low, high = max(-limit, moved - reach), min(limit, moved + reach)
    return Change(difference, low, high, z, p, verdict, standard_error)
