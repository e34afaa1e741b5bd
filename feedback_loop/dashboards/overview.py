"""All clients of a login side by side, worst news first: by the test, never by the difference.

First come those whose score has clearly fallen, the surest first; then those without clear news, by name; then those
that have clearly risen. Where more than five changes are tested, Benjamini and Hochberg decide which are news.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from analytics import charts, counts, disclosure, figures, periods, queries, scores
from analytics.counts import Counts
from analytics.honesty import breaks
from analytics.periods import Period
from analytics.scores import VALUE_FROM, Verdict
from analytics.series import LENGTHS, NOTHING, Part, Series, series
from analytics.small_groups import Span
from surveys.models import Campaign, Client, Login, RulesVersion, SurveyVersion

from .. import headline, report
from . import headlines
from .address import KINDS
from .choices import pinned
from .headlines import Headline
from .scope import Scope, within

MANY_TESTS = 5


@dataclass(frozen=True)
class Cell:
    """One kind of survey at one client. `missing` says why there is no figure."""

    name: str
    value: str
    interval: str
    verdict: str
    before: str
    evidence: str
    trend: SafeString
    trend_says: str
    href: str
    missing: str
    is_news: bool


@dataclass(frozen=True)
class Row:
    """`cells` hold one place for each kind that any of the clients asks for; None where this one does not. `rates` is
    the address of those who were asked, which are counted once the row comes into view."""

    client: Client
    whose: str
    href: str
    cells: tuple[Cell | None, ...]
    rates: str


@dataclass(frozen=True)
class Rates:
    """Of those who could have been asked, whichever survey: response rate and coverage; `href` leads to the funnel."""

    client: Client
    title: str
    figures: tuple[Headline, Headline]
    href: str


@dataclass(frozen=True)
class Overview:
    title: str
    opening: str
    kinds: tuple[str, ...]
    rows: tuple[Row, ...]
    previous: str
    next: str


@dataclass(frozen=True)
class _Found:
    scope: Scope
    by_kind: Mapping[str, Series]


def overview_of(login: Login, clients: Sequence[Client], asked: str, at: dt.datetime, language: str) -> Overview:
    """`asked` is the text of a period, which each client reads in its own zone; what is none is the last month."""
    text = _period_text(asked, clients, at)
    found = _all_found([within(login, client) for client in clients], text)
    verdicts = _verdicts(found)
    kinds = tuple(kind for kind in KINDS if any(kind in each.by_kind for each in found))
    rows = [
        _row(each, kinds, verdicts, text, language) for each in sorted(found, key=lambda each: _rank(each, verdicts))
    ]
    period = periods.parse(text, clients[0].time_zone)
    return Overview(
        headlines.period_short(period, language),
        _opening(period, len(verdicts), language),
        tuple(headline.title(kind) for kind in kinds),
        tuple(rows),
        previous=f"?period={period.previous().text}",
        next=f"?period={period.next().text}" if period.next().start <= at else "",
    )


def rates_of(scope: Scope, asked: str, at: dt.datetime, language: str) -> Rates:
    """Of all surveys together, beside the period before: people can be added up where scores cannot. Two queries."""
    client = scope.client
    period = periods.parse(_period_text(asked, [client], at), client.time_zone)
    found, before = (
        queries.total(queries.funnels(client, each, pinned(scope, {})).values()) for each in (period, period.previous())
    )
    then = headlines.period_short(period.previous(), language)
    told = (headlines.of_response_rate(found, language), headlines.of_coverage(found, language))
    was = (before.response_rate, before.coverage)
    return Rates(
        client,
        headlines.period_short(period, language),
        tuple(
            replace(each, evidence="" if rate is None else f"{then}: {figures.percent(rate, 1, language=language)}.")
            for each, rate in zip(told, was, strict=True)
        ),
        reverse("dashboard-funnel", args=[client.slug]) + f"?period={period.text}",
    )


def _period_text(asked: str, clients: Sequence[Client], at: dt.datetime) -> str:
    zone = clients[0].time_zone
    try:
        period = periods.parse(asked, zone)
    except ValueError:
        return periods.last_complete(at, "month", zone).text
    return period.text if period.start <= at else periods.containing(at, period.kind, zone).text


def _all_found(scopes: Sequence[Scope], text: str) -> list[_Found]:
    """Whole clients are read together, a few statements for each kind; parts of a client one by one."""
    whole = [scope.client for scope in scopes if scope.is_whole]
    asked = _asked_kinds([scope.client for scope in scopes])
    numbers = {kind: _numbers(whole, kind, text) for kind in KINDS if any(kind in asked[each.pk] for each in whole)}
    hidden = {kind: disclosure.hidden_periods(whole, kind) for kind in numbers}
    moved = _may_have_breaks(whole)
    found = []
    for scope in scopes:
        client = scope.client
        run = _run(client, text)
        by_kind = {}
        for kind in [kind for kind in KINDS if kind in asked[client.pk]]:
            if not scope.is_whole:
                by_kind[kind.value] = series(client, kind, run[1:], run[-2], {}, pinned(scope, {}))
                continue
            own = breaks.of(client, kind, run) if (client.pk, kind) in moved else []
            parts = [
                _part(kind, period, numbers[kind].get((client.pk, place), NOTHING), hidden[kind][client.pk])
                for place, period in enumerate(run)
            ]
            by_kind[kind.value] = Series(kind, tuple(parts[1:]), parts[-2], tuple(own))
        found.append(_Found(scope, by_kind))
    return found


def _run(client: Client, text: str) -> list[Period]:
    period = periods.parse(text, client.time_zone)
    return periods.run_back(period, LENGTHS[period.kind] + 1)


def _numbers(clients: Sequence[Client], kind: str, text: str) -> dict[tuple[int, int], Counts]:
    return counts.of_each(clients, kind, _run(clients[0], text))


def _part(kind: str, period: Period, numbers: Counts, hidden: Collection[Span]) -> Part:
    return Part(kind, period, numbers, disclosure.of_whole(sum(numbers), period, hidden))


def _asked_kinds(clients: Sequence[Client]) -> dict[int, set[str]]:
    asked: dict[int, set[str]] = {client.pk: set() for client in clients}
    for pk, kind in Campaign.objects.filter(client__in=clients).values_list("client", "survey__kind"):
        asked[pk].add(kind)
    return asked


def _may_have_breaks(clients: Sequence[Client]) -> set[tuple[int, str]]:
    """(client, kind) with a second wording or other rules at any time; `breaks` says when, and whether it is one."""
    worded = SurveyVersion.objects.filter(number__gt=1, survey__client__in=clients)
    ruled = RulesVersion.objects.filter(campaign__client__in=clients)
    of_rules = ruled.values_list("campaign__client", "campaign__survey__kind")
    several = Counter(of_rules)
    return set(worded.values_list("survey__client", "survey__kind")) | {key for key, n in several.items() if n > 1}


def _verdicts(found: Sequence[_Found]) -> dict[tuple[int, str], Verdict]:
    """(client, kind) → what may be said of its change once all of them are looked at together."""
    tested = {
        (each.scope.client.pk, kind): one.change
        for each in found
        for kind, one in each.by_kind.items()
        if one.change is not None
    }
    if len(tested) <= MANY_TESTS:
        return {key: change.verdict for key, change in tested.items()}
    news = scores.benjamini_hochberg([change.p for change in tested.values()])
    return {
        key: change.verdict if is_news else Verdict.NO_CLEAR_CHANGE
        for (key, change), is_news in zip(tested.items(), news, strict=True)
    }


def _rank(each: _Found, verdicts: Mapping[tuple[int, str], Verdict]) -> tuple:
    said = {kind: verdicts.get((each.scope.client.pk, kind)) for kind in each.by_kind}
    fallen = [each.by_kind[kind].change.p for kind, verdict in said.items() if verdict == Verdict.LOWER]
    if fallen:
        return (0, min(fallen), each.scope.client.name)
    return (2 if Verdict.HIGHER in said.values() else 1, 0, each.scope.client.name)


def _row(each: _Found, kinds: Sequence[str], verdicts: Mapping, text: str, language: str) -> Row:
    client = each.scope.client
    href = reverse("dashboard", args=[client.slug])
    cells = tuple(
        _cell(each.by_kind[kind], verdicts.get((client.pk, kind)), f"{href}?kind={kind}&period={text}", language)
        if kind in each.by_kind
        else None
        for kind in kinds
    )
    whose = ", ".join(names[pinned(each.scope, {})[by]] for by, names in each.scope.fixed.items())
    rates = reverse("dashboard-rates", args=[client.slug])
    return Row(client, whose, f"{href}?period={text}", cells, f"{rates}?period={text}")


def _cell(found: Series, verdict: Verdict | None, href: str, language: str) -> Cell:
    unit, now = headline.UNITS[found.kind], found.now
    name = headline.title(found.kind)
    drawing = charts.small_trend(headlines.points(found, language), unit=unit, breaks=headlines.marked(found))
    is_shown = now.estimate is not None
    interval = figures.interval(now.estimate, unit, language) if is_shown else ""
    return Cell(
        name,
        report.written(now.estimate.value, unit, language) if now.is_firm else "",
        interval if now.is_firm or not is_shown else _("range only: %s") % interval,
        headline.verdict(found.kind, verdict, found.is_new_series) if is_shown else "",
        headlines.compared_before(found, language),
        figures.evidence(now.n, language) if is_shown else "",
        mark_safe(drawing.fluid()) if drawing else mark_safe(""),
        _trend_said(found, language),
        href,
        "" if is_shown else headlines.why_none(now),
        verdict in (Verdict.LOWER, Verdict.HIGHER),
    )


def _trend_said(found: Series, language: str) -> str:
    """The small trend in words, for those who do not see it."""
    points = headlines.points(found, language)
    if sum(point.is_firm for point in points) < 2:
        return ""
    unit = headline.UNITS[found.kind]
    return charts.trend(points, language=language, unit=unit, title=headline.title(found.kind)).sentence


def _opening(period: Period, tested: int, language: str) -> str:
    then = headlines.period_short(period.previous(), language)
    told = [_("Compared with %s. Clearly worse stands first, by the test.") % then]
    if tested > MANY_TESTS:
        told.append(_("%(n)s changes were tested together; the words allow for that.") % {"n": tested})
    told.append(_("A change is tested from %(least)s answers on each side.") % {"least": VALUE_FROM})
    return " ".join(told)
