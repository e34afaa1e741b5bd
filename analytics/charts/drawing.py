"""Marks on a sheet, and the two ways to put them down: fluid for pages, fixed for mails and papers.

Across, every place is a share of the width (0 to 1); downwards it is CSS pixels. On a page shares become percentages,
so that type and strokes keep their size at every width; in a picture they become pixels. Colours are roles of
tokens.css: a page keeps them as variables, so that dark mode works without style or script of its own (a strict CSP
holds), a picture gets their light values.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Literal

PICTURE_WIDTH = 536
"""CSS pixels: the text column of a mail."""
PICTURE_SCALE = 2
PAGE_FONT_SIZE, PICTURE_FONT_SIZE = 13, 16
"""Larger in pictures, because a telephone shrinks them in a mail."""

TOKENS = Path(__file__).resolve().parents[2] / "surveys" / "static" / "nachklang" / "tokens.css"
FONT = "var(--nk-sans)"
FONT_IN_PICTURES = "Liberation Sans, DejaVu Sans, Arial, sans-serif"
PAPER = "var(--nk-paper)"

# What each kind of mark is painted with. The names are those of the style sheets.
PAINTS = {
    "grid": 'stroke="var(--nk-chart-grid)"',
    "zero": 'stroke="var(--nk-chart-zero)"',
    "band": 'fill="var(--nk-chart-band)"',
    "edge": 'fill="none" stroke="var(--nk-chart-band-edge)"',
    "line": 'fill="none" stroke="var(--nk-chart-line)" stroke-width="2" stroke-linejoin="round"',
    "dot": f'fill="var(--nk-chart-line)" stroke="{PAPER}" stroke-width="1.5"',
    "whisker": 'stroke="var(--nk-chart-line)" stroke-width="2"',
    "whisker-quiet": 'stroke="var(--nk-passive)" stroke-width="2" stroke-dasharray="2 2"',
    "span": 'stroke="var(--nk-chart-band-edge)" stroke-width="6"',
    "break": 'stroke="var(--nk-chart-break)" stroke-dasharray="4 4"',
    "event": 'stroke="var(--nk-chart-event)" stroke-width="2"',
    "runin": 'fill="var(--nk-chart-event-wash)"',
    "target": 'stroke="var(--nk-chart-event)" stroke-dasharray="2 4"',
    "promoter": 'fill="var(--nk-promoter)"',
    "passive": 'fill="var(--nk-passive)"',
    "detractor": 'fill="var(--nk-detractor)"',
    "bar": 'fill="var(--nk-chart-bar)"',
    "rest": 'fill="var(--nk-chart-quiet)"',
    "hit": 'class="c-hit" fill="transparent"',
}
INKS = {"": "var(--nk-ink-3)", "strong": "var(--nk-ink)", "event": "var(--nk-chart-event)"}

Width = Literal["", "wide", "narrow"]


@dataclass(frozen=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    paint: str


@dataclass(frozen=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    paint: str


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    radius: float
    paint: str = "dot"


@dataclass(frozen=True)
class Text:
    """`ink` is a key of INKS; `on` says where there is room for it: everywhere, on wide pages only, or on narrow pages
    and in pictures. `dx` is in pixels. `has_rim`: in a rim of paper, where it may lie on a line."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"] = "start"
    ink: str = ""
    on: Width = ""
    dx: float = 0
    has_rim: bool = False


@dataclass(frozen=True)
class Shape:
    """Points joined by lines: closed and filled where the paint fills."""

    points: tuple[tuple[float, float], ...]
    paint: str


@dataclass(frozen=True)
class Link:
    """Marks that lead to an address, and what stands there when one points at them. In pictures only the marks stay."""

    href: str
    says: str
    marks: tuple["Mark", ...]


Mark = Line | Rect | Dot | Text | Shape | Link


@dataclass(frozen=True)
class Drawing:
    """Marks on a sheet of this height. Whatever text is in them is escaped where it is written."""

    height: int
    marks: tuple[Mark, ...]

    @property
    def has_links(self) -> bool:
        return any(isinstance(mark, Link) for mark in self.marks)

    def fluid(self, sentence: str = "") -> str:
        """Inline SVG, as wide as its place: safe to insert as markup.

        One picture with a name, for those who do not see it; hidden from them where it has no name or where it is full
        of links, which then stand in the table or list beside it.
        """
        named = f'role="img" aria-label="{escape(sentence)}"'
        hidden = 'aria-hidden="true" focusable="false"'
        root = f'<svg class="chart" height="{self.height}" {named if sentence and not self.has_links else hidden}>'
        return f"{root}{_Fluid(self.height).written(self.marks)}</svg>"

    def fixed(self) -> str:
        """The same as a picture of `PICTURE_WIDTH`, in light colours on paper."""
        size = f'width="{PICTURE_WIDTH}" height="{self.height}"'
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {PICTURE_WIDTH} {self.height}" {size} '
            f'font-family="{FONT_IN_PICTURES}"><rect {size} fill="{PAPER}"/>'
            f"{_Fixed(self.height).written(self.marks)}</svg>"
        )
        return re.sub(r"var\(--nk-[\w-]+\)", lambda match: light_value(match.group()), svg)


class _Pen(ABC):
    """Writes marks as SVG; a subclass says what a place across is."""

    font_size = PAGE_FONT_SIZE

    def __init__(self, height: int) -> None:
        self.height = height

    @abstractmethod
    def across(self, share: float) -> str:
        """A share of the width."""

    @abstractmethod
    def type_of(self, mark: Text) -> str:
        """The attributes of a text's face and size."""

    @abstractmethod
    def shape(self, mark: Shape) -> str: ...

    @abstractmethod
    def link(self, mark: Link) -> str: ...

    def written(self, marks: Iterable[Mark]) -> str:
        return "".join([getattr(self, type(mark).__name__.lower())(mark) for mark in marks])

    def line(self, mark: Line) -> str:
        x1, x2 = self.across(mark.x1), self.across(mark.x2)
        return f'<line x1="{x1}" y1="{_n(mark.y1)}" x2="{x2}" y2="{_n(mark.y2)}" {PAINTS[mark.paint]}/>'

    def rect(self, mark: Rect) -> str:
        place = f'x="{self.across(mark.x)}" y="{_n(mark.y)}" width="{self.across(mark.width)}"'
        return f'<rect {place} height="{_n(mark.height)}" {PAINTS[mark.paint]}/>'

    def dot(self, mark: Dot) -> str:
        return f'<circle cx="{self.across(mark.x)}" cy="{_n(mark.y)}" r="{_n(mark.radius)}" {PAINTS[mark.paint]}/>'

    def text(self, mark: Text) -> str:
        place = f'x="{self.across(mark.x)}" y="{_n(mark.y)}"' + (f' dx="{_n(mark.dx)}"' if mark.dx else "")
        ink = f'fill="{INKS[mark.ink]}"' + (' font-weight="600"' if mark.ink else "")
        rim = f' stroke="{PAPER}" stroke-width="4" paint-order="stroke"' if mark.has_rim else ""
        anchor = "" if mark.anchor == "start" else f' text-anchor="{mark.anchor}"'
        return f"<text {place}{anchor} {ink}{rim}{self.type_of(mark)}>{escape(mark.text)}</text>"


class _Fluid(_Pen):
    def across(self, share: float) -> str:
        return f"{_n(100 * share, 2)}%"

    def type_of(self, mark: Text) -> str:
        """Face and size come from the page's style sheet."""
        return f' class="only-{mark.on}"' if mark.on else ""

    def shape(self, mark: Shape) -> str:
        """Points know no percentages: they lie on a sheet of their own, stretched to the width."""
        points = " ".join(f"{_n(1000 * x)},{_n(y)}" for x, y in mark.points)
        tag = "polygon" if PAINTS[mark.paint].startswith('fill="var') else "polyline"
        shape = f'<{tag} points="{points}" {PAINTS[mark.paint]} vector-effect="non-scaling-stroke"/>'
        return f'<svg width="100%" viewBox="0 0 1000 {self.height}" preserveAspectRatio="none">{shape}</svg>'

    def link(self, mark: Link) -> str:
        """For pointers. Keys and screen readers find the same links in the table or list beside."""
        return (
            f'<a href="{escape(mark.href)}" tabindex="-1"><title>{escape(mark.says)}</title>'
            f"{self.written(mark.marks)}</a>"
        )


class _Fixed(_Pen):
    def across(self, share: float) -> str:
        return _n(PICTURE_WIDTH * share)

    def text(self, mark: Text) -> str:
        return "" if mark.on == "wide" else super().text(mark)

    def type_of(self, mark: Text) -> str:
        return f' font-size="{PICTURE_FONT_SIZE}"'

    def shape(self, mark: Shape) -> str:
        points = " ".join(f"{_n(PICTURE_WIDTH * x)},{_n(y)}" for x, y in mark.points)
        tag = "polygon" if PAINTS[mark.paint].startswith('fill="var') else "polyline"
        return f'<{tag} points="{points}" {PAINTS[mark.paint]}/>'

    def link(self, mark: Link) -> str:
        return self.written(mark.marks)

    def rect(self, mark: Rect) -> str:
        return "" if mark.paint == "hit" else super().rect(mark)


def png(drawing: Drawing) -> bytes:
    """PNG, twice as many pixels as CSS pixels. The library is imported when first needed: most processes never draw."""
    import vl_convert

    return vl_convert.svg_to_png(drawing.fixed(), scale=PICTURE_SCALE)


def pdf(drawing: Drawing) -> bytes:
    """One page of PDF of the drawing's size; its letters stay letters."""
    import vl_convert

    return vl_convert.svg_to_pdf(drawing.fixed())


def light_value(text: str) -> str:
    """What a variable of tokens.css stands for in light colours; anything else stays."""
    reference = re.fullmatch(r"var\(--([\w-]+)\)", text)
    return light_value(_light_tokens()[reference.group(1)]) if reference else text


@cache
def _light_tokens() -> dict[str, str]:
    """The first :root block of tokens.css; the dark ones come after it."""
    block = TOKENS.read_text(encoding="utf-8").partition(":root {")[2].partition("\n}")[0]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", block))


def _n(value: float, digits: int = 1) -> str:
    """A short decimal: 12.5, 3, never -0."""
    return f"{round(value, digits) + 0.0:g}" if abs(value) < 100_000 else f"{value:.0f}"
