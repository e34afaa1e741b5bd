"""The parts of a dashboard that it fetches by itself: the funnel with its rates at once, the others (themes, parts side
by side, voices, causes) when they come into view.

Each is a page of its own, by the same address: without script, and for whoever passes it on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext as _

from analytics import breakdowns, impact, queries
from analytics.breakdowns import Breakdown
from analytics.counts import By

from . import answers, causes, headlines, parts, sections
from .aims import Line
from .board import View, answered, shown_series
from .headlines import Headline
from .sections import Section, Tab

VOICES = 4


@dataclass(frozen=True)
class Part:
    """What stands in a part's place until it is fetched: its title, leading to its page."""

    name: str
    title: str
    href: str


def parts_of(view: View) -> dict[str, Part]:
    """Those that this address has. A theme is known of answers only: with one chosen, nothing is said of the asked."""
    titles = {"funnel": "" if view.has_theme else sections.funnel_title()}
    titles |= {"themes": "" if view.has_theme else parts.themes_title(view.address.kind), "voices": _("Voices")}
    titles["parts"] = parts.breakdown_title(view.choices[view.breakdown].label) if view.breakdown else ""
    titles["causes"] = _("What goes with the score, and which contacts need not have been")
    return {name: Part(name, title, view.part(name)) for name, title in titles.items() if title}


@dataclass(frozen=True)
class Page:
    """What a part shows: rates for the row of figures, by the name of their place there, and its sections."""

    sections: Sequence[Section]
    figures: Mapping[str, Headline] = field(default_factory=dict)


def page_of(view: View, part: str) -> Page:
    """The part of this name, one of `PARTS`."""
    return PARTS[part](view)


def _funnel(view: View) -> Page:
    if view.has_theme:
        return Page([_one_theme("funnel", sections.funnel_title())])
    client, period, kind = view.scope.client, view.address.period, view.address.kind
    nobody = queries.Funnel(0, 0, 0, 0, (), ())
    found = queries.funnels(client, period, view.where).get(kind, nobody)
    beside = [] if view.where else headlines.beside(queries.beside(client, period, kind), view.language)
    rates = {
        "response-rate": headlines.of_response_rate(found, view.language, beside),
        "coverage": headlines.of_coverage(found, view.language),
    }
    return Page([sections.funnel(found, view.way, view.ledger, view.language)], rates)


def _one_theme(key: str, title: str) -> Section:
    return Section(key, title, missing=(_("One theme is chosen."), _("Take this filter off to see this.")))


def _themes(view: View) -> Page:
    if view.has_theme:
        return Page([_one_theme("themes", parts.themes_title(view.address.kind))])
    found = impact.impacts(view.scope.client, view.address.kind, view.address.period, view.where)
    return Page([parts.themes(found, view.address.kind, view.way, view.scope.is_client, view.language)])


def breakdown_of(view: View) -> Breakdown:
    """By the dimension that is shown, without the teams that the reader is not told by name."""
    client, address, by = view.scope.client, view.address, view.breakdown
    found = breakdowns.breakdown(client, address.kind, address.period, by, view.where, address.before)
    if by != By.TEAM:
        return found
    return replace(found, rows=tuple(row for row in found.rows if not row.value or row.value in view.scope.teams))


def _side_by_side(view: View) -> Page:
    by, address = view.breakdown, view.address
    if not by:
        return Page([Section("parts", _("Side by side"), missing=(
            _("Nothing to set side by side."),
            _("Teams, channels and reasons appear here as soon as there are several."),
        ))])  # fmt: skip
    found = breakdown_of(view)
    tabs = tuple(Tab(view.choices[each].label, address.whole(by=each), each == by) for each in view.breakdowns)
    return Page([replace(parts.breakdown(found, view.choices[by].label, view.way, view.language), tabs=tabs)])


def _voices(view: View) -> Page:
    now = shown_series(view, view.address.kind, [view.address.period], broken=()).now
    said = answers.newest(view.scope, answered(view), now, VOICES, view.language)
    if not said:
        return Page([Section("voices", _("Voices"), missing=answers.why_no_voices(now))])
    says = _("The newest comments. Names and numbers are removed; underlined is what a theme was recognised by.")
    read_on = Line(_("Read all"), view.way(only_comments=True))
    return Page([Section("voices", _("Voices"), says=says, voices=tuple(said), lines=(read_on,))])


def _causes(view: View) -> Page:
    return Page(causes.sections_of(view))


PARTS: dict[str, Callable[[View], Page]] = {
    "funnel": _funnel,
    "themes": _themes,
    "parts": _side_by_side,
    "voices": _voices,
    "causes": _causes,
}
