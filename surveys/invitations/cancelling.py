"""What comes in between: a verdict of “asked” that no longer holds when the message is about to leave, or by hand."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import transaction

from ..eligibility import Candidate, Knowledge, Reason, Rules, suppressions
from ..models import Campaign, Contact, Customer, Invitation, LegalBasis, Medium, OutgoingMessage
from .turns import alone_at
from .waves import with_last_word

State = OutgoingMessage.State
WAITING = (State.PLANNED, State.DEFERRED, State.CLAIMED)


def reasons_to_cancel(invitations: Sequence[Invitation], at: dt.datetime) -> dict[int, Reason]:
    """What speaks against asking now, by invitation: judged again inside the claim of its first message.

    The invitations may be of many clients; they come with their campaign and its client, contact and customer. At most
    five queries, however many they are. A pause is no reason: it makes messages wait.
    """
    if not invitations:
        return {}
    rules = _rules(invitations)
    candidates = _candidates(invitations)
    known = _knowledge(invitations, rules, candidates)
    reasons = {}
    for invitation, who in zip(invitations, candidates, strict=True):
        about = known[invitation.client_id, invitation.campaign.survey_id]
        if reason := _reason(invitation, who, rules[invitation.campaign_id], about, at):
            reasons[invitation.pk] = reason
    return reasons


def cancel(invitation: Invitation, reason: Reason, at: dt.datetime) -> bool:
    """Turn “asked” into “not asked, because”, as long as the survey was not handed over. False if it was too late.

    A reminder that still waits is cancelled either way; the verdict is about the survey, and no reminder changes it. A
    contact that was reopened waits for its next verdict.
    """
    with alone_at(invitation.client_id) if reason == Reason.REOPENED else transaction.atomic():
        waiting = OutgoingMessage.objects.filter(invitation=invitation, state__in=WAITING)
        cancelled = {"state": State.CANCELLED, "detail": reason.label, "lease_until": None}
        stopped = waiting.filter(is_reminder=False).update(**cancelled)
        waiting.filter(is_reminder=True).update(**cancelled)
        if stopped:
            Invitation.objects.filter(pk=invitation.pk).update(is_asked=False, reason=reason, decided_at=at)
        if stopped and reason == Reason.REOPENED:
            Contact.objects.filter(pk=invitation.contact_id).mark()
    return bool(stopped)


def withdraw(invitations: Iterable[Invitation], at: dt.datetime) -> int:
    """Take back what was planned or sent by mistake; the number withdrawn. An answer that is already there stays.

    A survey that is still here is cancelled; of one that has left, the link is closed and no reminder follows.
    """
    withdrawn = 0
    for invitation in invitations:
        sent = Invitation.objects.filter(pk=invitation.pk, is_asked=True, withdrawn_at=None, response=None)
        withdrawn += cancel(invitation, Reason.WITHDRAWN, at) or sent.update(withdrawn_at=at)
    return withdrawn


def _reason(invitation: Invitation, who: Candidate, rules: Rules, known: Knowledge, at: dt.datetime) -> Reason | None:
    if who.state == Contact.State.OPEN:
        return Reason.REOPENED
    if invitation.withdrawn_at:
        return Reason.WITHDRAWN
    if invitation.expires_at <= at:
        return Reason.UNDELIVERED
    # An objection first: a reminder may come when the contact has long been stale, never against the customer's word.
    return rules.reason_in_law(who, known, at) or rules.reason_in_contact(who, at)


def _rules(invitations: Sequence[Invitation]) -> dict[int, Rules]:
    """By campaign; without an audience, which was judged for good."""
    clients = {invitation.client_id for invitation in invitations}
    by_sms = Campaign.objects.filter(client__in=clients, medium=Medium.SMS).values_list("client_id", flat=True)
    by_sms = set(by_sms)
    campaigns = {invitation.campaign_id: invitation.campaign for invitation in invitations}
    return {pk: Rules(campaign, counts_phones=campaign.client_id in by_sms) for pk, campaign in campaigns.items()}


def _candidates(invitations: Sequence[Invitation]) -> list[Candidate]:
    """As they stand now, at the address that was chosen when they were judged."""
    customers = [i.customer_id for i in invitations if not i.contact_id and i.customer_id]
    last_words = with_last_word(Customer.objects.filter(pk__in=customers)).in_bulk() if customers else {}
    candidates = []
    for invitation in invitations:
        contact, customer = invitation.contact, invitation.customer
        who = Candidate(
            draw_key="",
            about_at=contact.ended_at or contact.started_at if contact else invitation.about_at,
            email=invitation.email,
            phone=invitation.phone or (customer.phone if customer else ""),
            customer_id=invitation.customer_id,
        )
        if told := contact or last_words.get(invitation.customer_id):
            who.source, who.has_consent = told.source or "", told.has_consent
        if contact:
            who.contact_id, who.state = contact.pk, contact.state
            who.is_spam, who.is_test, who.is_goodwill = contact.is_spam, contact.is_test, contact.is_goodwill
            who.is_agent_initiated = contact.is_agent_initiated
        candidates.append(who)
    return candidates


def _knowledge(
    invitations: Sequence[Invitation], rules: dict[int, Rules], candidates: Sequence[Candidate]
) -> dict[tuple[int, int], Knowledge]:
    """The law and the objections, by client and survey."""
    clients = {invitation.client_id for invitation in invitations}
    bases = defaultdict(list)
    for basis in LegalBasis.objects.filter(client__in=clients):
        bases[basis.client_id].append(basis)
    addresses = set()
    for invitation, who in zip(invitations, candidates, strict=True):
        people = rules[invitation.campaign_id].people(who)
        addresses |= {who.mailbox, *(person for person in people if isinstance(person, str))}
    found = suppressions(clients, addresses)
    known = {}
    for invitation in invitations:
        client_id, survey_id = key = invitation.client_id, invitation.campaign.survey_id
        if key not in known:
            known[key] = Knowledge(bases[client_id])
            known[key].suppress(found, client_id, survey_id)
    return known
