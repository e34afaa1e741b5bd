"""Tallies: answers counted once and kept by day, filled day by day as days end and mended where answers changed.

One turn of the sweep is one transaction over one client and a bounded number of answers. It fills days that have ended,
moves answers of earlier days that are no longer the latest of their period, and counts days anew whose answers changed.
A turn that dies undoes itself and is done again; of two at once for one client, one gives way.

The hours that are `Touched` are read before anything is counted, and only those read are taken away: what changes
meanwhile stays noted. That a turn may see such a change by halves does no harm: its days are not read from tallies
until they have been counted anew.
"""

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, Min

from surveys.models import Client, Response

from . import look, tallying
from .models import CellTally, ChosenAttribute, DayTally, TalliedUntil, Touched
from .periods import midnight

ANSWERS = 200_000  # filled in one turn, more or less, by whole days
DAYS = 31  # counted anew in one turn
NOTES = 20_000  # read in one turn
CLOSES = dt.timedelta(hours=1)  # after which nothing of a day changes without a note; see `triggers`
SECONDS = 10  # for so long a sweep begins new turns: others wait for the same worker


@dataclass(frozen=True)
class Standing:
    """What a client's tallies can be read for: days before `until_on` but for the `touched` ones.

    `token` changes with every turn of the sweep and with every change of an answer that was noted.
    """

    zone: str
    until_on: dt.date
    touched: frozenset[dt.date]
    dimensions: frozenset[str]
    token: tuple[int, int]

    @property
    def days(self) -> tuple:
        return self.zone, self.until_on, self.touched


# --- What stands -----------------------------------------------------------------------------------------------------


def together(clients: Sequence[Client]) -> Standing | None:
    """How the tallies of all these clients stand; None where they do not stand alike. Two queries."""
    states = standing(clients)
    if not states or len(states) < len(clients) or len({state.days for state in states.values()}) > 1:
        return None
    one, *_others = states.values()
    dimensions = frozenset.intersection(*(state.dimensions for state in states.values()))
    turns, notes = (sum(parts) for parts in zip(*(state.token for state in states.values()), strict=True))
    return replace(one, dimensions=dimensions, token=(turns, notes))


def alike(clients: Sequence[Client]) -> list[tuple[str, list[Client]]]:
    """The clients with their time zone, in groups whose tallies stand alike."""
    states = standing(clients)
    groups: dict[tuple, list[Client]] = defaultdict(list)
    for client in clients:
        state = states.get(client.pk)
        groups[state and state.days, client.time_zone].append(client)
    return [(zone, members) for (_days, zone), members in groups.items()]


def standing(clients: Sequence[Client]) -> dict[int, Standing]:
    """By client; those whose answers nobody has tallied yet are missing. Two queries, in one look once."""
    return look.once(_key(clients), lambda: _standing(clients))


def look_again(clients: Sequence[Client]) -> None:
    """Within one look: how they stand has changed since."""
    look.again(_key(clients))


def _key(clients: Sequence[Client]) -> tuple:
    return "standing", *sorted(client.pk for client in clients)


def _standing(clients: Sequence[Client]) -> dict[int, Standing]:
    hours: dict[int, dict[dt.datetime, int]] = defaultdict(dict)
    notes = Touched.objects.filter(client__in=clients).order_by().values_list("client", "at").annotate(Count("pk"))
    for client_id, at, number in notes:
        hours[client_id][at] = number
    found = {}
    for one in TalliedUntil.objects.filter(pk__in=clients):
        noted = hours[one.pk]
        days = frozenset(day for at in noted for day in _days_of(at, one.zone)) if one.zone else frozenset()
        token = (one.turn, sum(noted.values()))
        found[one.pk] = Standing(one.zone, one.until_on, days, tallying.dimensions(one.attributes), token)
    return found


def _days_of(hour: dt.datetime, zone: str) -> set[dt.date]:
    """One day; two where the zone's midnight is none of an hour in UTC."""
    last = hour + dt.timedelta(minutes=59, seconds=59)
    return {at.astimezone(ZoneInfo(zone)).date() for at in (hour, last)}


# --- The sweep -------------------------------------------------------------------------------------------------------


def sweep(at: dt.datetime) -> int:
    """Fill and mend what can be by now, a bounded time long; the number of turns. The next sweep goes on from there."""
    until = time.monotonic() + SECONDS
    turns = 0
    for client in _due(at):
        while time.monotonic() < until and turn(client, at):
            turns += 1
    return turns


def turn(client: Client, at: dt.datetime) -> bool:
    """Fill days that have ended, and count anew those whose answers changed; whether there was anything to do."""
    with transaction.atomic():
        client = Client.objects.get(pk=client.pk)  # its zone as it is now
        closed_on = (at - CLOSES).astimezone(client.zone).date()
        state = _claimed(client, closed_on)
        if state is None:
            return False
        begin_on, end_on = state.until_on, _reach(client, state.until_on, closed_on)
        touched, notes = _touched(client, end_on)
        if begin_on == end_on and not notes:
            return False
        if begin_on < end_on:
            tallying.fill(client, state.attributes, begin_on, end_on)
        for first_on, next_on in stretches(touched):
            _forget(client, day_on__gte=first_on, day_on__lt=next_on)
            tallying.count(client, state.attributes, first_on, next_on, end_on)
        Touched.objects.filter(pk__in=notes).delete()
        TalliedUntil.objects.filter(pk=client.pk).update(until_on=end_on)
    return True


def _due(at: dt.datetime) -> list[Client]:
    """Clients with something to fill, to mend or to begin anew. Notes about clients that are gone go, too."""
    Touched.objects.exclude(client__in=Client.objects.all()).delete()
    touched = set(Touched.objects.order_by().values_list("client", flat=True).distinct())
    states = {state.pk: state for state in TalliedUntil.objects.all()}
    chosen = _chosen()

    def is_due(client: Client) -> bool:
        state = states.get(client.pk)
        if state is None or client.pk in touched or not _is_of(state, client, chosen.get(client.pk, [])):
            return True
        return state.until_on < (at - CLOSES).astimezone(client.zone).date()

    return [client for client in Client.objects.order_by("pk") if is_due(client)]


def _chosen(**of) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for client_id, name in ChosenAttribute.objects.filter(**of).order_by("name").values_list("client", "name"):
        found.setdefault(client_id, []).append(name)
    return found


def _is_of(state: TalliedUntil, client: Client, attributes: list[str]) -> bool:
    return (state.zone, state.attributes) == (client.time_zone, attributes)


def _claimed(client: Client, closed_on: dt.date) -> TalliedUntil | None:
    """The client's state, held by this transaction; None if another turn came between.

    Begun anew where its days have changed (another time zone) or what is kept of them.
    """
    attributes = _chosen(client=client).get(client.pk, [])
    state, _ = TalliedUntil.objects.get_or_create(client=client, defaults={"until_on": closed_on})
    if not TalliedUntil.objects.filter(pk=client.pk, turn=state.turn).update(turn=state.turn + 1):
        return None
    state.turn += 1
    if not _is_of(state, client, attributes):
        _forget(client)
        state.until_on, state.zone, state.attributes = _first_day(client, closed_on), client.time_zone, attributes
        state.save()
    return state


def _first_day(client: Client, closed_on: dt.date) -> dt.date:
    """Of the client's answers; without any, what is still open."""
    earliest = Response.objects.filter(client=client).aggregate(at=Min("submitted_at"))["at"]
    return min(earliest.astimezone(client.zone).date(), closed_on) if earliest else closed_on


def _reach(client: Client, begin_on: dt.date, closed_on: dt.date) -> dt.date:
    """Up to which day one turn fills: `closed_on`, or as far as `ANSWERS` answers go if they spread evenly."""
    days = (closed_on - begin_on).days
    if days <= 1:
        return max(begin_on, closed_on)
    begin, end = (midnight(day, client.time_zone) for day in (begin_on, closed_on))
    number = Response.objects.filter(client=client, submitted_at__gte=begin, submitted_at__lt=end).count()
    return begin_on + dt.timedelta(max(1, days * ANSWERS // max(number, ANSWERS)))


def _forget(client: Client, **days) -> None:
    for model in (DayTally, CellTally):
        model.objects.filter(client=client, **days).delete()


def _touched(client: Client, until_on: dt.date) -> tuple[list[dt.date], list[int]]:
    """The first `DAYS` days before `until_on` that must be counted anew, and the notes that this settles."""
    notes = list(Touched.objects.filter(client=client).order_by("at").values_list("pk", "at")[:NOTES])
    days_of = {at: _days_of(at, client.time_zone) for at in {at for _pk, at in notes}}
    days = sorted({day for found in days_of.values() for day in found if day < until_on})[:DAYS]
    waiting = {at for at, found in days_of.items() if any(day < until_on and day not in days for day in found)}
    return days, [pk for pk, at in notes if at not in waiting]


def stretches(days: list[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Ascending days as ranges without gaps, each up to the day after its last."""
    one = dt.timedelta(1)
    begins = [day for before, day in pairwise([dt.date.min, *days]) if day - before > one]
    ends = [day + one for day, after in pairwise([*days, dt.date.max]) if after - day > one]
    return list(zip(begins, ends, strict=True))
