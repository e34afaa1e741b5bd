"""May this customer be asked, now, by this campaign? A verdict, with its reason where it is no.

The rules are pure: they look at one flat candidate and at what is known about a batch of them (`Knowledge`, loaded in a
constant number of queries). The order of the reasons is the order in which they are told: what the contact is, then
whether the customer can be reached, then whether they may be asked, and only then the draw, the quarantine, the quota.
"""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDay, TruncWeek

from . import wording
from .addresses import is_deliverable, is_missing, phone_key
from .bulk import among
from .models import AudienceCondition, Campaign, Client, Contact, Invitation, LegalBasis, Medium, Suppression
from .models.people import email_key, person_key, zone_of

Reason = Invitation.Reason
Attribute = AudienceCondition.Attribute


Objection = tuple[int, int | None, str, dt.datetime]  # client, survey (none: all), person, since


@dataclass(slots=True)
class Candidate:
    """Someone who may be asked: after a contact, or as a customer of a wave. Plain values, no rows."""

    draw_key: str  # what the hash draws on: never something that a person can choose afterwards
    about_at: dt.datetime  # the moment it is about: the contact's end, or the wave's start
    email: str = ""
    phone: str = ""
    source: str = ""
    has_consent: bool | None = None
    customer_id: int | None = None
    customer_language: str = ""
    segment: str = ""
    time_zone: str = ""
    # What the contact says; of a customer in a wave nothing of this need be said.
    contact_id: int | None = None
    state: str = ""
    language: str = ""
    channel: str = ""
    reason: str = ""
    agent_id: int | None = None
    team_id: int | None = None
    team: str = ""
    tags: Sequence[str] | str = ()  # or as they are stored, in JSON: few campaigns look at them
    is_spam: bool = False
    is_test: bool = False
    is_goodwill: bool = False
    is_agent_initiated: bool = False
    mailbox: str = field(init=False)
    people: list[str | int] | None = field(init=False, default=None)  # what `Rules.people` found, kept

    def __post_init__(self) -> None:
        self.mailbox = email_key(self.email)


@dataclass
class Knowledge:
    """What is known about people at one client. They are known by mailbox, phone number and customer id."""

    legal_bases: list[LegalBasis]
    suppressed: dict[str, dt.datetime] = field(default_factory=dict)  # since when
    # When each of them was or will be asked last: by any survey of the client, and by one of the same kind.
    asked: dict[str | int, dt.datetime] = field(default_factory=dict)
    asked_same_kind: dict[str | int, dt.datetime] = field(default_factory=dict)
    # How many the campaign asks on a day, and about an agent in the week of a Monday; the client's calendar.
    asked_on: Counter[dt.date] = field(default_factory=Counter)
    asked_about: Counter[tuple[int, dt.date]] = field(default_factory=Counter)
    _bases: dict[tuple[str, dt.date], frozenset[str]] = field(default_factory=dict)

    def suppress(self, suppressions: Iterable[Objection], client_id: int, survey_id: int) -> None:
        """Enter those of the client that are about all surveys or this one."""
        for of_client, of_survey, person, since in suppressions:
            if of_client == client_id and of_survey in (None, survey_id):
                self.suppressed[person] = min(since, self.suppressed.get(person, since))

    def note(self, people: Iterable[str | int], due_at: dt.datetime, is_same_kind: bool) -> None:
        """Remember that these are asked at `due_at`: later candidates must know."""
        for asked in (self.asked, self.asked_same_kind) if is_same_kind else (self.asked,):
            for person in people:
                asked[person] = max(due_at, asked.get(person, due_at))

    def forget(self, before: dt.datetime) -> None:
        """Forget who was asked last before a moment: nobody's quarantine reaches back so far."""
        for name in ("asked", "asked_same_kind"):
            setattr(self, name, {person: due_at for person, due_at in getattr(self, name).items() if due_at > before})

    def kinds_of_basis(self, source: str, day: dt.date) -> frozenset[str]:
        """The kinds of legal basis that cover a source on a local day."""
        if (key := (source, day)) not in self._bases:
            self._bases[key] = frozenset(basis.kind for basis in self.legal_bases if basis.covers(source, day))
        return self._bases[key]


class Rules:
    """The rules of one campaign, made ready for many candidates. `audience`: its conditions, which need no database."""

    def __init__(self, campaign: Campaign, audience: Iterable[AudienceCondition] = (), *, counts_phones: bool = False):
        self.campaign = campaign
        self.client = campaign.client
        self.zone = campaign.client.zone
        # Whether anybody at this client is asked by phone number: only then it tells that two are one person.
        self.counts_phones = counts_phones or campaign.medium == Medium.SMS
        self._conditions = [
            (Attribute(condition.attribute), condition.is_excluded, frozenset(map(_folded, condition.values)))
            for condition in audience
        ]
        self._share = float(campaign.share_percent) / 100
        self._stale = dt.timedelta(days=campaign.stale_days)
        self._delay = dt.timedelta(hours=campaign.delay_hours)
        self._quarantine = dt.timedelta(days=campaign.quarantine_days)
        self._kind_quarantine = dt.timedelta(days=campaign.kind_quarantine_days)
        self._opens_at: dict[tuple[dt.datetime, str], dt.datetime] = {}
        self._days: dict[dt.datetime, dt.date] = {}

    @classmethod
    def of(cls, campaign: Campaign) -> "Rules":
        """Of a campaign that is stored: two queries."""
        by_sms = Campaign.objects.filter(client=campaign.client_id, medium=Medium.SMS)
        return cls(campaign, campaign.audience.all(), counts_phones=by_sms.exists())

    # --- When

    def due_at(self, who: Candidate, at: dt.datetime) -> dt.datetime:
        """When they would be asked, at `at`: after the delay, in the sending hours of their own zone; links at once."""
        if self.campaign.medium == Medium.LINK:
            return at
        moment = max(at, who.about_at + self._delay) if who.contact_id else at
        if (key := (moment, who.time_zone)) not in self._opens_at:
            if len(self._opens_at) >= 10_000:
                self._opens_at.clear()
            self._opens_at[key] = self.campaign.sending_time(moment, zone_of(who.time_zone))
        return self._opens_at[key]

    # --- Whether

    def reason_against(self, who: Candidate, known: Knowledge, due_at: dt.datetime, at: dt.datetime) -> Reason | None:
        """Why the candidate is not asked at `due_at`, judged at `at`; None: ask."""
        return (
            self.reason_in_contact(who, at)
            or self._reason_in_audience(who)
            or (Reason.PAUSED if self.campaign.is_paused else None)
            or self._reason_in_address(who)
            or self.reason_in_law(who, known, at)
            or (None if is_drawn(who.draw_key, self.campaign.salt, self._share) else Reason.NOT_SAMPLED)
            or self._reason_in_quarantine(who, known, due_at)
            or self._reason_in_quota(who, known, due_at)
        )

    def reason_in_contact(self, who: Candidate, at: dt.datetime) -> Reason | None:
        """What the contact says about itself; a wave has none."""
        if not who.contact_id:
            return None
        if who.is_spam:
            return Reason.SPAM
        if who.is_test:
            return Reason.TEST
        if who.state == Contact.State.DISCARDED:
            return Reason.NO_CONVERSATION
        if who.is_agent_initiated and self.campaign.skips_agent_initiated:
            return Reason.AGENT_INITIATED
        if who.is_goodwill and self.campaign.skips_goodwill:
            return Reason.GOODWILL
        if who.about_at < at - self._stale:
            return Reason.STALE
        return None

    def _reason_in_audience(self, who: Candidate) -> Reason | None:
        for attribute, is_excluded, values in self._conditions:
            if bool(values.intersection(_ATTRIBUTES[attribute](who, self.client))) == is_excluded:
                return Reason.OUTSIDE_AUDIENCE
        return None

    def _reason_in_address(self, who: Candidate) -> Reason | None:
        if self.campaign.medium == Medium.MAIL:
            if is_missing(who.email):
                return Reason.NO_ADDRESS
            return None if is_deliverable(who.email) else Reason.INVALID_ADDRESS
        if self.campaign.medium == Medium.SMS:
            if not any(map(str.isdigit, who.phone)):
                return Reason.NO_ADDRESS
            return None if self.phone(who) else Reason.INVALID_ADDRESS
        return None

    def reason_in_law(self, who: Candidate, known: Knowledge, at: dt.datetime) -> Reason | None:
        """What the customer and the law say: an objection, no basis for the day, no consent where it is needed."""
        if known.suppressed:
            for person in self.people(who):
                if known.suppressed.get(person, _NEVER_YET) <= at:
                    return Reason.SUPPRESSED
        kinds = known.kinds_of_basis(who.source, self.day(at))
        if not kinds:
            return Reason.NO_LEGAL_BASIS
        if who.has_consent is False:  # an explicit no outweighs any basis
            return Reason.NO_CONSENT
        if kinds == {LegalBasis.Kind.CONSENT} and not who.has_consent:
            return Reason.NO_CONSENT
        return None

    def _reason_in_quarantine(self, who: Candidate, known: Knowledge, due_at: dt.datetime) -> Reason | None:
        for asked, days in ((known.asked, self._quarantine), (known.asked_same_kind, self._kind_quarantine)):
            if not days or not asked:
                continue
            free_since = due_at - days
            for person in self.people(who):
                if asked.get(person, _NEVER) > free_since:
                    return Reason.QUARANTINE
        return None

    def _reason_in_quota(self, who: Candidate, known: Knowledge, due_at: dt.datetime) -> Reason | None:
        a_day, a_week = self.campaign.quota_per_day, self.campaign.quota_per_agent_and_week
        if a_day is not None and known.asked_on[self.day(due_at)] >= a_day:
            return Reason.QUOTA
        if a_week is not None and who.agent_id and known.asked_about[who.agent_id, monday(self.day(due_at))] >= a_week:
            return Reason.QUOTA
        return None

    # --- Who

    def people(self, who: Candidate) -> list[str | int]:
        """All by which we know that two candidates are one person: mailbox (without its +tag), phone, customer id."""
        if who.people is None:
            phone = self.phone(who) if self.counts_phones else ""
            known_by = (person_key(who.mailbox), phone, who.customer_id)
            who.people = [person for person in known_by if person]
        return who.people

    def phone(self, who: Candidate) -> str:
        """E.164, or nothing where no SMS can reach it."""
        return phone_key(who.phone, self.client.language)

    def day(self, moment: dt.datetime) -> dt.date:
        """The day in the client's zone, by which quotas count."""
        if moment not in self._days:
            if len(self._days) >= 10_000:
                self._days.clear()
            self._days[moment] = moment.astimezone(self.zone).date()
        return self._days[moment]

    # --- What is known

    def know(self, candidates: Sequence[Candidate], due_times: Sequence[dt.datetime]) -> Knowledge:
        """All that the rules need to know about these candidates: a constant number of queries."""
        people = {person for who in candidates for person in self.people(who)}
        addresses = {who.mailbox for who in candidates} | {person for person in people if isinstance(person, str)}
        known = Knowledge(list(LegalBasis.objects.filter(client=self.client)))
        known.suppress(suppressions([self.client.pk], addresses), self.client.pk, self.campaign.survey_id)
        self._know_asked(known, people, addresses - {""}, due_times)
        self._know_counts(known, due_times)
        return known

    def _know_asked(
        self, known: Knowledge, people: set[str | int], addresses: set[str], due_times: Sequence[dt.datetime]
    ) -> None:
        if not (days := max(self._quarantine, self._kind_quarantine)) or not due_times:
            return
        since = min(due_times) - days
        asked = Invitation.objects.filter(client=self.client, is_asked=True, due_at__gt=since).order_by()
        customers = [person for person in people if isinstance(person, int)]
        hits = [among("email", addresses), Q(email__contains="+"), among("customer_id", customers)]
        if self.counts_phones:
            hits.append(among("phone", [address for address in addresses if address.startswith("+")]))
        # Each by its own index, which an OR would not use; what several of them find comes once.
        first, *others = (self.asked_rows(asked.filter(hit)) for hit in hits)
        for row in first.union(*others):
            self.note_row(known, *row, among_people=people)

    def note_asked(self, known: Knowledge, asked: QuerySet[Invitation]) -> None:
        """Enter stored invitations into what is known, however many."""
        for row in self.asked_rows(asked).iterator(2_000):
            self.note_row(known, *row)

    def asked_rows(self, asked: QuerySet[Invitation], *more: str) -> QuerySet[Invitation, tuple]:
        """What `note_row` takes, and more columns behind it."""
        return asked.values_list("email", "phone", "customer_id", "due_at", "campaign__survey__kind", *more)

    def note_row(
        self,
        known: Knowledge,
        email: str,
        phone: str,
        customer_id: int | None,
        due_at: dt.datetime,
        kind: str,
        among_people: set[str | int] | None = None,
    ) -> None:
        asked = [person for person in (person_key(email), phone, customer_id) if person]
        if among_people is not None:
            asked = [person for person in asked if person in among_people]
        known.note(asked, due_at, kind == self.campaign.survey.kind)

    def _know_counts(self, known: Knowledge, due_times: Sequence[dt.datetime]) -> None:
        """How many this campaign already asks on the days, and about the agents in the weeks, of these due times."""
        if not due_times or self.campaign.pk is None:
            return
        first, last = self.day(min(due_times)), self.day(max(due_times)) + dt.timedelta(days=1)
        asked = Invitation.objects.filter(campaign=self.campaign, is_asked=True)
        if self.campaign.quota_per_day is not None:
            days = asked.filter(due_at__gte=self._midnight(first), due_at__lt=self._midnight(last))
            days = days.annotate(day=TruncDay("due_at", tzinfo=self.zone)).order_by().values("day")
            known.asked_on.update({row["day"].date(): row["n"] for row in days.annotate(n=Count("pk"))})
        if self.campaign.quota_per_agent_and_week is not None:
            first, last = monday(first), monday(last) + dt.timedelta(days=7)
            weeks = asked.filter(due_at__gte=self._midnight(first), due_at__lt=self._midnight(last))
            weeks = weeks.filter(agent__isnull=False)
            weeks = weeks.annotate(week=TruncWeek("due_at", tzinfo=self.zone)).order_by().values("agent_id", "week")
            rows = weeks.annotate(n=Count("pk"))
            known.asked_about.update({(row["agent_id"], row["week"].date()): row["n"] for row in rows})

    def _midnight(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(), self.zone)

    def note(self, known: Knowledge, who: Candidate, due_at: dt.datetime) -> None:
        """Remember that the candidate is asked: those behind it in the batch must know."""
        known.note(self.people(who), due_at, is_same_kind=True)
        day = self.day(due_at)
        known.asked_on[day] += 1
        if who.agent_id:
            known.asked_about[who.agent_id, monday(day)] += 1


_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)
_NEVER_YET = dt.datetime.max.replace(tzinfo=dt.UTC)


def is_drawn(draw_key: str, salt: str, share: float) -> bool:
    """Whether the hash of salt and key falls into the share (0 to 1): reproducible, and chosen by nobody."""
    digest = hashlib.sha256(f"{salt}:{draw_key}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


def monday(day: dt.date) -> dt.date:
    """The first day of its ISO week."""
    return day - dt.timedelta(days=day.weekday())


def suppressions(clients: Iterable[int], addresses: Iterable[str]) -> list[Objection]:
    """The suppressions of these addresses. A +tag makes no other person.

    Two queries: those with a +tag are few, and have an index of their own.
    """
    at_client = Suppression.objects.filter(client__in=set(clients))
    tagged = at_client.filter(Q(address__contains="+") & Q(address__contains="@"))
    return [
        (client_id, survey_id, person_key(address), since)
        for rows in (at_client.filter(among("address", addresses)), tagged)
        for client_id, survey_id, address, since in rows.values_list("client", "survey", "address", "created_at")
    ]


def _folded(value: object) -> str:
    return str(value).strip().casefold()


def _language(who: Candidate, client: Client) -> list[str]:
    """The first wish in a language of ours, as when they are asked (“ger” is “de”); else the client's."""
    wishes = (who.language, who.customer_language, client.language)
    return [next(filter(None, map(wording.speaks, wishes)))]


def _tags(who: Candidate) -> list[str]:
    return [_folded(tag) for tag in (json.loads(who.tags) if isinstance(who.tags, str) else who.tags)]


# What each attribute of a candidate is, folded for comparison.
_ATTRIBUTES: dict[Attribute, Callable[[Candidate, Client], list[str]]] = {
    Attribute.CHANNEL: lambda who, client: [_folded(who.channel)],
    Attribute.REASON: lambda who, client: [_folded(who.reason)],
    Attribute.TEAM: lambda who, client: [_folded(who.team)],
    Attribute.LANGUAGE: _language,
    Attribute.SEGMENT: lambda who, client: [_folded(who.segment)],
    Attribute.TAG: lambda who, client: _tags(who),
}
