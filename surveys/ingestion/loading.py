"""One file in: rows to contacts in batches, and a report of what became of each row.

The file is read twice. The first pass counts, and finds the numbers that come more than once; a file that cannot be
read is refused here, before anything is written. In the second pass such rows are only judged; the last valid one of
each number is fetched in a third and stored at the end. Otherwise each run would move the contact to its old state and
back, and a second would change things.

Memory does not grow with the file, only with the numbers that come more than once: some 200 bytes for each of them.
"""

import csv
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from surveys import bulk
from surveys.models import Client, Contact, Customer

from . import MOST, Admitted, Finding, Incoming, Outcome, Refused, files, judge, profiles, store
from .ahead import made_ahead
from .files import Row, TableError
from .profiles import Profile


@dataclass(frozen=True)
class Remark:
    """A finding about one row of the file, with the column as the file names it."""

    line: int
    column: str
    value: str
    reason: str
    code: str
    cells: list[str]


@dataclass
class Report:
    """What a file brought: rows = created + updated + unchanged + outdated + replaced + refused."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    outdated: int = 0  # told before what is known already
    replaced: int = 0  # a later row of the same file has the same number
    refused: Counter[str] = field(default_factory=Counter)  # code → rows
    notes: Counter[str] = field(default_factory=Counter)


class _Judged(NamedTuple):
    """What the gate says of a row, and what the profile noted on it; the row itself where somebody has to see it."""

    verdict: Admitted | Outcome
    notes: list[Finding]
    row: Row | None


class _Winner(NamedTuple):
    """Of rows with one number, the one that counts so far."""

    place: int  # the how-manieth row of the file
    told_at: dt.datetime | None


class _Sieve:
    """Tells which texts may have come before, in 16 MB however many there are: a Bloom filter of two bits a text.

    It never misses a repeat. Of a million different texts it takes some 75 for repeats, which costs those rows the
    detour over the third pass and changes nothing else.
    """

    _BITS = 2**27

    def __init__(self) -> None:
        self._bits = bytearray(self._BITS // 8)

    def has_seen(self, text: str) -> bool:
        """Whether `text` may have come before; from now on it has."""
        mark, has_seen = hash(text), True
        for place in (mark % self._BITS, (mark >> 32) % self._BITS):
            byte, bit = place >> 3, 1 << (place & 7)
            if not self._bits[byte] & bit:
                has_seen = False
                self._bits[byte] |= bit
        return has_seen


def guess(client: Client, path: Path) -> Profile:
    """The profile whose columns the file has; of several the one that uses most. TableError: what each one lacks."""
    fitting, lacking = [], {}
    for name, rules in profiles.available(client).items():
        try:
            profile = Profile(name, rules, client)
            header = next(_rows(path, profile), None)
        except (TableError, ValidationError) as error:
            lacking[name] = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
            continue
        if header is None:
            raise TableError(_("The file is empty."))
        if missing := profile.missing(header.cells):
            lacking[name] = ", ".join(missing)
        else:
            fitting.append(profile)
    if fitting:
        return max(fitting, key=lambda profile: len(profile.columns))
    known = "; ".join(f"{name}: {missing}" for name, missing in lacking.items())
    raise TableError(_("No profile fits this file. What each one misses: %(known)s") % {"known": known})


class FileImport:
    """One run over one file. `count` is known before anything is written; then `run` writes batch by batch."""

    def __init__(self, client: Client, path: Path, profile: Profile):
        self.client, self.path, self.profile = client, path, profile
        self.report = Report()
        self._next_look = 10 * MOST
        self.header, self.count, self._repeated = self._survey()

    def run(
        self,
        at: dt.datetime,
        *,
        is_dry_run: bool = False,
        on_rows: Callable[[int], object] = lambda count: None,
        on_refusal: Callable[[Remark], object] = lambda remark: None,
        on_note: Callable[[Remark], object] = lambda remark: None,
    ) -> Report:
        """Import the file, a transaction per batch; stopped halfway, it can be run again. A dry run rolls back."""
        self._on_refusal, self._on_note = on_refusal, on_note
        winners: dict[str, _Winner] = {}
        batch: list[_Judged] = []
        for place, judged in enumerate(self._judged(self._body())):
            on_rows(1)
            self.report.rows += 1
            if isinstance(judged.verdict, Outcome):
                self._refuse(judged.row, judged.verdict.refusal)
            elif judged.verdict.incoming.external_id in self._repeated:
                self._compete(winners, place, judged.verdict.incoming)
            else:
                batch = self._add(batch, judged, at, is_dry_run)
        places = {winner.place for winner in winners.values()}
        again = (row for place, row in enumerate(self._body()) if place in places)
        for judged in self._judged(again) if places else ():
            batch = self._add(batch, judged, at, is_dry_run)
        self._store(batch, at, is_dry_run)
        return self.report

    def _survey(self) -> tuple[list[str], int, set[str]]:
        table = _rows(self.path, self.profile)
        if (header := next(table, None)) is None:
            raise TableError(_("The file is empty."))
        self.profile.bind(header.cells)
        count, repeated, sieve = 0, set(), _Sieve()
        for row in table:
            count += 1
            if sieve.has_seen(external_id := self.profile.external_id(row)):
                repeated.add(external_id)
        return header.cells, count, repeated

    def _body(self) -> Iterator[Row]:
        table = _rows(self.path, self.profile)
        next(table)
        return table

    def _judged(self, rows: Iterator[Row]) -> Iterator[_Judged]:
        chunks = iter(lambda: [self._judge(row) for row in islice(rows, MOST)], [])
        for chunk in made_ahead(chunks) if self.count > MOST else chunks:
            yield from chunk

    def _judge(self, row: Row) -> _Judged:
        try:
            incoming, notes = self.profile.read(row)
        except Refused as refused:
            return _Judged(Outcome("refused", refusal=refused.finding), [], row)
        verdict = judge(incoming)
        notes += verdict.notes
        return _Judged(verdict, notes, row if notes or isinstance(verdict, Outcome) else None)

    def _compete(self, winners: dict[str, _Winner], place: int, incoming: Incoming) -> None:
        """Of rows with one number the last valid one counts, unless by its own account it is older than another."""
        best, told_at = winners.get(incoming.external_id), incoming.told_at
        if best and told_at and best.told_at and told_at < best.told_at:
            self.report.outdated += 1
            return
        self.report.replaced += best is not None
        winners[incoming.external_id] = _Winner(place, told_at or (best and best.told_at))

    def _add(self, batch: list[_Judged], judged: _Judged, at: dt.datetime, is_dry_run: bool) -> list[_Judged]:
        """The batch with one more; a new one once it is full and stored."""
        batch.append(judged)
        if len(batch) < MOST:
            return batch
        self._store(batch, at, is_dry_run)
        return []

    def _store(self, batch: list[_Judged], at: dt.datetime, is_dry_run: bool) -> None:
        with transaction.atomic():
            outcomes = store(self.client, [judged.verdict for judged in batch], at)
            transaction.set_rollback(is_dry_run)
        self._look_again()
        for judged, outcome in zip(batch, outcomes, strict=True):
            setattr(self.report, outcome.kind, getattr(self.report, outcome.kind) + 1)
            for note in judged.notes:
                self.report.notes[note.code] += 1
                self._on_note(self._remark(judged.row, note))

    def _look_again(self) -> None:
        """After ten batches, and whenever there are twice as many: the file may be the first of its client."""
        if self.report.created >= self._next_look:
            self._next_look = 2 * self.report.created
            bulk.look_again(Contact, ("client_id", "source", "external_id"))
            bulk.look_again(Customer, ("client_id", "key"))

    def _refuse(self, row: Row, finding: Finding) -> None:
        self.report.refused[finding.code] += 1
        self._on_refusal(self._remark(row, finding))

    def _remark(self, row: Row, finding: Finding) -> Remark:
        column = self.profile.column_of(finding.field)
        return Remark(row.line, column, finding.value, finding.message, finding.code, row.cells)


def _rows(path: Path, profile: Profile) -> Iterator[Row]:
    return files.rows(path, profile.encoding, profile.delimiter, profile.decimal)


class RejectsFile:
    """Refused rows as CSV, with the reason before the cells as they came: mended, the file can be imported as it is."""

    def __init__(self, file: TextIO, header: list[str], delimiter: str):
        self._writer = csv.writer(file, delimiter=delimiter)
        self._write([_("Refused: line"), _("Refused: column"), _("Refused: value"), _("Refused: reason"), *header])

    def add(self, remark: Remark) -> None:
        self._write([str(remark.line), remark.column, remark.value, remark.reason, *remark.cells])

    def _write(self, cells: list[str]) -> None:
        self._writer.writerow([files.escape(cell) for cell in cells])
