"""What the score would be if those who answered were like those who were asked: beside the raw score, never instead."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from .estimates import NPS_WORTH, Groups, Worth, checked, nps, share
from .parts import worth_of

TOLERANCE = 1e-6  # of all answers, by which a raked margin may lie off
ROUNDS = 50
CUT = 5.0  # times the average weight

Cell = tuple[Hashable, ...]
"""The value of each raked attribute: ("chat", "solved")."""


@dataclass(frozen=True)
class Stratum:
    """A part of all eligible contacts: how many there are, and how those of it answered that did."""

    population: int
    groups: Groups

    @property
    def n(self) -> int:
        return sum(self.groups)


@dataclass(frozen=True)
class Weighted:
    """A weighted score with its 95 % interval; `n_effective`: equally weighted answers that would be worth as much.

    `uncovered`: the percentage of the population in strata from which nobody answered, of which nothing is said.
    """

    value: float
    low: float
    high: float
    n: int
    n_effective: float
    standard_error: float
    uncovered: float


@dataclass(frozen=True)
class Raked:
    """Weights per answer of each cell, 1 on average (a little less where some were cut).

    `off`: by how many percent of all the margin lies off its target that does so most; not 0 where weights were cut, or
    where margins contradict the answers. `uncovered`: the largest percentage of a margin that nobody answered for.
    """

    weights: dict[Cell, float]
    n_effective: float
    rounds: int
    off: float
    uncovered: float

    @property
    def is_fitted(self) -> bool:
        return self.off <= 100 * TOLERANCE


def post_stratified(strata: Sequence[Stratum], worth: Worth = NPS_WORTH) -> Weighted | None:
    """The score with each stratum at its share of the population (Cochran 1977, chapter 5A.9).

    SE² = Σ W²·s²/n·(1 − n/N) with s² by n − 1; a stratum with one answer borrows the spread of all. n_effective by Kish
    1965. The interval is adjusted Wald (as in `nps`) on as many simple answers as would have this standard error, so
    that it stays on the scale and does not shrink to a point where all agree. None without answers.
    """
    for stratum in strata:
        checked(stratum.population - stratum.n, *stratum.groups)
    heard = [stratum for stratum in strata if stratum.n]
    if not heard:
        return None
    n, population = sum(one.n for one in heard), sum(one.population for one in heard)
    squares = math.fsum((one.population / population) ** 2 * _variance_of_mean(one, heard, worth) for one in heard)
    return _weighted(
        [(one.population / one.n, one.groups) for one in heard],
        standard_error=math.sqrt(squares),
        most=n * population / (population - n) if population > n else math.inf,
        uncovered=100 * (1 - population / sum(stratum.population for stratum in strata)),
        worth=worth,
    )


def rake(cells: Mapping[Cell, int], margins: Sequence[Mapping[Hashable, float]]) -> Raked | None:
    """Weights with which the answers have the margins of the population (Deming and Stephan 1940).

    `cells`: how many answered, by combined attributes; `margins`: for each attribute, how many there are of each value.
    A round fits every margin in turn, then cuts weights over `CUT`: a few would speak for many. Values with which
    nobody answered are left out of their margin. None without answers; ValueError for a value that no margin knows.
    """
    heard = {cell: count for cell, count in cells.items() if checked(count)[0]}
    if not heard:
        return None
    targets = [_target(heard, place, margin) for place, margin in enumerate(margins)]
    weights, rounds, off = dict.fromkeys(heard, 1.0), 0, _off(heard, dict.fromkeys(heard, 1.0), targets)
    while off > TOLERANCE and rounds < ROUNDS:
        weights, rounds = _fitted(heard, weights, targets), rounds + 1
        off = _off(heard, weights, targets)
    squares = math.fsum(weights[cell] ** 2 * count for cell, count in heard.items())
    n_effective = math.fsum(weights[cell] * count for cell, count in heard.items()) ** 2 / squares
    covered = [
        sum(margin[value] for value in target) / sum(margin.values())
        for target, margin in zip(targets, margins, strict=True)
    ]
    return Raked(weights, n_effective, rounds, 100 * off, 100 * (1 - min(covered, default=1.0)))


def weighted_by(cells: Mapping[Cell, Groups], raked: Raked, worth: Worth = NPS_WORTH) -> Weighted:
    """The score with raked weights, their standard error by linearisation (Särndal, Swensson and Wretman 1992, 5.7)."""
    weights = [(raked.weights[cell], groups) for cell, groups in cells.items() if any(groups)]
    total = math.fsum(weight * sum(groups) for weight, groups in weights)
    n = sum(sum(groups) for _weight, groups in weights)
    value = math.fsum(weight * worth_of(groups, worth).mean * sum(groups) for weight, groups in weights) / total
    squares = math.fsum(
        weight**2 * count * (one - value) ** 2
        for weight, groups in weights
        for one, count in zip(worth, groups, strict=True)
    )
    standard_error = math.sqrt(squares * n / max(1, n - 1)) / total
    return _weighted(weights, standard_error, most=n, uncovered=raked.uncovered, worth=worth)


def _variance_of_mean(stratum: Stratum, heard: Sequence[Stratum], worth: Worth) -> float:
    """s²/n·(1 − n/N) of one stratum."""
    own = worth_of(stratum.groups, worth)
    if stratum.n == 1:
        own = worth_of([sum(part) for part in zip(*(one.groups for one in heard), strict=True)], worth)
    spread = own.variance * own.n / max(1, own.n - 1)
    return spread / stratum.n * (1 - stratum.n / stratum.population)


def _weighted(
    weights: Sequence[tuple[float, Groups]], standard_error: float, most: float, uncovered: float, worth: Worth
) -> Weighted:
    """The score with so much weight for each answer of some groups, worth `most` simple answers at most."""
    heard = [math.fsum(weight * groups[place] for weight, groups in weights) for place in range(3)]
    total, n = math.fsum(heard), sum(sum(groups) for _weight, groups in weights)
    whole = worth_of([part / total for part in heard], worth)
    n_effective = total**2 / math.fsum(weight**2 * sum(groups) for weight, groups in weights)
    simple = min(most, whole.variance / standard_error**2) if standard_error else n_effective
    up, level, down = (simple * part / total for part in heard)
    around = nps(up, level, down) if worth[2] < 0 else share(up, up + level + down)
    low, high = min(around.low, whole.mean), max(around.high, whole.mean)
    return Weighted(whole.mean, low, high, n, n_effective, standard_error, uncovered)


def _target(heard: Mapping[Cell, int], place: int, margin: Mapping[Hashable, float]) -> dict[Hashable, float]:
    """The share that each value heard of is to have among all answers."""
    values = dict.fromkeys(cell[place] for cell in heard)
    if unknown := [value for value in values if value not in margin]:
        raise ValueError(f"no margin for {unknown}")
    total = sum(margin[value] for value in values)
    return {value: margin[value] / total for value in values}


def _fitted(heard: Mapping[Cell, int], weights: Mapping[Cell, float], targets: Sequence[Mapping]) -> dict[Cell, float]:
    n = sum(heard.values())
    for place, target in enumerate(targets):
        found = _margin(heard, weights, place)
        weights = {cell: weight * n * target[cell[place]] / found[cell[place]] for cell, weight in weights.items()}
    return {cell: min(CUT, weight) for cell, weight in weights.items()}


def _off(heard: Mapping[Cell, int], weights: Mapping[Cell, float], targets: Sequence[Mapping]) -> float:
    """How far the margin that is furthest from its target lies off, as a share (0..1) of all answers."""
    n = sum(heard.values())
    return max(
        (
            abs(found / n - target[value])
            for place, target in enumerate(targets)
            for value, found in _margin(heard, weights, place).items()
        ),
        default=0.0,
    )


def _margin(heard: Mapping[Cell, int], weights: Mapping[Cell, float], place: int) -> dict[Hashable, float]:
    sums: dict[Hashable, float] = {}
    for cell, count in heard.items():
        sums[cell[place]] = sums.get(cell[place], 0.0) + weights[cell] * count
    return sums
