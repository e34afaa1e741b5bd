"""Tables that leave the house as files: CSV, XLSX and JSON, written while they are read, so that memory stays flat.

Every cell of CSV and XLSX is text, head included, and none is run by a spreadsheet: what looks like a formula gets an
apostrophe, which our own reading takes off again (`ingestion.files`). JSON carries the values as they are.

CSV has commas and a point, in every language, and its mark says that it is UTF-8: one form that every program reads.
A German Excel opens it by *Data, From Text*; whoever wants to double-click takes XLSX.
"""

import csv
import datetime as dt
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from xml.sax.saxutils import escape as xml

from django.http import StreamingHttpResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from .ingestion.files import escape

Cell = str | int | dt.datetime | None
BLOCK = 64 * 1024  # bytes gathered before they are sent
LONGEST_SHEET = 1_048_576  # rows of an XLSX sheet, head included

# `files.escape` over a whole block of CSV at once: where a cell begins, and after a delimiter or line break within one.
# A quotation mark that begins a cell stands alone (within one they are doubled), first or after a comma or line feed;
# and rows end in `_END` until the block is guarded, so that no cell seems to begin where one ends.
_END = "\0\r\n"
_GUARDED = re.compile(
    r"""['=+\-@\t\r\n＝＋－＠]
        (?: (?: (?<=[,\n]".) | (?<=^".) ) (?: (?<=[^']) | (?='*[=+\-@\t\r\n＝＋－＠]) )
          | (?<=[;,\t\r\n].) (?: (?<=[=+\-@＝＋－＠]) | (?<=') (?='*[=+\-@＝＋－＠]) ) )""",
    re.VERBOSE | re.DOTALL,
)
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")  # what XML 1.0 cannot hold
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# The parts that make a sheet an XLSX file, without the sheet itself (ECMA-376, parts 1 and 2).
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="Nachklang" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


class _Outbox(io.RawIOBase):
    """What a writer has written so far and nobody has sent yet."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:
        self.parts.append(bytes(data))
        self.size += len(data)
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self.parts)
        self.parts, self.size = [], 0
        return taken


def as_csv(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """UTF-8 with its mark, commas, every cell in quotation marks: spreadsheets read umlauts and numbers as they are."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator=_END)
    mark = "\ufeff"
    for row in chain([head], rows):
        writer.writerow([_moment(cell) if type(cell) is dt.datetime else cell for cell in row])
        if buffer.tell() >= BLOCK:
            yield (mark + _guarded(buffer.getvalue())).encode("utf-8", "replace")
            buffer.seek(0), buffer.truncate()
            mark = ""
    yield (mark + _guarded(buffer.getvalue())).encode("utf-8", "replace")


def _guarded(block: str) -> str:
    """Whole rows of CSV, every cell in quotation marks, as if each cell had been escaped on its own."""
    return _GUARDED.sub(r"'\g<0>", block).replace(_END, "\r\n")


def as_xlsx(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """One sheet. Cells are inline text, which no spreadsheet computes."""
    outbox = _Outbox()
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _PARTS.items():
            archive.writestr(name, _XML + content)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            for row in chain([head], rows):
                sheet.write(_xlsx_row(row))
                if outbox.size >= BLOCK:
                    yield outbox.take()
            sheet.write(b"</sheetData></worksheet>")
    yield outbox.take()


def as_json(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """A list of objects, one a line."""
    block, size, before = [b"["], 1, b"\n"
    for row in rows:
        told = dict(zip(head, row, strict=True))
        block.append(before + json.dumps(told, ensure_ascii=False, default=_moment).encode("utf-8", "replace"))
        before = b",\n"
        size += len(block[-1])
        if size >= BLOCK:
            yield b"".join(block)
            block, size = [], 0
    yield b"".join([*block, b"\n]\n"])


FORMATS: dict[str, tuple[str, Callable[..., Iterator[bytes]]]] = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "xlsx": (f"{_TYPE}.sheet", as_xlsx),
    "json": ("application/json", as_json),
}


def download(name: str, form: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> StreamingHttpResponse:
    """A file of one of `FORMATS`, sent as it is made. `name` has no ending and only letters, digits, hyphens.

    Whoever may have more rows than `LONGEST_SHEET` looks before: half a file cannot be called back.
    """
    content_type, write = FORMATS[form]
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{form}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingHttpResponse(write(head, rows), content_type=content_type, headers=headers)


def too_long(n: int) -> str:
    """Why so many rows are no XLSX, and what to do."""
    message = _("An XLSX sheet holds 1,048,575 rows; these are %(n)s. Take CSV or JSON, or a shorter period.")
    return message % {"n": number_format(n, force_grouping=True)}


def _xlsx_row(row: Sequence[Cell]) -> bytes:
    cells = (xml(_NO_XML.sub("", _text(cell))) for cell in row)
    told = "".join(f'<c t="inlineStr"><is><t xml:space="preserve">{cell}</t></is></c>' for cell in cells)
    return f"<row>{told}</row>".encode()


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return escape(_moment(cell)) if isinstance(cell, dt.datetime) else escape(str(cell))


def _moment(at: dt.datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
