"""How fast a file of contacts comes in: `python -m tests.benchmarks.imports` with DATABASE_URL prints JSON.

100,000 generated rows for each shipped profile, through the product's own importer, twice: the second run finds
everything unchanged. Forty of a hundred contacts are of customers who came before; three rows of a thousand are broken.
The bare limits are measured on the very rows that came in, in the same run: one INSERT per commit; COPY into a table
without any index; COPY into one with the keys and indexes of the real table.

It works in a test database of its own, which it drops at the end.
"""

import argparse
import csv
import datetime as dt
import json
import multiprocessing
import os
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks import own_database

ROWS = 100_000
SINGLE = 5_000  # rows of the limit with a commit each
SURNAMES = ["Winter", "Berger", "Demir", "Sørensen", "Kaya", "Ritter", "Nowak", "Özgür", "Brandt"]
AGENTS = [(f"A{number}", f"Kim {number // 9} {SURNAMES[number % 9]}") for number in range(90)]
TEAMS = [
    "1st Level",
    "2nd Level",
    "Beschwerden",
    "Kündigung",
    "Technik",
    "Rechnung Nord",
    "Rechnung Süd",
    "Nachtdienst",
]
FIRST_NAMES = ["Kim", "Isla", "Piotr", "Jürgen", "Maëlle", "Noah", "Zoë", "Ömer", "Chloe", "Anneliese"]
LAST_NAMES = ["Brook", "Fitzgerald", "Müller-Lüdenscheidt", "Kowalski", "Şahin", "Schmidt", "Fontaine", "de Vries"]
START = dt.datetime(2026, 1, 5, 7, 0)


def tickets(count: int, draw: random.Random) -> Iterator[list[str]]:
    """The rows of a help desk's export, the header first."""
    yield ["Ticket ID", "Created at", "Solved at", "Status", "Group", "Assignee", "Requester", "Requester email",
           "Channel", "Subject", "Tags", "Priority", "Locale", "Reopens"]  # fmt: skip
    for number, customer in enumerate(customers(count, draw)):
        began = START + dt.timedelta(seconds=number * 97)
        ended = began + dt.timedelta(minutes=draw.randrange(3, 4000))
        broken = draw.random()
        yield [
            f"{400_000 + number}",
            began.isoformat() + "Z" if broken > 0.001 else "gestern",
            ended.isoformat() + "Z" if not 0.001 < broken < 0.002 else "2019-01-01T00:00:00Z",
            draw.choice(("solved", "solved", "solved", "closed", "open")) if not 0.002 < broken < 0.003 else "erldgt",
            draw.choice(TEAMS),
            draw.choice(AGENTS)[1],
            name_of(customer),
            f"customer{customer}@{('example.com', 'example.org', 'web.example')[customer % 3]}",
            draw.choice(("email", "web", "chat", "phone")),
            f"{draw.choice(('Widerruf', 'Rechnung', 'Lieferung', 'Störung am Anschluss'))} {draw.randrange(10**6)}",
            draw.choice(("", "", "vip", "vip goodwill")),
            draw.choice(("low", "normal", "high")),
            ("de", "de-AT", "en-GB")[customer % 3],
            draw.choice("0001"),
        ]


def calls(count: int, draw: random.Random) -> Iterator[list[str]]:
    """The rows of a telephone system's export, the header first."""
    yield ["Anruf-Nr", "Datum", "Uhrzeit", "Skill", "Agent-ID", "Agent", "Rufnummer", "Kundennr", "Wartezeit (s)",
           "Gesprächszeit (min)", "Nachbearbeitung (s)", "Ergebnis", "Kulanz (EUR)", "E-Mail",
           "Einwilligung"]  # fmt: skip
    for number, customer in enumerate(customers(count, draw)):
        began = START + dt.timedelta(days=number // 2000, seconds=number % 2000 * 20)  # three calls a minute
        broken = draw.random()
        agent = draw.choice(AGENTS)
        yield [
            f"C-{number:07}",
            f"{began:%d.%m.%Y}" if broken > 0.001 else "31.09.2026",
            f"{began:%H:%M}",
            draw.choice(("Rechnung", "Technik", "Tarifwechsel", "Umzug")),
            agent[0],
            agent[1].encode("cp1252", "replace").decode("cp1252"),
            f"+49 40 {5_000_000 + customer}" if draw.random() < 0.7 else "anonym",
            f"K{customer:07}",
            str(draw.randrange(240)) if not 0.001 < broken < 0.002 else "lange",
            f"{draw.randrange(1, 40)},{draw.choice('05')}",
            str(draw.randrange(200)),
            draw.choice(("gelöst", "gelöst", "offen", "weitergeleitet")) if not 0.002 < broken < 0.003 else "?",
            draw.choice(("", "", "", "", "10,00")),
            f"customer{customer}@example.org" if draw.random() < 0.6 else "",
            draw.choice(("ja", "ja", "nein", "")),
        ]


def customers(count: int, draw: random.Random) -> Iterator[int]:
    """Who it is, contact by contact: with 40 of 100 somebody who was there before."""
    newest = 0
    for _ in range(count):
        if newest and draw.random() < 0.4:
            yield draw.randrange(newest) + 1
        else:
            newest += 1
            yield newest


def name_of(customer: int) -> str:
    return f"{FIRST_NAMES[customer % 10]} {LAST_NAMES[customer // 10 % 8]}"


def write(path: Path, rows: Iterator[list[str]], delimiter: str, encoding: str) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def memory_mb() -> float:
    """Of this process and the one that reads ahead; what they share counts once."""
    return sum(map(_pss_mb, (os.getpid(), *(child.pid for child in multiprocessing.active_children()))))


def _pss_mb(pid: int) -> float:
    try:
        found = re.search(r"^Pss: +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    except OSError:  # it has just ended
        return 0.0
    return int(found[1]) / 1024


def server_seconds() -> float:
    """Processor time that our backend has used so far, where the server runs on this machine; else 0."""
    from django.db import connection

    try:
        stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text()
    except OSError:
        return 0.0
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def one_run(client, path: Path, name: str) -> dict:
    """Import the file as the command does, from the choice of the profile on; seconds include every pass."""
    from surveys.ingestion import loading

    memory: list[float] = []
    done = 0

    def on_rows(count: int) -> None:
        nonlocal done
        done += count
        if done >= 20_000 and done % 4_000 == 0:
            memory.append(memory_mb())

    began, cpu, server = time.perf_counter(), time.process_time(), server_seconds()
    job = loading.FileImport(client, path, loading.guess(client, path))
    report = job.run(dt.datetime.now(dt.UTC), on_rows=on_rows)
    seconds = time.perf_counter() - began
    assert job.profile.name == name
    return {
        "rows_per_second": round(report.rows / seconds),
        "cpu_us_per_row": round((time.process_time() - cpu) / report.rows * 1e6, 1),
        "server_cpu_us_per_row": round((server_seconds() - server) / report.rows * 1e6, 1),
        "growth_mb_from_row_20000_on": round(max(memory) - memory[0], 1) if memory else None,
        "created": report.created,
        "unchanged": report.unchanged,
        "refused": report.refused.total(),
    }


def limits() -> dict[str, int]:
    """Rows a second that the database takes of what was just imported, with nothing of ours in between."""
    from django.db import connection

    from surveys.models import Contact

    table = Contact._meta.db_table
    columns = ", ".join(f'"{field.column}"' for field in Contact._meta.concrete_fields)
    with connection.cursor() as cursor:
        raw = connection.connection
        with raw.cursor().copy(f"COPY {table} ({columns}) TO STDOUT") as copy:
            lines = b"".join(bytes(part) for part in copy).splitlines(keepends=True)
        found = {}
        for label, like in (("copy_bare", ""), ("copy_with_keys_and_indexes", "INCLUDING ALL")):
            cursor.execute(f"CREATE TABLE bare (LIKE {table} {like})")
            if like:
                for column in ("client", "customer", "agent", "team"):
                    cursor.execute(
                        f"ALTER TABLE bare ADD FOREIGN KEY ({column}_id) REFERENCES surveys_{column} "
                        "DEFERRABLE INITIALLY DEFERRED"
                    )
            found[label] = rate(lambda: copy_in(raw, columns, lines), len(lines))
            cursor.execute("DROP TABLE bare")
        cursor.execute(f"CREATE TABLE bare (LIKE {table} INCLUDING ALL)")
        rows = list(Contact.objects.values_list(*[f.attname for f in Contact._meta.concrete_fields])[:SINGLE])
        found["insert_with_a_commit_each"] = rate(lambda: insert_one_by_one(raw, columns, rows), len(rows))
        cursor.execute("DROP TABLE bare")
    return found


def copy_in(raw, columns: str, lines: list[bytes]) -> None:
    """By a thousand in a transaction, as the importer does."""
    for start in range(0, len(lines), 1000):
        with raw.transaction(), raw.cursor().copy(f"COPY bare ({columns}) FROM STDIN") as copy:
            copy.write(b"".join(lines[start : start + 1000]))


def insert_one_by_one(raw, columns: str, rows: list[tuple]) -> None:
    from psycopg.types.json import Json

    cursor = raw.cursor()
    marks = ", ".join(["%s"] * len(rows[0]))
    for row in rows:
        values = [Json(value) if isinstance(value, dict | list) else value for value in row]
        cursor.execute(f"INSERT INTO bare ({columns}) VALUES ({marks})", values)  # noqa: S608 - the model's own names


def rate(work: Callable[[], object], count: int) -> int:
    began = time.perf_counter()
    work()
    return round(count / (time.perf_counter() - began))


def measure(folder: Path, count: int, passes: int) -> dict:
    from surveys.models import Client

    found: dict = {}
    files = {
        "helpdesk": write(folder / "tickets.csv", tickets(count, random.Random(1)), ",", "utf-8"),
        "telephone": write(folder / "calls.csv", calls(count, random.Random(2)), ";", "cp1252"),
    }
    for name, path in files.items():
        runs = []
        for number in range(passes):
            client = Client.objects.create(slug=f"{name}-{number}", name=name, from_name="x", from_email="x@x.example")
            runs.append({"first": one_run(client, path, name), "again": one_run(client, path, name)})
        found[name] = max(runs, key=lambda run: run["first"]["rows_per_second"])
    found["limits"] = limits()
    slowest = min(found[name]["first"]["rows_per_second"] for name in files)
    found["ratios"] = {name: round(slowest / limit, 2) for name, limit in found["limits"].items()}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--passes", type=int, default=3)
    options = parser.parse_args()
    with own_database(), tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), options.rows, options.passes), indent=2))


if __name__ == "__main__":
    main()
