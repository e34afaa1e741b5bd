"""Which contacts belong to one matter: repeated ones, and those that settled it at once. From the contacts themselves.

Looked at are all contacts that customers began, whether they were asked and answered or not: finished in the period, no
spam, no test, not begun by us. They count where they stand now, not where they stood when somebody was asked.

Two contacts are of one *matter* if the same customer had them for the same reason and one ended at most `within_days`
days before the other. The later one is *repeated*. Where no customer or no reason is known, nobody can tell.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

from django.db.models import Case, CharField, Count, Expression, F, Q, QuerySet, Sum, Value, When, Window
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Lag, Lead, Left
from django.db.models.lookups import Exact
from django.utils import timezone

from surveys.models import Client, Contact

from . import scores
from .counts import EVERYWHERE
from .dimensions import ATTRIBUTE, LONGEST_VALUE, By, Where
from .periods import Period
from .scores import Estimate

WITHIN_DAYS = 7
TOLD = Q(customer__isnull=False) & ~Q(reason="")  # whether they are repeated
_LOAD = {"contacts": (Count, "pk"), "seconds": (Sum, "talk_seconds"), "timed": (Count, "talk_seconds")}  # as in `Load`

_TEXTS = {By.CHANNEL: "channel", By.REASON: "reason", By.LANGUAGE: "language", By.SEGMENT: "customer__segment"}
_ROWS = {By.TEAM: "team", By.AGENT: "agent"}


@dataclass(frozen=True)
class Load:
    """Contacts, and how long those of them took whose talking time is known (`timed`)."""

    contacts: int = 0
    seconds: int = 0
    timed: int = 0

    def __add__(self, other: "Load") -> "Load":
        return Load(self.contacts + other.contacts, self.seconds + other.seconds, self.timed + other.timed)

    @property
    def minutes(self) -> float | None:
        """Of all of them, those of unknown length taken as long as the others; None if none is known."""
        return self.minutes_of(self.contacts)

    def minutes_of(self, contacts: float) -> float | None:
        """Of so many contacts that are like these."""
        if not contacts:
            return 0.0
        return contacts * self.seconds / self.timed / 60 if self.timed else None


@dataclass(frozen=True)
class Repeats:
    """Shares in percent, with Wilson's interval: the contacts read as a sample of how things go there.

    `contacts`: of which can be told whether they are `repeated`; of the `unknown` it cannot. `share` is of the former.
    `first_contact_resolution`: of the first contacts of a matter that ended long enough ago, how many settled it: none
    followed, it was not reopened, and its source does not call it unsolved. None where there are none. `minutes`: of
    talking in repeated contacts.
    """

    contacts: int
    unknown: int
    repeated: int
    share: Estimate | None
    first_contact_resolution: Estimate | None
    minutes: float | None


def begun_by_customers(client: Client, start: dt.datetime, end: dt.datetime) -> QuerySet[Contact]:
    """The contacts that count, by when they ended."""
    finished = Contact.objects.filter(client=client, state=Contact.State.FINISHED)
    ended = finished.filter(ended_at__gte=start, ended_at__lt=end)
    return ended.filter(is_spam=False, is_test=False, is_agent_initiated=False).order_by()


def narrowed(contacts: QuerySet[Contact], where: Where) -> QuerySet[Contact]:
    """Those of the contacts that have these values, as `dimensions` writes them. ValueError for what no contact has."""
    return contacts.filter(_having(where))


def with_values(contacts: QuerySet[Contact], names: Sequence[str], columns: Sequence[str]) -> QuerySet:
    """Of contacts these columns, and then their values of these names, as `narrowed` takes them."""
    values = {f"value{place}": _value(name) for place, name in enumerate(names)}
    return contacts.annotate(**values).values_list(*columns, *values)


def repeated(
    contacts: QuerySet[Contact], client: Client, start: dt.datetime, end: dt.datetime, within_days: int = WITHIN_DAYS
) -> QuerySet[Contact]:
    """Those of the client's contacts that are repeated; each ended from `start` to before `end`.

    The contact before may have been with any team, in any channel.
    """
    return contacts.filter(pk__in=repeated_keys(client, start, end, within_days))


def repeated_keys(client: Client, start: dt.datetime, end: dt.datetime, within_days: int = WITHIN_DAYS) -> QuerySet:
    """The keys of those, and of some that ended in the days before `start`."""
    days = dt.timedelta(days=within_days)
    return _in_their_matters(client, start - days, end, days).filter(is_repeated=True).values_list("pk", flat=True)


def repeats(
    client: Client,
    period: Period,
    within_days: int = WITHIN_DAYS,
    where: Where = EVERYWHERE,
    at: dt.datetime | None = None,
) -> Repeats:
    """Repeated contacts, and matters settled by their first. Two queries.

    Contacts are known up to `at` (now): after one that ended less than `within_days` before, another may still come.
    """
    start, end, days = period.start, period.end, dt.timedelta(days=within_days)
    ripe = Q(ended_at__lt=min(end, (at or timezone.now()) - days))
    these = Q(ended_at__gte=start, ended_at__lt=end) & _having(where)
    again, firsts = these & Q(is_repeated=True), these & ripe & Q(is_repeated=False)
    settled = firsts & Q(is_followed=False, reopened_count=0) & (Q(is_solved=None) | Q(is_solved=True))
    found = _in_their_matters(client, start - days, end + days, days).aggregate(
        told=Count("pk", filter=these),
        firsts=Count("pk", filter=firsts),
        settled=Count("pk", filter=settled),
        **{name: of(column, filter=again) for name, (of, column) in _LOAD.items()},
    )
    load = Load(found["contacts"], found["seconds"] or 0, found["timed"])
    return Repeats(
        contacts=found["told"],
        unknown=narrowed(begun_by_customers(client, start, end), where).exclude(TOLD).count(),
        repeated=load.contacts,
        share=scores.share(load.contacts, found["told"]),
        first_contact_resolution=scores.share(found["settled"], found["firsts"]),
        minutes=load.minutes,
    )


def load_of(talk_seconds: Iterable[int | None]) -> Load:
    """Of contacts whose lengths are these."""
    known = list(talk_seconds)
    timed = [seconds for seconds in known if seconds is not None]
    return Load(len(known), sum(timed), len(timed))


def loads(contacts: QuerySet[Contact], *by: str) -> dict[tuple, Load]:
    """What the contacts come to by these columns. One query."""
    rows = contacts.order_by().values_list(*by).annotate(**{name: of(column) for name, (of, column) in _LOAD.items()})
    return {tuple(values): Load(number, seconds or 0, timed) for *values, number, seconds, timed in rows}


def _in_their_matters(client: Client, start: dt.datetime, end: dt.datetime, days: dt.timedelta) -> QuerySet[Contact]:
    """Those of which it can be told. What is filtered away from them no longer goes before or comes after another."""
    matter = {"partition_by": ["customer", "reason"], "order_by": ["ended_at", "pk"]}
    before, after = (Window(beside("ended_at"), **matter) for beside in (Lag, Lead))
    contacts = begun_by_customers(client, start, end).filter(TOLD).annotate(before=before, after=after)
    return contacts.annotate(
        is_repeated=_yes_if(before__gte=F("ended_at") - days), is_followed=_yes_if(after__lte=F("ended_at") + days)
    )


def _yes_if(**condition) -> Case:
    return Case(When(**condition, then=True), default=False)


def _having(where: Where) -> Q:
    return reduce(and_, (_matching(by, value) for by, value in where.items()), Q())


def _value(by: str) -> Expression:
    if by in _TEXTS:
        return Coalesce(_TEXTS[by], Value(""))
    if by in _ROWS:
        return Coalesce(Cast(_ROWS[by], CharField()), Value(""))
    if by == By.GOODWILL:
        return Case(When(is_goodwill=True, then=Value("1")), default=Value(""), output_field=CharField())
    text = KeyTextTransform(by.removeprefix(ATTRIBUTE), "attributes")
    return Coalesce(Left(text, LONGEST_VALUE), Value(""))


def _matching(by: str, value: str) -> Q:
    if by in _TEXTS:
        nameless = Q(customer=None) if by == By.SEGMENT and not value else Q()
        return Q(**{_TEXTS[by]: value}) | nameless
    if by in _ROWS and (not value or value.isdecimal()):
        return Q(**{_ROWS[by]: int(value)}) if value else Q(**{f"{_ROWS[by]}__isnull": True})
    if by == By.GOODWILL:
        return Q(is_goodwill=value == "1")
    if by.startswith(ATTRIBUTE):
        return Q(Exact(_value(by), value))
    raise ValueError(f"contacts cannot be told apart by {by[:40]!r}")
