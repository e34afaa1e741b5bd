"""Waves: periodic campaigns judge each customer when they are due, wave after wave.

The customers of the first day are spread over the first `panels` waves by a hash; whoever comes later is due after
`first_after_days`; and everybody again after `reask_days` of their own, or after as many waves as there are panels. A
wave that was missed altogether (the machine was off for longer than the interval) is not made up for, but whoever was
due in it is due in the next one. Only who is due gets a verdict.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass

from django.db.models import Max, OuterRef, QuerySet, Subquery

from ..eligibility import Candidate, Reason, Rules
from ..models import Campaign, Contact, Customer, Invitation, Wave
from . import verdicts
from .turns import alone_at

# Not asked for a reason that has nothing to do with the customer: the next wave tries again.
NEXT_TIME = frozenset({Reason.QUOTA, Reason.PAUSED, Reason.UNDELIVERED})


@dataclass(frozen=True, slots=True)
class Last:
    """The last verdict on a customer in a campaign, in days of the client's calendar."""

    wave_on: dt.date
    decided_on: dt.date
    reason: str = ""  # empty: asked
    free_on: dt.date | None = None  # where it was the quarantine: the first day on which that is over


def due_on(first_seen_on: dt.date, panel: int, last: Last | None, campaign: Campaign) -> dt.date:
    """The day from which a customer is due: the first wave on or after it judges them. `panel`: 0 to panels - 1."""
    if last is None:
        first_on = first_seen_on + dt.timedelta(days=campaign.first_after_days)
        if first_on > campaign.starts_on:
            return first_on
        return campaign.starts_on + dt.timedelta(days=panel * campaign.wave_days)
    next_time = last.wave_on + dt.timedelta(days=1)
    if last.reason in NEXT_TIME:
        return next_time
    if last.reason == Reason.QUARANTINE:
        return max(next_time, last.free_on or next_time)
    if campaign.reask_days:
        return max(next_time, last.decided_on + dt.timedelta(days=campaign.reask_days))
    return last.wave_on + dt.timedelta(days=campaign.panels * campaign.wave_days)


def panel_of(campaign: Campaign, customer_key: str) -> int:
    """Which of the panels a customer belongs to, for good: by a hash, so that nobody can choose."""
    digest = hashlib.sha256(f"{campaign.salt}:panel:{customer_key}".encode()).digest()
    return int.from_bytes(digest[:8]) % campaign.panels


def plan_waves(at: dt.datetime) -> int:
    """Open the waves whose day has come and judge every customer who is due in them; the number of verdicts."""
    judged = 0
    for campaign in verdicts.working(Campaign.Kind.PERIODIC):
        wave = _wave(campaign, at.astimezone(campaign.client.zone).date())
        if wave and wave.planned_at is None:
            judged += _plan(wave, verdicts.Judge(campaign, wave), at)
            Wave.objects.filter(pk=wave.pk, planned_at=None).update(planned_at=at)
    return judged


def _wave(campaign: Campaign, today: dt.date) -> Wave | None:
    """The wave of today, made where its day has come. Counted from the last one: the interval may change on the way."""
    last = campaign.waves.first()
    number, starts_on = (last.number, last.starts_on) if last else (1, campaign.starts_on)
    if today < starts_on:
        return last
    ahead = (today - starts_on).days // campaign.wave_days
    starts_on += dt.timedelta(days=ahead * campaign.wave_days)
    return Wave.objects.get_or_create(campaign=campaign, number=number + ahead, defaults={"starts_on": starts_on})[0]


def _plan(wave: Wave, judge: verdicts.Judge, at: dt.datetime) -> int:
    """Walk over all customers by number; who has a verdict of this wave already is not due in it any more."""
    after, judged = 0, 0
    while after is not None:
        after, batch = _plan_batch(wave, judge, after, at)
        judged += batch
    return judged


def _plan_batch(wave: Wave, judge: verdicts.Judge, after: int, at: dt.datetime) -> tuple[int | None, int]:
    """(the last customer looked at, None behind the last of all; how many were judged)."""
    with alone_at(judge.campaign.client_id):
        customers = list(_customers(judge.campaign).filter(pk__gt=after)[: verdicts.BATCH])
        due = _due(customers, judge.rules, wave.starts_on)
        judged = judge.record([_candidate(customer, str(wave.number), at) for customer in due], at)
    return (customers[-1].pk if len(customers) == verdicts.BATCH else None), judged


def due_between(campaign: Campaign, first_on: dt.date, last_on: dt.date) -> Iterator[list[Candidate]]:
    """Who would be due in the waves of these days, batch by batch, by the rules as they stand; stores nothing.

    As if the campaign had begun with the first wave among them, on its own weekdays: each panel in its turn, newcomers
    at their time, nobody judged before. Works for days before the campaign starts.
    """
    days = wave_days(campaign, first_on, last_on)
    if not days:
        return
    begun = copy(campaign)
    begun.starts_on = days[0]
    for wave_on in days:
        at = dt.datetime.combine(wave_on, dt.time(), campaign.client.zone)
        after = 0
        while customers := list(_customers(campaign).filter(pk__gt=after)[: verdicts.BATCH]):
            after = customers[-1].pk
            due = [customer.pk for customer in customers if wave_on in _turns(customer, begun, days)]
            rows = with_last_word(_customers(campaign).filter(pk__in=due))
            yield [_candidate(customer, str(wave_on), at) for customer in rows]


def wave_days(campaign: Campaign, first_on: dt.date, last_on: dt.date) -> list[dt.date]:
    """The days within these (both included) on which waves of the campaign begin, or would have begun."""
    offset = (campaign.starts_on - first_on).days % campaign.wave_days
    length = (last_on - first_on).days
    return [first_on + dt.timedelta(days=days) for days in range(offset, length + 1, campaign.wave_days)]


def _turns(customer: Customer, campaign: Campaign, days: Sequence[dt.date]) -> set[dt.date]:
    """On which of these days a customer is due, if each time they are asked."""
    turns, last = set(), None
    for wave_on in days:
        if _day_of(customer, last, campaign) <= wave_on:
            turns.add(wave_on)
            last = Last(wave_on, wave_on)
    return turns


def _due(customers: Sequence[Customer], rules: Rules, wave_on: dt.date) -> QuerySet[Customer]:
    """Those of these customers who are due in the wave of a day, with their last word."""
    campaign, last = rules.campaign, _last_verdicts(customers, rules, wave_on)
    due = [who.pk for who in customers if _day_of(who, last.get(who.pk), campaign) <= wave_on]
    return with_last_word(_customers(campaign).filter(pk__in=due))


def _day_of(customer: Customer, last: Last | None, campaign: Campaign) -> dt.date:
    first_seen_on = customer.first_seen_at.astimezone(campaign.client.zone).date()
    return due_on(first_seen_on, panel_of(campaign, customer.key), last, campaign)


def _customers(campaign: Campaign) -> QuerySet[Customer]:
    return Customer.objects.filter(client=campaign.client_id).order_by("pk")


def _last_verdicts(customers: Sequence[Customer], rules: Rules, wave_on: dt.date) -> dict[int, Last]:
    """By customer. One query; where the quarantine was the reason, as many as `Rules.know` takes on top."""
    made = Invitation.objects.filter(campaign=rules.campaign, customer__in=[customer.pk for customer in customers])
    latest = made.order_by().values("customer").annotate(latest=Max("pk")).values("latest")
    rows = Invitation.objects.filter(pk__in=latest).order_by()
    rows = list(rows.values_list("customer", "wave__starts_on", "decided_at", "reason"))
    quarantined = {pk for pk, *_, reason in rows if reason == Reason.QUARANTINE}
    free_on = _free_on([customer for customer in customers if customer.pk in quarantined], rules, wave_on)
    return {
        pk: Last(began_on, rules.day(decided_at), reason, free_on.get(pk)) for pk, began_on, decided_at, reason in rows
    }


def _free_on(customers: Sequence[Customer], rules: Rules, wave_on: dt.date) -> dict[int, dt.date]:
    """The first day whose sending hours open after the quarantine. Missing: it is over by `wave_on`."""
    if not customers:
        return {}
    candidates = [_candidate(customer, "", customer.first_seen_at) for customer in customers]
    known = rules.know(candidates, [_midnight(wave_on, rules)] * len(candidates))
    campaign, free_on = rules.campaign, {}
    lengths = ((known.asked, campaign.quarantine_days), (known.asked_same_kind, campaign.kind_quarantine_days))
    for who in candidates:
        ends = [
            asked[one] + dt.timedelta(days=days) for asked, days in lengths for one in rules.people(who) if one in asked
        ]
        if ends:
            day = rules.day(max(ends))
            opens_at = campaign.sending_time(_midnight(day, rules))
            free_on[who.customer_id] = day if opens_at >= max(ends) else day + dt.timedelta(days=1)
    return free_on


def _midnight(day: dt.date, rules: Rules) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), rules.zone)


def with_last_word(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    """With the source of the latest contact, and what the customer last said about surveys in any of them."""
    latest = Contact.objects.filter(customer=OuterRef("pk")).order_by("-started_at", "-pk")
    return customers.annotate(
        source=Subquery(latest.values("source")[:1]),
        has_consent=Subquery(latest.filter(has_consent__isnull=False).values("has_consent")[:1]),
    )


def _candidate(customer: Customer, wave: str, at: dt.datetime) -> Candidate:
    """The customer as a candidate; source and consent only where `with_last_word` brought them."""
    return Candidate(
        draw_key=f"{wave}:{customer.key}",
        about_at=at,
        email=customer.email,
        phone=customer.phone,
        source=getattr(customer, "source", None) or "",
        has_consent=getattr(customer, "has_consent", None),
        customer_id=customer.pk,
        customer_language=customer.language,
        segment=customer.segment,
        time_zone=customer.time_zone,
    )
