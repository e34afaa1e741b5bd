"""What the client itself counted, by day and queue: read from a file, checked, stored once; the last word counts.

Our own numbers are held against it (`analytics.honesty.reconciliation`). A file is taken whole or not at all.
"""

import datetime as dt
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction
from django.utils.translation import gettext as _

from .ingestion import files
from .models import Client, Login, ReportedCount

MOST = 20_000  # rows of one file
FIRST_YEAR = 2000
COLUMNS = {
    "day": ("day", "date", "tag", "datum"),
    "queue": ("queue", "channel", "team", "warteschlange", "kanal"),
    "contacts": ("contacts", "count", "kontakte", "anzahl"),
    "source": ("source", "quelle"),
}
NEEDED = ("day", "contacts")
LONGEST = {name: ReportedCount._meta.get_field(name).max_length for name in ("queue", "source")}
LARGEST = 10_000_000  # contacts of one day: more is a slip of the pen


@dataclass(frozen=True)
class Count:
    """How many contacts one of the client's systems counted on a day in a queue (“”: in all of them)."""

    day: dt.date
    queue: str
    source: str
    contacts: int

    @property
    def key(self) -> tuple:
        return self.day, self.queue, self.source


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row, and where: its line as an editor shows it, and its column; 0: the file."""

    line: int
    column: str
    message: str


@dataclass(frozen=True)
class Table:
    counts: tuple[Count, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass
class Taken:
    """What became of each count, by its key: created, updated or unchanged."""

    results: dict[tuple, str] = field(default_factory=dict)

    def number(self, result: str) -> int:
        return sum(found == result for found in self.results.values())


class Wrong(ValueError):
    """A value cannot stand; the message says why and how to mend it."""


def read(path: Path, source: str, today: dt.date) -> Table:
    """The counts of a CSV or XLSX file; `source` where it has no such column, `today` is the last day that can be."""
    counts, faults, seen = [], [], {}
    try:
        for line, given in _rows(path):
            found = _count(line, {"source": source, **given}, today)
            if isinstance(found, Count) and (first := seen.setdefault(found.key, line)) != line:
                found = Fault(
                    line, "", _("Line %(line)s says this of the same day and queue already.") % {"line": first}
                )
            (counts if isinstance(found, Count) else faults).append(found)
            if len(seen) > MOST:
                raise files.TableError(_("The file has more than %(most)s rows. Split it.") % {"most": MOST})
    except files.TableError as wrong:
        faults.append(Fault(0, "", str(wrong)))
    if not (counts or faults):
        faults.append(Fault(0, "", _("The file has no rows.")))
    return Table(tuple(counts), tuple(faults))


def take(client: Client, counts: Iterable[Count], at: dt.datetime, by: Login | None = None) -> Taken:
    """Store them; a count that is told again replaces the one before, and the same one changes nothing. Two queries."""
    new = {count.key: count for count in counts}
    days = {count.day for count in new.values()}
    with transaction.atomic():
        Client.objects.select_for_update().filter(pk=client.pk).first()  # two at once: one after the other
        stored = ReportedCount.objects.filter(client=client, day__in=days)
        known = {(one.day, one.queue, one.source): one.contacts for one in stored}
        taken = Taken({key: _result(count, known.get(key)) for key, count in new.items()})
        changed = [new[key] for key, result in taken.results.items() if result != "unchanged"]
        ReportedCount.objects.bulk_create(
            [ReportedCount(client=client, told_at=at, told_by=by, **vars(count)) for count in changed],
            update_conflicts=True,
            unique_fields=["client", "day", "queue", "source"],
            update_fields=["contacts", "told_at", "told_by"],
        )
    return taken


def day_of(text: str, today: dt.date) -> dt.date:
    """2026-10-31 or 31.10.2026; what a spreadsheet adds as a time is left out. Raises Wrong."""
    day = _written(text)
    if day is None:
        raise Wrong(_("“%(text)s” is no day. Write it as in 2026-10-31 or 31.10.2026.") % {"text": text[:40]})
    if day > today:
        raise Wrong(_("This day has not come yet."))
    if day.year < FIRST_YEAR:
        raise Wrong(_("This day lies too far back."))
    return day


def number_of(text: str) -> int:
    """A whole number without separators: 1.234 could be two things. Raises Wrong."""
    if not (text.isascii() and text.isdecimal()):
        raise Wrong(_("“%(text)s” is no whole number. Write it with digits only, as in 1234.") % {"text": text[:40]})
    if len(text) > 10 or int(text) > LARGEST:
        raise Wrong(_("More than %(most)s contacts on one day cannot be.") % {"most": LARGEST})
    return int(text)


def queue_of(text: str) -> str:
    """The one spelling of a queue: composed, without blanks around. Raises Wrong."""
    queue = " ".join(unicodedata.normalize("NFC", text).split())
    if len(queue) > LONGEST["queue"] or not queue.isprintable():
        raise Wrong(_("A queue’s name has at most %(most)s plain characters.") % {"most": LONGEST["queue"]})
    return queue


def source_of(text: str) -> str:
    """Raises Wrong for what is no short name."""
    try:
        validate_slug(text)
    except ValidationError as wrong:
        raise Wrong(_("Name the system that counted with letters, digits and hyphens, as in acd.")) from wrong
    if len(text) > LONGEST["source"]:
        raise Wrong(_("Name the system that counted with letters, digits and hyphens, as in acd."))
    return text


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and values by our names of the columns. Raises TableError, also where a needed column is missing."""
    rows = files.rows(path, *_written_as(path))
    header = next(rows, None)
    if header is None:
        return
    heads = [cell.strip().casefold() for cell in header.cells]
    places = {name: heads.index(word) for name, words in COLUMNS.items() for word in words if word in heads}
    missing = [name for name in NEEDED if name not in places]
    if missing:
        said = {"name": COLUMNS[missing[0]][0], "found": ", ".join(header.cells)[:200]}
        raise files.TableError(_("The first line must name the column “%(name)s”. It says: %(found)s") % said)
    for row in rows:
        yield row.line, {name: row.cells[place].strip() for name, place in places.items() if place < len(row.cells)}


def _written_as(path: Path) -> tuple[str, str]:
    """(encoding, delimiter) of a CSV file: UTF-8 if it is, else as German spreadsheets write."""
    start = path.read_bytes()[:64_000]
    try:
        text, encoding = start.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        text, encoding = start.decode("cp1252", "replace"), "cp1252"
    first = text.splitlines()[0] if text.splitlines() else ""
    return encoding, max(";,\t", key=first.count)


def _count(line: int, given: dict[str, str], today: dt.date) -> Count | Fault:
    readers = {
        "day": lambda text: day_of(text, today),
        "queue": queue_of,
        "source": source_of,
        "contacts": number_of,
    }
    values = {}
    for name, reader in readers.items():
        try:
            values[name] = reader(given.get(name, ""))
        except Wrong as wrong:
            return Fault(line, name, str(wrong))
    return Count(**values)


def _written(text: str) -> dt.date | None:
    text = text.split("T")[0].split(" ")[0]
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return dt.datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def _result(count: Count, known: int | None) -> str:
    if known is None:
        return "created"
    return "unchanged" if known == count.contacts else "updated"
