"""May this customer be asked, now, by this campaign? A verdict, with its reason where it is no.

The rules are pure: they look at one candidate and at what is known about the client's mailboxes (`Knowledge`), loaded
once per batch. The order of the reasons is the order in which they are told: what the contact is, then whether the
customer can be reached, then whether they may be asked, and only then the draw and the quarantine.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from .addresses import is_deliverable, is_missing
from .models import Campaign, Client, Contact, Invitation, LegalBasis, Suppression
from .models.people import email_key

Reason = Invitation.Reason


@dataclass(frozen=True)
class Candidate:
    """Someone who may be asked: after a contact, or as a customer of a wave."""

    draw_key: str  # what the hash draws on: never something that a person can choose afterwards
    email: str
    source: str
    has_consent: bool | None
    customer_id: int | None
    contact: Contact | None = None


@dataclass
class Knowledge:
    """What is known about a batch of mailboxes at one client."""

    suppressed: frozenset[str]
    legal_bases: list[LegalBasis]
    # When each mailbox, and each customer, was or will be asked last.
    asked_by_email: dict[str, dt.datetime] = field(default_factory=dict)
    asked_by_customer: dict[int, dt.datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, client: Client, candidates: Sequence[Candidate], since: dt.datetime | None = None) -> "Knowledge":
        """Four queries, however many candidates. `since`: how far back asking matters; None: only the law counts."""
        emails = {email_key(c.email) for c in candidates}
        known = cls(
            suppressed=frozenset(
                Suppression.objects.filter(client=client, address__in=emails).values_list("address", flat=True)
            ),
            legal_bases=list(LegalBasis.objects.filter(client=client)),
        )
        if since:
            customers = {c.customer_id for c in candidates if c.customer_id}
            asked = Invitation.objects.filter(client=client, is_asked=True, due_at__gte=since)
            asked = asked.values_list("email", "customer", "due_at")
            for row in [*asked.filter(email__in=emails), *asked.filter(customer__in=customers)]:
                known.note(*row)
        return known

    def note(self, email: str, customer_id: int | None, due_at: dt.datetime) -> None:
        """Remember that this mailbox is asked at `due_at`: later candidates of the same batch must know."""
        self.asked_by_email[email] = max(due_at, self.asked_by_email.get(email, due_at))
        if customer_id:
            self.asked_by_customer[customer_id] = max(due_at, self.asked_by_customer.get(customer_id, due_at))

    def last_asked(self, candidate: Candidate) -> dt.datetime | None:
        times = (self.asked_by_email.get(email_key(candidate.email)), self.asked_by_customer.get(candidate.customer_id))
        return max((t for t in times if t), default=None)


def reason_against(
    candidate: Candidate, campaign: Campaign, known: Knowledge, due_at: dt.datetime, at: dt.datetime
) -> Reason | None:
    """Why the candidate is not asked at `due_at`, judged at `at`; None: ask."""
    return (
        reason_in_contact(candidate.contact, campaign, at)
        or (Reason.PAUSED if campaign.is_paused else None)
        or _reason_in_address(candidate.email)
        or reason_in_law(candidate, campaign.client, known, at)
        or (None if is_drawn(campaign, candidate.draw_key) else Reason.NOT_SAMPLED)
        or _reason_in_quarantine(candidate, campaign, known, due_at)
    )


def reason_in_contact(contact: Contact | None, campaign: Campaign, at: dt.datetime) -> Reason | None:
    """What the contact says about itself; a wave has none."""
    if contact is None:
        return None
    if contact.is_spam:
        return Reason.SPAM
    if contact.is_test:
        return Reason.TEST
    if contact.state == Contact.State.DISCARDED:
        return Reason.NO_CONVERSATION
    if contact.is_goodwill and campaign.skips_goodwill:
        return Reason.GOODWILL
    if contact.ended_at < at - dt.timedelta(days=campaign.stale_days):
        return Reason.STALE
    return None


def _reason_in_address(email: str) -> Reason | None:
    if is_missing(email):
        return Reason.NO_ADDRESS
    return None if is_deliverable(email) else Reason.INVALID_ADDRESS


def reason_in_law(candidate: Candidate, client: Client, known: Knowledge, at: dt.datetime) -> Reason | None:
    """What the customer and the law say: an objection, no basis that covers the day, no consent where it is needed."""
    if email_key(candidate.email) in known.suppressed:
        return Reason.SUPPRESSED
    day = at.astimezone(client.zone).date()
    kinds = {basis.kind for basis in known.legal_bases if basis.covers(candidate.source, day)}
    if not kinds:
        return Reason.NO_LEGAL_BASIS
    if candidate.has_consent is False:  # an explicit no outweighs any basis
        return Reason.NO_CONSENT
    if kinds == {LegalBasis.Kind.CONSENT} and not candidate.has_consent:
        return Reason.NO_CONSENT
    return None


def _reason_in_quarantine(
    candidate: Candidate, campaign: Campaign, known: Knowledge, due_at: dt.datetime
) -> Reason | None:
    last = known.last_asked(candidate)
    return Reason.QUARANTINE if last and last > due_at - dt.timedelta(days=campaign.quarantine_days) else None


def is_drawn(campaign: Campaign, draw_key: str) -> bool:
    """Whether the hash of salt and key falls into the campaign's share: reproducible, and chosen by nobody."""
    digest = hashlib.sha256(f"{campaign.salt}:{draw_key}".encode()).digest()
    return int.from_bytes(digest[:8]) < float(campaign.share_percent) / 100 * 2**64
