"""The score as it would be if those who answered were made up as those who could have been asked.

It stands beside the raw score, never instead. By contact reason and channel; in waves by segment and language. Where
strata are too thin to speak for themselves, the two attributes are raked one by one.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from surveys.models import Client
from surveys.models.cuts import Cut

from .. import scores
from ..periods import Period
from ..scores import VALUE_FROM, Estimate, Groups, Stratum, Weighted
from . import ledger
from .figure import estimate, groups_of, worth
from .ledger import FROZEN, answered

THIN = 5  # answers that a stratum needs to speak for its part of the contacts
SMALL = 0.01  # of all eligible; a smaller stratum moves nothing


@dataclass(frozen=True)
class Cell:
    """One stratum, by its two values: how many could have been asked, and how those that answered did."""

    values: tuple[str, str]
    eligible: int
    groups: Groups


@dataclass(frozen=True)
class Beside:
    """`raw`: the answers about contacts of the period, each as much as the other; `weighted`: None where too few.

    `by`: the two attributes; `is_raked`: strata were too thin, the attributes were fitted one by one.
    """

    by: tuple[str, str]
    cells: tuple[Cell, ...]
    raw: Estimate | None
    weighted: Weighted | None
    is_raked: bool


def beside(client: Client, kind: str, period: Period) -> Beside:
    """Three queries, in one look once for all kinds."""
    alike = answered(client, period, FROZEN).get(kind, ())
    by = (Cut.REASON, Cut.CHANNEL) if any(one.has_contact for one in alike) else (Cut.SEGMENT, Cut.LANGUAGE)
    cells = _cells(alike, by)
    groups = tuple(sum(cell.groups[place] for cell in cells) for place in range(3))
    raw = estimate(kind, groups)
    is_raked = any(_is_thin(cell, sum(one.eligible for one in cells)) for cell in cells)
    weighted = None
    if sum(groups) >= VALUE_FROM:
        weighted = _raked(cells, kind) if is_raked else _post_stratified(cells, kind)
    return Beside(by, cells, raw, weighted, is_raked)


def _cells(alike: Sequence[ledger.Cell], by: tuple[str, str]) -> tuple[Cell, ...]:
    """Largest first."""
    first, second = (FROZEN.index(name) for name in by)
    groups: dict[tuple[str, str], Counter] = defaultdict(Counter)
    for one in alike:
        groups[one.values[first], one.values[second]][one.group] += one.number
    found = (Cell(values, count.total(), groups_of(count)) for values, count in groups.items())
    return tuple(sorted(found, key=lambda cell: (-cell.eligible, cell.values)))


def _is_thin(cell: Cell, everybody: int) -> bool:
    return sum(cell.groups) < THIN and cell.eligible >= SMALL * everybody


def _post_stratified(cells: tuple[Cell, ...], kind: str) -> Weighted | None:
    return scores.post_stratified([Stratum(cell.eligible, cell.groups) for cell in cells], worth(kind))


def _raked(cells: tuple[Cell, ...], kind: str) -> Weighted | None:
    margins: tuple[dict[str, int], ...] = ({}, {})
    for cell in cells:
        for margin, value in zip(margins, cell.values, strict=True):
            margin[value] = margin.get(value, 0) + cell.eligible
    heard = {cell.values: cell.groups for cell in cells if sum(cell.groups)}
    raked = scores.rake({values: sum(groups) for values, groups in heard.items()}, margins)
    return scores.weighted_by(heard, raked, worth(kind)) if raked else None
