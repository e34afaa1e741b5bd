"""The statements that count answers into tallies, in the database: one for all tallies of some days of one client."""

# ruff: noqa: S608  only names of our own tables and columns are written into the statements

import datetime as dt
from collections.abc import Sequence

from django.db import connection
from django.db.models import F, QuerySet, Window
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Lead, TruncDate

from surveys.models import Client, Response

from .dimensions import By, attribute, value_of
from .models import CellTally, CountsIn, DayTally
from .models.tallies import Tally
from .periods import midnight

Statement = tuple[str, Sequence]  # with its values

CELLS = (By.CHANNEL, By.REASON, By.TEAM, By.AGENT, By.LANGUAGE, By.SEGMENT, By.GOODWILL)

_NUMBERS = [f"n{score}" for score in range(11)]
_BEGINS = {  # with what a day's week, month, quarter or year begins
    "postgresql": {unit: f"date_trunc('{unit}', {{}})" for unit in ("week", "month", "quarter", "year")},
    "sqlite": {
        "week": "date({}, 'weekday 0', '-6 days')",
        "month": "substr({}, 1, 7)",
        "quarter": "substr({0}, 1, 4) || ((substr({0}, 6, 2) + 2) / 3)",
        "year": "substr({}, 1, 4)",
    },
}


def add(client: Client, attributes: Sequence[str], begin: dt.datetime, end: dt.datetime) -> None:
    """Count the answers from `begin` to before `end`, which no tally counts yet.

    Each counts on its day. The day of the answer that follows it, by the same customer and of the same kind, takes it
    away again in all periods in which both lie: so of a customer's answers in a period the latest remains, and nothing
    of earlier days changes.
    """
    first_on = begin.astimezone(client.zone).date()
    floor = min(first_on - dt.timedelta(first_on.weekday()), first_on.replace(month=1, day=1))
    new, before = _answers(client, begin, end), _answers(client, midnight(floor, client.time_zone), begin)
    columns = _columns(client, attributes)
    names = ", ".join(columns)
    queries = [
        _named(f"new({names}, customer, next_on)", new.values_list(*columns.values(), "customer", _lead(client)))
    ]
    followed = f"SELECT {names}, next_on FROM new WHERE next_on IS NOT NULL"
    if before.exists():
        theirs = before.filter(customer=RawSQL("first.customer", []), kind=RawSQL("first.kind", []))
        last, values = theirs.order_by("-submitted_at", "-pk").values("pk")[:1].query.sql_with_params()
        earlier = Response.objects.filter(pk__in=RawSQL("SELECT last FROM before", []))
        queries += [
            (
                "first AS (SELECT kind, customer, MIN(day_on) AS at FROM new WHERE customer IS NOT NULL GROUP BY 1, 2)",
                (),
            ),
            (f"before(last, followed_on) AS MATERIALIZED (SELECT ({last}), at FROM first)", values),
            _named(f"earlier({names})", earlier.order_by().values_list(*columns.values())),
        ]
        followed += f" UNION ALL SELECT {names}, followed_on FROM earlier JOIN before ON last = id"
    others = ", ".join("next_on" if name == "day_on" else name for name in columns)
    found = f"SELECT {names}, 1, {sum(CountsIn)} FROM new UNION ALL SELECT {others}, -1, {_both_in()} FROM followed"
    queries += [(f"followed({names}, next_on) AS ({followed})", ())]
    queries += [(f"found({names}, sign, counts_in) AS MATERIALIZED ({found})", ())]
    _insert(client, attributes, queries)


def _named(name: str, query: QuerySet) -> Statement:
    """Carried out once, in whatever it is used."""
    sql, values = query.query.sql_with_params()
    return f"{name} AS MATERIALIZED ({sql})", values


def _answers(client: Client, start: dt.datetime, end: dt.datetime) -> QuerySet[Response]:
    return Response.objects.counting().filter(client=client, submitted_at__gte=start, submitted_at__lt=end).order_by()


def _day(client: Client) -> TruncDate:
    return TruncDate("submitted_at", tzinfo=client.zone)


def _lead(client: Client) -> Window:
    """The day of the same person's next answer of the kind, among these answers."""
    person = Coalesce("customer_id", -F("pk"))
    return Window(Lead(_day(client)), partition_by=[F("kind"), person], order_by=["submitted_at", "pk"])


def _columns(client: Client, attributes: Sequence[str]) -> dict:
    """Of an answer: what each tally needs to know. Dimensions by their place."""
    own = {f"d{place}": value_of(by) for place, by in enumerate(_dimensions(attributes))}
    plain = {"id": F("pk"), "kind": F("kind"), "score": F("score"), "version_id": F("version_id")}
    return {**plain, "day_on": _day(client), **own}


def dimensions(attributes: Sequence[str]) -> frozenset[str]:
    """What is tallied beside the days, of a client with these attributes."""
    return frozenset([By.THEME, *_dimensions(attributes)])


def _dimensions(attributes: Sequence[str]) -> list[str]:
    """Those of which an answer has one value."""
    return [*CELLS, *map(attribute, attributes)]


def _both_in() -> str:
    """CountsIn of the periods in which both `day_on` and `next_on` lie."""
    begins = _BEGINS[connection.vendor]
    return " + ".join(
        f"CASE WHEN {begins[period.name.lower()].format('day_on')} = {begins[period.name.lower()].format('next_on')} "
        f"THEN {period.value} ELSE 0 END"
        for period in CountsIn
    )


def _insert(client: Client, attributes: Sequence[str], queries: Sequence[Statement]) -> None:
    """Add what the last of these queries, `found`, comes to."""
    named = (
        "SELECT DISTINCT answer.response_id, COALESCE(theme.merged_into_id, theme.id) "
        "FROM surveys_answer answer JOIN analytics_themeassignment assigned ON assigned.answer_id = answer.id "
        "JOIN analytics_theme theme ON theme.id = assigned.theme_id WHERE answer.response_id IN (SELECT id FROM found)"
    )
    parts = [*(sql for sql, _ in queries), f"named(about, theme) AS MATERIALIZED ({named})"]
    begun, values = f"WITH {', '.join(parts)}", [value for _, own in queries for value in own]
    days = _into(DayTally, ["version_id"], [_sums(client, ["version_id"])])
    parts = [(by, f"d{place}", "found") for place, by in enumerate(_dimensions(attributes))]
    parts.append((By.THEME, "COALESCE(CAST(theme AS varchar(20)), '')", "found LEFT JOIN named ON about = id"))
    cells = _into(CellTally, ["dimension", "value"], [_sums(client, ["%s", value], rows) for _, value, rows in parts])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # which can do with finding them once
            cursor.execute("SET LOCAL work_mem = '64MB'")
            cursor.execute(f"{begun}, by_day AS ({days}) {cells}", [*values, *(str(by) for by, *_rest in parts)])
        else:
            cursor.execute(f"{begun} {days}", values)
            cursor.execute(f"{begun} {cells}", [*values, *(str(by) for by, *_rest in parts)])


def _sums(client: Client, own: list[str], rows: str = "found") -> str:
    """How many gave which score, by day, kind, `counts_in` and columns of one tally's own."""
    numbers = ", ".join(f"SUM(CASE score WHEN {score} THEN sign ELSE 0 END)" for score in range(11))
    groups = ", ".join(["day_on", "counts_in", "kind", *own[-1:]])
    return (
        f"SELECT {client.pk}, day_on, counts_in, kind, {', '.join(own)}, {numbers} "
        f"FROM {rows} WHERE counts_in > 0 GROUP BY {groups}"
    )


def _into(model: type[Tally], own: list[str], selects: list[str]) -> str:
    """In the order of the primary key, by which they are read: neighbours lie in one page."""
    table = model._meta.db_table
    columns = ["client_id", "day_on", "counts_in", "kind", *own]
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in _NUMBERS)
    order = [columns.index(name) + 1 for name in ("kind", "dimension", "day_on") if name in columns]
    return (
        f"INSERT INTO {table} ({', '.join([*columns, *_NUMBERS])}) {' UNION ALL '.join(selects)} "
        f"ORDER BY {', '.join(map(str, order))} ON CONFLICT ({', '.join(columns)}) DO UPDATE SET {added}"
    )
