"""One period's answers broken down by what else is known of them; each part with its interval, beside all of them.

How much of a part may be shown, `disclosure` says: what is hidden has a name and nothing else. Parts are not ranked:
the largest come first, agents by name, and `is_ranked` says of which the place among the others is certain.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from surveys.models import Agent, Client, Contact, Survey, SurveyVersion, Team
from surveys.models.people import LANGUAGES

from . import disclosure, scores
from .counts import EVERYWHERE, Counts, counts, groups
from .dimensions import By, Where
from .figures import period_name
from .honesty import breaks
from .honesty.figure import change, estimate, worth
from .models import Theme
from .periods import Period
from .scores import VALUE_FROM, Change, Estimate, FunnelLimits, Groups, Verdict
from .small_groups import Shown

COMPARED_FROM = {By.AGENT: 30, By.TEAM: 30}  # answers, on both sides; elsewhere VALUE_FROM. These are about people.
COMPARED_AT_ONCE = 5  # parts; of more, Benjamini and Hochberg say which changes are news
PERIOD = "period"
NOBODY: Counts = (0,) * 11


@dataclass(frozen=True)
class Row:
    """One part: `value` as `dimensions` writes it, `name` in the reader's language.

    `groups` and `change` only where `shown` in full, `n` and `estimate` unless it is hidden; of an interval only, the
    estimate's value is not for print. `change` against the period before: None where a side has too few answers, and
    across a series break. `stands` says on which side of the funnel's outer limits (99.8 %) the part lies, None where
    it is not compared. `is_ranked`: its interval overlaps that of no other part compared.
    """

    value: str
    name: str
    groups: Groups | None
    n: int | None
    estimate: Estimate | None
    shown: Shown
    change: Change | None = None
    stands: Verdict | None = None
    is_ranked: bool = False


@dataclass(frozen=True)
class Breakdown:
    """`compared_from`: so many answers must a part have to be compared with others, or with itself before.

    `is_adjusted`: more than five changes were tested, and Benjamini and Hochberg decided which are news.
    `is_new_series`: what was asked, or whom, changed in between; nothing is compared across that.
    """

    kind: str
    by: str
    total: Row
    rows: tuple[Row, ...]
    compared_from: int
    is_adjusted: bool
    is_new_series: bool

    def limits(self, n: int) -> FunnelLimits | None:
        """Within which a part of `n` answers lies by chance; None where the whole may not be shown."""
        return scores.funnel_limits(n, self.total.groups, worth(self.kind)) if self.total.groups else None


def breakdown(
    client: Client,
    kind: str,
    period: Period,
    by: str,
    where: Where = EVERYWHERE,
    before: Period | None = None,
) -> Breakdown:
    """By a dimension of `dimensions`; ValueError for what is none, and if `before` is not before the period.

    A part of a theme stands for itself, a merged theme for what it became. As many queries for one part as for many.
    """
    run = [before, period] if before else [period]
    decided = disclosure.of(client, kind, run, by, where)
    numbers = _by_place(counts(client, kind, run, by, where), len(run))
    whole = _by_place(counts(client, kind, run, where=where), len(run))
    is_new_series = bool(before) and _is_broken(client, kind, before, period)
    compared_from = COMPARED_FROM.get(by, VALUE_FROM)
    names = names_of(client, by, numbers[-1])
    rows = [_row(kind, value, names[value], of, decided[-1].parts.get(value)) for value, of in numbers[-1].items()]
    total = _row(kind, "", _("all"), whole[-1].get("", NOBODY), decided[-1].whole)
    if before and not is_new_series:
        rows = [_against(kind, row, numbers[0], decided[0].parts.get(row.value), compared_from) for row in rows]
        total = _against(kind, total, whole[0], decided[0].whole, VALUE_FROM)
    rows, is_adjusted = _adjusted(rows)
    found = Breakdown(kind, by, total, (), compared_from, is_adjusted, is_new_series)
    return replace(found, rows=tuple(sorted(_beside_each_other(found, rows), key=lambda row: _order(by, row))))


def by_period(client: Client, kind: str, run: Sequence[Period], where: Where = EVERYWHERE) -> Breakdown:
    """The periods of a run, oldest first, each against the one before it, unless a series breaks in between.

    `total` is the last one; `value` is `Period.text`. As many queries for a short run as for a long one.
    """
    decided = disclosure.of(client, kind, run, where=where)
    whole = _by_place(counts(client, kind, run, where=where), len(run))
    on = [each.on for each in breaks.of(client, kind, run)]
    language = get_language() or "en"
    rows: list[Row] = []
    for place, period in enumerate(run):
        name = period_name(period, language)
        row = _row(kind, period.text, name, whole[place].get("", NOBODY), decided[place].whole)
        if place and not any(run[place - 1].first_on < day <= period.last_on for day in on):
            row = _against(
                kind, row, {period.text: whole[place - 1].get("", NOBODY)}, decided[place - 1].whole, VALUE_FROM
            )
        rows.append(row)
    rows, is_adjusted = _adjusted(rows)
    return Breakdown(kind, PERIOD, rows[-1], tuple(rows), VALUE_FROM, is_adjusted, bool(on))


def names_of(client: Client, by: str, values: Iterable[str]) -> dict[str, str]:
    """What values of a dimension are called in the reader's language; only rows of this client. One query at most."""
    values = list(values)
    named = _names(client, by, [value for value in values if value])
    nothing = {
        By.TEAM: _("no team"),
        By.AGENT: _("no agent"),
        By.CHANNEL: _("no channel"),
        By.REASON: _("no reason given"),
        By.SEGMENT: _("no segment"),
        By.THEME: _("no theme"),
        By.GOODWILL: _("no goodwill"),
    }
    return {value: named.get(value, value) if value else nothing.get(by, _("not stated")) for value in values}


def _names(client: Client, by: str, values: Sequence[str]) -> Mapping[str, str]:
    if by == By.CHANNEL:
        return {value: str(label) for value, label in Contact.Channel.choices}
    if by == By.LANGUAGE:
        return {value: str(label) for value, label in LANGUAGES}
    if by == By.GOODWILL:
        return {"1": _("goodwill given")}
    language = get_language() or "en"
    rows = {
        By.TEAM: (Team.objects.filter(client=client), str),
        By.AGENT: (Agent.objects.filter(client=client), str),
        By.SURVEY: (Survey.objects.filter(client=client), str),
        By.VERSION: (SurveyVersion.objects.filter(survey__client=client).select_related("survey"), str),
        By.THEME: (Theme.objects.filter(client=client).select_related("parent"), lambda row: row.full_name(language)),
    }
    if by not in rows:
        return {}
    these, name = rows[by]
    return {value: _("no longer known") for value in values} | {
        str(row.pk): name(row) for row in these.filter(pk__in=values)
    }


def _by_place(found: Mapping[tuple[int, str], Counts], length: int) -> list[dict[str, Counts]]:
    places: list[dict[str, Counts]] = [{} for _ in range(length)]
    for (place, value), numbers in found.items():
        places[place][value] = numbers
    return places


def _row(kind: str, value: str, name: str, numbers: Counts, shown: Shown | None) -> Row:
    if shown in (None, Shown.HIDDEN):
        return Row(value, name, None, None, None, Shown.HIDDEN)
    found = groups(kind, numbers)
    return Row(value, name, found if shown is Shown.FULL else None, sum(numbers), estimate(kind, found), shown)


def _against(kind: str, row: Row, before: Mapping[str, Counts], shown: Shown | None, compared_from: int) -> Row:
    """With its change, where both sides may be shown and are large enough."""
    was = before.get(row.value, NOBODY)
    if row.groups is None or shown is not Shown.FULL or min(row.n, sum(was)) < compared_from:
        return row
    return replace(row, change=change(kind, groups(kind, was), row.groups))


def _adjusted(rows: Sequence[Row]) -> tuple[list[Row], bool]:
    """Whatever is no news among more than five changes is no clear change."""
    changes = [row.change for row in rows if row.change]
    if len(changes) <= COMPARED_AT_ONCE:
        return list(rows), False
    news = iter(scores.benjamini_hochberg([each.p for each in changes]))
    unclear = Verdict.NO_CLEAR_CHANGE
    return [
        row if not row.change or next(news) else replace(row, change=replace(row.change, verdict=unclear))
        for row in rows
    ], True


def _beside_each_other(found: Breakdown, rows: Sequence[Row]) -> list[Row]:
    compared = [row for row in rows if row.groups and row.n >= found.compared_from]
    placed = {}
    for row in compared:
        others = [other for other in compared if other is not row]
        is_apart = bool(others) and not any(scores.overlap(row.estimate, other.estimate) for other in others)
        placed[row.value] = replace(row, stands=_stands(found, row), is_ranked=is_apart)
    return [placed.get(row.value, row) for row in rows]


def _stands(found: Breakdown, row: Row) -> Verdict | None:
    limits = found.limits(row.n)
    if limits is None:
        return None
    if row.estimate.value > limits.far_high:
        return Verdict.HIGHER
    return Verdict.LOWER if row.estimate.value < limits.far_low else Verdict.NO_CLEAR_CHANGE


def _order(by: str, row: Row) -> tuple:
    """Hidden ones by name, for their order would tell their size; people by name, for theirs would be a league."""
    return (row.shown is Shown.HIDDEN, 0 if by == By.AGENT or row.n is None else -row.n, row.name)


def _is_broken(client: Client, kind: str, before: Period, period: Period) -> bool:
    return any(before.first_on < each.on <= period.last_on for each in breaks.of(client, kind, [before, period]))
