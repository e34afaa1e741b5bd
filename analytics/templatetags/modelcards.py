"""How a model card looks: shares with their intervals as words and as bars, the calibration plot, the weeks.

Positions across are percentages, upright ones pixels, so that type keeps its size; no inline style. Each picture stands
beside the same figures as text and is hidden from assistive technology.
"""

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from analytics import drift, figures
from analytics.models import DriftAlert
from analytics.scores import Estimate, round_half_away
from surveys.models import Login

register = template.Library()

MIDDLE, BAR_HEIGHT = 8, 16  # pixels
SQUARE, PLOT_TOP = 220, 12  # of the calibration plot
WEEKS_HEIGHT, WEEKS_TOP = 92, 26
SHOWN_ALERTS = 5
SHARES = (DriftAlert.Kind.UNCLASSIFIED, DriftAlert.Kind.THEME, DriftAlert.Kind.UNSEEN)

Interval = Sequence[float] | None
"""[value, low, high] as a card keeps it, from 0 to 1."""


@register.filter
def share(part: float | None) -> str:
    """86.3 %, of a share from 0 to 1."""
    return figures.percent(None if part is None else 100 * part, 1, language=_language())


@register.filter
def value_of(interval: Interval) -> str:
    """The value alone, in whole percent: the interval stands beside it."""
    return figures.percent(100 * interval[0] if interval else None, language=_language())


@register.filter
def span_of(interval: Interval) -> str:
    """75 % to 93 %."""
    if not interval:
        return figures.NO_DATA
    value, low, high = (100 * part for part in interval)
    return figures.interval(Estimate(value, low, high, 0), "percent", _language())


@register.filter
def decimal(number: float | None) -> str:
    """0.42"""
    return figures.points(number, 2, language=_language())


@register.filter
def thousands(n: int) -> str:
    return figures.count(n, language=_language())


@register.filter
def written(day: dt.date) -> str:
    """22 November 2026"""
    return f"{figures.date_short(day, _language())} {day.year}"


@register.filter
def written_short(day: dt.date) -> str:
    """17 August"""
    return figures.date_short(day, _language())


@register.filter
def reader_name(version: str) -> str:
    """“de-3”, or what reads without a label, in words."""
    return _("keyword rules") if version.startswith("rules") else version


@register.filter
def bar(interval: Interval, is_enough: bool = True) -> SafeString:
    """Dot and whisker on a line from 0 to 100 %; without enough evidence a dashed whisker and no dot."""
    if not interval:
        return mark_safe("")
    value, low, high = (_across(part) for part in interval)
    whisker = '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>'
    kind = "c-whisker" if is_enough else "c-whisker-quiet"
    parts = [
        format_html(whisker, "c-grid", "0%", "100%", MIDDLE, MIDDLE),
        format_html(whisker, kind, low, high, MIDDLE, MIDDLE),
    ]
    if is_enough:
        parts.append(format_html('<circle class="c-dot" cx="{}" cy="{}" r="4.5"/>', value, MIDDLE))
    return _svg("bar", BAR_HEIGHT, parts)


@register.filter
def reliability(bins: Sequence[Sequence[float]]) -> SafeString:
    """What the model said against what came true; on the diagonal it can be taken at its word."""
    edge = '<line class="{}" x1="0%" x2="100%" y1="{}" y2="{}"/>'
    bottom = PLOT_TOP + SQUARE
    parts = [format_html(edge, "c-grid", y, y) for y in (PLOT_TOP, PLOT_TOP + SQUARE / 2)]
    parts += [format_html(edge, "c-zero", bottom, bottom), format_html(edge, "c-break", bottom, PLOT_TOP)]
    parts += [
        format_html('<text x="0%" y="{}" dy="-3">{}</text>', y, figures.percent(level, language=_language()))
        for level, y in ((100, PLOT_TOP), (50, PLOT_TOP + SQUARE / 2))
    ]
    for said, came, _count in bins:
        at = f"{bottom - SQUARE * came:.1f}"
        parts.append(format_html('<circle class="c-dot" cx="{}" cy="{}" r="5"/>', _across(said), at))
    parts += [
        format_html('<text x="{}" y="{}" text-anchor="{}">{}</text>', f"{level}%", bottom + 18, anchor, label)
        for level, anchor in ((0, "start"), (50, "middle"), (100, "end"))
        for label in [figures.percent(level, language=_language())]
    ]
    return _svg("plot", bottom + 24, parts)


@register.filter
def line(values: Sequence[float | None]) -> SafeString:
    """One measurement by week, oldest first, from zero; None leaves a gap, the last value is labelled."""
    known = [value for value in values if value is not None]
    if not known:
        return mark_safe("")
    top, last = max(*known, 0.01), max(place for place, value in enumerate(values) if value is not None)
    points = [
        None if value is None else (_placed(place, len(values)), WEEKS_TOP + (1 - value / top) * WEEKS_HEIGHT)
        for place, value in enumerate(values)
    ]
    bottom = WEEKS_TOP + WEEKS_HEIGHT
    parts = [format_html('<line class="c-zero" x1="0%" x2="100%" y1="{}" y2="{}"/>', bottom, bottom)]
    for one, other in pairwise(points):
        if one and other:
            shape = '<line class="c-line" x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}"/>'
            parts.append(mark_safe(shape.format(*one, *other)))  # numbers of our own only
    for place, point in enumerate(points):
        if point:
            shape = '<circle class="c-dot" cx="{}" cy="{:.1f}" r="{}"/>'
            parts.append(mark_safe(shape.format(*point, 5 if place == last else 3.5)))
    x, y = points[last]
    label = '<text class="strong" x="{}" y="{}" dy="-11" text-anchor="middle">{}</text>'
    parts.append(format_html(label, x, f"{y:.1f}", share(values[last])))
    return _svg("weeks", bottom + 4, parts)


@register.filter
def moved(alert: DriftAlert) -> str:
    """What moved, from where to where: “Unclassified: 31 % instead of 20 %”."""
    written = share if alert.kind in SHARES else decimal
    what = {
        DriftAlert.Kind.UNCLASSIFIED: _("More comments remain unclassified"),
        DriftAlert.Kind.MARGIN: _("The model is less sure"),
        DriftAlert.Kind.UNSEEN: _("More words that the model has never seen"),
        DriftAlert.Kind.THEME: _("“%(theme)s” much more often")
        if alert.found > alert.expected
        else _("“%(theme)s” much less often"),
    }[DriftAlert.Kind(alert.kind)]
    words = {"theme": alert.theme, "found": written(alert.found), "expected": written(alert.expected)}
    return f"{what % words}: {_('%(found)s instead of %(expected)s') % words}"


@register.filter
def odds(chance: float) -> str:
    """How rarely chance moves anything so far: “once in 4,000 weeks”, in round numbers."""
    if chance <= 1e-6:
        return _("less than once in a million weeks")
    weeks = 1 / chance
    rounded = round_half_away(weeks, 1 - len(str(int(weeks))))
    return _("once in %(weeks)s weeks") % {"weeks": figures.count(rounded, language=_language())}


@register.simple_tag
def moves_of(login: Login) -> list[DriftAlert]:
    """What moved at the clients whose analyst this is and nobody has marked as seen, newest first."""
    return list(drift.unseen(login)[:SHOWN_ALERTS])


def _svg(kind: str, height: float, parts: list[SafeString]) -> SafeString:
    inner = format_html_join("", "{}", ((part,) for part in parts))
    shape = '<svg class="chart chart-{}" height="{:.0f}" aria-hidden="true" focusable="false">'
    return format_html("{}{}</svg>", mark_safe(shape.format(kind, height)), inner)


def _across(part: float) -> str:
    return f"{100 * part:.2f}%"


def _placed(place: int, count: int) -> str:
    """Within the picture, so that the first and the last label have room."""
    return f"{6 + 88 * place / max(count - 1, 1):.2f}%"


def _language() -> str:
    return (get_language() or "en")[:2]
