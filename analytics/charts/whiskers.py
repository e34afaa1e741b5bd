"""Estimates in rows, each a dot with its 95 % interval; a zero line, or the score of all, runs through them.

On a page every row is a piece of a list, so that long names wrap and can be pressed; in a picture they are one drawing.
Below `VALUE_FROM` answers there is a dashed bar and no dot. Rows stay in the order in which they are given.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics import figures
from analytics.figures import Unit
from analytics.scores import VALUE_FROM, Estimate

from .axes import LIMITS, Level, written
from .chart import Chart, Piece, Table, TableRow
from .drawing import Dot, Drawing, Line, Link, Mark, Rect, Text

ROW_HEIGHT, PICTURE_ROW, RULER_HEIGHT, AXIS_HEIGHT = 36, 46, 26, 20  # pixels
SEAM = 8  # pixels by which the line through all rows reaches into the next one
NAMES_UNTIL, VALUES_FROM = 0.42, 0.74  # of the width of a picture: names on the left, figures on the right
LONGEST_NAME = 26  # characters, in a picture


@dataclass(frozen=True)
class WhiskerRow:
    """`note` is what stands below the name; `href` leads to the answers."""

    name: str
    note: str
    estimate: Estimate
    href: str = ""

    @property
    def is_firm(self) -> bool:
        return self.estimate.n >= VALUE_FROM


@dataclass(frozen=True)
class _Style:
    """An effect is a difference: signed, with one decimal, around zero. A score lies on its scale."""

    unit: Unit
    language: str
    is_effect: bool
    level: Level
    line_at: float

    def value(self, value: float, digits: int) -> str:
        return written(value, self.unit, self.language, digits, sign=self.is_effect)

    def interval(self, found: Estimate) -> str:
        bounds = (self.value(bound, 1 if self.is_effect else 0) for bound in (found.low, found.high))
        return figures.between(*bounds, self.language)

    def row(self, row: WhiskerRow) -> tuple[str, str]:
        """Value and interval as they stand beside the row; no value where only the range may be told."""
        value = self.value(row.estimate.value, 1 if self.is_effect else 0) if row.is_firm else ""
        return value, self.interval(row.estimate)


def whiskers(
    rows: Sequence[WhiskerRow],
    *,
    language: str,
    unit: Unit = "points",
    title: str,
    head: str,
    is_effect: bool = False,
    line_at: float = 0,
    ends: tuple[str, str] = ("", ""),
) -> Chart:
    """`head` names what a row is; the line through all rows is at `line_at`, `ends` say what lies to both sides of it.

    ValueError without rows.
    """
    if not rows:
        raise ValueError("nothing to draw: no rows")
    level = Level.around_zero(row.estimate for row in rows) if is_effect else Level(*LIMITS[unit])
    style = _Style(unit, language, is_effect, level, line_at)
    marks = [mark for place, row in enumerate(rows) for mark in _in_picture(row, place, style)]
    said = "; ".join(_said(row, style) for row in rows)
    with translation.override(language):
        heads = (head, "n", _("Value"), pgettext("interval", "from"), pgettext("interval", "to"))
        table = Table(title, heads, tuple(_cells(row, style) for row in rows))
    drawing = Drawing(PICTURE_ROW * len(rows) + 8, tuple(marks))
    axis = _axis(style, ends) if any(ends) else None
    return Chart(drawing, f"{title}. {said}.", table, tuple(_piece(row, style) for row in rows), axis)


def ruler(estimate: Estimate, unit: Unit, language: str) -> Drawing:
    """One estimate on the whole scale, with zero."""
    level = Level(*LIMITS[unit])
    first, last = (written(bound, unit if bound else "points", language) for bound in LIMITS[unit])
    middle = [Text(level.at(0), 26, "0", "middle")] if unit == "points" else []
    dot = [Dot(level.at(estimate.value), 8, 4.5)] if estimate.n >= VALUE_FROM else []
    marks = [
        Line(0, 8, 1, 8, "grid"),
        Line(level.at(0), 2, level.at(0), 14, "zero"),
        Line(level.at(estimate.low), 8, level.at(estimate.high), 8, "span"),
        *dot,
        Text(0, 26, first),
        *middle,
        Text(1, 26, last, "end"),
    ]
    return Drawing(RULER_HEIGHT, tuple(marks))


def rate(percent: float, language: str) -> Drawing:
    """A rate that counts everyone has no interval: a bar on the whole scale."""
    ends = [Text(0, 26, "0"), Text(1, 26, figures.percent(100, language=language), "end")]
    return Drawing(RULER_HEIGHT, (Rect(0, 7, 1, 2, "rest"), Rect(0, 4, percent / 100, 8, "bar"), *ends))


def _axis(style: _Style, ends: tuple[str, str]) -> Drawing:
    at = style.level.at(style.line_at)
    middle = Text(at, 14, style.value(style.line_at, 0), "middle", "strong")
    return Drawing(AXIS_HEIGHT, (Text(0, 14, ends[0]), middle, Text(1, 14, ends[1], "end")))


def _piece(row: WhiskerRow, style: _Style) -> Piece:
    line = Line(style.level.at(style.line_at), -SEAM, style.level.at(style.line_at), ROW_HEIGHT + SEAM, "zero")
    found = _found(row, style.level.at, ROW_HEIGHT / 2)
    if row.href:
        found = [Link(row.href, _said(row, style), (Rect(0, 0, 1, ROW_HEIGHT, "hit"), *found))]
    value, interval = style.row(row)
    return Piece(row.name, row.note, value, interval, Drawing(ROW_HEIGHT, (line, *found)), row.href, not row.is_firm)


def _found(row: WhiskerRow, at: Callable[[float], float], y: float) -> list[Mark]:
    paint = "whisker" if row.is_firm else "whisker-quiet"
    dot = [Dot(at(row.estimate.value), y, 5.5)] if row.is_firm else []
    return [Line(at(row.estimate.low), y, at(row.estimate.high), y, paint), *dot]


def _in_picture(row: WhiskerRow, place: int, style: _Style) -> list[Mark]:
    def at(value: float) -> float:
        return NAMES_UNTIL + (VALUES_FROM - NAMES_UNTIL) * style.level.at(value)

    top = 4 + place * PICTURE_ROW
    value, interval = style.row(row)
    name = row.name if len(row.name) <= LONGEST_NAME else f"{row.name[: LONGEST_NAME - 1].rstrip()}…"
    return [
        Line(at(style.line_at), top, at(style.line_at), top + PICTURE_ROW, "zero"),
        *_found(row, at, top + PICTURE_ROW / 2),
        Text(0, top + 18, name, ink="strong"),
        Text(0, top + 38, row.note),
        Text(1, top + 18, value, "end", "strong"),
        Text(1, top + 38, interval, "end"),
    ]


def _cells(row: WhiskerRow, style: _Style) -> TableRow:
    found = row.estimate
    value, low, high = (style.value(bound, 1) for bound in (found.value, found.low, found.high))
    shown = value if row.is_firm else figures.NO_DATA
    return TableRow((row.name, figures.count(found.n, style.language), shown, low, high), row.href)


def _said(row: WhiskerRow, style: _Style) -> str:
    value, interval = style.row(row)
    return f"{row.name}: {value} ({interval})" if value else f"{row.name}: {interval}"
