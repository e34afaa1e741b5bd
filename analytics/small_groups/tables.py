"""Tables of several attributes: which of their views may be shown, with every filter that could be dropped."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations, product

from .siblings import Shown, by_size, is_small, protect, sums

OTHERS = "\0"  # stands for all hidden values of an attribute together

View = tuple[str | None, ...]
"""The value of each attribute, None where it is not filtered by."""
Lines = dict[tuple[str, ...], dict[str, int]]
"""For one attribute of a table: the values of the others → its own value → n."""


def protect_table(cells: Mapping[tuple[str, ...], int]) -> dict[View, Shown]:
    """All views of a table of several attributes: (team, channel, …) → n gives each view with any of them, from
    (None, None) for all answers to the single cells. What is missing is empty, and shown as what is hidden.

    The decision on a view rests on the table of its own attributes alone, whichever others are asked for. An attribute
    nested in another (agent in team) is decided within each value of that: a table for every team.
    """
    places = range(len(next(iter(cells), ())))
    parts = [part for size in places for part in combinations(places, size + 1)]
    lone = [protect(_margin(cells, place), sum(cells.values())) for place in places]
    hidden = [{value for value, shown in one.items() if shown is Shown.HIDDEN} for one in lone]
    merged: Counter[tuple[str, ...]] = Counter()
    for cell, n in cells.items():
        merged[_merged(cell, hidden)] += n
    closed = {part: _closed(sums(merged, part)) if len(part) > 1 else {(OTHERS,)} for part in parts}
    found: dict[View, Shown] = {(None,) * len(places): by_size(sum(cells.values()))}
    for part in parts:
        within = [other for other in parts if set(other) <= set(part)]
        for values, n in sums(cells, part).items():
            view = tuple(dict(zip(part, values, strict=True)).get(place) for place in places)
            name = _merged(view, hidden)
            is_hidden = any(tuple(name[place] for place in other) in closed[other] for other in within)
            found[view] = Shown.HIDDEN if is_hidden else by_size(n)
    return found


def _closed(table: Mapping[tuple[str, ...], int]) -> set[tuple[str, ...]]:
    """The cells of a table that are hidden: a block around every small one that is not yet in a block."""
    lines: list[Lines] = [defaultdict(dict) for _value in next(iter(table), ())]
    for cell, n in table.items():
        for place, value in enumerate(cell):
            lines[place][cell[:place] + cell[place + 1 :]][value] = n
    margins = [_margin(table, place) for place in range(len(lines))]
    closed: set[tuple[str, ...]] = set()
    for cell in sorted((cell for cell, n in table.items() if is_small(n)), key=lambda cell: (table[cell], cell)):
        if cell not in closed:
            closed.update(product(*_block(cell, lines, margins)))
    return closed


def _block(cell: tuple[str, ...], lines: Sequence[Lines], margins: Sequence[Mapping[str, int]]) -> list[set[str]]:
    """The sides of a block around a cell, grown by the smallest cells of its lines.

    Each sum along a side is none or enough, unless the whole line is small itself (and hidden in the table of the other
    attributes); and each side has two values, unless its attribute has but one (and the table of the others the same
    cells). Whoever knows all that is outside computes nothing small.
    """
    sides = [{value} for value in cell]
    while (thin := _thin_line(sides, lines) or _lone_side(sides, margins)) is not None:
        place, line = thin
        sides[place].add(min(line.keys() - sides[place], key=lambda value: (line[value], value)))
    return sides


def _lone_side(sides: Sequence[set[str]], margins: Sequence[Mapping[str, int]]) -> tuple[int, Mapping[str, int]] | None:
    """The attribute of a side with one value, where it has more (its place, value → n)."""
    lone = (place for place, side in enumerate(sides) if len(side) == 1 < len(margins[place]))
    return next(((place, margins[place]) for place in lone), None)


def _thin_line(sides: Sequence[set[str]], lines: Sequence[Lines]) -> tuple[int, dict[str, int]] | None:
    """A line (place of its attribute, value → n) whose part within the block is small while the whole line is not."""
    for place, side in enumerate(sides):
        for others in product(*(sorted(other) for i, other in enumerate(sides) if i != place)):
            line = {value: n for value, n in lines[place].get(others, {}).items() if n}
            if is_small(sum(n for value, n in line.items() if value in side)) and not is_small(sum(line.values())):
                return place, line
    return None


def _merged(view: View, hidden: Sequence[set[str]]) -> View:
    """With one value for all that are hidden by themselves: only their sum is told."""
    return tuple(OTHERS if value in own else value for value, own in zip(view, hidden, strict=True))


def _margin(cells: Mapping[tuple[str, ...], int], place: int) -> dict[str, int]:
    return {values[0]: n for values, n in sums(cells, [place]).items()}
