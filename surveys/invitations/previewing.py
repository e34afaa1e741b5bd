"""Before a campaign asks: whom would it have asked in a period, and why not the others? Reads only.

The period is played again contact by contact (or wave by wave), each judged at the moment at which it would have been.
Who would have been asked is in quarantine from then on, as in earnest; so is whoever was really asked before the
period, or by another campaign meanwhile. What this campaign itself did in the period is left aside, and so is a pause.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from itertools import islice

from django.db.models import Q, QuerySet

from ..eligibility import Candidate, Knowledge, Reason, Rules, suppressions
from ..models import AudienceCondition, Campaign, Contact, Invitation, LegalBasis, Medium
from .contacts import as_candidates, told
from .waves import due_between

BATCH = 2_000
SAMPLE = 10


@dataclass(frozen=True)
class Day:
    """A day of the client's calendar: how many contacts ended (or customers were due), how many of them were asked."""

    on: dt.date
    judged: int
    asked: int


@dataclass(frozen=True)
class Preview:
    """What a campaign would have done in a period. `asked` and `reasons` add up to `judged`.

    `samples` holds up to ten ids of contacts (in waves: of customers) for each reason; under None, of those asked.
    """

    judged: int
    asked: int
    reasons: dict[Reason, int]  # the most frequent first
    days: list[Day]
    samples: dict[Reason | None, list[int]]


def preview(
    campaign: Campaign,
    period_start: dt.datetime,
    period_end: dt.datetime,
    at: dt.datetime,
    audience: Iterable[AudienceCondition] | None = None,
) -> Preview:
    """Whom this campaign would have asked about what ended from `period_start` up to `period_end`, at most up to `at`.

    The campaign may be unsaved, straight from a form; then `audience` brings its conditions. By default they are those
    that are stored.
    """
    if audience is None:
        audience = campaign.audience.all() if campaign.pk else ()
    campaign = copy(campaign)
    campaign.is_paused = False
    by_sms = Campaign.objects.filter(client=campaign.client_id, medium=Medium.SMS)
    rules = Rules(campaign, audience, counts_phones=by_sms.exists())
    return _Replay(rules, period_start).play(_batches(campaign, period_start, min(period_end, at)))


class _Replay:
    """The rules, what is known by now, and the counts so far."""

    def __init__(self, rules: Rules, start: dt.datetime):
        self.rules, self.campaign = rules, rules.campaign
        self.window = dt.timedelta(days=max(self.campaign.quarantine_days, self.campaign.kind_quarantine_days))
        self.known = Knowledge(list(LegalBasis.objects.filter(client=self.campaign.client_id)))
        asked = Invitation.objects.filter(client=self.campaign.client_id, is_asked=True).order_by("decided_at")
        before = asked.filter(decided_at__lt=start, due_at__gt=start - self.window)
        self.rules.note_asked(self.known, before if self.window else before.none())
        meanwhile = asked.filter(decided_at__gte=start)
        self.others = self._others(meanwhile.exclude(campaign=self.campaign.pk) if self.campaign.pk else meanwhile)
        self.next_other = next(self.others, None)
        self.judged: Counter[dt.date] = Counter()
        self.asked: Counter[dt.date] = Counter()
        self.reasons: Counter[Reason] = Counter()
        self.samples: dict[Reason | None, list[int]] = defaultdict(list)

    def play(self, batches: Iterable[list[Candidate]]) -> Preview:
        for batch in batches:
            people = {person for who in batch for person in self.rules.people(who)}
            addresses = {who.mailbox for who in batch} | {person for person in people if isinstance(person, str)}
            found = suppressions([self.campaign.client_id], addresses)
            self.known.suppress(found, self.campaign.client_id, self.campaign.survey_id)
            for who in batch:
                self._judge(who)
            self.known.forget(batch[-1].about_at - self.window)
        days = [Day(on, self.judged[on], self.asked[on]) for on in sorted(self.judged)]
        reasons = dict(self.reasons.most_common())
        return Preview(self.judged.total(), self.asked.total(), reasons, days, dict(self.samples))

    def _judge(self, who: Candidate) -> None:
        delay = dt.timedelta(hours=self.campaign.delay_hours if who.contact_id else 0)
        at = who.about_at if self.campaign.medium == Medium.LINK else who.about_at + delay
        self._catch_up(at)
        due_at = self.rules.due_at(who, at)
        reason = self.rules.reason_against(who, self.known, due_at, at)
        day = self.rules.day(who.about_at)
        self.judged[day] += 1
        if reason:
            self.reasons[reason] += 1
        else:
            self.asked[day] += 1
            self.rules.note(self.known, who, due_at)
        if len(sample := self.samples[reason]) < SAMPLE:
            sample.append(who.contact_id or who.customer_id)

    def _others(self, asked: QuerySet[Invitation]) -> Iterator[tuple]:
        if self.window:
            yield from self.rules.asked_rows(asked, "decided_at").iterator(BATCH)

    def _catch_up(self, at: dt.datetime) -> None:
        """What other campaigns really asked up to now."""
        while self.next_other and self.next_other[-1] <= at:
            *row, _decided_at = self.next_other
            self.rules.note_row(self.known, *row)
            self.next_other = next(self.others, None)


def _batches(campaign: Campaign, start: dt.datetime, end: dt.datetime) -> Iterator[list[Candidate]]:
    if campaign.kind == Campaign.Kind.PERIODIC:
        days = [moment.astimezone(campaign.client.zone).date() for moment in (start, end - dt.timedelta.resolution)]
        yield from (batch for batch in due_between(campaign, *days) if batch)
        return
    over = Q(ended_at__gte=start, ended_at__lt=end) | Q(ended_at=None, started_at__gte=start, started_at__lt=end)
    states = [Contact.State.FINISHED, Contact.State.DISCARDED]
    contacts = Contact.objects.filter(over, client=campaign.client_id, state__in=states)
    candidates = iter(as_candidates(told(contacts).order_by("over_at", "pk").iterator(BATCH)))
    while batch := list(islice(candidates, BATCH)):
        yield batch
