"""Has something moved? A week of comments against the weeks before it: pure numbers, no Django.

Four things are compared: the share that stays unclassified, the mean margin, the mean share of unseen words, and the
share of each theme. Shares by the two-proportion test of Agresti and Caffo (2000, The American Statistician 54,
280-288), means by Welch's z; what could only be bad news (more unclassified, less sure, more unseen words) one-sided,
themes two-sided. Weeks differ more than chance says, for campaigns, holidays and outages come by the week: z is divided
by the spread that the weeks before had among themselves, if that is above 1, as in Laney's p' chart (2002, Quality
Engineering 14, 531-537). So few weeks tell little of one theme's spread, so half of it is that of all that is compared,
and z is read from Student's t with twice the degrees of freedom (moderated t; Smyth 2004, Statistical Applications in
Genetics and Molecular Biology 3, 3). Of what is noted at most 5 % is noted falsely (Benjamini and Hochberg 1995), and
nothing that is too small to act on.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

from .scores import benjamini_hochberg, share_change

UNCLASSIFIED, MARGIN, UNSEEN, THEME = "unclassified", "margin", "unseen", "theme"

LEAST = 50  # comments of the week, and of those before it together
WEEKS_FOR_SPREAD = 4  # before which nobody knows how weeks differ
UNCLASSIFIED_FLOOR = 0.05  # of all comments
UNSEEN_FLOOR = 0.02  # of all words
MARGIN_FLOOR = 0.10  # of the margin before
THEME_FLOOR, THEME_FACTOR = 0.03, 1.5  # of all comments, and of the share before


@dataclass(frozen=True)
class Sums:
    """Count, sum and sum of squares of one measurement per comment."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float | None:
        return self.total / self.n if self.n else None

    @property
    def variance(self) -> float:
        """Of one measurement, unbiased."""
        return max(0.0, (self.squares - self.total**2 / self.n) / (self.n - 1)) if self.n > 1 else 0.0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.n + other.n, self.total + other.total, self.squares + other.squares)


@dataclass(frozen=True)
class Week:
    """What one reader said of the comments of a week; `themes` counts the comments that name each."""

    comments: int = 0
    unclassified: int = 0
    margins: Sums = Sums()
    unseen: Sums = Sums()
    themes: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Move:
    """What moved, from what to what (0 to 1), and the probability (0 to 1) that chance moves it so far."""

    kind: str
    theme: int | None
    expected: float
    found: float
    chance: float


@dataclass(frozen=True)
class _Compared:
    """One thing before and in the week; `z` of the difference by chance alone, `each` of every week before.

    Where `is_two_sided` is not set, only a z above zero is news.
    """

    kind: str
    theme: int | None
    expected: float
    found: float
    z: float
    each: Sequence[float]
    is_large: bool
    is_two_sided: bool = False

    @property
    def spread(self) -> float:
        """How much further the weeks before lie apart than chance puts them: 1 if that is all (a variance)."""
        return sum(z * z for z in self.each) / (len(self.each) - 1)

    def chance(self, spread: float, freedom: float) -> float:
        z = self.z / math.sqrt(max(1.0, spread))
        return min(1.0, 2 * _tail(abs(z), freedom)) if self.is_two_sided else _tail(z, freedom)


def moves(before: Sequence[Week], week: Week, themes: Iterable[int]) -> list[Move]:
    """What has moved in this week against those before; [] where there are too few comments to say."""
    before = [each for each in before if each.comments]
    if min(week.comments, sum(each.comments for each in before)) < LEAST:
        return []
    compared = list(_compared(before, week, themes))
    chances = _chances(compared)
    are_news = benjamini_hochberg(chances)
    return [
        Move(one.kind, one.theme, one.expected, one.found, chance)
        for one, chance, is_news in zip(compared, chances, are_news, strict=True)
        if is_news and one.is_large
    ]


def _chances(compared: Sequence[_Compared]) -> list[float]:
    spreads = {place: one.spread for place, one in enumerate(compared) if len(one.each) >= WEEKS_FOR_SPREAD}
    of_all = sum(spreads.values()) / len(spreads) if spreads else 1.0
    return [
        one.chance((spreads[place] + of_all) / 2, 2 * (len(one.each) - 1))
        if place in spreads
        else one.chance(of_all, math.inf)
        for place, one in enumerate(compared)
    ]


def _compared(before: Sequence[Week], week: Week, themes: Iterable[int]) -> Iterator[_Compared]:
    shares = [(each.unclassified, each.comments) for each in before]
    expected, found, z, each = _share(shares, (week.unclassified, week.comments))
    yield _Compared(UNCLASSIFIED, None, expected, found, z, each, found - expected >= UNCLASSIFIED_FLOOR)
    if mean := _mean([each.margins for each in before], week.margins):
        expected, found, z, each = mean
        yield _Compared(MARGIN, None, expected, found, -z, each, expected - found >= MARGIN_FLOOR * expected)
    if mean := _mean([each.unseen for each in before], week.unseen):
        expected, found, z, each = mean
        yield _Compared(UNSEEN, None, expected, found, z, each, found - expected >= UNSEEN_FLOOR)
    for theme in themes:
        shares = [(each.themes.get(theme, 0), each.comments) for each in before]
        expected, found, z, each = _share(shares, (week.themes.get(theme, 0), week.comments))
        low, high = sorted((expected, found))
        is_large = high - low >= THEME_FLOOR and high >= THEME_FACTOR * low
        yield _Compared(THEME, theme, expected, found, z, each, is_large, is_two_sided=True)


_Difference = tuple[float, float, float, list[float]]
"""Before, in the week, z of the difference, and z of each week before against all of them."""


def _share(before: Sequence[tuple[int, int]], week: tuple[int, int]) -> _Difference:
    hits, n = (sum(column) for column in zip(*before, strict=True))
    expected = hits / n
    variance = expected * (1 - expected)
    each = [(part / of - expected) / math.sqrt(variance / of) for part, of in before] if variance else []
    return expected, week[0] / week[1], share_change((hits, n), week).z, each


def _mean(before: Sequence[Sums], week: Sums) -> _Difference | None:
    """None where there are too few measurements, or all are the same."""
    before = [sums for sums in before if sums.n]
    whole = sum(before, Sums())
    if min(whole.n, week.n) < LEAST or not whole.variance:
        return None
    error = math.sqrt(whole.variance / whole.n + week.variance / week.n)
    each = [(sums.mean - whole.mean) / math.sqrt(whole.variance / sums.n) for sums in before]
    return whole.mean, week.mean, (week.mean - whole.mean) / error, each


def _tail(z: float, freedom: float) -> float:
    """P(Z > z); of Student's t by Hill's normal approximation (1970, Communications of the ACM 13, 617-619)."""
    if math.isinf(freedom):
        return NormalDist().cdf(-z)
    a = freedom - 0.5
    b = 48 * a * a
    w = a * math.log1p(z * z / freedom)
    y = math.sqrt(w)
    normal = y + ((((-0.4 * w - 3.3) * w - 24) * w - 85.5) / (0.8 * w * w + 100 + b) + w + 3) / b * y
    return NormalDist().cdf(-math.copysign(normal, z))
