"""The head of a digest: each score with its evidence and what stands beside it, the rates, and how the scores changed.

Words for a change come from the test's verdict, never from the difference.
"""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics import figures
from analytics.figures import Unit
from analytics.queries import SHOWN_FROM, VALUE_FROM
from analytics.scores import Estimate, Verdict
from surveys.models import Invitation, Survey

from . import report
from .words import Words

Kind = Survey.Kind
UNITS: dict[str, Unit] = {Kind.NPS: "points", Kind.CSAT: "percent", Kind.CES: "percent"}


def scores(words: Words) -> list[report.FigureText]:
    """A figure for each kind of survey that the digest reports."""
    return [_figure(words, kind, words.content["scores"][kind]) for kind in _kinds(words)]


def changes(words: Words) -> Iterable[str]:
    """A sentence for each score that can be compared; one for all where nothing changed."""
    verdicts = {kind: words.content["scores"][kind]["verdict"] for kind in _kinds(words)}
    if set(verdicts.values()) == {Verdict.NO_CLEAR_CHANGE}:
        if Kind.CES in verdicts:
            yield _("Recommendation, satisfaction and effort have not clearly changed.")
        else:
            yield _("Recommendation and satisfaction have not clearly changed.")
        return
    if not any(verdicts.values()):
        yield _("There is no comparison with the period before yet.")
        return
    for kind, verdict in verdicts.items():
        if verdict:
            yield _sentence(kind, verdict) % {"score": _names()[kind], "then": words.within(words.then)}


def rates(words: Words) -> report.Rates:
    asked = words.content["asked"]
    counts = {step: words.count(asked[step]) for step in ("eligible", "asked", "answered")}
    of_asked, of_eligible = _("%(answered)s of %(asked)s asked."), _("%(asked)s of %(eligible)s were asked.")
    kinds = [
        f"{kind.upper()} {words.percent(part['response_rate'])}"
        for kind, part in sorted(asked["by_kind"].items(), reverse=True)
        if part["asked"]
    ]
    return report.Rates(
        response_rate=words.percent(asked["response_rate"]),
        response_evidence=of_asked % counts if asked["asked"] else _("Nobody was asked."),
        response_bar=report.width(asked["response_rate"]),
        coverage=words.percent(asked["coverage"]),
        coverage_evidence=of_eligible % counts if asked["eligible"] else "",
        coverage_bar=report.width(asked["coverage"]),
        by_kind=", ".join(kinds) if len(kinds) > 1 else "",
        losses=_losses(words, asked["not_asked"]),
    )


def _kinds(words: Words) -> list[str]:
    """Those that the digest reports, in our order: the database keeps none."""
    return [kind for kind in UNITS if kind in words.content["scores"]]


def _figure(words: Words, kind: str, score: dict) -> report.FigureText:
    unit, estimate, n = UNITS[kind], score["estimate"], score["n"]
    is_firm = estimate is not None and n >= VALUE_FROM
    interval = words.interval(estimate, unit) if estimate else ""
    return report.FigureText(
        name=title(kind),
        short=kind.upper(),
        value=words.value(estimate, unit) if is_firm else "",
        interval=interval if is_firm or not estimate else _("range only: %s") % interval,
        evidence=figures.evidence(n, words.language),
        verdict=verdict(kind, score["verdict"], score["is_new_series"]) if estimate else "",
        before=_before(words, score, unit),
        missing="" if estimate else _why_none(score),
        beside=" ".join(filter(None, _beside(words, unit, score))),
        ruler=report.Ruler.of(Estimate(**estimate), unit, words.language) if estimate else None,
    )


def _beside(words: Words, unit: Unit, score: dict) -> Iterable[str]:
    """What was not counted, and what two people excluded; digests of old froze neither."""
    if "beside" in score:
        yield figures.beside(**score["beside"], language=words.language)
    excluded = score.get("excluded")
    if excluded and excluded["n"]:
        said = {"n": words.count(excluded["n"]), "score": words.value(excluded["estimate"], unit)}
        with_them = _("%(n)s excluded by two people; score with them: %(score)s.")
        yield (with_them if excluded["estimate"] else _("%(n)s excluded by two people.")) % said


def _names() -> dict[str, str]:
    return {Kind.NPS: _("Recommendation"), Kind.CSAT: _("Satisfaction"), Kind.CES: _("Effort")}


def _sentence(kind: str, verdict: str) -> str:
    """More of those who found it easy is less effort: a word for “higher” would say the opposite."""
    if kind == Kind.CES and verdict != Verdict.NO_CLEAR_CHANGE:
        easier = _("It was clearly easier for customers than %(then)s.")
        return easier if verdict == Verdict.HIGHER else _("It was clearly harder for customers than %(then)s.")
    return {
        Verdict.HIGHER: _("%(score)s is clearly higher than %(then)s."),
        Verdict.LOWER: _("%(score)s is clearly lower than %(then)s."),
        Verdict.NO_CLEAR_CHANGE: _("%(score)s has not clearly changed."),
    }[verdict]


def title(kind: str) -> str:
    return {
        Kind.NPS: _("Recommendation (NPS)"),
        Kind.CSAT: _("Satisfaction (CSAT)"),
        Kind.CES: _("Little effort (CES)"),
    }[Kind(kind)]


def verdict(kind: str, found: str | None, is_new_series: bool) -> str:
    """The word for a change, by what the test found; None: nothing was tested."""
    if is_new_series:
        return _("New wording, no comparison")
    is_ces = kind == Kind.CES
    said = {
        Verdict.HIGHER: _("Clearly easier") if is_ces else _("Clearly higher"),
        Verdict.LOWER: _("Clearly harder") if is_ces else _("Clearly lower"),
        Verdict.NO_CLEAR_CHANGE: _("No clear change"),
    }
    return said[found] if found else _("No comparison yet")


def _before(words: Words, score: dict, unit: Unit) -> str:
    before = score["estimate_before"]
    if not before or score["n_before"] < VALUE_FROM:
        return ""
    return f"{words.then}: {words.value(before, unit)} ({words.interval(before, unit)})"


def missing(n: int) -> str:
    """Why there is no figure."""
    if not n:
        return _("no answers")
    answers = ngettext("one answer; a value is shown from %(least)s", "%(n)s answers; a value from %(least)s on", n)
    return answers % {"n": n, "least": SHOWN_FROM}


def _why_none(score: dict) -> str:
    """Digests of old withheld nothing."""
    return withheld() if score.get("is_withheld") else missing(score["n"])


def withheld() -> str:
    """Why a figure of enough answers is hidden."""
    return _("not shown, because it would tell of fewer than %s others") % SHOWN_FROM


def _losses(words: Words, reasons: list[tuple[str, int]]) -> str:
    parts = [f"{Invitation.Reason(reason).label} ({words.count(number)})" for reason, number in reasons]
    return _("Not asked: %s.") % ", ".join(parts) if parts else ""
