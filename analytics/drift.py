"""The drift watch: whether a client's comments have moved away from what the reader in use was taught.

Week by week (the client's calendar, by when customers answered) what machines said is compared with the eight weeks
before, as far as the same version read them; `moves` decides what is news. A comment that a person has judged since
counts as the machine had read it: people take the least sure ones, and weeks they have worked on would look better.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncWeek
from django.utils import timezone

from surveys.models import Client, Login, reach_of
from surveys.models.people import LANGUAGES

from . import periods, rules, themes
from .models import Correction, DriftAlert, Reading, Theme, ThemeAssignment, ThemeEvent
from .moves import Sums, Week, moves
from .periods import Period
from .readers import reader_for

WEEKS_BEFORE = 8
SUBMITTED = "answer__response__submitted_at"


@dataclass(frozen=True)
class Told:
    """A week and what was said of its comments."""

    period: Period
    week: Week


def watch(at: dt.datetime) -> int:
    """Note what moved in the last complete week of every client and language; the number of new alerts.

    Run again, it notes nothing twice: each thing once a week, whoever is faster.
    """
    found = [alert for client in Client.objects.filter(is_active=True) for alert in _watched(client, at)]
    before = DriftAlert.objects.count()
    DriftAlert.objects.bulk_create(found, ignore_conflicts=True)
    return DriftAlert.objects.count() - before


def weeks(client: Client, language: str, version: str, last: Period, count: int) -> list[Told]:
    """What one version said in `count` weeks up to `last`, oldest first. Three queries, however many comments."""
    run = periods.run_back(last, count)
    span = (run[0].start, run[-1].end)
    found = _by_machines(client, language, version, span)
    named = _themes_named(client, language, version, span)
    corrected = _before_correction(client, language, version, span)
    empty = Week()
    return [
        Told(each, _together(found.get(each.first_on, empty), named[each.first_on], corrected[each.first_on]))
        for each in run
    ]


def unseen(login: Login) -> QuerySet[DriftAlert]:
    """What moved at the clients whose analyst this is and nobody has marked as seen, newest first."""
    reach = reach_of(login)
    if not reach.is_analyst:
        return DriftAlert.objects.none()
    return DriftAlert.objects.filter(reach.analyst_rows(), seen_at=None).select_related("client", "theme")


def mark_seen(alert: DriftAlert, by: Login) -> None:
    """The first who looks is kept."""
    DriftAlert.objects.filter(pk=alert.pk, seen_at=None).update(seen_by=by, seen_at=timezone.now())


def _watched(client: Client, at: dt.datetime) -> Iterator[DriftAlert]:
    last = periods.last_complete(at, "week", client.time_zone)
    readings = Reading.objects.filter(_within((last.start, last.end)), answer__response__client=client)
    spoken = dict(LANGUAGES)
    for language in sorted(set(readings.values_list("language", flat=True)) & spoken.keys()):
        told = weeks(client, language, reader_for(client, language).version, last, WEEKS_BEFORE + 1)
        *before, week = (each.week for each in told)
        for move in moves(before, week, _comparable(client, told[0].period.start)):
            yield DriftAlert(
                client=client,
                language=language,
                kind=move.kind,
                theme_id=move.theme,
                week_on=last.first_on,
                expected=move.expected,
                found=move.found,
                comments=week.comments,
                chance=move.chance,
                noted_at=at,
            )


def _comparable(client: Client, since: dt.datetime) -> list[int]:
    """Themes in use at which nobody has done anything since: a new or another definition moves shares, too."""
    touched = ThemeEvent.objects.filter(client=client, at__gte=since)
    changed = set(touched.values_list("theme", flat=True))
    changed |= set(Theme.objects.filter(merged__events__in=touched).values_list("pk", flat=True))
    used = {theme.pk for theme in themes.in_use(client).values()}
    return sorted(used - changed)


# --- What was said, by week ------------------------------------------------------------------------------------------


def _within(span: tuple[dt.datetime, dt.datetime]) -> Q:
    return Q(**{f"{SUBMITTED}__gte": span[0], f"{SUBMITTED}__lt": span[1]})


def _by_machines(client: Client, language: str, version: str, span) -> dict[dt.date, Week]:
    of_version = Reading.objects.filter(
        _within(span), answer__response__client=client, language=language, version=version
    )
    told = of_version.exclude(source=Reading.Source.PERSON).exclude(outcome=Reading.Outcome.EMPTY)
    rows = (
        told.annotate(week=TruncWeek(SUBMITTED, tzinfo=client.zone))
        .values("week")
        .annotate(
            comments=Count("pk"),
            unclassified=Count("pk", filter=Q(outcome=Reading.Outcome.UNCLASSIFIED)),
            **_sums("margin"),
            **_sums("unseen"),
        )
        .order_by()
    )
    return {
        row["week"].date(): Week(row["comments"], row["unclassified"], _as_sums(row, "margin"), _as_sums(row, "unseen"))
        for row in rows
    }


def _sums(column: str) -> dict:
    return {f"{column}_n": Count(column), f"{column}_sum": Sum(column), f"{column}_sq": Sum(F(column) * F(column))}


def _as_sums(row: dict, column: str) -> Sums:
    return Sums(row[f"{column}_n"], row[f"{column}_sum"] or 0.0, row[f"{column}_sq"] or 0.0)


def _themes_named(client: Client, language: str, version: str, span) -> dict[dt.date, Counter]:
    """By the themes that merged ones became."""
    found = ThemeAssignment.objects.filter(
        _within(span), answer__response__client=client, answer__reading__language=language, version=version
    ).exclude(source=Reading.Source.PERSON)
    rows = (
        found.annotate(week=TruncWeek(SUBMITTED, tzinfo=client.zone), into=Coalesce("theme__merged_into", "theme"))
        .values("week", "into")
        .annotate(n=Count("answer", distinct=True))
        .order_by()
    )
    named: dict[dt.date, Counter] = defaultdict(Counter)
    for row in rows:
        named[row["week"].date()][row["into"]] += row["n"]
    return named


def _before_correction(client: Client, language: str, version: str, span) -> dict[dt.date, Week]:
    """What this version had said of comments that a person has judged since."""
    in_use = {key: theme.pk for key, theme in themes.in_use(client).items()}
    corrected = Correction.objects.filter(
        _within(span),
        answer__response__client=client,
        answer__reading__language=language,
        answer__reading__source=Reading.Source.PERSON,
        before__version=version,
    ).order_by("at", "pk")
    columns = ("answer", SUBMITTED, "before", "answer__text", "answer__reading__margin", "answer__reading__unseen")
    told: dict[dt.date, Week] = defaultdict(Week)
    known = set()
    for answer, submitted_at, before, words, margin, unseen in corrected.values_list(*columns):
        if answer in known or _is_empty(before, words, language):
            continue
        known.add(answer)
        week_on = periods.containing(submitted_at, "week", client.time_zone).first_on
        found = Counter({in_use[key] for key in before["themes"] if key in in_use})
        one = Week(1, not before["themes"], _one(margin), _one(unseen), found)
        told[week_on] = _together(told[week_on], Counter(), one)
    return told


def _is_empty(before: dict, words: str, language: str) -> bool:
    """Whether the machine had found no content; whichever reads, that is a matter of rules."""
    return not before["themes"] and rules.read(words, language).outcome == Reading.Outcome.EMPTY


def _one(value: float | None) -> Sums:
    return Sums() if value is None else Sums(1, value, value * value)


def _together(week: Week, named: Counter, other: Week) -> Week:
    return Week(
        week.comments + other.comments,
        week.unclassified + other.unclassified,
        week.margins + other.margins,
        week.unseen + other.unseen,
        Counter(week.themes) + named + Counter(other.themes),
    )
