"""How much may leave: caps per client, per client and mail domain, and the rate of the whole house.

What counts are tries to customers. They are counted by minute in the claim's own transaction, under a lock (of the
client's row, or of the house's count), so the figures are exact with any number of senders. An hour's window covers all
minutes that any part of the last 60 touches, and the one that a claimed message may wait for its turn: no hour,
wherever it begins, sees more than its cap.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum

from ..models import Client, Medium, OutgoingMessage, SendingCount

WINDOW = dt.timedelta(minutes=62)
RHYTHM = 15  # seconds between two runs: so far ahead may a run use the minute's rate
KEPT = dt.timedelta(hours=2)


class Room:
    """What a client may still send now. Made inside the claim's transaction; None stands for no limit."""

    def __init__(self, client: Client, now: dt.datetime) -> None:
        self.client, self.minute = client, _minute(now)
        self.left: int | None = None
        self._by_domain: Counter[str] = Counter()
        if is_capped(client):
            _lock(client)
            self._count_hour()
        self.house = _house_left(now)

    def _count_hour(self) -> None:
        counts = SendingCount.objects.filter(client=self.client, minute__gt=self.minute - WINDOW)
        used = dict(counts.values_list("domain").annotate(total=Sum("count")))
        if self.client.messages_per_hour is not None:
            self.left = max(0, self.client.messages_per_hour - used.get("", 0))
        self._by_domain = Counter({domain: count for domain, count in used.items() if domain})

    @property
    def full_domains(self) -> list[str]:
        most = self.client.messages_per_domain_and_hour
        return [] if most is None else [domain for domain, count in self._by_domain.items() if count >= most]

    def fitting(self, messages: Iterable[OutgoingMessage]) -> list[OutgoingMessage]:
        """Those that still fit, the first ones first."""
        fit, by_domain, mails = [], self._by_domain.copy(), 0
        most = self.client.messages_per_domain_and_hour
        for message in messages:
            domain = domain_of(message)
            if self.left is not None and len(fit) >= self.left:
                break
            if domain and most is not None and by_domain[domain] >= most:
                continue
            if domain and self.house is not None and mails >= self.house:
                continue
            by_domain[domain] += 1
            mails += bool(domain)
            fit.append(message)
        return fit

    def count(self, messages: list[OutgoingMessage]) -> None:
        """Write down what is about to be tried. Clients and houses without caps write nothing."""
        _add(self.client, self.minute, _tally(self.client, messages))


def is_capped(client: Client) -> bool:
    return client.messages_per_hour is not None or client.messages_per_domain_and_hour is not None


def domain_of(message: OutgoingMessage) -> str:
    """The mail domain that a message goes to; empty for anything but mail."""
    return message.to.rpartition("@")[2].lower() if message.medium == Medium.MAIL else ""


@transaction.atomic
def give_back(client: Client, messages: list[OutgoingMessage], claimed_at: dt.datetime) -> None:
    """These were claimed and counted at `claimed_at`, and never tried."""
    if tally := _tally(client, messages):
        _lock(client)
        _add(client, _minute(claimed_at), Counter({key: -count for key, count in tally.items()}))


def forget(at: dt.datetime) -> None:
    """Remove counts that no window reaches any more."""
    SendingCount.objects.filter(minute__lt=at - KEPT).delete()


def _lock(client: Client) -> None:
    if is_capped(client):
        list(Client.objects.select_for_update(no_key=True).filter(pk=client.pk).values_list("pk"))


def _tally(client: Client, messages: list[OutgoingMessage]) -> Counter[tuple[Client | None, str]]:
    tally: Counter[tuple[Client | None, str]] = Counter()
    if client.messages_per_hour is not None:
        tally[client, ""] = len(messages)
    if client.messages_per_domain_and_hour is not None:
        tally.update((client, domain) for message in messages if (domain := domain_of(message)))
    if settings.MAILS_PER_MINUTE:
        tally[None, ""] = sum(message.medium == Medium.MAIL for message in messages)
    return +tally


def _add(client: Client, minute: dt.datetime, tally: Counter[tuple[Client | None, str]]) -> None:
    """Under the client's lock, which always comes before the house's."""
    for (owner, domain), count in sorted(tally.items(), key=lambda item: (item[0][0] is None, item[0][1])):
        row, is_new = SendingCount.objects.get_or_create(
            client=owner, domain=domain, minute=minute, defaults={"count": max(0, count)}
        )
        if not is_new:
            SendingCount.objects.filter(pk=row.pk).update(count=F("count") + count)


def _house_left(now: dt.datetime) -> int | None:
    """Mails that the house may still send in this minute; its rate is let out in quarters, not all at once."""
    if not settings.MAILS_PER_MINUTE:
        return None
    row, _ = SendingCount.objects.get_or_create(client=None, domain="", minute=_minute(now), defaults={"count": 0})
    used = SendingCount.objects.select_for_update().values_list("count", flat=True).get(pk=row.pk)
    by_now = min(60, now.second + RHYTHM) * settings.MAILS_PER_MINUTE // 60
    return max(0, max(1, by_now) - used)


def _minute(at: dt.datetime) -> dt.datetime:
    return at.replace(second=0, microsecond=0)
