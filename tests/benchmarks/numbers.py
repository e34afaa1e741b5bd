"""How fast numbers are read and tallied: `python -m tests.benchmarks.numbers` prints JSON.

It reads the database of DATABASE_URL that `tests.benchmarks.generate` has filled, and tallies what is not tallied yet.

*dashboard*: what a client's page asks of answers, for a complete month: three headline scores with what they are
compared with, the trend of twelve months, the distribution, breakdowns by team, channel and reason, themes; all of it
in one look, as a page asks, and each by itself, as the API does; beside it the funnel, which is counted from
invitations. Each client three times, the best of them; p95 over the clients.
*all_clients*: one kind of survey, all clients, twelve months: that have ended, and with the one that goes on.
*filling*: `--base` tallies all answers but those of the last 39 days onto nothing; after that `--fill` tallies the rest
onto these, of which three in four follow one of the same customer. It is now when the last answer came.

The bare limit is a table of 365,000 tallies by client and day with three numbers: sums by month of one client (without
an index, and with one) and of all. That of filling is one statement that groups the same answers by the same columns.
"""

# ruff: noqa: S608  only numbers and names of our own tables are written into the statements

import argparse
import datetime as dt
import json
import os
import statistics
import time
from collections.abc import Callable, Iterable

import django

MONTH = {"postgresql": "date_trunc('month', day_on)", "sqlite": "substr(day_on, 1, 7)"}
BARE_DAYS, BARE_ROWS = 365, 365_000
NEW_DAYS = 39
GROUPED = ("channel", "contact_reason", "team_id", "agent_id", "invitation.language", "segment", "is_goodwill")


def best(work: Callable[[], object], times: int = 3) -> float:
    """Milliseconds of the fastest of some runs."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return 1000 * min(seconds)


def p95(values: Iterable[float]) -> float:
    return sorted(values)[max(0, int(len(list(values)) * 0.95) - 1)] if values else 0.0


def asked(client, at: dt.datetime) -> dict[str, Callable[[], object]]:
    """What a dashboard asks, by name."""
    from analytics import counts, queries
    from analytics.counts import By
    from analytics.periods import last_complete, run_back

    month = last_complete(at, "month", client.time_zone)
    two, year = run_back(month, 2), run_back(month, 12)

    def broken_down(by: By) -> Callable[[], object]:
        return lambda: counts.counts(client, "csat", two, by)

    return {
        **{f"headline_{kind}": lambda kind=kind: queries.score(client, month, kind) for kind in ("csat", "nps", "ces")},
        "trend": lambda: counts.counts(client, "csat", year, By.VERSION),
        "distribution": lambda: counts.counts(client, "csat", two),
        **{by.value: broken_down(by) for by in (By.TEAM, By.CHANNEL, By.REASON, By.THEME)},
        "funnel": lambda: queries.funnels(client, month),
    }


def dashboards(clients: list, at: dt.datetime, bare: Callable[[object], object]) -> dict:
    """p95 over clients, of each question and of all but the funnel together."""
    each: dict[str, list[float]] = {}
    together, alone, limits = [], [], []
    for client in clients:
        limits.append(best(lambda client=client: bare(client)))
        asks = asked(client, at)
        found = {name: best(ask) for name, ask in asks.items()}
        for name, taken in found.items():
            each.setdefault(name, []).append(taken)
        alone.append(sum(taken for name, taken in found.items() if name != "funnel"))
        together.append(best(lambda asks=asks: in_one_look(ask for name, ask in asks.items() if name != "funnel")))
    return {
        "p95_ms": round(p95(together), 1),
        "median_ms": round(statistics.median(together), 1),
        "worst_ms": round(max(together), 1),
        "each_by_itself_p95_ms": round(p95(alone), 1),
        "funnel_p95_ms": round(p95(each["funnel"]), 1),
        "limit_p95_ms": round(p95(limits), 1),
        "times_the_limit": round(p95(together) / p95(limits), 2),
        "each_p95_ms": {name: round(p95(taken), 1) for name, taken in each.items()},
    }


def in_one_look(asks: Iterable[Callable[[], object]]) -> None:
    from analytics.look import one_look

    with one_look():
        for ask in asks:
            ask()


def make_bare(clients: list) -> None:
    """365,000 rows: each client and day, and as many of a kind as that takes."""
    from django.db import connection

    times = max(1, BARE_ROWS // (BARE_DAYS * len(clients)))
    first = dt.date(2025, 11, 1)
    rows = [
        (client.pk, (first + dt.timedelta(day)).isoformat(), place + 4, place + 2, place + 1)
        for day in range(BARE_DAYS)
        for client in clients
        for place in range(times)
    ]
    with connection.cursor() as cursor:
        for name in ("bench_bare", "bench_indexed"):
            cursor.execute(f"DROP TABLE IF EXISTS {name}")
            cursor.execute(f"CREATE TABLE {name} (client_id integer, day_on date, n1 integer, n2 integer, n3 integer)")
        for start in range(0, len(rows), 1000):
            cursor.execute(f"INSERT INTO bench_bare VALUES {', '.join(map(str, rows[start : start + 1000]))}")
        cursor.execute("INSERT INTO bench_indexed SELECT * FROM bench_bare")
        cursor.execute("CREATE INDEX bench_index ON bench_indexed (client_id, day_on)")
        cursor.execute("ANALYZE")


def sums(table: str, client=None) -> list:
    """By month: of one client, or of each."""
    from django.db import connection

    month, where = MONTH[connection.vendor], f"WHERE client_id = {client.pk}" if client else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT client_id, {month}, SUM(n1), SUM(n2), SUM(n3) FROM {table} {where} GROUP BY client_id, {month}"
        )
        return cursor.fetchall()


def all_clients(clients: list, at: dt.datetime) -> dict:
    from analytics import counts
    from analytics.periods import containing, run_back

    month = containing(at, "month", clients[0].time_zone)
    found = {
        "complete_months_ms": best(lambda: counts.of_each(clients, "csat", run_back(month.previous(), 12))),
        "with_the_current_ms": best(lambda: counts.of_each(clients, "csat", run_back(month, 12))),
        "limit_ms": best(lambda: sums("bench_bare")),
    }
    times = {
        name: round(found[f"{name}_ms"] / found["limit_ms"], 2) for name in ("complete_months", "with_the_current")
    }
    return {**{name: round(taken, 1) for name, taken in found.items()}, "times_the_limit": times}


def filled(clients: list, at: dt.datetime) -> float:
    """Seconds that it takes to tally what these clients have not been tallied for."""
    from analytics import tallies

    began = time.perf_counter()
    for client in clients:
        while tallies.turn(client, at):
            pass
    return time.perf_counter() - began


def grouped(clients: list, start: dt.datetime, end: dt.datetime) -> float:
    """Seconds of the bare statement over the same answers."""
    from django.db import connection

    names = ", ".join(f"d{place}" for place in range(len(GROUPED)))
    numbers = ", ".join(f"COUNT(*) FILTER (WHERE score = {score}) AS n{score}" for score in range(11))
    each = [
        f"(SELECT d{place}::text AS value, {numbers} FROM base GROUP BY client_id, kind, day_on, d{place})"
        for place in range(len(GROUPED))
    ]
    each.append(
        f"(SELECT theme_id::text, {numbers} FROM base LEFT JOIN surveys_answer answer ON response_id = base.id "
        f"LEFT JOIN analytics_themeassignment ON answer_id = answer.id GROUP BY client_id, kind, day_on, theme_id)"
    )
    statement = (
        f"WITH base(id, client_id, kind, day_on, score, {names}) AS MATERIALIZED (SELECT response.id, "
        f"response.client_id, kind, (submitted_at AT TIME ZONE 'Europe/Berlin')::date, score, {', '.join(GROUPED)} "
        f"FROM surveys_response response JOIN surveys_invitation invitation ON invitation.id = invitation_id "
        f"WHERE response.client_id = ANY(%s) AND submitted_at >= %s AND submitted_at < %s) "
        f"SELECT COUNT(*), SUM(n10) FROM ({' UNION ALL '.join(each)}) AS cells"
    )
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(statement, [[client.pk for client in clients], start, end])
    return time.perf_counter() - began


def without_the_newest(clients: list, at: dt.datetime) -> dict:
    """Tallies of all but the last days, and nothing else."""
    from django.db import connection

    from analytics.models import CellTally, DayTally, TalliedUntil
    from surveys.models import Response

    tables = [model._meta.db_table for model in (CellTally, DayTally, TalliedUntil)]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)}")
    since = Response.objects.earliest("submitted_at").submitted_at
    found = filling(clients, since, at.replace(minute=0, second=0, microsecond=0) - dt.timedelta(NEW_DAYS))
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"VACUUM ANALYZE {table}")
    return found


def the_newest(clients: list, at: dt.datetime) -> dict:
    """The newest answers onto the year before; ValueError where they are tallied already."""
    from analytics.models import TalliedUntil

    since = TalliedUntil.objects.earliest("until").until
    if at - since < dt.timedelta(NEW_DAYS):
        raise ValueError("tally all but the newest answers first: --base")
    return filling(clients, since, at.replace(minute=0, second=0, microsecond=0))


def filling(clients: list, since: dt.datetime, until: dt.datetime) -> dict:
    """What is tallied at `until`, beside the bare statement before and after it: both find at hand what was read."""
    from surveys.models import Response

    within = {"submitted_at__gte": since, "submitted_at__lt": until - dt.timedelta(hours=1)}
    number = Response.objects.filter(client__in=clients, **within).count()
    limit = grouped(clients, *within.values())
    taken = filled(clients, until)
    limit = min(limit, grouped(clients, *within.values()))
    return {
        "answers": number,
        "seconds": round(taken, 1),
        "seconds_of_a_million": round(taken / number * 1e6, 1),
        "limit_seconds": round(limit, 1),
        "times_the_limit": round(taken / limit, 2),
    }


def last_answer():
    """When it came: of the hour before it, and of its own, nothing is tallied yet."""
    from surveys.models import Response

    return Response.objects.latest("submitted_at").submitted_at


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from surveys.models import Client, Response

    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--base", action="store_true")
    arguments.add_argument("--fill", action="store_true")
    wanted = arguments.parse_args()
    at = last_answer()
    clients = list(Client.objects.filter(slug__startswith="client-").order_by("pk"))
    if wanted.base or wanted.fill:
        print(json.dumps((without_the_newest if wanted.base else the_newest)(clients, at), indent=2))
        return
    filled(clients, at)
    make_bare(clients)
    result = {
        "responses": Response.objects.count(),
        "clients": len(clients),
        "dashboard": dashboards(clients, at, lambda client: sums("bench_bare", client)),
        "limit_with_an_index_p95_ms": round(p95([best(lambda c=c: sums("bench_indexed", c)) for c in clients]), 2),
        "all_clients": all_clients(clients, at),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
