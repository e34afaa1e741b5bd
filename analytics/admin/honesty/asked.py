"""Who was asked, and what became of them: the funnel of a period, the gating monitor, the draw."""

from dataclasses import dataclass

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from surveys.models.cuts import Cut
from surveys.models.fates import LABELS

from ... import queries
from ...honesty import coverage, gating
from ...together import read_together
from . import words
from .frame import Figure, Frame


@dataclass(frozen=True)
class Step:
    """A stage of the funnel: bars in percent of all that were eligible."""

    label: str
    figure: Figure
    width: str
    rate: str
    losses: tuple[tuple[Figure, str], ...]


@dataclass(frozen=True)
class KindFunnel:
    kind: str
    steps: tuple[Step, ...]
    rates: tuple[tuple[str, str, str], ...]  # name, value, what it is


@dataclass(frozen=True)
class Row:
    label: str
    eligible: Figure
    asked: str
    rate: str
    width: str
    reason: str
    is_marked: bool


@dataclass(frozen=True)
class Block:
    """One attribute of one campaign: what the test says, and the table."""

    title: str
    verdict: str
    evidence: str
    is_sign: bool
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class CampaignChecks:
    name: str
    summary: str
    blocks: tuple[Block, ...]
    draws: tuple[tuple[str, str, bool], ...]  # what was drawn, its verdict, whether it is a sign


def funnels(frame: Frame) -> list[KindFunnel]:
    """Per kind of survey."""
    with read_together():
        outcomes = coverage.outcomes(frame.client, frame.period)
        found = queries.funnels(frame.client, frame.period)
    return [_funnel(frame, kind, funnel, outcomes.get(kind)) for kind, funnel in found.items()]


def checks(frame: Frame) -> list[CampaignChecks]:
    names = frame.names()
    return [_campaign(frame, monitor, names) for monitor in gating.monitor(frame.client, frame.period)]


def _funnel(frame: Frame, kind: str, funnel: queries.Funnel, outcome: coverage.Outcome | None) -> KindFunnel:
    def step(label: str, number: int, rate: str, losses: tuple = ()) -> Step:
        told = tuple((frame.ledger(n, fate=reason), str(LABELS[reason])) for reason, n in losses)
        width = f"{100 * number / funnel.eligible:.2f}%"
        return Step(label, Figure(words.count(number)), width, rate, told)

    of_asked = words.percent(funnel.response_rate)
    steps = (
        step(_("Could have been asked"), funnel.eligible, "", funnel.not_asked),
        step(_("Asked"), funnel.asked, _("coverage %s") % words.percent(funnel.coverage), funnel.not_delivered),
        step(_("Message delivered"), funnel.delivered, ""),
        step(_("Answered"), funnel.answered, _("response rate %s") % of_asked),
    )
    return KindFunnel(kind, steps, _rates(outcome) if outcome else ())


def _rates(outcome: coverage.Outcome) -> tuple[tuple[str, str, str], ...]:
    rates = outcome.rates
    return (
        ("RR1", words.percent(rates.rr1), _("sent to the end, of all asked")),
        ("RR2", words.percent(rates.rr2), _("with those who gave a score only")),
        ("RR5", words.percent(rates.rr5), _("as RR1, without those of whom it is not known whether it reached them")),
    )


def _campaign(frame: Frame, monitor: gating.Monitor, names: words.Names) -> CampaignChecks:
    said = {"asked": words.count(monitor.asked), "eligible": words.count(monitor.eligible)}
    shown = (each for each in monitor.checks if len(each.slices) > 1)
    return CampaignChecks(
        name=monitor.campaign.name,
        summary=_("%(asked)s of %(eligible)s contacts were asked.") % said,
        blocks=tuple(_block(frame, monitor, each, names) for each in shown),
        draws=tuple((_drawn(draw), _draw_verdict(draw), draw.is_news) for draw in monitor.draws),
    )


def _block(frame: Frame, monitor: gating.Monitor, check: gating.Check, names: words.Names) -> Block:
    is_hidden = check.by == Cut.AGENT and not frame.names_agents
    rows = () if is_hidden else tuple(_row(frame, monitor, check, one, names) for one in check.slices)
    return Block(
        title=capfirst(str(Cut(check.by).label)),
        verdict=_verdict(check, names),
        evidence=_evidence(check),
        is_sign=check.is_sign,
        rows=rows,
    )


def _row(frame: Frame, monitor: gating.Monitor, check: gating.Check, one: gating.Slice, names: words.Names) -> Row:
    filters = {"campaign": str(monitor.campaign.pk), "cut": f"{check.by}.{one.value}"}
    why = one.reasons[0] if one.reasons else None
    return Row(
        label=words.value_of(check.by, one.value, names),
        eligible=frame.ledger(one.eligible, stage="eligible", **filters),
        asked=words.count(one.asked),
        rate=words.percent(one.rate),
        width=f"{one.rate:.2f}%",
        reason=f"{LABELS[why[0]]} ({words.count(why[1])})" if why else "",
        is_marked=check.is_sign and one == check.furthest,
    )


def _verdict(check: gating.Check, names: words.Names) -> str:
    if check.test is None or check.furthest is None:
        return _("Nothing to compare: all were asked, or none, or there is one value only.")
    if not check.is_news:
        return _("No clear difference.")
    if check.is_by_rule:
        return f"{words.gating_sentence(check, names)} {_('That is the rule as agreed; the reason stands beside.')}"
    if not check.is_sign:
        return _("Sure, and small: %s") % words.gating_sentence(check, names)
    return words.gating_sentence(check, names)


def _evidence(check: gating.Check) -> str:
    if check.test is None or check.furthest is None:
        return ""
    said = {"chi": words.figures.points(check.test.statistic, 2, language=words.language()), "p": p_value(check.test.p)}
    told = _("χ² %(chi)s, p %(p)s, standardised difference %(size)s") % {**said, "size": words.size(check.size)}
    return told if check.test.is_sound else told + _("; few contacts, a rough test")


def p_value(p: float) -> str:
    """0.0124 as “0.012”; what is smaller than one in a thousand is said so."""
    return f"< {_decimal(0.001)}" if p < 0.001 else _decimal(p)


def _decimal(value: float) -> str:
    return words.figures.points(value, 3, language=words.language())


def _drawn(draw: gating.Draw) -> str:
    said = {
        "drawn": words.count(draw.drawn),
        "n": words.count(draw.n),
        "share": words.percent(100 * draw.drawn / draw.n),
        "rule": words.percent(draw.share),
        "number": draw.rules,
    }
    return _("Rules %(number)s: drawn %(drawn)s of %(n)s, that is %(share)s; the rule says %(rule)s.") % said


def _draw_verdict(draw: gating.Draw) -> str:
    verdict = _("The draw strays from its rule.") if draw.is_news else _("The draw kept to its rule.")
    return f"{verdict} {capfirst(_('exact binomial test'))}, p {p_value(draw.p)}"
