"""The parts of a client's dashboard below its figures: what each shows, its chart, and what it says in a sentence.

A part without enough to show says what is missing and what would fill it; nothing is ever drawn empty.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics import charts, figures, queries, scores
from analytics.charts import Chart
from analytics.series import Series
from surveys.models import Group, Invitation, group_of
from surveys.models.answering import scale_of
from surveys.models.fates import LABELS

from .. import headline
from . import headlines
from .address import LAST_YEAR, Address
from .aims import Aims, Line
from .answers import Said

Way = Callable[..., str]
"""From changes of the address to the page of the answers behind."""


@dataclass(frozen=True)
class Tab:
    name: str
    href: str
    is_current: bool


@dataclass(frozen=True)
class Section:
    """`lead` is what the test says, `says` what is shown; `missing` in two sentences why there is nothing.

    `notes` stand right below the chart: what it does not show. `tabs`: the same of something else; `voices`: comments.
    """

    key: str
    title: str
    lead: str = ""
    says: str = ""
    chart: Chart | None = None
    lines: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()
    missing: tuple[str, str] = ("", "")
    tabs: tuple[Tab, ...] = ()
    voices: tuple[Said, ...] = ()


def trend(found: Series, address: Address, way: Way, language: str, aims: Aims) -> Section:
    """The score over time, with its series breaks, what was tried and what was promised."""
    section = {"key": "trend", "title": _("Trend")}
    if not any(part.estimate for part in found.run):
        return Section(**section, missing=(
            _("No trend yet."), _("It begins with the first period that has five answers or more.")
        ))  # fmt: skip
    title = _per_period(address.period.kind) % found.kind.upper()
    hrefs = [way(period=part.period) for part in found.run]
    chart = charts.trend(
        headlines.points(found, language, hrefs),
        language=language,
        unit=headline.UNITS[found.kind],
        title=f"{title}, {_('95% interval')}",
        breaks=headlines.marked(found),
        events=aims.events,
        target=aims.target,
    )
    return Section(**section, lead=_moved(found, language), says=f"{title}.", chart=chart, lines=aims.lines)


def _per_period(kind: str) -> str:
    names = {
        "week": _("%s per week"),
        "month": _("%s per month"),
        "quarter": _("%s per quarter"),
        "year": _("%s per year"),
    }
    return names[kind]


def distribution(found: Series, way: Way, language: str) -> Section:
    """How many gave which score. From ten answers on: of fewer only the range may be told."""
    now, section = found.now, {"key": "scores", "title": _("Which scores were given")}
    if not now.is_firm:
        return Section(**section, missing=(
            _("Too few answers."), _("Single scores are shown from %s answers on.") % scores.VALUE_FROM
        ))  # fmt: skip
    scale = scale_of(found.kind)
    chart = charts.distribution(
        {score: now.counts[score] for score in scale},
        {score: group_of(found.kind, score).value for score in scale},
        language=language,
        title=_("Answers by score"),
        hrefs={score: way(score=score) for score in scale},
    )
    n = ngettext("%(n)s answer", "%(n)s answers", now.n) % {"n": figures.count(now.n, language)}
    return Section(**section, says=f"{n}, {headlines.period_short(now.period, language)}.", chart=chart)


@dataclass(frozen=True)
class GroupLine:
    """One of the three groups: the form of its mark, its name with its scores, how many, and their share."""

    group: str
    name: str
    n: str
    share: str
    href: str


def groups(found: Series, way: Way, language: str) -> list[GroupLine]:
    """The unhappiest first."""
    now = found.now
    if not now.is_firm:
        return []
    numbers = zip((Group.PROMOTER, Group.PASSIVE, Group.DETRACTOR), now.groups, strict=True)
    return [
        GroupLine(
            group.value,
            _group_name(found.kind, group),
            figures.count(n, language),
            figures.percent(100 * n / now.n, 1, language=language),
            way(group=group.value),
        )
        for group, n in reversed(list(numbers))
    ]


def funnel_title() -> str:
    return _("Who was asked and who answered")


def funnel(found: queries.Funnel, way: Way, ledger: Way, language: str) -> Section:
    """Who was asked and who answered; every loss with its reason, and the way to its verdicts."""
    section = {"key": "funnel", "title": funnel_title()}
    if not found.eligible:
        return Section(**section, missing=(
            _("Nobody could be asked."), _("Contacts that came in for this period appear here with their verdicts.")
        ))  # fmt: skip
    heads = (_("Step"), _("Number"), _("Loss"))
    chart = charts.funnel(_steps(found, way, ledger, language), language=language, title=section["title"], heads=heads)
    return Section(**section, says=_("Every loss has a reason."), chart=chart)


def _steps(found: queries.Funnel, way: Way, ledger: Way, language: str) -> list[charts.Step]:
    lost = lambda n, what, reasons, fate="": _lost(n, what, reasons, fate, ledger, language)  # noqa: E731
    of_asked = lambda n: figures.percent(100 * n / found.asked, 1, language=language) if found.asked else ""  # noqa: E731
    silent = found.delivered - found.answered
    coverage = figures.percent(found.coverage, 1, language=language)
    return [
        charts.Step(_("Eligible"), found.eligible, href=ledger(stage="eligible")),
        charts.Step(
            _("Asked"),
            found.asked,
            _("coverage %s") % coverage,
            lost(found.eligible - found.asked, _("not asked"), found.not_asked),
            ledger(stage="asked"),
        ),
        charts.Step(
            _("Delivered"),
            found.delivered,
            _("%s of those asked") % of_asked(found.delivered) if found.asked else "",
            lost(found.asked - found.delivered, "", found.not_delivered),
            ledger(stage="delivered"),
        ),
        charts.Step(
            _("Answered"),
            found.answered,
            _("%s of those asked") % of_asked(found.answered) if found.asked else "",
            lost(silent, _("have not answered"), (), "silent"),
            way(),
        ),
    ]


def _lost(
    n: int, what: str, reasons: Sequence[tuple[str, int]], fate: str, ledger: Way, language: str
) -> charts.Loss | None:
    """− 1.776 not asked: 902 not drawn, 486 asked recently. Each reason leads to its verdicts; with a `fate`, all."""
    if not n:
        return None
    names = {**LABELS, **{reason.value: reason.label for reason in Invitation.Reason}}
    said = f"{figures.MINUS}{figures.NO_BREAK}{figures.count(n, language)} {what}".rstrip()
    return charts.Loss(
        charts.Words(said, ledger(fate=fate) if fate else ""),
        tuple(charts.Words(f"{figures.count(n, language)} {names[key]}", ledger(fate=key)) for key, n in reasons),
    )


def _moved(found: Series, language: str) -> str:
    """No clear change against September 2026."""
    if found.is_new_series:
        last = max((each for each in found.breaks), key=lambda each: each.on)
        day = f"{figures.date_short(last.on, language)} {last.on.year}"
        return _("Since %(day)s another series: %(why)s") % {"day": day, "why": _ended(str(last.why))}
    if found.change is None:
        return _("No comparison yet: each side needs %s answers.") % scores.VALUE_FROM
    said = headline.verdict(found.kind, found.change.verdict, False)
    told = {"verdict": said, "then": headlines.period_short(found.before.period, language)}
    return _("%(verdict)s against %(then)s.") % told


def _ended(words: str) -> str:
    return words if words.endswith(".") else f"{words}."


def _group_name(kind: str, group: Group) -> str:
    """Detractors, 0 to 6; of the other kinds what they said."""
    names = {
        ("nps", Group.DETRACTOR): _("Detractors, 0 to 6"),
        ("nps", Group.PASSIVE): _("Passives, 7 and 8"),
        ("nps", Group.PROMOTER): _("Promoters, 9 and 10"),
        ("csat", Group.DETRACTOR): _("Unhappy, 1 and 2"),
        ("csat", Group.PASSIVE): _("In between, 3"),
        ("csat", Group.PROMOTER): _("Happy, 4 and 5"),
        ("ces", Group.DETRACTOR): _("Hard, 1 to 3"),
        ("ces", Group.PASSIVE): _("In between, 4"),
        ("ces", Group.PROMOTER): _("Easy, 5 to 7"),
    }
    return names[str(kind), group]


def compared_with(address: Address, language: str) -> str:
    """What the figures are compared with, in words."""
    name = headlines.period_short(address.before, language)
    return (
        _("compared with the year before (%s)") % name if address.compare == LAST_YEAR else _("compared with %s") % name
    )


def as_of(at: dt.datetime, zone, language: str) -> str:
    return figures.date_time(at.astimezone(zone), language)
