"""The form above a dashboard: periods, comparison and filters to choose from, and the filters that hold now."""

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _

from analytics import periods
from analytics.counts import By
from analytics.periods import Period
from surveys.models import Group

from .address import BEFORE, LAST_YEAR, NONE, WIDE, Address, Known
from .choices import USUAL, Choices, Dimension
from .headlines import period_short
from .scope import Scope

OFFERED = {"month": 13, "week": 9, "quarter": 6, "year": 3}
"""How many periods of a kind stand in the list; any other can be asked for by address, and then stands there, too."""


@dataclass(frozen=True)
class Option:
    value: str
    name: str
    is_chosen: bool


@dataclass(frozen=True)
class Field:
    """A list to choose from. `groups`: (heading, options); without a heading, they stand at the top."""

    name: str
    label: str
    groups: tuple[tuple[str, tuple[Option, ...]], ...]

    @property
    def is_set(self) -> bool:
        first = self.groups[0][1][0]
        return not first.is_chosen


@dataclass(frozen=True)
class Form:
    """`usual` fields are always in view, `more` open on demand; `hidden` are kept as they are."""

    usual: tuple[Field, ...]
    more: tuple[Field, ...]
    hidden: tuple[tuple[str, str], ...]
    reset: str

    @property
    def has_more_set(self) -> bool:
        return any(field.is_set for field in self.more)


@dataclass(frozen=True)
class Narrowing:
    """A filter that holds, in words, and the address without it."""

    text: str
    without: str


def form(scope: Scope, address: Address, choices: Choices, known: Known, at: dt.datetime, language: str) -> Form:
    """All lists of the page that this address leads to."""
    shown = [by for by in choices if by not in scope.fixed or len(scope.fixed[by]) > 1]
    fields = {by: _filter(by, address, choices[by], by in scope.fixed) for by in shown}
    usual = [_period_field(address, known, at, language), *_compare(address)]
    hidden = [("kind", address.kind), *([("by", address.by)] if address.by else [])]
    return Form(
        usual=(*usual, *(field for by, field in fields.items() if by in USUAL)),
        more=tuple(field for by, field in fields.items() if by not in USUAL),
        hidden=tuple(hidden),
        reset=address.query(where={}, **WIDE) if address.where else "",
    )


def narrowing(address: Address, choices: Choices) -> list[Narrowing]:
    """What a list of answers is narrowed to, beyond the period."""
    found = [
        Narrowing(f"{choices[by].label}: {choices[by].names[value]}", address.without(by))
        for by, value in address.where.items()
    ]
    if address.score is not None:
        found.append(Narrowing(_("Score: %s") % address.score, address.query(score=None)))
    if address.group:
        found.append(Narrowing(str(Group(address.group).label), address.query(group="")))
    if address.tone and By.THEME in address.where:
        names = {"criticised": _("Theme criticised"), "praised": _("Theme praised")}
        found.append(Narrowing(names[address.tone], address.query(tone="")))
    if address.only_comments:
        found.append(Narrowing(_("With a comment"), address.query(only_comments=False)))
    return found


def _filter(by: str, address: Address, dimension: Dimension, is_pinned: bool) -> Field:
    chosen = address.where.get(by)
    options = [
        Option(value or NONE, name, value == chosen)
        for value, name in sorted(dimension.names.items(), key=lambda pair: (not pair[0], pair[1].casefold()))
    ]
    everything = () if is_pinned else (Option("", _all(by), chosen is None),)
    return Field(str(by), dimension.label, (("", (*everything, *options)),))


def _all(by: str) -> str:
    names = {
        By.TEAM: _("All teams"),
        By.CHANNEL: _("All channels"),
        By.REASON: _("All reasons"),
        By.LANGUAGE: _("All languages"),
        By.SEGMENT: _("All segments"),
        By.THEME: _("All themes"),
        By.SURVEY: _("All surveys"),
        By.AGENT: _("All agents"),
    }
    return names.get(by, _("All"))


def _compare(address: Address) -> list[Field]:
    if address.period.kind == "year":
        return []
    options = (
        Option("", _("The period before"), address.compare == BEFORE),
        Option(LAST_YEAR, _("The year before"), address.compare == LAST_YEAR),
    )
    return [Field("compare", _("Compared with"), (("", options),))]


def _period_field(address: Address, known: Known, at: dt.datetime, language: str) -> Field:
    headings = {"month": _("Months"), "week": _("Weeks"), "quarter": _("Quarters"), "year": _("Years")}
    groups = []
    for kind, most in OFFERED.items():
        offered = _offered(address, known, at, kind, most)
        options = (Option(each.text, period_short(each, language), each == address.period) for each in offered)
        groups.append((headings[kind], tuple(options)))
    return Field("period", _("Period"), tuple(group for group in groups if group[1]))


def _offered(address: Address, known: Known, at: dt.datetime, kind: str, most: int) -> list[Period]:
    """The newest first: from the one under way back to the first with answers, and the one that is shown."""
    now = periods.containing(at, kind, address.period.zone)
    found = [each for each in periods.run_back(now, most) if known.first_on is None or each.last_on >= known.first_on]
    if address.period.kind == kind and address.period not in found:
        found.append(address.period)
    return sorted(found or [now], key=lambda each: each.first_on, reverse=True)
