"""What goes with a higher or a lower score: themes, waiting, talking, and how the matter went, each beside all others.

A linear regression of the answers of one kind in one period on their `circumstances`, with HC3 errors (`regression`).
An answer is worth what it adds to the printed score: for NPS +100, 0 or −100, so that effects are points of NPS; for
CSAT and CES 100 or 0, so that they are points of the share. It tells what goes together, all else being equal; not what
would happen if something were changed.

At least `LEAST_KNOWN` of the answers must know a circumstance, and an answer must know all of them to count here. Of a
yes or no, each side needs `VALUE_FROM` answers. Each takes `ANSWERS_EACH` answers: where there are fewer, the rarest
themes go first. What others already tell is left out (`independent`). What was left out, and why, is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from surveys.models import Client, Group

from . import disclosure
from .circumstances import Column, columns_of, rows_of
from .counts import EVERYWHERE, counting
from .dimensions import Where
from .honesty.figure import worth
from .periods import Period
from .regression import Effect, fit, independent
from .scores import SIGNIFICANCE, VALUE_FROM, benjamini_hochberg
from .small_groups import Shown

LEAST_ANSWERS = 100
ANSWERS_EACH = 10
LEAST_KNOWN = 0.8
GROUPS = (Group.PROMOTER, Group.PASSIVE, Group.DETRACTOR)  # as in scores.Groups
COMPARED_AT_ONCE = 5  # effects; of more, Benjamini and Hochberg say which are news


class Missing(StrEnum):
    """Why there is nothing to show."""

    TOO_FEW = "too_few"  # fewer than LEAST_ANSWERS of which everything is known
    TOO_NARROW = "too_narrow"  # what the filter leaves, or leaves out, is too small a group
    ALL_ALIKE = "all_alike"  # everybody in the same group of the score
    NOTHING_KNOWN = "nothing_known"  # no circumstance that enough answers know and that differs between them


class LeftOut(StrEnum):
    """Why one circumstance is not among the drivers."""

    UNKNOWN = "unknown"  # of too many answers
    RARE = "rare"  # or the same for all
    CROWDED_OUT = "crowded_out"  # too few answers for so many drivers
    TOLD_ALREADY = "told_already"  # moves together with others that are among them


@dataclass(frozen=True)
class Driver:
    """How many points more (or fewer) go with it, all other drivers being equal; at 95 %.

    Of a yes or no: with yes instead of no. Of a length: with each minute or hour more. `is_clear` after Benjamini and
    Hochberg, where more than five are compared. `n`: answers that say yes, or that waited or talked at all.
    """

    key: str
    name: str
    effect: float
    low: float
    high: float
    p: float
    is_clear: bool
    n: int


@dataclass(frozen=True)
class Without:
    """A circumstance that was left out; `beside`: the name of the driver that tells most of what it would."""

    key: str
    name: str
    why: LeftOut
    beside: str = ""


@dataclass(frozen=True)
class Drivers:
    """Of `n` answers; `explained`: the share of the scores' variance that all drivers explain, adjusted, in percent.

    The surest first. None and no rows where something is `missing`.
    """

    n: int
    explained: float | None
    rows: tuple[Driver, ...]
    left_out: tuple[Without, ...]
    missing: Missing | None


@dataclass(frozen=True)
class _Chosen:
    """The columns to regress on, restricted to the answers of which all are known (`of`), and what was left out."""

    columns: Sequence[Column]
    matrix: np.ndarray
    of: np.ndarray
    left_out: tuple[Without, ...]


def drivers(client: Client, kind: str, period: Period, where: Where = EVERYWHERE) -> Drivers:
    """What goes with a higher or lower score of this kind. Six queries, and what `where` needs."""
    if where and disclosure.shown(client, kind, period, where) is not Shown.FULL:
        return Drivers(0, None, (), (), Missing.TOO_NARROW)
    rows = rows_of(counting(client, kind, [period], where), client)
    if len(rows) < LEAST_ANSWERS:
        return Drivers(len(rows), None, (), (), Missing.TOO_FEW)
    chosen = _chosen(columns_of(rows, client, kind, period))
    n = int(chosen.of.sum())
    points = dict(zip(GROUPS, worth(kind), strict=True))
    outcome = np.array([float(points[row.group]) for row in rows])[chosen.of]
    if missing := _missing(n, chosen, outcome):
        return Drivers(n, None, (), chosen.left_out, missing)
    found = fit(outcome, chosen.matrix)
    return Drivers(n, found.explained, _drivers(chosen, found.effects), chosen.left_out, None)


def _missing(n: int, chosen: _Chosen, outcome: np.ndarray) -> Missing | None:
    if n < LEAST_ANSWERS:
        return Missing.TOO_FEW
    if not chosen.columns:
        return Missing.NOTHING_KNOWN
    return Missing.ALL_ALIKE if not np.ptp(outcome) else None


def _chosen(columns: Sequence[Column]) -> _Chosen:
    """In their order: what comes first stays, if two tell the same or if there are too few answers for both."""
    left_out = []

    def keep(candidates: Sequence[Column], stays: Sequence[bool], why: LeftOut) -> list[Column]:
        pairs = list(zip(candidates, stays, strict=True))
        left_out.extend(Without(column.key, column.name, why) for column, is_in in pairs if not is_in)
        return [column for column, is_in in pairs if is_in]

    known = keep(columns, [np.isfinite(c.values).mean() >= LEAST_KNOWN for c in columns], LeftOut.UNKNOWN)
    of = np.isfinite(_matrix(known, columns)).all(axis=1)
    varied = keep(known, [_varies(column, of) for column in known], LeftOut.RARE)
    most = int(of.sum()) // ANSWERS_EACH
    room = keep(varied, [place < most for place in range(len(varied))], LeftOut.CROWDED_OUT)
    matrix = _matrix(room, columns)[of]
    kept, told = independent(matrix) if room else ([], {})
    left_out += [
        Without(room[place].key, room[place].name, LeftOut.TOLD_ALREADY, room[other].name)
        for place, other in told.items()
    ]
    return _Chosen([room[place] for place in kept], matrix[:, kept], of, tuple(left_out))


def _matrix(columns: Sequence[Column], of_as_many_as: Sequence[Column]) -> np.ndarray:
    n = len(of_as_many_as[0].values)
    return np.column_stack([column.values for column in columns]) if columns else np.empty((n, 0))


def _varies(column: Column, of: np.ndarray) -> bool:
    """Are there `VALUE_FROM` answers with it, and of a yes or no as many without it?"""
    values = column.values[of]
    has = np.count_nonzero(values)
    return has >= VALUE_FROM and (values.size - has >= VALUE_FROM if column.is_yes_or_no else np.ptp(values) > 0)


def _drivers(chosen: _Chosen, effects: Sequence[Effect]) -> tuple[Driver, ...]:
    chances = [effect.p for effect in effects]
    clear = benjamini_hochberg(chances) if len(chances) > COMPARED_AT_ONCE else [p < SIGNIFICANCE for p in chances]
    rows = [
        Driver(c.key, c.name, e.value, e.low, e.high, e.p, is_clear, int(np.count_nonzero(c.values[chosen.of])))
        for c, e, is_clear in zip(chosen.columns, effects, clear, strict=True)
    ]
    return tuple(sorted(rows, key=lambda driver: driver.p))
