"""Tallies: answers counted once and kept by day, filled hour by hour and mended where answers changed.

One turn of the sweep is one transaction over one client and a bounded number of answers. It adds those of hours that
have ended, and counts days anew where an answer changed, or one that is followed there. A turn that dies undoes itself
and is done again; of two at once for one client, one gives way.

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

ANSWERS = 200_000  # filled in one turn, more or less; of more, by whole days
DAYS = 31  # counted anew in one turn
NOTES = 20_000  # read in one turn
CLOSES = dt.timedelta(hours=1)  # after which nothing of an hour changes without a note; see `triggers`
SECONDS = 10  # for so long a sweep begins new turns: others wait for the same worker


@dataclass(frozen=True)
class Standing:
    """What a client's tallies can be read for: answers before `until` but for those of days that are `touched`.

    `token` changes with every turn of the sweep and with every change of an answer that was noted.
    """

    zone: str
    until: dt.datetime
    touched: frozenset[dt.date]
    dimensions: frozenset[str]
    token: tuple[int, int]

    @property
    def answers(self) -> tuple:
        """Of which answers they tell."""
        return self.zone, self.until, self.touched

    @property
    def until_on(self) -> dt.date:
        """All days before this one are filled."""
        return _day(self.until, self.zone)


# --- What stands -----------------------------------------------------------------------------------------------------


def together(clients: Sequence[Client]) -> Standing | None:
    """How the tallies of all these clients stand; None where they do not stand alike. Two queries."""
    states = standing(clients)
    if not states or len(states) < len(clients) or len({state.answers for state in states.values()}) > 1:
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
        groups[state and state.answers, client.time_zone].append(client)
    return [(zone, members) for (_answers, zone), members in groups.items()]


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
    for one in TalliedUntil.objects.filter(pk__in=clients).exclude(zone=""):
        noted = hours[one.pk]
        days = frozenset(day for at in noted for day in _days_of(at, one.zone))
        token = (one.turn, sum(noted.values()))
        found[one.pk] = Standing(one.zone, one.until, days, tallying.dimensions(one.attributes), token)
    return found


def _days_of(hour: dt.datetime, zone: str) -> set[dt.date]:
    """One day; two where the zone's midnight is none of an hour in UTC."""
    last = hour + dt.timedelta(minutes=59, seconds=59)
    return {_day(at, zone) for at in (hour, last)}


def _day(at: dt.datetime, zone: str) -> dt.date:
    return at.astimezone(ZoneInfo(zone)).date()


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
    """Fill hours that have ended, and count days anew whose answers changed; whether there was anything to do."""
    with transaction.atomic():
        client = Client.objects.get(pk=client.pk)  # its zone as it is now
        closed = _closed(at)
        state = _claimed(client, closed)
        if state is None:
            return False
        begin, end = state.until, _reach(client, state.until, closed)
        touched, notes = _touched(client, end)
        if begin == end and not notes:
            return False
        if begin < end:
            tallying.add(client, state.attributes, begin, end)
        for first_on, next_on in stretches(touched):
            _forget(client, day_on__gte=first_on, day_on__lt=next_on)
            first, after = (min(midnight(day, state.zone), end) for day in (first_on, next_on))
            tallying.add(client, state.attributes, first, after)
        Touched.objects.filter(pk__in=notes).delete()
        TalliedUntil.objects.filter(pk=client.pk).update(until=end)
    return True


def _closed(at: dt.datetime) -> dt.datetime:
    """What came before this is filled: whole hours."""
    return (at - CLOSES).astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)


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
        return state.until < _closed(at)

    return [client for client in Client.objects.order_by("pk") if is_due(client)]


def _chosen(**of) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for client_id, name in ChosenAttribute.objects.filter(**of).order_by("name").values_list("client", "name"):
        found.setdefault(client_id, []).append(name)
    return found


def _is_of(state: TalliedUntil, client: Client, attributes: list[str]) -> bool:
    return (state.zone, state.attributes) == (client.time_zone, attributes)


def _claimed(client: Client, closed: dt.datetime) -> TalliedUntil | None:
    """The client's state, held by this transaction; None if another turn came between.

    Begun anew where its days have changed (another time zone) or what is kept of them.
    """
    attributes = _chosen(client=client).get(client.pk, [])
    state, _ = TalliedUntil.objects.get_or_create(client=client, defaults={"until": closed})
    if not TalliedUntil.objects.filter(pk=client.pk, turn=state.turn).update(turn=state.turn + 1):
        return None
    state.turn += 1
    if not _is_of(state, client, attributes):
        _forget(client)
        state.until, state.zone, state.attributes = _first(client, closed), client.time_zone, attributes
        state.save()
    return state


def _first(client: Client, closed: dt.datetime) -> dt.datetime:
    """When the day of the client's first answer begins; without any, what is still open."""
    earliest = Response.objects.filter(client=client).aggregate(at=Min("submitted_at"))["at"]
    return min(midnight(_day(earliest, client.time_zone), client.time_zone), closed) if earliest else closed


def _reach(client: Client, begin: dt.datetime, closed: dt.datetime) -> dt.datetime:
    """How far one turn fills: to `closed`, or by whole days as far as `ANSWERS` answers go if they spread evenly."""
    days = (closed - begin).days
    if days < 1:
        return max(begin, closed)
    number = Response.objects.filter(client=client, submitted_at__gte=begin, submitted_at__lt=closed).count()
    if number <= ANSWERS:
        return closed
    last_on = _day(begin, client.time_zone) + dt.timedelta(max(1, days * ANSWERS // number))
    return min(midnight(last_on, client.time_zone), closed)


def _forget(client: Client, **days) -> None:
    for model in (DayTally, CellTally):
        model.objects.filter(client=client, **days).delete()


def _touched(client: Client, until: dt.datetime) -> tuple[list[dt.date], list[int]]:
    """The first `DAYS` days begun before `until` that must be counted anew, and the notes that this settles."""
    last_on = _day(until, client.time_zone)
    notes = list(Touched.objects.filter(client=client).order_by("at").values_list("pk", "at")[:NOTES])
    days_of = {at: _days_of(at, client.time_zone) for at in {at for _pk, at in notes}}
    days = sorted({day for found in days_of.values() for day in found if day <= last_on})[:DAYS]
    waiting = {at for at, found in days_of.items() if any(day <= last_on and day not in days for day in found)}
    return days, [pk for pk, at in notes if at not in waiting]


def stretches(days: list[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Ascending days as ranges without gaps, each up to the day after its last."""
    one = dt.timedelta(1)
    begins = [day for before, day in pairwise([dt.date.min, *days]) if day - before > one]
    ends = [day + one for day, after in pairwise([*days, dt.date.max]) if after - day > one]
    return list(zip(begins, ends, strict=True))
