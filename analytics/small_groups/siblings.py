"""One view against its wholes, parts of one whole, parts within parts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import pairwise

from ..scores import SHOWN_FROM, VALUE_FROM


class Shown(StrEnum):
    """How much of a figure may leave the house."""

    FULL = "full"
    INTERVAL_ONLY = "interval_only"
    HIDDEN = "hidden"


def may_show(n: int, wholes: Iterable[int]) -> Shown:
    """One view alone: it has enough answers, and what remains of each whole without it is none or enough.

    This minds no siblings: a view among others is decided by `protect` or `protect_table`.
    """
    return Shown.HIDDEN if any(is_small(whole - n) for whole in wholes) else by_size(n)


def protect(cells: Mapping[str, int], whole: int, overlapping: bool = False) -> dict[str, Shown]:
    """The parts of one shown whole: value → n. What of the whole is in none of them counts as a hidden part.

    Where a part is hidden, the hidden ones together have `SHOWN_FROM` answers (so they are two at least): the smallest
    others are hidden with it. With `overlapping` (themes, of which an answer names several) each part stands against
    the whole without it. A whole that is itself hidden has no shown parts.
    """
    if overlapping:
        return {value: may_show(n, [whole]) if whole >= SHOWN_FROM else Shown.HIDDEN for value, n in cells.items()}
    rest = whole - sum(cells.values())
    if rest < 0:
        raise ValueError(f"parts of {sum(cells.values())} in a whole of {whole}")
    hidden = [n for n in cells.values() if is_small(n)]
    if is_small(rest) or (hidden and rest):
        hidden.append(rest)
    shown = sorted((n, value) for value, n in cells.items() if n >= SHOWN_FROM) if whole >= SHOWN_FROM else []
    while shown and is_small(sum(hidden)):
        hidden.append(shown.pop(0)[0])
    kept = {value for _n, value in shown}
    return {value: by_size(n) if value in kept else Shown.HIDDEN for value, n in cells.items()}


def protect_nested(cells: Mapping[tuple[str, ...], int]) -> dict[tuple[str, ...], Shown]:
    """Parts within parts, (team, agent) → n: every path and its beginnings, each by `protect` within the one above.

    A part of a hidden part is hidden.
    """
    levels = [sums(cells, range(level)) for level in range(max(map(len, cells), default=0) + 1)]
    found = {(): by_size(sum(cells.values()))}
    for above, level in pairwise(levels):
        parts: dict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
        for path, n in level.items():
            parts[path[:-1]][path[-1]] = n
        for path, siblings in parts.items():
            if found[path] is Shown.HIDDEN:
                found |= dict.fromkeys(((*path, value) for value in siblings), Shown.HIDDEN)
            else:
                found |= {(*path, value): shown for value, shown in protect(siblings, above[path]).items()}
    return found


def sums(cells: Mapping[tuple[str, ...], int], places: Iterable[int]) -> Counter[tuple[str, ...]]:
    """The counts by the attributes at these places alone."""
    places, found = list(places), Counter()
    for cell, n in cells.items():
        found[tuple(cell[place] for place in places)] += n
    return found


def by_size(n: int) -> Shown:
    """By the number of answers alone."""
    return Shown.FULL if n >= VALUE_FROM else Shown.INTERVAL_ONLY if n >= SHOWN_FROM else Shown.HIDDEN


def is_small(n: int) -> bool:
    """1 to 4 answers: what nobody may compute. None at all is no secret."""
    return 0 < n < SHOWN_FROM
