"""Is the sample honest? Rates of those who answered, and tests of whether they were chosen or lost by chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .curves import binomial, binomial_up_to, chi_square_above
from .estimates import Moments, checked

MARKED_FROM = 0.25  # a standardised difference above which two groups are called unlike
FURTHEST = 10.0  # standard deviations; further apart than any figure that is worth a second look


@dataclass(frozen=True)
class ResponseRates:
    """AAPOR response rates in percent; None where nobody could have answered."""

    rr1: float | None
    rr2: float | None
    rr5: float | None
    rr6: float | None


@dataclass(frozen=True)
class ChiSquare:
    """Pearson's test of a table. `is_sound`: every cell expects one at least, and four of five expect five."""

    statistic: float
    p: float
    df: int
    is_sound: bool


def response_rates(complete: int, partial: int, refused: int, silent: int, other: int, unknown: int) -> ResponseRates:
    """AAPOR Standard Definitions: RR1 and RR2 count unknown eligibility against us, RR5 and RR6 leave it out.

    complete = score and submit, partial = score only, refused = opt-out by that mail, silent = accepted without action
    (non-contact), other = any other loss of an eligible customer, unknown = bounced or unknown.
    """
    checked(complete, partial, refused, silent, other, unknown)
    eligible = complete + partial + refused + silent + other
    return ResponseRates(
        rr1=_percent(complete, eligible + unknown),
        rr2=_percent(complete + partial, eligible + unknown),
        rr5=_percent(complete, eligible),
        rr6=_percent(complete + partial, eligible),
    )


def chi_square(table: Sequence[Sequence[int]]) -> ChiSquare | None:
    """Do the rows of a table of counts share one distribution? Pearson 1900, without a correction for continuity.

    A row per group (solved, unsolved), a column per outcome (invited, not). Empty rows and columns are left out; None
    where less than two of either remain. `is_sound` by Cochran 1954 (Biometrics 10, 417-451).
    """
    rows = [checked(*row) for row in table if any(row)]
    columns = [column for column in zip(*rows, strict=True) if any(column)]
    if len(rows) < 2 or len(columns) < 2:
        return None
    n, row_sums = sum(map(sum, columns)), [sum(row) for row in rows]
    cells = [
        (count, row_sum * sum(column) / n)
        for column in columns
        for count, row_sum in zip(column, row_sums, strict=True)
    ]
    statistic = math.fsum((count - expected) ** 2 / expected for count, expected in cells)
    df = (len(rows) - 1) * (len(columns) - 1)
    thin = sum(expected < 5 for _count, expected in cells)
    is_sound = thin <= len(cells) / 5 and all(expected >= 1 for _count, expected in cells)
    return ChiSquare(statistic, chi_square_above(statistic, df), df, is_sound)


def sample_ratio(hits: int, n: int, expected: float) -> float | None:
    """The exact two-sided binomial p value of `hits` among `n` where a share of `expected` (0..1) was to be drawn.

    It adds up whatever is no likelier than what was found (Fisher's rule, as R's binom.test). None when n is 0.
    """
    checked(hits, n - hits)
    if n == 0:
        return None
    if expected <= 0 or expected >= 1:
        return float(hits == round(expected) * n)
    limit = binomial(hits, n, expected) * (1 + 1e-7)
    if hits > n * expected:
        hits, expected = n - hits, 1 - expected
    return min(1.0, binomial_up_to(hits, n, expected) + _other_tail(hits, n, expected, limit))


def standardised_difference(one: tuple[int, int], other: tuple[int, int]) -> float | None:
    """By how many standard deviations two shares (hits, n) differ: one minus other (Austin 2009, doi 10.1002/sim.3697).

    Unlike a p value it does not grow with n. Cut at `FURTHEST`, which two groups without anything in common would
    pass. None when a side is empty.
    """
    for hits, n in (one, other):
        checked(hits, n - hits)
    if not one[1] or not other[1]:
        return None
    p, q = one[0] / one[1], other[0] / other[1]
    return _standardised(p - q, p * (1 - p), q * (1 - q))


def standardised_difference_of_means(one: Moments, other: Moments) -> float | None:
    """The same for means: of waiting times, handling times, scores. None when a side is empty."""
    if not one.n or not other.n:
        return None
    return _standardised(one.mean - other.mean, one.variance, other.variance)


def _other_tail(hits: int, n: int, p: float, limit: float) -> float:
    """The chance of as many hits, beyond the expected number, as are no likelier than `limit`."""
    low, high = math.floor(n * p), n + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if binomial(middle, n, p) <= limit else (middle, high)
    return binomial_up_to(n - high, n, 1 - p)


def _standardised(difference: float, variance: float, other_variance: float) -> float:
    spread = math.sqrt((variance + other_variance) / 2)
    if not spread:
        return math.copysign(FURTHEST, difference) if difference else 0.0
    return max(-FURTHEST, min(FURTHEST, difference / spread))


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
