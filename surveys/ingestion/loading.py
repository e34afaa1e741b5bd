"""One file in: rows to contacts in batches, and a report of what became of each row.

The file is read twice. The first pass counts, and finds the numbers that come more than once; a file that cannot be
read is refused here, before anything is written. In the second pass such rows wait for the end, when only the last
valid one counts: otherwise each run would move the contact to its old state and back, and a second would change things.
"""

import csv
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from surveys.models import Client

from . import MOST, Finding, Incoming, Refused, admit, files, profiles, receive
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
    """What a file brought: rows = created + updated + unchanged + replaced + refused."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    replaced: int = 0  # a later row of the same file has the same number
    refused: Counter[str] = field(default_factory=Counter)  # code → rows
    notes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Read:
    row: Row
    incoming: Incoming
    notes: list[Finding]


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
        batch: list[_Read] = []
        waiting: dict[str, _Read] = {}
        for row in self._body():
            on_rows(1)
            self.report.rows += 1
            if (read := self._read(row)) is None:
                continue
            if read.incoming.external_id in self._repeated:
                self._keep_waiting(waiting, read)
                continue
            batch.append(read)
            if len(batch) == MOST:
                self._store(batch, at, is_dry_run)
                batch = []
        batch += waiting.values()
        for start in range(0, len(batch), MOST):
            self._store(batch[start : start + MOST], at, is_dry_run)
        return self.report

    def _survey(self) -> tuple[list[str], int, set[str]]:
        table = _rows(self.path, self.profile)
        if (header := next(table, None)) is None:
            raise TableError(_("The file is empty."))
        self.profile.bind(header.cells)
        count, seen, repeated = 0, set(), set()
        for row in table:
            count += 1
            external_id = self.profile.external_id(row)
            (repeated if external_id in seen else seen).add(external_id)
        return header.cells, count, repeated

    def _body(self) -> Iterator[Row]:
        table = _rows(self.path, self.profile)
        next(table)
        return table

    def _read(self, row: Row) -> _Read | None:
        try:
            return _Read(row, *self.profile.read(row))
        except Refused as refused:
            self._refuse(row, refused.finding)
            return None

    def _keep_waiting(self, waiting: dict[str, _Read], read: _Read) -> None:
        try:
            admit(read.incoming)
        except Refused as refused:
            self._refuse(read.row, refused.finding)
            return
        external_id = read.incoming.external_id
        self.report.replaced += external_id in waiting
        waiting[external_id] = read

    def _store(self, batch: list[_Read], at: dt.datetime, is_dry_run: bool) -> None:
        with transaction.atomic():
            outcomes = receive(self.client, [read.incoming for read in batch], at)
            transaction.set_rollback(is_dry_run)
        for read, outcome in zip(batch, outcomes, strict=True):
            if outcome.refusal:
                self._refuse(read.row, outcome.refusal)
                continue
            setattr(self.report, outcome.kind, getattr(self.report, outcome.kind) + 1)
            for note in (*read.notes, *outcome.notes):
                self.report.notes[note.code] += 1
                self._on_note(self._remark(read.row, note))

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
