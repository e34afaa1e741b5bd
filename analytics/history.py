"""Which weeks, months, quarters and years of a client's history are hidden lest days between them be computed.

`protect_periods` decides, on all of them at once. An answer counts on its day if it is its customer's first of the
week. Where a customer answers more often, longer periods have fewer answers than their days, and less can be computed.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from django.db.models import Count, F, Max, Min, Sum
from django.db.models.functions import TruncDate

from surveys.models import Client

from . import answers, tallies
from .models import CountsIn, DayTally
from .periods import containing, midnight
from .small_groups import Shown, Span, protect_periods
from .tallies import Standing

Days = Mapping[dt.date, int]

CALENDAR = ("week", "month", "quarter", "year")
KEPT = 512  # histories of a client and kind in one process, some kilobytes each
_IN_WEEK = [code for code in range(1, sum(CountsIn) + 1) if code & CountsIn.WEEK]


def hidden(clients: Sequence[Client], kind: str, to: dt.date = dt.date.max) -> dict[int, frozenset[Span]]:
    """By client. Four queries for clients whose tallies stand alike, and one for each of them once an hour.

    What has ended is decided on once, and again when the sweep has mended tallies. Of periods that end after `to` some
    may be missing: where all until then is tallied, later answers change nothing and are not read.
    """
    states = tallies.standing(clients)
    groups = defaultdict(list)
    for client in clients:
        state = states.get(client.pk)
        is_tallied = state is not None and not state.touched and state.zone == client.time_zone
        groups[client.time_zone, state.until_on if is_tallied else None].append(client)
    found = {}
    for (_zone, until_on), members in groups.items():
        is_over = until_on is not None and to < until_on
        fresh = {} if is_over else _fresh(members, kind, until_on)
        for client in members:
            ended = _of(client.pk, kind, states[client.pk]) if until_on else ((), (), frozenset())
            found[client.pk] = (
                ended[2]
                if is_over
                else _hidden(client.time_zone, tuple(sorted(fresh[client.pk].items())), until_on, ended)
            )
    return found


Daily = tuple[tuple[dt.date, int], ...]
Ended = tuple[Daily, tuple[tuple[dt.date, dt.date], ...], frozenset[Span]]
"""The answers by day, what has been told, the spans that are hidden."""


@lru_cache(maxsize=KEPT)
def _of(client_id: int, kind: str, state: Standing) -> Ended:
    """Of what is tallied; nothing in it changes without a new `Standing.token`."""
    tallied = DayTally.objects.filter(client=client_id, kind=kind, day_on__lt=state.until_on, counts_in__in=_IN_WEEK)
    each = sum((F(f"n{score}") for score in answers.SCORES[1:]), F("n0"))
    days = tallied.order_by("day_on").values_list("day_on").annotate(n=Sum(each))
    return _ended(state.zone, state.until_on, tuple(days))


@lru_cache(maxsize=KEPT)
def _ended(zone: str, until_on: dt.date, daily: Daily) -> Ended:
    """It follows from the days alone: decided on once a day, for that takes longer than to read them."""
    days, told = dict(daily), {}
    decided = protect_periods(days, [span for span in _spans(days, zone) if span[1] < until_on], told)
    return daily, tuple(told.items()), _those_hidden(decided)


def forget() -> None:
    """For tests, whose databases are alike."""
    _of.cache_clear()


@lru_cache(maxsize=KEPT)
def _hidden(zone: str, fresh: Daily, until_on: dt.date | None, ended: Ended) -> frozenset[Span]:
    """With the answers that are not tallied yet. It follows from what it is given alone."""
    tallied, told, hidden_before = ended
    days = dict([*tallied, *fresh])
    spans = [span for span in _spans(days, zone) if until_on is None or span[1] >= until_on]
    return hidden_before | _those_hidden(protect_periods(days, spans, dict(told)))


def _those_hidden(decided: Mapping[Span, Shown]) -> frozenset[Span]:
    return frozenset(span for span, shown in decided.items() if shown is Shown.HIDDEN)


def _spans(days: Days, zone: str) -> Iterator[Span]:
    """All periods from the first of the days to the last one."""
    for kind in CALENDAR if days else ():
        period = containing(midnight(min(days), zone), kind, zone)
        while period.first_on <= max(days):
            yield period.first_on, period.last_on
            period = period.next()


def _fresh(clients: Sequence[Client], kind: str, until_on: dt.date | None) -> dict[int, dict[dt.date, int]]:
    """By client, all of one time zone: the answers by day, from `until_on` on where it is known."""
    zone, rows = clients[0].time_zone, answers.of(clients, kind)
    if until_on:
        rows = rows.filter(submitted_at__gte=midnight(until_on, zone))
    ends = rows.aggregate(first=Min("submitted_at"), last=Max("submitted_at"))
    found: dict[int, dict[dt.date, int]] = {client.pk: {} for client in clients}
    if ends["first"] is None:
        return found
    weeks = [containing(ends["first"], "week", zone)]
    while weeks[-1].end <= ends["last"]:
        weeks.append(weeks[-1].next())
    placed = answers.placed(clients, kind, weeks).filter(submitted_at__gte=ends["first"])
    firsts = placed.annotate(before=answers.followed(clients, kind)).filter(before=None)
    days = firsts.annotate(day_on=TruncDate("submitted_at", tzinfo=clients[0].zone))
    for client, day_on, n in days.values_list("client_id", "day_on").annotate(n=Count("pk")):
        found[client][day_on] = n
    return found
