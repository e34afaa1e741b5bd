"""A series as the API tells it: the score of one period, and those of a run of them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from surveys.models import Group, Survey
from surveys.models.answering import scale_of

from ..figures import Unit
from ..honesty.breaks import Break
from ..periods import Period, run_back
from ..scores import Change, Estimate
from ..series import LENGTHS, Part, series
from ..small_groups import Shown
from .asked import Asked


@dataclass(frozen=True)
class Mean:
    """Of CSAT and CES, on the scale itself, with its t interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class PeriodScore:
    """The answers of one period that count. NPS in points; CSAT as the share of 4 and 5, CES of 5 to 7, in percent.

    `shown` is “full”; “interval_only” (5 to 9 answers: no value, nor numbers that would give it); or “hidden” (fewer,
    or else fewer than five others could be computed): then everything is null. `counts`: score → number of answers.
    """

    period: Period
    first_on: dt.date
    last_on: dt.date
    shown: Shown
    n: int | None = None
    counts: Mapping[str, int] | None = None
    groups: Mapping[str, int] | None = None
    score: Estimate | None = None
    mean: Mean | None = None


@dataclass(frozen=True)
class Score:
    """A period and the one before. `change` is null where a side is too thin, and across a series break.

    `breaks`: since when the figures are of another series, and why; nothing is compared across.
    """

    kind: str
    unit: str
    now: PeriodScore
    before: PeriodScore
    change: Change | None
    is_new_series: bool
    breaks: tuple[Break, ...]


@dataclass(frozen=True)
class Trend:
    """Consecutive periods, oldest first: 13 weeks, 12 months, 8 quarters or 5 years."""

    kind: str
    unit: str
    run: tuple[PeriodScore, ...]
    breaks: tuple[Break, ...]


def unit_of(kind: str) -> Unit:
    return "points" if kind == Survey.Kind.NPS else "percent"


def score(asked: Asked) -> Score:
    before, now = run_back(asked.period, 2)
    found = series(asked.client, asked.kind, [now], before, asked.where)
    unit = unit_of(asked.kind)
    return Score(
        asked.kind, unit, _told(found.now), _told(found.before), found.change, found.is_new_series, found.breaks
    )


def trend(asked: Asked) -> Trend:
    run = run_back(asked.period, LENGTHS[asked.period.kind])
    found = series(asked.client, asked.kind, run, run[0], asked.where)
    return Trend(asked.kind, unit_of(asked.kind), tuple(map(_told, found.run)), found.breaks)


def _told(part: Part) -> PeriodScore:
    period = part.period
    named = {"period": period, "first_on": period.first_on, "last_on": period.last_on, "shown": part.shown}
    if part.shown is Shown.HIDDEN:
        return PeriodScore(**named)
    if part.shown is Shown.INTERVAL_ONLY:
        return PeriodScore(**named, n=part.n, score=part.estimate)
    mean = part.mean
    return PeriodScore(
        **named,
        n=part.n,
        counts={str(score): part.counts[score] for score in scale_of(part.kind)},
        groups=dict(zip((Group.PROMOTER, Group.PASSIVE, Group.DETRACTOR), part.groups, strict=True)),
        score=part.estimate,
        mean=Mean(mean.value, mean.low, mean.high) if mean else None,
    )
