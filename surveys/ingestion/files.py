"""Tables in files: rows of text from CSV and XLSX, one after the other, with the line that a person would look at.

Every cell comes as text, written as the profile expects it: a date cell as ISO, a number with the profile's decimal
sign. What would exhaust the memory is refused before it is read whole.
"""

import codecs
import csv
import datetime as dt
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from django.utils.translation import gettext as _

MOST_COLUMNS = 500
LONGEST_LINE = 1_000_000  # characters
MOST_UNPACKED = 200_000_000  # bytes in an XLSX, all parts together

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
# The same in mid-cell, where a reader who takes another character for the delimiter begins a new cell.
_INNER = re.compile(r"(?<=[;,\t\r\n])(?='*[=+\-@＝＋－＠])")
_INNER_ESCAPED = re.compile(r"(?<=[;,\t\r\n])'(?='*[=+\-@＝＋－＠])")


class Row(NamedTuple):
    line: int  # as the editor shows it, counted from 1: where the row begins
    cells: list[str]


class TableError(ValueError):
    """The file cannot be read as a table; the message says why and what to do."""


def rows(path: Path, encoding: str, delimiter: str, decimal: str = ".") -> Iterator[Row]:
    """The rows of a file, the header first, empty ones left out. XLSX is known by its content. Raises `TableError`."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise TableError(_("%(file)s cannot be opened: %(error)s") % {"file": path, "error": error.strerror}) from error
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError(_("This is an old Excel file (.xls). Save it as XLSX or CSV."))
    is_xlsx = start.startswith(b"PK\x03\x04")
    for row in _xlsx_rows(path, decimal) if is_xlsx else _csv_rows(path, encoding, delimiter):
        text = "".join(row.cells)
        if text and not text.isspace():
            # What begins with an apostrophe may be an escaped formula; few rows hold one at all.
            yield Row(row.line, [_unescape(cell) for cell in row.cells]) if "'" in text else row


def escape(cell: str) -> str:
    """A cell that no spreadsheet will run: what looks like a formula gets an apostrophe, which reading takes off.

    Also after a delimiter or a line break within the cell: German spreadsheets split at semicolons, whatever we wrote.
    """
    cell = _INNER.sub("'", cell)
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unescape(cell: str) -> str:
    if "'" not in cell:
        return cell
    return _INNER_ESCAPED.sub("", cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell)


def _csv_rows(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    with path.open("rb") as file:
        has_mark = file.read(3) == codecs.BOM_UTF8  # the file itself says so: that beats the profile
    with path.open(encoding="utf-8-sig" if has_mark else encoding, newline="") as file:
        reader = csv.reader(_bounded_lines(file), delimiter=delimiter)
        line = 1
        try:
            for cells in reader:
                if line == 1 and len(cells) > MOST_COLUMNS:
                    raise _too_wide(len(cells))
                yield Row(line, cells)
                line = reader.line_num + 1
        except UnicodeDecodeError as error:
            message = _("The file is not in %(encoding)s. Save it so, or name the right encoding in the profile.")
            raise TableError(message % {"encoding": encoding}) from error
        except csv.Error as error:
            message = _("Line %(line)s cannot be read: %(error)s. Is a quotation mark missing?")
            raise TableError(message % {"line": line, "error": error}) from error


def _bounded_lines(file: Iterable[str]) -> Iterator[str]:
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            message = _("A line has more than %(longest)s characters; this is no table.")
            raise TableError(message % {"longest": LONGEST_LINE})
        yield line


def _too_wide(count: int) -> TableError:
    message = _("The file has %(count)s columns; %(most)s are possible.")
    return TableError(message % {"count": count, "most": MOST_COLUMNS})


def _xlsx_rows(path: Path, decimal: str) -> Iterator[Row]:
    """The first sheet. A short row is filled up to the header: XLSX does not store empty cells at the end."""
    from openpyxl import load_workbook  # 40 ms that a CSV does not need

    _refuse_bomb(path)
    try:
        book = load_workbook(path, read_only=True, data_only=False)  # formulas stay text, nothing is computed
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise TableError(_("This is no readable XLSX file. Save it again, or as CSV.")) from error
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says about its size may be wrong
        width = 0
        for line, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            cells = [_text(value, decimal) for value in values]
            while len(cells) > width and not cells[-1]:
                cells.pop()
            if not width and len(cells) > MOST_COLUMNS:
                raise _too_wide(len(cells))
            width = width or len(cells)
            yield Row(line, cells + [""] * (width - len(cells)))
    finally:
        book.close()


def _refuse_bomb(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
    except zipfile.BadZipFile as error:
        raise TableError(_("This is no readable XLSX file. Save it again, or as CSV.")) from error
    if unpacked > MOST_UNPACKED:
        message = _("Unpacked, the file has %(size)s MB; %(most)s MB are possible. Split it, or save it as CSV.")
        raise TableError(message % {"size": unpacked // 1_000_000, "most": MOST_UNPACKED // 1_000_000})


def _text(value: object, decimal: str) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value).replace(".", decimal)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return str(getattr(value, "text", value))  # an array formula carries its text
