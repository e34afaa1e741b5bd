"""Scales: round ticks for scores, and where on a drawing a value lies. Zero is always on the axis."""

import math
from collections.abc import Iterable

from analytics import figures
from analytics.figures import Unit
from analytics.scores import Estimate

from .drawing import Line, Mark, Text

LIMITS: dict[Unit, tuple[int, int]] = {"points": (-100, 100), "percent": (0, 100)}
TICK_STEPS: dict[Unit, tuple[int, ...]] = {"points": (10, 20, 25, 50), "percent": (10, 20, 25)}


def written(value: float, unit: Unit, language: str, digits: int = 0, sign: bool = False) -> str:
    if unit == "percent":
        return figures.percent(value, digits, language=language)
    return figures.points(value, digits, sign, language)


class Upright:
    """An upright axis for the whole band and zero; where the unit goes below zero, so does the axis."""

    def __init__(self, values: Iterable[float], unit: Unit, top: float, bottom: float) -> None:
        values = [0, *values]
        low, high = min(values), max(values)
        steps = TICK_STEPS[unit]
        step = next((step for step in steps if high - low <= 3 * step), steps[-1])
        self.unit, self.top, self.bottom = unit, top, bottom
        self.first = max(LIMITS[unit][0], min(math.floor(2 * low / step) * step / 2, -step / 4))
        self.last = max(math.ceil(2 * high / step) * step / 2, step / 2)
        self.ticks = range(math.ceil(self.first / step) * step, math.floor(self.last / step) * step + 1, step)

    def at(self, value: float) -> float:
        share = (value - self.first) / (self.last - self.first)
        return self.bottom - share * (self.bottom - self.top)

    def grid(self) -> list[Mark]:
        return [Line(0, self.at(tick), 1, self.at(tick), "grid") for tick in self.ticks if tick]

    def zero_and_labels(self, language: str) -> list[Mark]:
        labels = [Text(0, self.at(tick) - 5, written(tick, self.unit, language)) for tick in self.ticks]
        return [Line(0, self.at(0), 1, self.at(0), "zero"), *labels]


class Level:
    """A level axis from `first` to `last`, as shares of the width."""

    def __init__(self, first: float, last: float) -> None:
        self.first, self.last = first, last

    def at(self, value: float) -> float:
        return (value - self.first) / (self.last - self.first)

    @classmethod
    def around_zero(cls, estimates: Iterable[Estimate | None]) -> "Level":
        """As far to the left as to the right, so that what raises and what lowers are seen alike."""
        reach = max((abs(bound) for found in estimates if found for bound in (found.low, found.high)), default=1)
        return cls(-1.05 * reach or -1, 1.05 * reach or 1)
