"""How much of its circumstances a row of a file may tell, so that files tell no more than figures do.

Of `CONTEXT`, in this order, a row tells as many as a figure would be shown by, together with the filters of the file
and beside all other figures of the period: `disclosure` decides on each beginning by the table of its own attributes.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence

from django.db.models import Case, CharField, Count, Expression, Value, When
from django.db.models.functions import Cast, Left, TruncMonth

from surveys.models import Client, SurveyVersion

from . import counts
from .dimensions import By, Where, attributes_of, matching, value_of
from .disclosure import NAMES, NO, YES, Cells, Table, hidden_periods
from .periods import Period
from .small_groups import Shown

MONTH = "month"
CONTEXT = (MONTH, By.SURVEY, By.VERSION, By.CHANNEL, By.TEAM, By.LANGUAGE, By.REASON, By.SEGMENT)
MOST = 4  # attributes with several values, filters among them, that a row is told by

Context = tuple[str, ...]
"""The values of `CONTEXT`, as `dimensions` writes them."""


def depths(client: Client, kind: str, period: Period, where: Where, found: Mapping[Context, int]) -> dict[Context, int]:
    """How many of its values each context may tell. `found`: how many answers the file has of each.

    One query for what filters leave out. Nothing is told of a month that is hidden.
    """
    view = {name: value for name, value in where.items() if name != By.THEME}
    if By.THEME in where:
        view[NAMES] = YES
    names = attributes_of([*CONTEXT, *view])
    cells = _all_cells(client, kind, period, where, names) if where else _ordered(found, names)
    hidden = {
        first.strftime("%Y-%m") for first, last in hidden_periods([client], kind)[client.pk] if _is_month(first, last)
    }
    several = {name for place, name in enumerate(names) if len({cell[place] for cell in cells}) > 1}
    told, tables = dict.fromkeys(found, 0), {}
    going_on = [path for path in found if path[0] not in hidden]
    for size in range(1, len(CONTEXT) + 1):
        asked = tuple(name for name in attributes_of([*CONTEXT[:size], *view]) if name in several)
        if len(asked) > MOST:
            break
        if asked not in tables:
            tables[asked] = _table(asked, names, cells)
        going_on = [path for path in going_on if _is_shown(tables[asked], {**view, **_view_of(path[:size])})]
        told |= dict.fromkeys(going_on, size)
    return told


def month_of(client: Client, period: Period) -> Expression:
    """Of a response, in the client's calendar: 2026-10. A week in two months has none: that would tell of days."""
    if period.kind == "week" and period.first_on.month != period.last_on.month:
        return Value("")
    return Left(Cast(TruncMonth("submitted_at", tzinfo=client.zone), CharField()), 7)


def surveys_of(client: Client) -> dict[str, str]:
    """The version's key → the survey's."""
    rows = SurveyVersion.objects.filter(survey__client=client).values_list("pk", "survey")
    return {str(version): str(survey) for version, survey in rows}


def _all_cells(client: Client, kind: str, period: Period, where: Where, names: Sequence[str]) -> Cells:
    """Of the whole period, whatever is filtered."""
    known = {MONTH: month_of(client, period), NAMES: _names(where)}
    values = {f"value{place}": known.get(name) or value_of(name) for place, name in enumerate(names)}
    rows = counts.counting(client, kind, [period]).annotate(**values).values_list(*values)
    return {tuple(map(str, value)): n for *value, n in rows.annotate(n=Count("pk"))}


def _names(where: Where) -> Expression:
    condition = matching(By.THEME, where.get(By.THEME, ""))
    return Case(When(condition, then=Value(YES)), default=Value(NO), output_field=CharField())


def _ordered(found: Mapping[Context, int], names: Sequence[str]) -> Cells:
    places = [CONTEXT.index(name) for name in names]
    return {tuple(path[place] for place in places): n for path, n in found.items()}


def _table(asked: Sequence[str], names: Sequence[str], cells: Cells) -> Table:
    places, sums = [names.index(name) for name in asked], Counter()
    for cell, n in cells.items():
        sums[tuple(cell[place] for place in places)] += n
    return Table(asked, sums)


def _is_month(first: dt.date, last: dt.date) -> bool:
    return first.day == 1 and (last - first).days < 31


def _view_of(path: Context) -> Where:
    return dict(zip(CONTEXT, path, strict=False))


def _is_shown(table: Table, view: Where) -> bool:
    return table.shown({name: view[name] for name in table.attributes if name in view}) is not Shown.HIDDEN
