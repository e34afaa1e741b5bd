"""Plan invitations: a stored verdict for every finished contact and every customer of a wave, its context frozen.

Planning is serialised per client by a lock on the client's row (on SQLite by the database's single writer), so that two
planners can neither ask one customer twice nor judge one contact twice.
"""

import datetime as dt
from collections.abc import Callable, Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from ..eligibility import Candidate, Knowledge, Reason, reason_against, reason_in_contact, reason_in_law
from ..models import Campaign, Client, Contact, Customer, Invitation, OutgoingMessage, SurveyVersion, Wave
from ..models.people import LANGUAGES, email_key

BATCH = 500  # verdicts a transaction: memory stays flat, the lock short


def plan_contacts(at: dt.datetime) -> int:
    """Judge every contact that a post-contact campaign has not judged yet; the number of verdicts."""
    campaigns = _working(Campaign.Kind.POST_CONTACT)
    return sum(_plan(campaign, lambda c=campaign: _unjudged_contacts(c), None, at) for campaign in campaigns)


def plan_waves(at: dt.datetime) -> int:
    """Open the waves whose day has come and judge every customer in them; the number of verdicts.

    A wave that was missed altogether (the machine was off for longer than the interval) is not made up for.
    """
    judged = 0
    for campaign in _working(Campaign.Kind.PERIODIC):
        today = at.astimezone(campaign.client.zone).date()
        if today < campaign.starts_on:
            continue
        index = (today - campaign.starts_on).days // campaign.wave_days
        starts_on = campaign.starts_on + dt.timedelta(days=index * campaign.wave_days)
        wave, _ = Wave.objects.get_or_create(campaign=campaign, number=index + 1, defaults={"starts_on": starts_on})
        if wave.planned_at is None:
            judged += _plan(campaign, lambda w=wave: _unjudged_customers(w), wave, at)
            Wave.objects.filter(pk=wave.pk).update(planned_at=at)
    return judged


def _working(kind: Campaign.Kind) -> list[Campaign]:
    """Campaigns that can ask. Without a published version there is nothing to ask, and no wave must pass unasked."""
    published = SurveyVersion.objects.filter(survey=OuterRef("survey"))
    campaigns = Campaign.objects.filter(Exists(published), kind=kind, client__is_active=True)
    return list(campaigns.select_related("client", "survey").order_by("pk"))


def _plan(campaign: Campaign, unjudged: Callable[[], list], wave: Wave | None, at: dt.datetime) -> int:
    judged = batch = _plan_batch(campaign, unjudged, wave, at)
    while batch == BATCH:  # a smaller one was the last
        batch = _plan_batch(campaign, unjudged, wave, at)
        judged += batch
    return judged


@transaction.atomic
def _plan_batch(campaign: Campaign, unjudged: Callable[[], list], wave: Wave | None, at: dt.datetime) -> int:
    """One batch of verdicts. The lock comes first: what is unjudged is read only once nobody else is judging."""
    campaign.client = client = Client.objects.select_for_update().get(pk=campaign.client_id)
    if not (rows := unjudged()):
        return 0
    version = campaign.survey.versions.first()
    candidates = [_candidate(row, wave) for row in rows]
    known = Knowledge.of(client, candidates, since=at - dt.timedelta(days=campaign.quarantine_days + 1))
    invitations = []
    for row, candidate in zip(rows, candidates, strict=True):
        invitation = _judge(row, candidate, campaign, wave, known, at)
        invitation.version = version
        invitations.append(invitation)
    if not wave:  # a contact that was reopened before its mail left, and is finished again, gets a new verdict
        Invitation.objects.filter(campaign=campaign, contact__in=rows, reason=Reason.REOPENED).delete()
    Invitation.objects.bulk_create(invitations)
    OutgoingMessage.objects.bulk_create(
        OutgoingMessage(client=client, key=f"invitation:{i.pk}", invitation=i, to=i.email, due_at=i.due_at)
        for i in invitations
        if i.is_asked
    )
    return len(invitations)


def _unjudged_contacts(campaign: Campaign) -> list[Contact]:
    judged = Invitation.objects.filter(campaign=campaign, contact=OuterRef("pk")).exclude(reason=Reason.REOPENED)
    start = dt.datetime.combine(campaign.starts_on, dt.time(), campaign.client.zone)
    over = Contact.objects.filter(~Exists(judged), client=campaign.client_id).exclude(state=Contact.State.OPEN)
    over = over.annotate(over_at=Coalesce("ended_at", "started_at")).filter(over_at__gte=start)
    return list(over.select_related("customer").order_by("over_at", "pk")[:BATCH])


def _unjudged_customers(wave: Wave) -> list[Customer]:
    judged = Invitation.objects.filter(wave=wave, customer=OuterRef("pk"))
    customers = Customer.objects.filter(~Exists(judged), client=wave.campaign.client_id)
    return list(_with_last_word(customers).order_by("pk")[:BATCH])


def _with_last_word(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    """With the source of the latest contact, and what the customer last said about surveys in any of them."""
    latest = Contact.objects.filter(customer=OuterRef("pk")).order_by("-started_at", "-pk")
    return customers.annotate(
        source=Subquery(latest.values("source")[:1]),
        has_consent=Subquery(latest.filter(has_consent__isnull=False).values("has_consent")[:1]),
    )


def _candidate(row: Contact | Customer, wave: Wave | None) -> Candidate:
    if wave:
        key = f"{wave.number}:{row.key}"
        return Candidate(key, row.email, row.source or "", row.has_consent, customer_id=row.pk)
    key = f"{row.source}:{row.external_id}"
    return Candidate(key, row.email, row.source, row.has_consent, customer_id=row.customer_id, contact=row)


def _judge(
    row: Contact | Customer,
    candidate: Candidate,
    campaign: Campaign,
    wave: Wave | None,
    known: Knowledge,
    at: dt.datetime,
) -> Invitation:
    """The verdict with the context as it is now."""
    contact, customer = (None, row) if wave else (row, row.customer)
    about_at = at if wave else contact.ended_at or contact.started_at
    due_at = campaign.sending_time(max(at, about_at + dt.timedelta(hours=0 if wave else campaign.delay_hours)))
    reason = reason_against(candidate, campaign, known, due_at, at)
    email = email_key(candidate.email)
    if not reason:
        known.note(email, candidate.customer_id, due_at)
    context = (
        {
            "agent_id": contact.agent_id,
            "team_id": contact.team_id,
            "channel": contact.channel,
            "contact_reason": contact.reason,
            "is_goodwill": contact.is_goodwill,
        }
        if contact
        else {}
    )
    return Invitation(
        client_id=campaign.client_id,
        campaign=campaign,
        contact=contact,
        wave=wave,
        customer=customer,
        is_asked=not reason,
        reason=reason or "",
        decided_at=at,
        about_at=about_at,
        due_at=None if reason else due_at,
        expires_at=None if reason else due_at + dt.timedelta(days=campaign.link_days),
        email=email,
        form_of_address=campaign.client.form_of_address,
        language=_language(campaign.client, contact and contact.language, customer and customer.language),
        **context,
    )


def _language(client: Client, *wishes: str | None) -> str:
    """The first wish that we speak (“de-AT” is German), else the client's language."""
    spoken = dict(LANGUAGES)
    return next((wish[:2] for wish in wishes if wish and wish[:2] in spoken), client.language)


def reason_to_cancel(invitation: Invitation, at: dt.datetime) -> Reason | None:
    """What has come in between planning and sending: judged again inside the claim."""
    if invitation.contact and invitation.contact.state == Contact.State.OPEN:
        return Reason.REOPENED
    if invitation.expires_at <= at:
        return Reason.UNDELIVERED
    if reason := reason_in_contact(invitation.contact, invitation.campaign, at):
        return reason
    asked = invitation.contact or _with_last_word(Customer.objects.filter(pk=invitation.customer_id)).first()
    source, has_consent = (asked.source or "", asked.has_consent) if asked else ("", None)
    candidate = Candidate("", invitation.email, source, has_consent, invitation.customer_id)
    known = Knowledge.of(invitation.client, [candidate])
    return reason_in_law(candidate, invitation.client, known, at)


def cancel(invitation: Invitation, reason: Reason, at: dt.datetime) -> bool:
    """Turn “asked” into “not asked, because”, as long as nothing was handed over. False if it was too late."""
    with transaction.atomic():
        stopped = OutgoingMessage.objects.filter(
            invitation=invitation,
            state__in=[OutgoingMessage.State.PLANNED, OutgoingMessage.State.DEFERRED, OutgoingMessage.State.CLAIMED],
        ).update(state=OutgoingMessage.State.CANCELLED, detail=reason.label, lease_until=None)
        if stopped:
            Invitation.objects.filter(pk=invitation.pk).update(is_asked=False, reason=reason, decided_at=at)
    return bool(stopped)


def withdraw(invitations: Iterable[Invitation], at: dt.datetime) -> int:
    """Take back what was planned or sent by mistake; the number withdrawn. An answer that is already there stays.

    Mail that is still here is cancelled; of mail that has left, the link is closed.
    """
    withdrawn = 0
    for invitation in invitations:
        sent = Invitation.objects.filter(pk=invitation.pk, is_asked=True, withdrawn_at=None, response=None)
        withdrawn += cancel(invitation, Reason.WITHDRAWN, at) or sent.update(withdrawn_at=at)
    return withdrawn
