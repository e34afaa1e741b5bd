"""Numbers read from tallies as far as they are right, and from the answers for the rest, in one statement.

Taken together: the tallies of untouched days; the answers of the others, and those that are not tallied yet; and, taken
away, those that these follow in the same period, as tallies do themselves.

What is read of tallies is written as SQL: a page asks a dozen times, and Django takes longer to write such a statement
than a database to answer it.
"""

# ruff: noqa: S608  only names of our own tables and columns are written into the statements

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import reduce
from operator import or_

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet

from surveys.models import Client

from . import answers, tallies
from .answers import SCORES
from .dimensions import By, Where, is_key
from .models import CountsIn
from .periods import Period, midnight
from .tallies import Standing

TRIES = 3  # of a read that the sweep, or a change of answers, comes between

Numbers = dict[tuple[int, int, str], tuple[int, ...]]  # by client, place and value
Statement = tuple[str, list]  # with its values

_IN_DAYS = {By.SURVEY: "version.survey_id", By.VERSION: "tally.version_id"}  # what the tallies of days know
_NONE = (0,) * len(SCORES)
_NO_VALUE = "CAST('' AS varchar(1))"
_SUMS = ", ".join(f"SUM(tally.n{score})" for score in SCORES)


def read(clients: Sequence[Client], kind: str, run: Sequence[Period], by: str, where: Where) -> Numbers | None:
    """The numbers of clients whose tallies stand alike; None if they do not, or tallies cannot tell."""
    for _ in range(TRIES):
        state = tallies.together(clients)
        if state is None or not _serve(state, run, by, where):
            return None
        parts = [_tallies(clients, state, kind, run, by, where), *_answers(clients, state, kind, run, by, where)]
        found, token = defaultdict(lambda: _NONE), (0, 0)
        for client, place, value, *numbers in _together(*parts, _tokens(clients)):
            if place == -1:
                token = (token[0] + numbers[0], token[1] + numbers[1])
            elif place is not None:  # tallies that do not count in their period stand at none
                found[client, place, value] = tuple(map(sum, zip(found[client, place, value], numbers, strict=True)))
        if token == state.token:
            return {key: numbers for key, numbers in found.items() if any(numbers)}
        tallies.look_again(clients)
    return None


def _together(*parts: Statement) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(sql for sql, _ in parts), [value for _, values in parts for value in values])
        return cursor.fetchall()


def _serve(state: Standing, run: Sequence[Period], by: str, where: Where) -> bool:
    """Whether tallies know it: no dimension or one, of days of these zones."""
    if any(period.zone != state.zone for period in run) or state.until <= run[0].start:
        return False
    dimensions = {by, *where} - {""}
    if dimensions <= _IN_DAYS.keys():
        return True
    return len(dimensions) == 1 and dimensions <= state.dimensions and not (by == By.THEME and where)


def _answers(
    clients: Sequence[Client], state: Standing, kind: str, run: Sequence[Period], by: str, where: Where
) -> list[Statement]:
    """What tallies do not tell, or not yet: answers, less those that they follow in the same period."""
    untold = [
        Q(submitted_at__gte=midnight(first_on, state.zone), submitted_at__lt=midnight(next_on, state.zone))
        for first_on, next_on in tallies.stretches(_touched(state, run))
    ]
    if run[-1].end > state.until:
        untold.append(Q(submitted_at__gte=state.until))
    if not untold:
        return []
    rows = answers.placed(clients, kind, run)
    new = rows.filter(reduce(or_, untold))
    followed = rows.filter(pk__in=new.values(before=answers.followed(clients, kind)))
    narrowed = answers.matching_all(where)
    return list(
        _written(
            [
                *answers.numbers(new.filter(*narrowed), by),
                *answers.numbers(followed.filter(*narrowed), by, sign=-1),
            ]
        )
    )


def _written(parts: Iterable[QuerySet]) -> Iterator[Statement]:
    for part in parts:
        with suppress(EmptyResultSet):  # of a filter by what there cannot be
            sql, values = part.query.sql_with_params()
            yield sql, list(values)


def _touched(state: Standing, run: Sequence[Period]) -> list[dt.date]:
    return sorted(day for day in state.touched if run[0].first_on <= day <= run[-1].last_on)


def _tallies(
    clients: Sequence[Client], state: Standing, kind: str, run: Sequence[Period], by: str, where: Where
) -> Statement:
    """Of untouched days: client, place, value and a column for each score."""
    place, places, condition = _placed(run)
    source, value, narrowed = _source(by, where)
    keys, days = [client.pk for client in clients], _touched(state, run)
    untouched = f"AND tally.day_on NOT IN ({_marks(days)})" if days else ""
    return (
        f"SELECT tally.client_id, {place}, {value}, {_SUMS} FROM {source} "
        f"WHERE tally.client_id IN ({_marks(keys)}) AND tally.kind = %s "
        f"AND tally.day_on >= %s AND tally.day_on <= %s {condition} {untouched} "
        f"{' '.join(f'AND {what}' for what, _ in narrowed)} GROUP BY 1, 2, 3",
        [*places, *keys, str(kind), *map(str, [run[0].first_on, run[-1].last_on, *days])]
        + [value for _, values in narrowed for value in values],
    )


def _marks(values: Sequence) -> str:
    return ", ".join(["%s"] * len(values))


def _placed(run: Sequence[Period]) -> tuple[str, list[str], str]:
    """The place of the period in which a day lies, with its values; none where its tally does not count in that, as far
    as this is no condition of all."""
    if answers.is_gapless(run) and len({period.kind for period in run}) == 1:
        cases = " ".join(f"WHEN tally.day_on <= %s THEN {place}" for place in range(len(run)))
        return f"CASE {cases} END", [str(period.last_on) for period in run], f"AND {_counts_in(run[0])}"
    answers.check(run)
    cases = " ".join(
        f"WHEN tally.day_on >= %s AND tally.day_on <= %s AND {_counts_in(period)} THEN {place}"
        for place, period in enumerate(run)
    )
    return f"CASE {cases} END", [str(day) for period in run for day in (period.first_on, period.last_on)], ""


def _counts_in(period: Period) -> str:
    """All values that say so, in a list: of these the planner knows how many rows have them."""
    bit = CountsIn[period.kind.upper()]
    return f"tally.counts_in IN ({', '.join(str(code) for code in range(1, sum(CountsIn) + 1) if code & bit)})"


def _source(by: str, where: Where) -> tuple[str, str, list[Statement]]:
    """From which tables, the value to group by, and conditions of the filters."""
    if {by, *where} - {""} <= _IN_DAYS.keys():
        source = "analytics_daytally tally"
        if By.SURVEY in (by, *where):
            source += " JOIN surveys_surveyversion version ON version.id = tally.version_id"
        nothing: Statement = ("1 = 0", [])
        narrowed = [
            (f"{_IN_DAYS[dimension]} = %s", [int(value)]) if is_key(value) else nothing
            for dimension, value in where.items()
        ]
        return source, f"CAST({_IN_DAYS[by]} AS varchar(20))" if by else _NO_VALUE, narrowed
    dimension = by or next(iter(where))
    narrowed = [("tally.dimension = %s", [str(dimension)])]
    narrowed += [("tally.value = %s", [value]) for value in where.values()]
    return "analytics_celltally tally", "tally.value" if by else _NO_VALUE, narrowed


def _tokens(clients: Sequence[Client]) -> Statement:
    """Client by client what its `Standing.token` says, at place -1."""
    keys = [client.pk for client in clients]
    return (
        f"SELECT state.client_id, -1, '', state.turn, "
        f"(SELECT COUNT(*) FROM analytics_touched note WHERE note.client_id = state.client_id)"
        f"{', 0' * len(SCORES[2:])} FROM analytics_tallieduntil state WHERE state.client_id IN ({_marks(keys)})",
        keys,
    )
