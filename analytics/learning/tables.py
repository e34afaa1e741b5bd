"""Labelled texts and keyword lists as people keep them in files; what is wrong is said with row, column and mend."""

import csv
from collections.abc import Sequence
from pathlib import Path

import yaml
from django.utils.translation import gettext as _

from analytics.learning.examples import Example

SEPARATOR = "|"  # between the labels of one text


class TableError(Exception):
    """Says to a person what is wrong with a file and how to mend it."""


def read_table(path: Path, text: str, labels: str, single: bool = False) -> list[Example]:
    """The examples of a tab-separated file with a header, in UTF-8; a row without a label is an example of none.

    Quotation marks are ordinary characters, unless only reading them as quotes gives every row its columns: some
    programs wrap texts of several lines in them. TableError with row, column and mend.
    """
    return [_example(row[text], row[labels], single) for row in read_rows(path, text, labels)]


def read_rows(path: Path, *needed: str) -> list[dict[str, str]]:
    """The rows of such a file by column, one at least. TableError, too, for a column that is needed and missing."""
    header, *rows = _rows(_content(path), path.name)
    for column in needed:
        if column not in header:
            raise TableError(
                _("%(file)s has no column “%(column)s”. It has: %(columns)s. Name the right one.")
                % {"file": path.name, "column": column, "columns": ", ".join(header)}
            )
    if not rows:
        raise TableError(_("%(file)s has a header, but no row.") % {"file": path.name})
    return [dict(zip(header, row, strict=True)) for row in rows]


def read_keywords(path: Path) -> dict:
    """A mapping from label to words in YAML: a list, one text with commas, or lists by kind (good, bad, topic)."""
    try:
        keywords = yaml.safe_load(_content(path))
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise TableError(
            _("%(file)s is not valid YAML: look at line %(line)s.") % {"file": path.name, "line": line}
        ) from error
    if not isinstance(keywords, dict) or not keywords:
        raise TableError(
            _("%(file)s should hold one line per label, such as “SERVICE: [kind, staff]”.") % {"file": path.name}
        )
    return {str(label): words for label, words in keywords.items()}


def _content(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\0", "")
    except OSError as error:
        raise TableError(_("%(file)s cannot be read: %(why)s.") % {"file": path, "why": error.strerror}) from error
    except UnicodeDecodeError as error:
        row = error.object[: error.start].count(b"\n") + 1
        raise TableError(
            _("%(file)s is not in UTF-8 (line %(row)s). Save it as “UTF-8” and try again.")
            % {"file": path.name, "row": row}
        ) from error


def _rows(content: str, name: str) -> list[list[str]]:
    plain = _parsed(content, csv.QUOTE_NONE)
    if not plain:
        raise TableError(_("%(file)s is empty. It needs a header and labelled texts.") % {"file": name})
    if (row := _odd_row(plain)) is None:
        return plain
    quoted = _parsed(content, csv.QUOTE_MINIMAL)
    if _odd_row(quoted) is None:
        return quoted
    raise TableError(
        _("%(file)s, row %(row)s has %(found)s columns instead of %(wanted)s. Look for a missing or surplus tab.")
        % {"file": name, "row": row + 1, "found": len(plain[row]), "wanted": len(plain[0])}
    )


def _parsed(content: str, quoting: int) -> list[list[str]]:
    csv.field_size_limit(max(csv.field_size_limit(), len(content) + 1))
    lines = (line + "\n" for line in content.split("\n"))
    return [row for row in csv.reader(lines, delimiter="\t", quoting=quoting) if row]


def _odd_row(rows: Sequence[Sequence[str]]) -> int | None:
    return next((place for place, row in enumerate(rows) if len(row) != len(rows[0])), None)


def _example(said: str, labels: str, single: bool) -> Example:
    given = [labels] if single else labels.split(SEPARATOR)
    return Example(said, {label.strip(): 0 for label in given if label.strip()})
