"""Files that leave the house: no spreadsheet runs a cell of theirs, our own reading gives back what was written."""

import csv
import io
import json
import re
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from surveys import tables
from surveys.ingestion import files

FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
NASTY = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x",
    "x;=1+1;y", "x,=1+1", "x\t=1+1", "x\n=1+1", "x\r\n=1+1", '";=1+1', "x;'=1", "'=1", "''=1", "'x", "x'y",
]  # fmt: skip
cells = st.text(st.sampled_from("=+-@;,\t'\"x1＝\n"), max_size=8) | st.text(
    st.characters(blacklist_categories=["Cs", "Cc"]), max_size=8
)


def written(form, head, rows) -> bytes:
    return b"".join(tables.FORMATS[form][1](head, rows))


def starts_of_cells(text: str, delimiter: str) -> set[str]:
    """The first letters of all cells as a program reads them that takes this delimiter."""
    return {cell[:1] for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for cell in row}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_cell_and_no_head_begins_a_formula_whatever_the_delimiter(delimiter):
    text = written("csv", NASTY, [NASTY, NASTY[::-1]]).decode("utf-8-sig")
    assert [start for start in starts_of_cells(text, delimiter) if FORMULA.match(start)] == []


def test_no_cell_and_no_head_of_an_xlsx_is_a_formula(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(written("xlsx", NASTY, [NASTY]))
    sheet = load_workbook(tmp_path / "a.xlsx").worksheets[0]
    found = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in found} == {"s"}
    assert [cell.value for cell in found if FORMULA.match(cell.value)] == []


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_our_own_reading_gives_back_what_was_written(form, tmp_path):
    rows = [[cell, "end"] for cell in NASTY if "\r" not in cell]  # XML and CSV readers make one line break of two
    path = tmp_path / f"a.{form}"
    path.write_bytes(written(form, ["=head", "end"], rows))
    assert [row.cells for row in files.rows(path, "utf-8", ",")] == [["=head", "end"], *rows]


@given(cell=cells)
def test_escaping_can_be_taken_back_and_leaves_no_formula(cell):
    safe = files.escape(cell)
    assert files._unescape(safe) == cell
    assert not FORMULA.match(safe)
    assert not re.search(r"[;,\t\r\n][=+\-@＝＋－＠]", safe)


@given(table=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=5))
def test_a_csv_is_guarded_as_a_whole_as_if_each_cell_had_been_escaped(table):
    text = written("csv", table[0], table[1:]).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [[files.escape(cell) for cell in row] for row in table]


def test_an_xlsx_holds_no_character_that_xml_cannot_and_is_a_whole_file(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(written("xlsx", ["a"], [["<b>&\x00\x0b\ud800 ü"]]))
    assert zipfile.ZipFile(tmp_path / "a.xlsx").testzip() is None
    sheet = load_workbook(tmp_path / "a.xlsx", read_only=True).worksheets[0]
    assert [row[0] for row in sheet.iter_rows(values_only=True)] == ["a", "<b>& ü"]


def test_json_carries_the_values_as_they_are(now):
    rows = [["=1", 7, None, now], ["ü", 8, "", None]]
    assert json.loads(written("json", ["a", "b", "c", "d"], rows)) == [
        {"a": "=1", "b": 7, "c": None, "d": "2026-11-10T09:00:00Z"},
        {"a": "ü", "b": 8, "c": "", "d": None},
    ]
    assert json.loads(written("json", ["a"], [])) == []


@pytest.mark.parametrize("form", tables.FORMATS)
def test_a_file_is_sent_while_it_is_written(form):
    """The first block leaves long before the last row is read."""
    read = []

    def rows():
        for number in range(50_000):
            read.append(number)
            yield [f"{number * 7919 % 1_000_003} {number}"] * 6

    blocks = tables.FORMATS[form][1](["a", "b", "c", "d", "e", "f"], rows())
    next(blocks)
    assert 0 < len(read) < 25_000
    sizes = [len(block) for block in blocks]
    assert max(sizes) < 4 * tables.BLOCK
    assert len(read) == 50_000
