"""Honest numbers from counts: scores with their intervals, changes with their tests, rates of the funnel.

Pure arithmetic without Django. Counts come in, unrounded figures come out: NPS in points (-100..100), shares and rates
in percent (0..100). "No data" is None, never zero. All intervals and tests are two-sided at 95 %. Whoever prints a
figure rounds it once, with `round_half_away`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from enum import StrEnum
from statistics import NormalDist

SHOWN_FROM = 5  # answers; what fewer stand behind stays hidden
VALUE_FROM = 10  # answers; fewer are too few for a claim
SIGNIFICANCE = 0.05
Z = NormalDist().inv_cdf(1 - SIGNIFICANCE / 2)

Groups = tuple[int, int, int]
"""Promoters, passives, detractors."""


@dataclass(frozen=True)
class Estimate:
    """A score with its 95 % interval and the number of answers behind it; unrounded."""

    value: float
    low: float
    high: float
    n: int


class Verdict(StrEnum):
    """The only words for a change; they come from the test, never from the difference."""

    HIGHER = "higher"
    LOWER = "lower"
    NO_CLEAR_CHANGE = "no_clear_change"


@dataclass(frozen=True)
class Change:
    """After minus before. `difference` is that of the printed scores; interval, z and p are of the adjusted ones."""

    difference: float
    low: float
    high: float
    z: float
    p: float
    verdict: Verdict


@dataclass(frozen=True)
class ResponseRates:
    """AAPOR response rates in percent; None where nobody could have answered."""

    rr1: float | None
    rr2: float | None
    rr5: float | None
    rr6: float | None


def nps(promoters: int, passives: int, detractors: int) -> Estimate | None:
    """Net Promoter Score in points with its adjusted Wald interval (Rocks 2016, arXiv 1601.07235).

    The interval is centred on the adjusted mean and printed beside the plain score. It is cut to the scale, and reaches
    at least to the score itself (which matters for a single answer only). None without answers.
    """
    groups = _checked(promoters, passives, detractors)
    n = sum(groups)
    if n == 0:
        return None
    value = 100 * (promoters - detractors) / n
    mean, variance = _adjusted_nps(groups)
    reach = Z * math.sqrt(variance)
    return _estimate(value, 100 * (mean - reach), 100 * (mean + reach), n, floor=-100)


def share(hits: int, n: int) -> Estimate | None:
    """Share in percent with its Wilson score interval (Wilson 1927). None when n is 0.

    Raises ValueError when the counts are impossible.
    """
    _checked(hits, n - hits)
    if n == 0:
        return None
    p = hits / n
    centre = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z / (1 + Z**2 / n) * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return _estimate(100 * hits / n, 100 * (centre - reach), 100 * (centre + reach), n, floor=0)


def nps_change(before: Groups, after: Groups) -> Change | None:
    """Did the NPS change between two independent groups? z test on the adjusted values of both (as in `nps`).

    None when a side has no answers. Not valid across a series break (new wording, scale, layout, channel or sampling).
    """
    was, now = nps(*before), nps(*after)
    if was is None or now is None:
        return None
    return _change(now.value - was.value, _adjusted_nps(before), _adjusted_nps(after), limit=200)


def share_change(before: tuple[int, int], after: tuple[int, int]) -> Change | None:
    """Did a share change between two independent groups, each given as (hits, n)?

    One hit and one miss are added to each group (Agresti and Caffo 2000, The American Statistician 54, 280-288).
    None when a side is empty; ValueError when counts are impossible.
    """
    was, now = share(*before), share(*after)
    if was is None or now is None:
        return None
    return _change(now.value - was.value, _adjusted_share(*before), _adjusted_share(*after), limit=100)


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
    _checked(n_before, n_after)
    if not n_before or not n_after:
        return None
    standard_error = math.sqrt(variance / n_before + variance / n_after)
    points = math.ceil(100 * (Z + NormalDist().inv_cdf(power)) * standard_error)
    return points if points <= 200 else None


def response_rates(complete: int, partial: int, refused: int, silent: int, other: int, unknown: int) -> ResponseRates:
    """AAPOR Standard Definitions: RR1 and RR2 count unknown eligibility against us, RR5 and RR6 leave it out.

    complete = score and submit, partial = score only, refused = opt-out by that mail, silent = accepted without action
    (non-contact), other = any other loss of an eligible customer, unknown = bounced or unknown.
    """
    _checked(complete, partial, refused, silent, other, unknown)
    eligible = complete + partial + refused + silent + other
    return ResponseRates(
        rr1=_percent(complete, eligible + unknown),
        rr2=_percent(complete + partial, eligible + unknown),
        rr5=_percent(complete, eligible),
        rr6=_percent(complete + partial, eligible),
    )


def round_half_away(value: float, digits: int = 0) -> int | float:
    """Round once, half away from zero, on the decimal that the counts give: 12.5 -> 13, -12.5 -> -13, -0.4 -> 0.

    A float carries noise (14.499999999999998 was 14.5 before a subtraction), so the shortest decimal that stands for it
    is first rounded to nine digits. This moves no honest figure: one that is not a tie is further than 1e-9 from it as
    long as fewer than about 10^7 answers stand behind it. Never minus zero.
    """
    exact = Decimal(repr(float(value))).quantize(Decimal("1e-9"), ROUND_HALF_EVEN)
    rounded = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return float(rounded) + 0.0 if digits > 0 else int(rounded)


def _adjusted_nps(groups: Groups) -> tuple[float, float]:
    """Mean and its variance on -1..1, with 3/4 of an answer added to both ends and 3 in all (Rocks 2016)."""
    promoters, passives, detractors = groups
    n = promoters + passives + detractors + 3
    mean = (promoters - detractors) / n
    return mean, ((promoters + detractors + 1.5) / n - mean**2) / n


def _adjusted_share(hits: int, n: int) -> tuple[float, float]:
    """Share and its variance on 0..1, with one hit and one miss added (Agresti and Caffo 2000)."""
    p = (hits + 1) / (n + 2)
    return p, p * (1 - p) / (n + 2)


def _change(difference: float, before: tuple[float, float], after: tuple[float, float], limit: float) -> Change:
    (mean_before, variance_before), (mean_after, variance_after) = before, after
    standard_error = math.sqrt(variance_before + variance_after)
    moved = mean_after - mean_before
    z = moved / standard_error
    p = math.erfc(abs(z) / math.sqrt(2))
    direction = Verdict.HIGHER if z > 0 else Verdict.LOWER
    verdict = direction if p < SIGNIFICANCE else Verdict.NO_CLEAR_CHANGE
    low = max(-limit, 100 * (moved - Z * standard_error))
    high = min(limit, 100 * (moved + Z * standard_error))
    return Change(difference=difference, low=low, high=high, z=z, p=p, verdict=verdict)


def _estimate(value: float, low: float, high: float, n: int, floor: float) -> Estimate:
    """Cut the interval to the scale; it always holds the score it stands beside."""
    return Estimate(value, low=max(floor, min(low, value)), high=min(100.0, max(high, value)), n=n)


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _checked(*counts: int) -> tuple[int, ...]:
    if any(count < 0 for count in counts):
        raise ValueError(f"impossible counts: {counts}")
    return counts
