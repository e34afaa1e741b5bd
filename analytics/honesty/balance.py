"""Were those who answered like those who could have been asked? The balance table, and early against late answers."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from surveys.models import Client
from surveys.models.cuts import Cut

from .. import scores
from ..periods import Period
from ..scores import MARKED_FROM, Change, Estimate, Groups
from .figure import change, estimate, groups_of
from .ledger import COURSE, FROZEN, Cell, answered

CUTS = (Cut.REASON, Cut.CHANNEL, Cut.TEAM, Cut.SOLVED, Cut.WAIT, Cut.LANGUAGE, Cut.SEGMENT)
MOST = 12  # values of an attribute that stand alone; the rest is one
REST = "…"


@dataclass(frozen=True)
class Row:
    """One value: its share among all eligible and among those who answered, in percent; standardised difference."""

    value: str
    eligible: int
    answered: int
    share_eligible: float
    share_answered: float
    difference: float

    @property
    def is_marked(self) -> bool:
        return abs(self.difference) > MARKED_FROM


@dataclass(frozen=True)
class Attribute:
    by: str
    rows: tuple[Row, ...]

    @property
    def marked(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.is_marked)


@dataclass(frozen=True)
class Table:
    """Of one kind of survey: `attributes` are empty where nobody answered."""

    eligible: int
    answered: int
    attributes: tuple[Attribute, ...]

    @property
    def marked(self) -> int:
        return sum(len(attribute.marked) for attribute in self.attributes)


@dataclass(frozen=True)
class EarlyAndLate:
    """Who answers late is the nearest to who does not answer. `change`: late against early; None where too thin."""

    early: Groups
    late: Groups
    early_score: Estimate | None
    late_score: Estimate | None
    change: Change | None


def table(client: Client, kind: str, period: Period) -> Table:
    """Attributes with one value only are left out. Six queries, in one look once for all kinds."""
    attributes: dict[str, dict[str, Counter]] = {}
    for cuts in (FROZEN, COURSE):
        cells = answered(client, period, cuts).get(kind, ())
        attributes |= {by: _by_value(cells, place) for place, by in enumerate(cuts)}
    whole = sum(attributes[CUTS[0]].values(), Counter())
    if not whole[True]:
        return Table(whole.total(), 0, ())
    found = (Attribute(by, _rows(attributes[by], whole)) for by in CUTS)
    return Table(whole.total(), whole[True], tuple(each for each in found if len(each.rows) > 1))


def early_and_late(client: Client, kind: str, period: Period) -> EarlyAndLate:
    """Answers to invitations of the period, by whether they came within a day of the message. Three queries."""
    sides: dict[bool | None, Counter] = defaultdict(Counter)
    for cell in answered(client, period, FROZEN).get(kind, ()):
        sides[cell.is_early][cell.group] += cell.number
    early, late = groups_of(sides[True]), groups_of(sides[False])
    return EarlyAndLate(early, late, estimate(kind, early), estimate(kind, late), change(kind, early, late))


def _by_value(cells: Sequence[Cell], place: int) -> dict[str, Counter]:
    """Value → has answered → number."""
    numbers: dict[str, Counter] = defaultdict(Counter)
    for cell in cells:
        numbers[cell.values[place]][bool(cell.group)] += cell.number
    return numbers


def _rows(numbers: dict[str, Counter], whole: Counter) -> tuple[Row, ...]:
    """From value → has answered → number. Largest first; the smallest as one."""
    ranked = sorted(numbers.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    rest = sum((count for _value, count in ranked[MOST:]), Counter())
    shown = [*ranked[:MOST], *([(REST, rest)] if rest else [])]
    return tuple(_row(value, count, whole.total(), whole[True]) for value, count in shown)


def _row(value: str, count: Counter, everybody: int, answered: int) -> Row:
    pairs = (count[True], answered), (count.total(), everybody)
    difference = scores.standardised_difference(*pairs) or 0.0
    return Row(
        value, count.total(), count[True], 100 * count.total() / everybody, 100 * count[True] / answered, difference
    )
