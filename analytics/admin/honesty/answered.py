"""Who answered: the balance table, early against late answers, and the weighted score beside the raw one."""

from dataclasses import dataclass

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from surveys.models import Survey
from surveys.models.cuts import Cut

from ... import figures
from ...honesty import balance, weighting
from ...scores import Verdict
from . import words
from .frame import Figure, Frame


@dataclass(frozen=True)
class Row:
    label: str
    eligible: Figure
    share_eligible: str
    share_answered: str
    difference: str
    is_marked: bool


@dataclass(frozen=True)
class Attribute:
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Side:
    """One of several scores that stand beside each other."""

    name: str
    value: str
    evidence: str


@dataclass(frozen=True)
class KindBalance:
    kind: str
    summary: str
    attributes: tuple[Attribute, ...]
    scores: tuple[Side, ...]
    weighting: str
    times: tuple[Side, ...]
    verdict: str
    empty: str


def kinds(frame: Frame) -> list[KindBalance]:
    """Those with somebody eligible."""
    names = frame.names()
    found = ((kind, balance.table(frame.client, kind, frame.period)) for kind in Survey.Kind)
    return [_kind(frame, kind, table, names) for kind, table in found if table.eligible]


def _kind(frame: Frame, kind: str, table: balance.Table, names: words.Names) -> KindBalance:
    beside = weighting.beside(frame.client, kind, frame.period)
    times = balance.early_and_late(frame.client, kind, frame.period)
    said = {"answered": words.count(table.answered), "eligible": words.count(table.eligible)}
    return KindBalance(
        kind=kind.upper(),
        summary=_("%(answered)s of %(eligible)s who could have been asked answered.") % said,
        attributes=tuple(_attribute(frame, each, names) for each in table.attributes),
        scores=scores_of(beside, kind),
        weighting=_how(beside),
        times=(
            Side(_("within a day"), words.score(times.early_score, kind), _n(sum(times.early))),
            Side(_("later"), words.score(times.late_score, kind), _n(sum(times.late))),
        ),
        verdict=_verdict(times),
        empty=_("All who could have been asked are alike in what is known of them: there is nothing to compare.")
        if table.answered
        else _("Nobody has answered yet who was asked about this period."),
    )


def scores_of(beside: weighting.Beside, kind: str) -> tuple[Side, ...]:
    """Raw, then weighted."""
    n = beside.raw.n if beside.raw else 0
    raw = Side(_("as answered"), words.score(beside.raw, kind), _n(n))
    if beside.weighted is None:
        return (raw,)
    effective = figures.points(beside.weighted.n_effective, 1, language=words.language())
    told = _("worth %(effective)s of %(n)s answers") % {"effective": effective, "n": words.count(beside.weighted.n)}
    return raw, Side(_("weighted"), words.score(beside.weighted, kind), told)


def _how(beside: weighting.Beside) -> str:
    by = {"first": str(Cut(beside.by[0]).label), "second": str(Cut(beside.by[1]).label)}
    if beside.weighted is None:
        return _("Too few answers for a weighted score.")
    if beside.is_raked:
        told = _("Weighted by %(first)s and %(second)s one by one (raking): together they leave too few answers each.")
    else:
        told = _("Weighted by %(first)s and %(second)s to what all were like who could have been asked.")
    uncovered = beside.weighted.uncovered
    silent = _(" Nobody answered for %s of them; of these nothing is said.") % words.percent(uncovered)
    return told % by + (silent if uncovered >= 0.05 else "")


def _attribute(frame: Frame, attribute: balance.Attribute, names: words.Names) -> Attribute:
    rows = (
        Row(
            label=words.value_of(attribute.by, row.value, names),
            eligible=_eligible(frame, attribute.by, row),
            share_eligible=words.percent(row.share_eligible),
            share_answered=words.percent(row.share_answered),
            difference=words.size(row.difference),
            is_marked=row.is_marked,
        )
        for row in attribute.rows
    )
    return Attribute(capfirst(str(Cut(attribute.by).label)), tuple(rows))


def _eligible(frame: Frame, by: str, row: balance.Row) -> Figure:
    if row.value == balance.REST:
        return Figure(words.count(row.eligible))
    return frame.ledger(row.eligible, stage="eligible", cut=f"{by}.{row.value}")


def _verdict(times: balance.EarlyAndLate) -> str:
    if times.change is None:
        return _("Too few answers to compare early and late ones.")
    return {
        Verdict.HIGHER: _("Who answers late is clearly more content. Those who do not answer may be so, too."),
        Verdict.LOWER: _("Who answers late is clearly less content. Those who do not answer may be so, too."),
        Verdict.NO_CLEAR_CHANGE: _("No clear difference between early and late answers."),
    }[times.change.verdict]


def _n(number: int) -> str:
    return figures.evidence(number, words.language())
