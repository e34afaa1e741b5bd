"""The first honesty page: every score with what stands beside it, and one sentence for each question."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from surveys.models import Survey

from ... import queries
from ...honesty import balance, exclusions, gaming, gating, reconciliation, weighting
from ...together import read_together
from . import answered, looks, words
from .answered import Side
from .frame import Frame


@dataclass(frozen=True)
class KindScores:
    kind: str
    sides: tuple[Side, ...]


Found = tuple[str, bool | None]


@dataclass(frozen=True)
class Finding:
    """What one page found, in a sentence; `is_sign`: there is something to look at, None: nothing is known.

    Not looked for yet (`said` is empty), it can be fetched from `source`.
    """

    name: str
    title: str
    address: str
    source: str
    said: str = ""
    is_sign: bool | None = None


def scores(frame: Frame) -> list[KindScores]:
    """Per kind with answers: as it counts, with the excluded, as answered about the period's contacts, weighted."""
    found = []
    for one in looks.with_and_without(frame):
        kind = one.kind.lower()
        beside = weighting.beside(frame.client, kind, frame.period)
        excluded = (one.with_them,) if one.with_them else ()
        found.append(KindScores(one.kind, (one.without, *excluded, *answered.scores_of(beside, kind))))
    return found


def findings(frame: Frame, name: str) -> list[Finding]:
    """One for each page, and what was found of the one of this name: each takes as long as its page, all together too
    long for one."""
    every = [
        Finding(tab.name, tab.title, tab.address, f"{frame.page('change')}&{urlencode({'found': tab.name})}")
        for tab in frame.tabs("change")
        if tab.name in _LOOKS
    ]
    return [replace(each, **_looked(frame, name)) if each.name == name else each for each in every]


def _looked(frame: Frame, name: str) -> dict:
    said, is_sign = _LOOKS[name](frame)
    return {"said": said, "is_sign": is_sign}


def counts(frame: Frame, found: reconciliation.Comparison) -> str:
    """The missing rate in a sentence."""
    if not found.lines:
        return _("The client has not told how many contacts it counted itself.")
    said = {
        "reported": words.count(found.reported),
        "missing": words.count(found.missing),
        "rate": words.percent(found.missing_rate),
    }
    if not found.missing:
        return _("Of %(reported)s contacts that the client counted, none is missing here.") % said
    return _("Of %(reported)s contacts that the client counted, %(missing)s did not come in: %(rate)s.") % said


def _funnel(frame: Frame) -> Found:
    with read_together():
        funnel = queries.total(queries.funnels(frame.client, frame.period).values())
    said = {
        "eligible": words.count(funnel.eligible),
        "coverage": words.percent(funnel.coverage),
        "rate": words.percent(funnel.response_rate),
    }
    told = _("%(eligible)s could have been asked; %(coverage)s were, and of these %(rate)s answered.") % said
    nobody = _("Nobody could have been asked.")
    return told if funnel.eligible else nobody, None


def _asked(frame: Frame) -> Found:
    monitors = gating.monitor(frame.client, frame.period)
    signs = [check for one in monitors for check in one.checks if check.is_sign]
    strays = sum(draw.is_news for one in monitors for draw in one.draws)
    if not monitors:
        told = _("No contact could have been asked about.")
    elif signs:
        worst = max(signs, key=lambda check: abs(check.size))
        told = words.gating_sentence(worst, frame.names())
        more = len(signs) + strays - 1
        told += " " + ngettext("%(n)s more difference.", "%(n)s more differences.", more) % {"n": more} if more else ""
    elif strays:
        told = _("The draw strays from its rule.")
    else:
        told = _("All kinds of contacts were asked alike, as far as tests can tell.")
    return told, bool(signs or strays) if monitors else None


def _answered(frame: Frame) -> Found:
    tables = [balance.table(frame.client, kind, frame.period) for kind in Survey.Kind]
    marked = sum(table.marked for table in tables)
    if not any(table.answered for table in tables):
        return _("Nobody answered."), None
    clear = _("Those who answered are like those who could have been asked.")
    said = ngettext(
        "%(n)s share among those who answered differs clearly from all who could have been asked.",
        "%(n)s shares among those who answered differ clearly from all who could have been asked.",
        marked,
    ) % {"n": marked}
    return said if marked else clear, bool(marked)


def _counts(frame: Frame) -> Found:
    found = reconciliation.compare(frame.client, frame.period)
    return counts(frame, found), bool(found.missing) if found.lines else None


def _signs(frame: Frame) -> Found:
    signs = gaming.signs(frame.client, frame.period)
    jumped = len(gaming.jumps(frame.client, frame.period, tuple(Survey.Kind)).found)
    number = sum(sign.count for sign in signs)
    parts = []
    if number:
        parts.append(ngettext("%(n)s answer bears a sign.", "%(n)s answers bear a sign.", number) % {"n": number})
    if jumped:
        parts.append(ngettext("%(n)s agent’s scores jumped.", "%(n)s agents’ scores jumped.", jumped) % {"n": jumped})
    if not signs[0].of:
        return _("There are no answers to look at."), None
    return " ".join(parts) or _("No answer bears a sign."), bool(parts)


def _left_out(frame: Frame) -> Found:
    found = [exclusions.with_and_without(frame.client, kind, frame.period) for kind in Survey.Kind]
    excluded, awaiting = sum(one.excluded for one in found), sum(one.awaiting for one in found)
    flagged = exclusions.flagged(frame.client, frame.period)
    said = {"excluded": words.count(excluded), "awaiting": words.count(awaiting), "flagged": words.count(flagged.kept)}
    told = _("Excluded by two people: %(excluded)s. Awaiting a second person: %(awaiting)s. Flagged: %(flagged)s.")
    return told % said, bool(excluded or awaiting)


_LOOKS: dict[str, Callable[[Frame], Found]] = {
    "funnel": _funnel,
    "asked": _asked,
    "answered": _answered,
    "counts": _counts,
    "signs": _signs,
    "left_out": _left_out,
}
