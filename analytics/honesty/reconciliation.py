"""The client's own contact counts against the contacts that came in: what is missing, day by day, and nothing netted.

A count of one queue is held against the contacts that are of this channel, team or reason, whichever bears the name; a
count without a queue against all. A contact counts on the day on which it began, in the client's calendar; tests do not
count. A gap on one day is not filled by a surplus on the next.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import translation

from surveys.models import Client, Contact, ReportedCount

from ..periods import Period
from ..together import read_together


@dataclass(frozen=True)
class Line:
    """One day and queue as one of the client's systems counted it. `is_known`: some contact here bears the queue."""

    day: dt.date
    queue: str
    source: str
    reported: int
    received: int
    is_known: bool

    @property
    def missing(self) -> int:
        return max(0, self.reported - self.received)

    @property
    def surplus(self) -> int:
        return max(0, self.received - self.reported)


@dataclass(frozen=True)
class Comparison:
    """`lines` latest first; `silent`: days with contacts here of which the client said nothing."""

    lines: tuple[Line, ...]
    contacts: int
    silent: tuple[dt.date, ...]

    @property
    def reported(self) -> int:
        return sum(line.reported for line in self.lines)

    @property
    def received(self) -> int:
        return sum(line.received for line in self.lines)

    @property
    def missing(self) -> int:
        return sum(line.missing for line in self.lines)

    @property
    def surplus(self) -> int:
        return sum(line.surplus for line in self.lines)

    @property
    def missing_rate(self) -> float | None:
        """Missing of reported, in percent; None where nothing was reported."""
        return 100 * self.missing / self.reported if self.reported else None

    @property
    def gaps(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.missing)

    @property
    def unknown_queues(self) -> tuple[str, ...]:
        return tuple(sorted({line.queue for line in self.lines if not line.is_known}))


def compare(client: Client, period: Period) -> Comparison:
    """Two queries."""
    told = list(ReportedCount.objects.filter(client=client, day__gte=period.first_on, day__lte=period.last_on))
    contacts = Contact.objects.filter(
        client=client, is_test=False, started_at__gte=period.start, started_at__lt=period.end
    )
    day = TruncDate("started_at", tzinfo=client.zone)
    names = ("channel", "team__name", "reason") if any(one.queue for one in told) else ()
    with read_together():
        days = list(contacts.order_by().values_list(day, *names).annotate(Count("pk")))
    received: Counter = Counter()
    queues = cache(lambda *called: {"", *_queues(*called)} if called else {""})
    for on, *called, number in days:
        for queue in queues(*called):
            received[on, queue] += number
    known = {queue for _on, queue in received}
    lines = tuple(
        Line(
            one.day, one.queue, one.source, one.contacts, received[one.day, _folded(one.queue)],
            not one.queue or _folded(one.queue) in known,
        )
        for one in told
    )  # fmt: skip
    days = {on: number for (on, queue), number in received.items() if not queue}
    silent = sorted(set(days) - {line.day for line in lines}) if lines else []
    return Comparison(lines, sum(days.values()), tuple(silent))


def _queues(channel: str, team: str | None, reason: str) -> Iterator[str]:
    """All names by which a contact's queue may be called."""
    yield _folded(channel)
    for language in ("de", "en"):
        with translation.override(language):
            yield _folded(str(Contact.Channel(channel).label))
    yield from filter(None, (_folded(team or ""), _folded(reason)))


def _folded(name: str) -> str:
    return name.strip().casefold()
