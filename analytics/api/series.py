"""The score of one period, and of a run of them, as the API tells it: counts, interval, change, series breaks."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.models import Group, Survey
from surveys.models.answering import scale_of

from .. import counts, disclosure, scores
from ..figures import Unit
from ..honesty import breaks
from ..honesty.breaks import Break
from ..honesty.figure import change, estimate
from ..periods import Period, run_back
from ..scores import Change, Estimate
from ..small_groups import Shown
from .asked import Asked

LENGTHS = {"week": 13, "month": 12, "quarter": 8, "year": 5}  # periods of a trend
_NOTHING = (0,) * 11


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
    run = run_back(asked.period, 2)
    (before, was), (now, has) = _found(asked, run)
    found = tuple(breaks.of(asked.client, asked.kind, run))
    is_new = any(run[0].first_on < each.on <= run[1].last_on for each in found)
    are_firm = before.shown == now.shown == Shown.FULL
    moved = None
    if are_firm and not is_new:
        moved = change(asked.kind, *(counts.groups(asked.kind, each) for each in (was, has)))
    return Score(asked.kind, unit_of(asked.kind), now, before, moved, is_new, found)


def trend(asked: Asked) -> Trend:
    run = run_back(asked.period, LENGTHS[asked.period.kind])
    found = tuple(breaks.of(asked.client, asked.kind, run))
    return Trend(asked.kind, unit_of(asked.kind), tuple(part for part, _ in _found(asked, run)), found)


def _found(asked: Asked, run: Sequence[Period]) -> list[tuple[PeriodScore, counts.Counts]]:
    numbers = counts.counts(asked.client, asked.kind, run, where=asked.where)
    found = [numbers.get((place, ""), _NOTHING) for place in range(len(run))]
    decided = disclosure.of(asked.client, asked.kind, run, where=asked.where)
    return [
        (_part(asked.kind, period, each, of.whole), each) for period, each, of in zip(run, found, decided, strict=True)
    ]


def _part(kind: str, period: Period, numbers: counts.Counts, is_shown: Shown) -> PeriodScore:
    named = {"period": period, "first_on": period.first_on, "last_on": period.last_on, "shown": is_shown}
    if is_shown is Shown.HIDDEN:
        return PeriodScore(**named)
    groups = counts.groups(kind, numbers)
    found = estimate(kind, groups)
    if is_shown is Shown.INTERVAL_ONLY:
        return PeriodScore(**named, n=sum(numbers), score=found)
    scale = scale_of(kind)
    mean = scores.mean(numbers, scale[0], scale[-1]) if kind != Survey.Kind.NPS else None
    return PeriodScore(
        **named,
        n=sum(numbers),
        counts={str(score): numbers[score] for score in scale},
        groups=dict(zip((Group.PROMOTER, Group.PASSIVE, Group.DETRACTOR), groups, strict=True)),
        score=found,
        mean=Mean(mean.value, mean.low, mean.high) if mean else None,
    )
