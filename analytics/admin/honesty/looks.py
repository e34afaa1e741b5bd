"""What looks odd, what did not come in, and what was left out: signs, contact counts, exclusions, series breaks."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from surveys.models import Agent, Contact, Exclusion, Survey

from ... import figures, periods
from ...honesty import breaks, exclusions, gaming, reconciliation
from ...scores import Verdict
from . import words
from .answered import Side
from .frame import Figure, Frame

RUN = 13  # periods in which series breaks are listed


@dataclass(frozen=True)
class SignRow:
    figure: Figure
    said: str
    why: str


@dataclass(frozen=True)
class DayRow:
    day: str
    queue: str
    source: str
    reported: str
    received: str
    missing: str
    is_gap: bool


@dataclass(frozen=True)
class KindScores:
    """One kind of survey without and with the excluded answers."""

    kind: str
    without: Side
    with_them: Side | None
    excluded: Figure
    awaiting: int
    reasons: tuple[str, ...]


def signs(frame: Frame) -> list[SignRow]:
    told = {
        "quick": (_("answered within ten seconds of the message"), _("Nobody reads and answers so fast.")),
        "shared": (
            _("from a mailbox or telephone number that three customers or more gave"),
            _("A family or an office may share one."),
        ),
        "identical": (
            _("with the very words of two other customers or more"),
            _("Short praise is often alike; whole sentences seldom are."),
        ),
        "staff": (
            _("from a mailbox of staff, or of the client’s own domain"),
            _("Staff may be customers; tests are not."),
        ),
        "solicited": (
            _("whose comment tells of a plea for a high score"),
            _("Such as “bitte geben Sie eine 10”, “please give us a ten”."),
        ),
    }
    return [
        SignRow(frame.answers(sign.count, sign.kind), *told[sign.kind])
        for sign in gaming.signs(frame.client, frame.period)
    ]


def jumps(frame: Frame) -> tuple[str, list[SignRow]]:
    """What was compared, and a row per jump; agents' names only for those who may read them."""
    found = gaming.jumps(frame.client, frame.period, tuple(Survey.Kind))
    agents = {jump.agent for jump in found.found}
    names = dict(Agent.objects.filter(client=frame.client, pk__in=agents).values_list("pk", "name"))
    compared = _("Compared: %(n)s pairs with %(least)s answers or more in this period and the one before.")
    said = _("%(who)s, %(kind)s: %(before)s in the upper group before, %(now)s now.")
    rows = [
        SignRow(
            frame.answers(jump.now[0], "jump"),
            said
            % {
                "who": names.get(jump.agent) if frame.names_agents else _("One agent"),
                "kind": jump.kind.upper(),
                "before": words.percent(100 * jump.before[0] / sum(jump.before)),
                "now": words.percent(100 * jump.now[0] / sum(jump.now)),
            },
            "",
        )
        for jump in found.found
    ]
    return compared % {"n": words.count(found.compared), "least": gaming.COMPARED_FROM}, rows


def unreachable(frame: Frame) -> tuple[str, str]:
    """What was found about contacts that could not be asked, and the verdict."""
    found = gaming.unreachable(frame.client, frame.period)
    if not found.bad[1] or not found.others[1]:
        return "", _("There is nothing to compare.")
    told = _(
        "Without an address, without consent or with an objection: %(bad)s after an unsolved, reopened or goodwill "
        "contact, %(others)s after the others. Objections that staff entered between contact and verdict: %(by_hand)s."
    ) % {
        "bad": words.percent(100 * found.bad[0] / found.bad[1]),
        "others": words.percent(100 * found.others[0] / found.others[1]),
        "by_hand": words.count(found.by_hand),
    }
    verdict = found.change.verdict if found.change else None
    said = {
        Verdict.HIGHER: _("After bad contacts clearly more customers could not be asked."),
        Verdict.LOWER: _("After bad contacts clearly fewer customers could not be asked."),
        Verdict.NO_CLEAR_CHANGE: _("No clear difference."),
        None: _("Too few contacts to compare."),
    }
    return told, said[verdict]


def goodwill(frame: Frame) -> list[tuple[str, Figure, Side, Side]]:
    """Per kind of survey with such answers: the number, the score of those with goodwill, and of the others."""
    rows = []
    for kind in Survey.Kind:
        found = gaming.goodwill(frame.client, kind, frame.period)
        if n := sum(found.given):
            given = Side(_("with goodwill"), words.score(found.given_score, kind), _n(n))
            others = Side(_("without"), words.score(found.others_score, kind), _n(sum(found.others)))
            rows.append((kind.upper(), frame.answers(n, "goodwill"), given, others))
    return rows


def days(frame: Frame, comparison: reconciliation.Comparison) -> list[DayRow]:
    """Every line with a gap, then the others, latest first."""
    ordered = sorted(comparison.lines, key=lambda line: not line.missing)
    return [
        DayRow(
            day=figures.date_short(line.day, words.language()),
            queue=queue_name(line.queue),
            source=line.source,
            reported=words.count(line.reported),
            received=words.count(line.received),
            missing=words.count(line.missing) if line.missing else "–",
            is_gap=bool(line.missing),
        )
        for line in ordered
    ]


def queue_name(queue: str) -> str:
    """As the client called it; a channel by its name, and no queue by what that means."""
    return dict(Contact.Channel.choices).get(queue, queue) if queue else _("all")


def silent(comparison: reconciliation.Comparison) -> str:
    return ", ".join(figures.date_short(day, words.language()) for day in comparison.silent)


def with_and_without(frame: Frame) -> list[KindScores]:
    """Kinds with answers, excluded ones among them."""
    found = (exclusions.with_and_without(frame.client, kind, frame.period) for kind in Survey.Kind)
    return [_scores(frame, one) for one in found if sum(one.groups_with)]


def _scores(frame: Frame, one: exclusions.WithAndWithout) -> KindScores:
    with_them = Side(_("with the excluded"), words.score(one.with_them, one.kind), _n(sum(one.groups_with)))
    return KindScores(
        kind=one.kind.upper(),
        without=Side(_("as it counts"), words.score(one.without, one.kind), _n(sum(one.groups))),
        with_them=with_them if one.excluded else None,
        excluded=frame.answers(one.excluded, "excluded"),
        awaiting=one.awaiting,
        reasons=tuple(f"{Exclusion.Reason(reason).label} ({n})" for reason, n in one.reasons),
    )


def series_breaks(frame: Frame) -> list[tuple[str, str, str]]:
    """(day, kind, why), latest first, over the last periods."""
    run = periods.run_back(frame.period, RUN)
    found = [(one, kind) for kind in Survey.Kind for one in breaks.of(frame.client, kind, run)]
    ordered = sorted(found, key=lambda pair: pair[0].on, reverse=True)
    return [(figures.date_long(one.on, words.language()), kind.upper(), one.why) for one, kind in ordered]


def flagged(frame: Frame) -> list[tuple[Figure, str]]:
    found = exclusions.flagged(frame.client, frame.period)
    address = reverse("admin:surveys_flaggedsheet_changelist")
    days = f"{frame.period.first_on}..{frame.period.next().first_on}"

    def figure(number: int, counts: str) -> Figure:
        query = urlencode({"client__id__exact": frame.client.pk, "counts": counts, "about": days})
        return Figure(words.count(number), f"{address}?{query}" if number and frame.is_analyst else "")

    return [
        (figure(found.kept, "no"), _("answers bear the marks of a machine and are in no score")),
        (figure(found.restored, "yes"), _("flagged answers were let count by a person")),
    ]


def reasons() -> list[str]:
    """For what an answer may be excluded."""
    return [str(label) for _value, label in Exclusion.Reason.choices]


def _n(number: int) -> str:
    return figures.evidence(number, words.language())
