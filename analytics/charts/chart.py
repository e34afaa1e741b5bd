"""A finished chart: a drawing, a sentence that says the same, and the same rows as a table; some are lists on pages."""

from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from . import drawing
from .drawing import Drawing


@dataclass(frozen=True)
class TableRow:
    """The first cell names the row; `href` leads to the answers behind it, where there is a way."""

    cells: tuple[str, ...]
    href: str = ""


@dataclass(frozen=True)
class Table:
    caption: str
    heads: tuple[str, ...]
    rows: tuple[TableRow, ...]


@dataclass(frozen=True)
class Words:
    """A part of a sentence; `href` where it leads to what it speaks of."""

    text: str
    href: str = ""


@dataclass(frozen=True)
class Loss:
    """How many fewer than the step before, and for which reasons."""

    number: Words
    reasons: tuple[Words, ...] = ()


@dataclass(frozen=True)
class Piece:
    """One row of a chart that pages show as a list: its words, and its part of the drawing.

    `value` is empty where only the interval may be told (`is_thin`); `loss` is said below it.
    """

    name: str
    note: str
    value: str
    interval: str
    drawing: Drawing
    href: str = ""
    is_thin: bool = False
    loss: Loss | None = None

    @property
    def svg(self) -> SafeString:
        return mark_safe(self.drawing.fluid())  # escaped where it was written


@dataclass(frozen=True)
class Chart:
    """One specification for page (SVG), mail (PNG) and paper (PDF). `axis` has the words above the pieces."""

    drawing: Drawing
    sentence: str
    table: Table
    pieces: tuple[Piece, ...] = ()
    axis: Drawing | None = None

    def description(self) -> str:
        """Text for those who do not see the picture; names every value."""
        return self.sentence

    @property
    def has_links(self) -> bool:
        return self.drawing.has_links

    def svg(self) -> SafeString:
        """Inline SVG for pages, as wide as its place, its type as large as the page's; safe to insert as markup."""
        return mark_safe(self.drawing.fluid(self.sentence))  # escaped where it was written

    @property
    def axis_svg(self) -> SafeString:
        return mark_safe(self.axis.fluid()) if self.axis else mark_safe("")

    def png(self) -> bytes:
        """To be shown 536 CSS pixels wide, with twice as many pixels, in light colours on paper."""
        return drawing.png(self.drawing)

    def pdf(self) -> bytes:
        """One page of the drawing's size, in light colours on paper."""
        return drawing.pdf(self.drawing)
