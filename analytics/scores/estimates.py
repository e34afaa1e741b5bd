"""A figure with its interval, from counts: NPS, share, mean; and the one rounding."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from .curves import Z, t_quantile

SHOWN_FROM = 5  # answers; what fewer stand behind stays hidden
VALUE_FROM = 10  # answers; fewer are too few for a claim

Groups = tuple[int, int, int]
"""Promoters, passives, detractors."""

Counts = tuple[int, ...]
"""How many answers gave the scores 0 to 10, in this order; scores that a scale does not have stay 0."""

Worth = tuple[int, int, int]
"""What one answer of each group brings to the score, as it is printed."""
NPS_WORTH: Worth = (100, 0, -100)
SHARE_WORTH: Worth = (100, 0, 0)


@dataclass(frozen=True)
class Estimate:
    """A score with its 95 % interval and the number of answers behind it; unrounded."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Moments:
    """Number, mean and variance (n - 1) of measured values: scores, seconds, whatever; variance 0 for a single one."""

    n: int
    mean: float
    variance: float

    @property
    def deviation(self) -> float:
        return math.sqrt(self.variance)


def nps(promoters: int, passives: int, detractors: int) -> Estimate | None:
    """Net Promoter Score in points with its adjusted Wald interval (Rocks 2016, arXiv 1601.07235).

    The interval is centred on the adjusted mean and printed beside the plain score. It is cut to the scale, and reaches
    at least to the score itself (which matters for a single answer only). None without answers.
    """
    groups = checked(promoters, passives, detractors)
    n = sum(groups)
    if n == 0:
        return None
    value = 100 * (promoters - detractors) / n
    middle, variance = adjusted_nps(groups)
    reach = Z * math.sqrt(variance)
    return on_scale(value, 100 * (middle - reach), 100 * (middle + reach), n, floor=-100)


def share(hits: int, n: int) -> Estimate | None:
    """Share in percent with its Wilson score interval (Wilson 1927). None when n is 0.

    Raises ValueError when the counts are impossible.
    """
    checked(hits, n - hits)
    if n == 0:
        return None
    p = hits / n
    centre = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z / (1 + Z**2 / n) * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return on_scale(100 * hits / n, 100 * (centre - reach), 100 * (centre + reach), n, floor=0)


def share_of(counts: Counts, from_score: int) -> Estimate | None:
    """Share of the answers that gave this score or a higher one, in percent: 4 and 5 of 5, 5 to 7 of 7."""
    return share(sum(counts[from_score:]), sum(counts))


def mean(counts: Counts, first: int = 0, last: int = 10) -> Estimate | None:
    """Mean score on a scale from `first` to `last` with its t interval (Student 1908), cut to the scale. None without
    answers; ValueError for a score outside the scale.

    One answer says nothing about others: its interval is the whole scale. Where all gave the same score, a t interval
    would shrink to a point; instead, as many others as Wilson's interval (1927) still allows may lie at either end.
    """
    found = moments(counts)
    if found is None:
        return None
    if any(counts[:first]) or any(counts[last + 1 :]):
        raise ValueError(f"scores outside {first} to {last}")
    if found.n == 1:
        return Estimate(found.mean, float(first), float(last), 1)
    if not found.variance:
        others = 1 - share(found.n, found.n).low / 100
        below, above = others * (found.mean - first), others * (last - found.mean)
    else:
        below = above = t_quantile(found.n - 1) * found.deviation / math.sqrt(found.n)
    return on_scale(found.mean, found.mean - below, found.mean + above, found.n, floor=first, ceiling=last)


def moments(counts: Counts) -> Moments | None:
    """Number, mean and variance of the scores. Exact sums of whole numbers: all alike have a variance of 0."""
    n = sum(checked(*counts))
    if n == 0:
        return None
    total = sum(score * count for score, count in enumerate(counts))
    squares = sum(score * score * count for score, count in enumerate(counts))
    return Moments(n, total / n, (n * squares - total * total) / (n * (n - 1)) if n > 1 else 0.0)


def overlap(one: Estimate, other: Estimate) -> bool:
    """Do the intervals share a point? Where they do, neither is ranked above the other."""
    return one.low <= other.high and other.low <= one.high


def finite_population(n: int, population: int) -> float:
    """√(1 − n/N): by how much an interval narrows where `n` of all `population` there are have answered (Cochran 1977).

    0 where all have. ValueError where more answered than there are.
    """
    checked(n, population - n)
    return math.sqrt(1 - n / population) if population else 1.0


def within_population(estimate: Estimate, population: int) -> Estimate:
    """The same figure for a small closed group of this size: its interval drawn together by `finite_population`."""
    factor = finite_population(estimate.n, population)
    low, high = (estimate.value + factor * (bound - estimate.value) for bound in (estimate.low, estimate.high))
    return Estimate(estimate.value, low, high, estimate.n)


def round_half_away(value: float, digits: int = 0) -> int | float:
    """Round once, half away from zero, on the decimal that the counts give: 12.5 -> 13, -12.5 -> -13, -0.4 -> 0.

    A float carries noise (14.499999999999998 was 14.5 before a subtraction), so the shortest decimal that stands for it
    is first rounded to nine digits. This moves no honest figure: one that is not a tie is further than 1e-9 from it as
    long as fewer than about 10^7 answers stand behind it. Never minus zero.
    """
    exact = Decimal(repr(float(value))).quantize(Decimal("1e-9"), ROUND_HALF_EVEN)
    rounded = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return float(rounded) + 0.0 if digits > 0 else int(rounded)


def adjusted_nps(groups: Groups | Sequence[float]) -> tuple[float, float]:
    """Mean and its variance on -1..1, with 3/4 of an answer added to both ends and 3 in all (Rocks 2016)."""
    promoters, passives, detractors = groups
    n = promoters + passives + detractors + 3
    middle = (promoters - detractors) / n
    return middle, ((promoters + detractors + 1.5) / n - middle**2) / n


def on_scale(value: float, low: float, high: float, n: int, floor: float, ceiling: float = 100.0) -> Estimate:
    """Cut the interval to the scale; it always holds the score it stands beside."""
    return Estimate(value, low=max(floor, min(low, value)), high=min(ceiling, max(high, value)), n=n)


def checked(*counts: int) -> tuple[int, ...]:
    """The counts as they are; ValueError where one is below zero."""
    if any(count < 0 for count in counts):
        raise ValueError(f"impossible counts: {counts}")
    return counts
