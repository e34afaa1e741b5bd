"""Charts: one specification, drawn as SVG for pages and as PNG for mails, with a sentence that says the same.

Colours are roles of the house's tokens.css: an SVG keeps them as variables, so that dark mode works without style or
script of its own (a strict CSP holds); a PNG gets their light values. Nothing is smoothed, the interval is always
drawn, zero is always on the axis. The drawing libraries cost 0.7 s and some 150 MB: imported when first needed.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics import figures
from analytics.figures import Unit
from analytics.periods import Period
from analytics.scores import Estimate

if TYPE_CHECKING:
    import altair

WIDTH, HEIGHT = 536, 300
"""CSS pixels: the text column of a mail."""
PNG_SCALE = 2
FONT_SIZE = 16
"""Large, because a telephone shrinks the picture in a mail."""

# CSS pixels inside the picture. Tick labels stand left of the first point, the last value above the band.
LEFT, RIGHT = 62, 500
TOP, BOTTOM = 32, 246
LABELS_AT, YEARS_AT = 274, 294
MOST_LABELS = 5

LIMITS = {"points": (-100, 100), "percent": (0, 100)}
TICK_STEPS = {"points": (10, 20, 25, 50), "percent": (10, 20, 25)}
NO_FIGURE = {"de": "zu wenige Antworten", "en": "too few answers"}

TOKENS = Path(__file__).resolve().parent.parent / "surveys" / "static" / "nachklang" / "tokens.css"
FONT = "var(--nk-sans)"
FONT_IN_PICTURES = "Liberation Sans, DejaVu Sans, Arial, sans-serif"
PAPER, INK, QUIET_INK = "var(--nk-paper)", "var(--nk-ink)", "var(--nk-ink-3)"
LINE, BAND, EDGE = "var(--nk-chart-line)", "var(--nk-chart-band)", "var(--nk-chart-band-edge)"
GRID, ZERO = "var(--nk-chart-grid)", "var(--nk-chart-zero)"

Row = dict[str, Any]


@dataclass(frozen=True)
class TrendPoint:
    """One period and its short name on the axis. No estimate (too few answers) leaves a gap in line and band."""

    label: str
    period: Period
    estimate: Estimate | None


@dataclass(frozen=True)
class Chart:
    """A finished picture: a Vega-Lite specification as JSON, and the sentence that stands for it."""

    specification: str
    sentence: str

    def description(self) -> str:
        """Text for those who do not see the picture; names every value."""
        return self.sentence

    def svg(self) -> str:
        """Inline SVG for pages, as wide as its place. All text in it is escaped: safe to insert as markup."""
        import vl_convert

        root = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" '
            f'role="img" aria-label="{escape(self.sentence)}">'
        )
        return re.sub(r"^<svg[^>]*>", lambda _: root, _bare(vl_convert.vegalite_to_svg(self.specification)))

    def png(self) -> bytes:
        """PNG of 1072 x 600 pixels, to be shown at 536 x 300, in light colours on paper."""
        import vl_convert

        return vl_convert.vegalite_to_png(_in_light_colours(self.specification), scale=PNG_SCALE)


def trend(points: Sequence[TrendPoint], *, language: str, unit: Unit = "points", title: str) -> Chart:
    """A score over consecutive periods, oldest first: line, dots and interval band; the last value is labelled.

    The title is not drawn, it opens the description: "NPS je Monat". ValueError if no point has an estimate: the page
    then says what is missing instead of showing an empty chart.
    """
    last = max((place for place, point in enumerate(points) if point.estimate), default=None)
    if last is None:
        raise ValueError("nothing to draw: no period has an estimate")
    specification = _trend_layers(points, last, language, unit).to_dict()
    return Chart(json.dumps(specification, sort_keys=True), _trend_sentence(points, last, language, unit, title))


def _trend_sentence(points: Sequence[TrendPoint], last: int, language: str, unit: Unit, title: str) -> str:
    """NPS je Monat, 1. März bis 31. Oktober 2026: März: 25, April: 23, ..., Oktober: 31 (24 bis 38)."""
    values = [f"{_period_said(point.period, language)}: {_value_said(point, language, unit)}" for point in points]
    values[last] += f" ({figures.interval(points[last].estimate, unit, language)})"
    span = figures.day_span(points[0].period.first_on, points[-1].period.last_on, language)
    return f"{title}, {span}: {', '.join(values)}."


def _period_said(period: Period, language: str) -> str:
    """A name for lists, in which the years are already said."""
    if period.kind == "month":
        return figures.month_long(period.first_on, language)
    if period.kind == "week":
        return figures.week_number(period.first_on, language)
    return figures.period_name(period, language)


def _value_said(point: TrendPoint, language: str, unit: Unit) -> str:
    if point.estimate is None:
        return NO_FIGURE[language[:2]]
    return _figure(point.estimate.value, language, unit)


def _figure(value: float, language: str, unit: Unit) -> str:
    return (figures.percent if unit == "percent" else figures.points)(value, language=language)


def _trend_layers(points: Sequence[TrendPoint], last: int, language: str, unit: Unit) -> "altair.LayerChart":
    import altair as alt

    rows = _rows(points)
    bottom, top, ticks = _upright_axis(rows, unit)
    exact = {"zero": False, "nice": False}
    y = {"axis": None, "scale": alt.Scale(domain=[bottom, top], range=[BOTTOM, TOP], **exact)}
    x = alt.X("place:Q", axis=None, scale=alt.Scale(domain=_places(points), range=[LEFT, RIGHT], **exact))
    tick_rows = [{"at": tick, "label": _figure(tick, language, unit)} for tick in ticks]
    value_row = rows[-1] | {"label": _value_said(points[last], language, unit)}
    layers = [
        *_grid(tick_rows, y),
        *_band(rows, x, y),
        _across([{"at": 0}], y, ZERO),
        *_line(rows, value_row, x, y),
        *_period_labels(points, last, x),
    ]
    return (
        alt.layer(*layers)
        .properties(width=WIDTH, height=HEIGHT, padding=0, background=PAPER)
        .configure(font=FONT, aria=False, autosize=alt.AutoSizeParams(type="none"))
        .configure_view(stroke=None)
    )


def _rows(points: Sequence[TrendPoint]) -> list[Row]:
    """The estimates to draw. A gap ends a run; line and band connect within a run only."""
    rows, run = [], 0
    for place, point in enumerate(points):
        if point.estimate is None:
            run += 1
        else:
            estimate = point.estimate
            rows.append({"place": place, "run": run, "at": estimate.value, "low": estimate.low, "high": estimate.high})
    return rows


def _places(points: Sequence[TrendPoint]) -> list[float]:
    return [0, len(points) - 1] if len(points) > 1 else [-1, 1]


def _upright_axis(rows: list[Row], unit: Unit) -> tuple[float, float, list[int]]:
    """Bottom, top and few round ticks for the whole band and zero; where the unit goes below zero, so does the axis."""
    low, high = min(0, *(row["low"] for row in rows)), max(0, *(row["high"] for row in rows))
    steps = TICK_STEPS[unit]
    step = next((step for step in steps if high - low <= 3 * step), steps[-1])
    bottom = max(LIMITS[unit][0], min(math.floor(2 * low / step) * step / 2, -step / 4))
    top = math.ceil(2 * high / step) * step / 2
    ticks = range(math.ceil(bottom / step) * step, math.floor(top / step) * step + 1, step)
    return bottom, top, list(ticks)


def _across(rows: list[Row], y: dict, colour: str) -> "altair.Chart":
    import altair as alt

    lines = alt.Chart(alt.Data(values=rows)).mark_rule(color=colour, strokeWidth=1)
    return lines.encode(x=alt.value(0), x2=alt.value(WIDTH), y=alt.Y("at:Q", **y))


def _grid(rows: list[Row], y: dict) -> Iterable["altair.Chart"]:
    import altair as alt

    labels = alt.Chart(alt.Data(values=rows)).mark_text(
        color=QUIET_INK, fontSize=FONT_SIZE, align="left", baseline="bottom", dy=-3
    )
    yield _across(rows, y, GRID)
    yield labels.encode(x=alt.value(0), y=alt.Y("at:Q", **y), text="label:N")


def _band(rows: list[Row], x: Any, y: dict) -> Iterable["altair.Chart"]:
    """The interval, always with edges. A point between two gaps has no width: its interval is an upright bar."""
    import altair as alt

    runs = [row["run"] for row in rows]
    joined = alt.Chart(alt.Data(values=[row for row in rows if runs.count(row["run"]) > 1]))
    alone = alt.Chart(alt.Data(values=[row for row in rows if runs.count(row["run"]) == 1]))
    low, high = alt.Y("low:Q", **y), alt.Y2("high:Q")
    yield joined.mark_area(color=BAND).encode(x=x, y=low, y2=high, detail="run:N")
    for edge in ("low:Q", "high:Q"):
        yield joined.mark_line(color=EDGE, strokeWidth=1).encode(x=x, y=alt.Y(edge, **y), detail="run:N")
    yield alone.mark_bar(size=10, fill=BAND, stroke=EDGE, strokeWidth=1).encode(x=x, y=low, y2=high)


def _line(rows: list[Row], value_row: Row, x: Any, y: dict) -> Iterable["altair.Chart"]:
    """The measured values, dots and figure with a rim of paper; the last dot is larger, its figure above the band."""
    import altair as alt

    measured, last = alt.Chart(alt.Data(values=rows)), alt.Chart(alt.Data(values=[value_row]))
    value = alt.Y("at:Q", **y)
    dot = {"filled": True, "opacity": 1, "fill": LINE, "stroke": PAPER, "strokeWidth": 1.5}
    yield measured.mark_line(color=LINE, strokeWidth=2, strokeJoin="round").encode(x=x, y=value, detail="run:N")
    yield measured.mark_circle(size=42, **dot).encode(x=x, y=value)
    yield last.mark_circle(size=95, **dot).encode(x=x, y=value)
    for paint in ({"color": PAPER, "stroke": PAPER, "strokeWidth": 5}, {"color": INK}):
        figure = last.mark_text(**paint, fontSize=FONT_SIZE, fontWeight="bold", baseline="bottom", dy=-5)
        yield figure.encode(x=x, y=alt.Y("high:Q", **y), text="label:N")


def _period_labels(points: Sequence[TrendPoint], last: int, x: Any) -> Iterable["altair.Chart"]:
    """Few names of periods, counted back from the last value, which is bold; a year where it begins to hold."""
    import altair as alt

    step = math.ceil((len(points) - 1) / (MOST_LABELS - 1)) or 1
    named = [place for place in range(len(points)) if (place - last) % step == 0]
    years = [_year(points[place].period) for place in named]
    new_years = [year if year != before else "" for year, before in zip(years, [None, *years], strict=False)]
    names = [{"place": place, "label": points[place].label} for place in named]
    year_rows = [{"place": place, "label": str(year)} for place, year in zip(named, new_years, strict=True) if year]
    for rows, at, colour, weight in (
        ([row for row in names if row["place"] != last], LABELS_AT, QUIET_INK, "normal"),
        ([row for row in names if row["place"] == last], LABELS_AT, INK, "bold"),
        (year_rows, YEARS_AT, QUIET_INK, "normal"),
    ):
        text = alt.Chart(alt.Data(values=rows)).mark_text(
            color=colour, fontSize=FONT_SIZE, fontWeight=weight, baseline="alphabetic"
        )
        yield text.encode(x=x, y=alt.value(at), text="label:N")


def _year(period: Period) -> int:
    return period.first_on.isocalendar().year if period.kind == "week" else period.first_on.year


def _bare(svg: str) -> str:
    """Without the renderer's class names, roles and unpainted frames: to assistive technology it is one picture."""
    unframed = re.sub(r'<path class="(?:back|fore)ground"[^>]*/>', "", svg)
    return re.sub(r'<g class="[^>]*?(/?)>', r"<g\1>", unframed)


def _in_light_colours(specification: str) -> str:
    """Variables replaced by values, for a picture that no style sheet reaches."""
    with_font = specification.replace(FONT, FONT_IN_PICTURES)
    return re.sub(r"var\(--nk-[\w-]+\)", lambda match: _light_value(match.group()), with_font)


def _light_value(text: str) -> str:
    reference = re.fullmatch(r"var\(--([\w-]+)\)", text)
    return _light_value(_light_tokens()[reference.group(1)]) if reference else text


@cache
def _light_tokens() -> dict[str, str]:
    """The first :root block of tokens.css; the dark ones come after it."""
    block = TOKENS.read_text(encoding="utf-8").partition(":root {")[2].partition("\n}")[0]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", block))
