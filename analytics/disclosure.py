"""How much of a view of the answers may be shown, so that nothing hidden follows from it: `small_groups`, on counts.

A view is what a filter leaves of one period's answers of one kind. It is decided on in the table of all attributes that
it filters or breaks down by, and so alike whoever asks, and however. What is nested (an agent in a team, a wording in a
survey) is decided on within each value of the other. Themes overlap and split nothing: whether an answer names one is
an attribute of a table of its own.

A period is decided on beside all weeks, months, quarters and years of the client's history (`history`): where it is
hidden, so is all within it. That is so of whole clients. A known limit: parts of them are decided on period by period,
so that who filters weeks and months alike may compute a few days of a part.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from surveys.models import Client, Response

from .counts import EVERYWHERE, counting, counts, crossed
from .dimensions import ASSIGNED, WITHIN, By, Where, attributes_of, matching, value_of
from .history import CALENDAR
from .history import hidden as hidden_periods
from .periods import Period
from .small_groups import Shown, Span, may_show, protect_table

Cells = Mapping[tuple[str, ...], int]
"""How many answers have these values of a list of attributes."""

MOST_FILTERS = 3  # at once, of what leaves by API or as a file
NAMES = "*theme"  # the first attribute of a theme's table: does an answer name it?
YES, NO = "1", "0"


@dataclass(frozen=True)
class Disclosure:
    """Of one period: of what a filter leaves, and of its parts; a part that is missing has no answers."""

    whole: Shown
    parts: Mapping[str, Shown]


def of(client: Client, kind: str, run: Sequence[Period], by: str = "", where: Where = EVERYWHERE) -> list[Disclosure]:
    """For each period of `run`, filtered ones each for itself. At most seven queries, however long the run.

    ValueError where the answers that name a theme are to be broken down by themes.
    """
    if by == By.THEME and by in where:
        raise ValueError("answers that name a theme cannot be broken down by themes")
    attributes = attributes_of([*where, by])
    all_cells = _cells(client, kind, run, attributes)
    theme_cells = _cells_by_theme(client, kind, run, attributes) if By.THEME in (by, *where) else [{} for _ in run]
    found = (
        _of_period(attributes, cells, by_theme, by, where)
        for cells, by_theme in zip(all_cells, theme_cells, strict=True)
    )
    hidden = hidden_periods([client], kind, to=max(period.last_on for period in run))[client.pk]
    return [
        _all_hidden(one) if (period.first_on, period.last_on) in hidden else one
        for period, one in zip(run, found, strict=True)
    ]


def shown(client: Client, kind: str, period: Period, where: Where = EVERYWHERE) -> Shown:
    """Of what a filter leaves."""
    return of(client, kind, [period], where=where)[0].whole


def shown_by(client: Client, kind: str, period: Period, by: str, where: Where = EVERYWHERE) -> Mapping[str, Shown]:
    """Of each value of `by` within what a filter leaves; what is missing has no answers."""
    return of(client, kind, [period], by, where)[0].parts


def of_whole(n: int, period: Period, hidden: Collection[Span]) -> Shown:
    """Of all answers of a period, so many. `hidden` as `hidden_periods` says."""
    return Shown.HIDDEN if (period.first_on, period.last_on) in hidden else may_show(n, [])


class Table:
    """Answers by the values of some attributes (as of `attributes_of`), and how much of each view may be shown."""

    def __init__(self, attributes: Sequence[str], cells: Cells) -> None:
        self.attributes, self.cells = attributes, cells
        self.nested = [name for name in attributes if WITHIN.get(name) in attributes]
        self.common = [name for name in attributes if name not in self.nested]
        self.decided = protect_table(self._by(self.common, cells))
        self.within: dict[tuple[str, ...], Mapping[tuple[str, ...], Mapping]] = {}
        self.counted: dict[tuple, Mapping[tuple[str, ...], Counter]] = {}

    def shown(self, view: Where) -> Shown:
        nested = [name for name in self.nested if name in view]
        if not nested:
            return self.decided.get(_place(self.common, view), Shown.HIDDEN)
        outer = sorted(WITHIN[name] for name in nested)
        decided = [self.shown(_without(view, name)) for name in nested]
        for values in self._counted(outer, view):
            at = dict(zip(outer, values, strict=True))
            decided.append(self.shown(_without({**view, **at}, *nested)))
            names = self._others(outer)
            decided.append(self._decided_within(outer)[values].get(_place(names, view), Shown.HIDDEN))
        return Shown.HIDDEN if Shown.HIDDEN in decided else may_show(self.n(view), [])

    def n(self, view: Where) -> int:
        return self._counted([], view)[()]

    def parts(self, by: str, view: Where) -> list[tuple[str, Where]]:
        """Each value of `by` within a view, and the view that it leaves; none without `by`."""
        return [(value, {**view, by: value}) for (value,) in self._counted([by], view)] if by else []

    def _decided_within(self, outer: Sequence[str]) -> Mapping[tuple[str, ...], Mapping]:
        """For each combination of their values, what is decided on by the other attributes."""
        if tuple(outer) not in self.within:
            places = [self.attributes.index(name) for name in outer]
            parts = defaultdict(dict)
            for values, n in self.cells.items():
                parts[tuple(values[place] for place in places)][values] = n
            names = self._others(outer)
            self.within[tuple(outer)] = {values: protect_table(self._by(names, part)) for values, part in parts.items()}
        return self.within[tuple(outer)]

    def _others(self, outer: Sequence[str]) -> list[str]:
        return [name for name in self.attributes if name not in outer]

    def _counted(self, names: Sequence[str], view: Where) -> Counter[tuple[str, ...]]:
        """What a view holds by these attributes."""
        asked = tuple(names), tuple(view)
        if asked not in self.counted:
            parts, length = defaultdict(Counter), len(view)
            for values, n in self._by([*view, *names], self.cells).items():
                parts[values[:length]][values[length:]] += n
            self.counted[asked] = parts
        return self.counted[asked].get(tuple(view.values()), Counter())

    def _by(self, names: Sequence[str], cells: Cells) -> Counter[tuple[str, ...]]:
        places, sums = [self.attributes.index(name) for name in names], Counter()
        for cell, n in cells.items():
            sums[tuple(cell[place] for place in places)] += n
        return sums


def by_naming(attributes: Sequence[str], cells: Cells, naming: Cells) -> Table:
    """The table of a theme: besides the other attributes, whether an answer names it."""
    named = {(YES, *cell): n for cell, n in naming.items()}
    others = {(NO, *cell): n - naming.get(cell, 0) for cell, n in cells.items() if n > naming.get(cell, 0)}
    return Table([NAMES, *attributes], named | others)


def _of_period(
    attributes: Sequence[str], cells: Cells, by_theme: Mapping[str, Cells], by: str, where: Where
) -> Disclosure:
    view = _without(where, By.THEME)
    if by == By.THEME:
        named = {**view, NAMES: YES}
        naming = {theme: by_naming(attributes, cells, own) for theme, own in by_theme.items()}
        parts = {theme: table.shown(named) for theme, table in naming.items() if table.n(named)}
        return Disclosure(Table(attributes, cells).shown(view), parts)
    table = Table(attributes, cells)
    if By.THEME in where:
        table = by_naming(attributes, cells, by_theme.get(where[By.THEME], {}))
        view = {**view, NAMES: YES}
    return Disclosure(table.shown(view), {value: table.shown(part) for value, part in table.parts(by, view)})


def _all_hidden(found: Disclosure) -> Disclosure:
    return Disclosure(Shown.HIDDEN, dict.fromkeys(found.parts, Shown.HIDDEN))


def _place(names: Sequence[str], view: Where) -> tuple[str | None, ...]:
    return tuple(view.get(name) for name in names)


def _without(view: Where, *names: str) -> Where:
    return {name: value for name, value in view.items() if name not in names}


def _cells(client: Client, kind: str, run: Sequence[Period], attributes: Sequence[str]) -> list[Cells]:
    """By what is tallied, as far as it goes."""
    if len(attributes) > 1 or not _is_of_calendar(run):
        found = crossed(client, kind, run, attributes)
        return [{values: sum(numbers) for values, numbers in one.items()} for one in found]
    found = [{} for _ in run]
    for (place, value), numbers in counts(client, kind, run, *attributes).items():
        found[place][(value,) * len(attributes)] = sum(numbers)
    return found


def _cells_by_theme(
    client: Client, kind: str, run: Sequence[Period], attributes: Sequence[str]
) -> list[Mapping[str, Cells]]:
    """The theme, “” for none → the cells of the answers that name it."""
    if not attributes and _is_of_calendar(run):
        return [{theme: {(): n} for (theme,), n in cells.items()} for cells in _cells(client, kind, run, [By.THEME])]
    rows = counting(client, kind, run)
    found = [{"": cells} for cells in _grouped(rows.filter(matching(By.THEME, "")), run, attributes)]
    naming = _grouped(rows.filter(**{f"{ASSIGNED}__isnull": False}), run, [By.THEME, *attributes])
    for by_theme, cells in zip(found, naming, strict=True):
        for (theme, *values), n in cells.items():
            by_theme.setdefault(theme, {})[tuple(values)] = n
    return found


def _is_of_calendar(run: Sequence[Period]) -> bool:
    """Of any other days, tallies do not know who answered last."""
    return all(period.kind in CALENDAR for period in run)


def _grouped(rows: QuerySet[Response], run: Sequence[Period], attributes: Sequence[str]) -> list[dict]:
    found = [{} for _ in run]
    values = {f"value{place}": value_of(name) for place, name in enumerate(attributes)}
    numbers = rows.annotate(**values).values_list("place", *values).annotate(n=Count("pk", distinct=True))
    for place, *value, n in numbers:
        found[place][tuple(value)] = n
    return found
