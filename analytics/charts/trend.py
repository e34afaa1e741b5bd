"""A score over consecutive periods: line, dots and interval band, with series breaks and initiatives marked.

Nothing is smoothed and the interval is always drawn. A gap, and a series break, end the line: no band leads across.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics import figures
from analytics.figures import Unit
from analytics.periods import Period
from analytics.scores import VALUE_FROM, Estimate

from .axes import Upright, written
from .chart import Chart, Table, TableRow
from .drawing import Dot, Drawing, Line, Link, Mark, Rect, Shape, Text

HEIGHT, SMALL_HEIGHT = 300, 56
GUTTER = 0.07  # of the width: before the first period, for the labels of the ticks
BOTTOM, LABELS_AT, YEARS_AT = 246, 270, 288  # pixels from above, in a drawing without marks
LEVEL = 17  # pixels: one line of words above the plot
MOST_LABELS, MOST_LEVELS = 5, 4
NO_FIGURE = {"de": "zu wenige Antworten", "en": "too few answers"}


@dataclass(frozen=True)
class TrendPoint:
    """One period and its short name on the axis. No estimate (too few answers) leaves a gap in line and band.

    Below `VALUE_FROM` answers only the range is drawn. `href` leads to the answers of the period.
    """

    label: str
    period: Period
    estimate: Estimate | None
    href: str = ""

    @property
    def is_firm(self) -> bool:
        return self.estimate is not None and self.estimate.n >= VALUE_FROM


@dataclass(frozen=True)
class Break:
    """From this day on the series is another one: other wording, scale or sampling."""

    on: dt.date
    why: str


@dataclass(frozen=True)
class Event:
    """Something that was tried from this day on, and may have had its effect from `until` on."""

    on: dt.date
    name: str
    until: dt.date | None = None


def trend(
    points: Sequence[TrendPoint],
    *,
    language: str,
    unit: Unit = "points",
    title: str,
    breaks: Sequence[Break] = (),
    events: Sequence[Event] = (),
    target: float | None = None,
) -> Chart:
    """Oldest first; the last value is labelled. The title is not drawn, it opens the description: "NPS je Monat".

    ValueError if no point has an estimate: the page then says what is missing instead of showing an empty chart.
    """
    with translation.override(language):
        plot = _Plot(points, unit, language, breaks, events, target)
        return Chart(plot.drawing(), _sentence(points, language, unit, title), _table(points, language, unit, title))


def small_trend(points: Sequence[TrendPoint], *, unit: Unit, breaks: Sequence[Break] = ()) -> Drawing | None:
    """Line and band without words, to stand beside a figure; None if there are not two values to join."""
    if sum(point.is_firm for point in points) < 2:
        return None
    plot = _Plot(points, unit, "en", breaks, (), None, small=True)
    return Drawing(SMALL_HEIGHT, tuple(plot.small_marks()))


class _Plot:
    def __init__(self, points, unit, language, breaks, events, target, small: bool = False) -> None:
        if not any(point.estimate for point in points):
            raise ValueError("nothing to draw: no period has an estimate")
        self.points, self.unit, self.language, self.target = list(points), unit, language, target
        self.last = max(place for place, point in enumerate(points) if point.estimate)
        self.breaks = [each for each in breaks if self._is_within(each.on)]
        self.events = [each for each in events if self._is_within(each.on)]
        self.gutter = 0 if small else GUTTER
        self.lift = 0 if small else LEVEL * min(len(self.breaks) + len(self.events), MOST_LEVELS)
        bounds = [bound for point in points if point.estimate for bound in (point.estimate.low, point.estimate.high)]
        bounds += [] if target is None else [target]
        top, bottom = (4, SMALL_HEIGHT - 4) if small else (self._y(32), self._y(BOTTOM))
        self.axis = Upright(bounds, unit, top, bottom)

    def drawing(self) -> Drawing:
        marks = [
            *self._run_ins(),
            *self.axis.grid(),
            *self._bands(),
            *self.axis.zero_and_labels(self.language),
            *self._promised(),
            *self._lines(),
            *self._marked(),
            *self._dots(),
            *self._names(),
            *self._last_value(),
        ]
        return Drawing(HEIGHT + self.lift, tuple(marks))

    def small_marks(self) -> list[Mark]:
        zero = self.axis.at(0)
        last = Dot(self._x(self.last), self.axis.at(self.points[self.last].estimate.value), 3.5)
        return [*self._bands(), Line(0, zero, 1, zero, "zero"), *self._lines(), last]

    # --- Places -------------------------------------------------------------------------------------------------------

    def _y(self, y: float) -> float:
        return y + self.lift

    def _slot(self) -> float:
        return (1 - self.gutter) / len(self.points)

    def _x(self, place: float) -> float:
        """The middle of a period's slot."""
        return self.gutter + (place + 0.5) * self._slot()

    def _day_at(self, day: dt.date) -> float:
        for place, point in enumerate(self.points):
            period = point.period
            if day <= period.last_on:
                within = (day - period.first_on).days / ((period.last_on - period.first_on).days + 1)
                return self.gutter + (place + max(0.0, within)) * self._slot()
        return 1.0

    def _is_within(self, day: dt.date) -> bool:
        return self.points[0].period.first_on < day <= self.points[-1].period.last_on

    def _runs(self) -> list[list[int]]:
        """Places to be joined: neighbours with a firm estimate, and no series break between them."""
        cuts = [self._day_at(each.on) for each in self.breaks]
        firm = [place for place, point in enumerate(self.points) if point.is_firm]
        keys = [(place - number, sum(cut <= self._x(place) for cut in cuts)) for number, place in enumerate(firm)]
        paired = groupby(zip(keys, firm, strict=True), key=lambda pair: pair[0])
        return [[place for _key, place in pairs] for _run, pairs in paired]

    # --- Marks --------------------------------------------------------------------------------------------------------

    def _bands(self) -> list[Mark]:
        """The interval, always with edges. A point between two gaps has no width: its interval is an upright bar."""
        marks: list[Mark] = []
        for run in self._runs():
            estimates = [self.points[place].estimate for place in run]
            high = [(self._x(p), self.axis.at(e.high)) for p, e in zip(run, estimates, strict=True)]
            low = [(self._x(p), self.axis.at(e.low)) for p, e in zip(run, estimates, strict=True)]
            if len(run) == 1:
                (x, top), (_x, bottom) = high[0], low[0]
                marks.append(Rect(x - 0.01, top, 0.02, bottom - top, "band"))
            else:
                marks += [Shape((*high, *reversed(low)), "band"), Shape(tuple(high), "edge"), Shape(tuple(low), "edge")]
        for place, point in enumerate(self.points):
            if point.estimate and not point.is_firm:
                x, found = self._x(place), point.estimate
                marks.append(Line(x, self.axis.at(found.high), x, self.axis.at(found.low), "whisker-quiet"))
        return marks

    def _lines(self) -> list[Mark]:
        runs = [run for run in self._runs() if len(run) > 1]
        return [
            Shape(tuple((self._x(place), self.axis.at(self.points[place].estimate.value)) for place in run), "line")
            for run in runs
        ]

    def _dots(self) -> list[Mark]:
        """Each leads to the answers of its period; the whole column can be pressed."""
        marks: list[Mark] = []
        for place, point in enumerate(self.points):
            found = point.estimate
            radius = 5 if place == self.last else 3.5
            dot = (Dot(self._x(place), self.axis.at(found.value), radius),) if point.is_firm else ()
            if point.href and found:
                x = self._x(place) - self._slot() / 2
                hit = Rect(x, self._y(8), self._slot(), BOTTOM - 8, "hit")
                marks.append(Link(point.href, _told(point, self.language, self.unit), (hit, *dot)))
            else:
                marks += dot
        return marks

    def _last_value(self) -> list[Mark]:
        point = self.points[self.last]
        if not point.is_firm:
            return []
        y = self.axis.at(point.estimate.high) - 7
        said = written(point.estimate.value, self.unit, self.language)
        return [Text(self._x(self.last), y, said, "middle", "strong", has_rim=True)]

    def _run_ins(self) -> list[Mark]:
        """The time in which an initiative need not show an effect yet."""
        spans = [(self._day_at(each.on), self._day_at(each.until)) for each in self.events if each.until]
        height = BOTTOM + 12 - 32
        return [Rect(left, self._y(32), right - left, height, "runin") for left, right in spans if right > left]

    def _marked(self) -> list[Mark]:
        """Breaks and initiatives in the order of time, each with its words on a line of its own."""
        told = [(each.on, each.why, "break", "strong") for each in self.breaks]
        told += [(each.on, each.name, "event", "event") for each in self.events]
        lines: list[Mark] = []
        texts: list[Mark] = []
        for number, (on, words, paint, ink) in enumerate(sorted(told)):
            x, y = self._day_at(on), 14 + LEVEL * (number % MOST_LEVELS)
            side, dx = ("end", -8) if x > 0.5 else ("start", 8)
            lines.append(Line(x, y - 10, x, self._y(BOTTOM + 12), paint))
            texts.append(Text(x, y, _short(words), side, ink, dx=dx, has_rim=True))
        return [*lines, *texts]

    def _promised(self) -> list[Mark]:
        """The target, as long as there is one."""
        if self.target is None:
            return []
        y = self.axis.at(self.target)
        said = f"{pgettext('in a chart', 'target')} {written(self.target, self.unit, self.language)}"
        return [Line(self.gutter, y, 1, y, "target"), Text(self.gutter, y - 5, said, has_rim=True)]

    def _names(self) -> list[Mark]:
        """Few names of periods where it is narrow, counted back from the last value, which is bold; a year where it
        begins to hold."""
        step = math.ceil((len(self.points) - 1) / (MOST_LABELS - 1)) or 1
        everywhere = [place for place in range(len(self.points)) if (place - self.last) % step == 0]
        marks: list[Mark] = []
        for place, point in enumerate(self.points):
            ink, on = ("strong" if place == self.last else ""), ("" if place in everywhere else "wide")
            marks.append(Text(self._x(place), self._y(LABELS_AT), point.label, "middle", ink, on))
        wide, narrow = self._years(range(len(self.points))), self._years(everywhere)
        for place, year in sorted((wide | narrow).items()):
            on = "" if place in wide and place in narrow else "wide" if place in wide else "narrow"
            marks.append(Text(self._x(place), self._y(YEARS_AT), year, "middle", "", on))
        return marks

    def _years(self, named: Sequence[int]) -> dict[int, str]:
        if self.points[0].period.kind == "year":
            return {}
        years = [_year(self.points[place].period) for place in named]
        new = zip(named, years, [None, *years], strict=False)
        return {place: str(year) for place, year, before in new if year != before}


def _year(period: Period) -> int:
    return period.first_on.isocalendar().year if period.kind == "week" else period.first_on.year


def _short(words: str, most: int = 30) -> str:
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"


def _sentence(points: Sequence[TrendPoint], language: str, unit: Unit, title: str) -> str:
    """NPS je Monat, 1. März bis 31. Oktober 2026: März: 25, April: 23, ..., Oktober: 31 (24 bis 38)."""
    last = max(place for place, point in enumerate(points) if point.estimate)
    values = [f"{_period_said(point.period, language)}: {_value_said(point, language, unit)}" for point in points]
    if points[last].is_firm:
        values[last] += f" ({figures.interval(points[last].estimate, unit, language)})"
    span = figures.day_span(points[0].period.first_on, points[-1].period.last_on, language)
    return f"{title}, {span}: {', '.join(values)}."


def _told(point: TrendPoint, language: str, unit: Unit) -> str:
    """October 2026: 31 (24 to 38), n = 512."""
    name = figures.period_name(point.period, language)
    range_ = figures.interval(point.estimate, unit, language)
    value = f"{written(point.estimate.value, unit, language)} ({range_})" if point.is_firm else range_
    return f"{name}: {value}, {figures.evidence(point.estimate.n, language)}"


def _table(points: Sequence[TrendPoint], language: str, unit: Unit, title: str) -> Table:
    heads = (_("Period"), _("Value"), pgettext("interval", "from"), pgettext("interval", "to"), "n")
    return Table(title, heads, tuple(_row(point, language, unit) for point in points))


def _row(point: TrendPoint, language: str, unit: Unit) -> TableRow:
    name, found = figures.period_name(point.period, language), point.estimate
    if found is None:
        return TableRow((name, figures.NO_DATA, figures.NO_DATA, figures.NO_DATA, figures.NO_DATA))
    value, low, high = (written(v, unit, language, digits=1) for v in (found.value, found.low, found.high))
    shown = value if point.is_firm else figures.NO_DATA
    return TableRow((name, shown, low, high, figures.count(found.n, language)), point.href)


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
    if not point.is_firm:
        return figures.interval(point.estimate, unit, language)
    return written(point.estimate.value, unit, language)


def axis_label(period: Period, language: str) -> str:
    """The name of a period below a chart: Okt, KW 45, Q3, 2026."""
    if period.kind == "week":
        return figures.week_number(period.first_on, language)
    if period.kind == "month":
        return figures.month_short(period.first_on, language)
    if period.kind == "quarter":
        return f"Q{(period.first_on.month + 2) // 3}"
    return str(period.first_on.year)
