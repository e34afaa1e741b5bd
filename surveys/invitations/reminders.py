"""One reminder, at most, to those who were asked and have not answered.

The constraint on (invitation, is_reminder) makes it at most one. What comes in between planning and sending cancels the
reminder inside its claim (`obsolete`); the verdict of the invitation stays: the customer was asked.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from ..eligibility import Reason
from ..models import Campaign, Invitation, Medium, OutgoingMessage, Response
from .cancelling import reasons_to_cancel
from .turns import alone_at

BATCH = 500  # reminders a transaction: memory stays flat, the lock short
STILL_VALID = dt.timedelta(days=1)  # a link that dies sooner leaves no time to answer


def plan_reminders(at: dt.datetime) -> int:
    """Plan a reminder for every invitation that has waited long enough for an answer; the number planned."""
    campaigns = Campaign.objects.filter(reminder_days__isnull=False, is_paused=False, client__is_active=True)
    return sum(_plan(campaign, at) for campaign in campaigns.select_related("client").order_by("pk"))


def obsolete(messages: Iterable[OutgoingMessage], at: dt.datetime) -> dict[int, str]:
    """Why reminders among these messages need not leave any more, by message; asked inside the claim.

    A constant number of queries, none where no message is a reminder.
    """
    by_invitation = {message.invitation_id: message.pk for message in messages if message.is_reminder}
    if not by_invitation:
        return {}
    told = _reasons(Invitation.objects.filter(pk__in=by_invitation), at)
    return {by_invitation[pk]: why for pk, why in told.items()}


def _reasons(invitations: QuerySet[Invitation], at: dt.datetime) -> dict[int, str]:
    """Why not to remind, by invitation: an answer, or what speaks against asking at all.

    That the contact is stale by now is no reason: a reminder comes later by its nature.
    """
    rows = invitations.select_related("campaign__client", "client", "contact", "customer")
    rows = list(rows.annotate(is_answered=_answered()))
    told = {pk: str(why.label) for pk, why in reasons_to_cancel(rows, at).items() if why != Reason.STALE}
    told |= {row.pk: str(Reason(row.reason).label) for row in rows if not row.is_asked}
    return told | {row.pk: _("answered meanwhile") for row in rows if row.is_answered}


def _plan(campaign: Campaign, at: dt.datetime) -> int:
    last, planned = 0, 0
    while last is not None:
        last, number = _plan_batch(campaign, last, at)
        planned += number
    return planned


def _plan_batch(campaign: Campaign, after: int, at: dt.datetime) -> tuple[int | None, int]:
    """One batch; (the last invitation looked at, None where it was the last of all; the number planned)."""
    with alone_at(campaign.client_id):
        waiting = list(_waiting(campaign, at).filter(pk__gt=after).select_related("customer").order_by("pk")[:BATCH])
        forbidden = _reasons(Invitation.objects.filter(pk__in=[one.pk for one in waiting]), at) if waiting else {}
        reminders = _reminders(campaign, [one for one in waiting if one.pk not in forbidden], at)
        OutgoingMessage.objects.bulk_create(reminders)
    return (waiting[-1].pk if len(waiting) == BATCH else None), len(reminders)


def _reminders(campaign: Campaign, invitations: Sequence[Invitation], at: dt.datetime) -> list[OutgoingMessage]:
    """One for each whose link lives on for a while when the customer's sending hours come."""
    due = [(one, campaign.sending_time(at, one.customer and one.customer.zone)) for one in invitations]
    return [
        OutgoingMessage(
            client_id=campaign.client_id,
            key=f"reminder:{invitation.pk}",
            invitation=invitation,
            is_reminder=True,
            medium=invitation.medium,
            to=invitation.phone if invitation.medium == Medium.SMS else invitation.email,
            due_at=due_at,
        )
        for invitation, due_at in due
        if due_at + STILL_VALID <= invitation.expires_at
    ]


def _waiting(campaign: Campaign, at: dt.datetime) -> QuerySet[Invitation]:
    """Asked at least `reminder_days` ago by a message that was accepted; not answered, and not reminded.

    A link that the client's own system shows was no message, and cannot be repeated. The bound by `link_days` only
    keeps the search short: links that are older are closed.
    """
    sent_by = at - dt.timedelta(days=campaign.reminder_days)
    first = OutgoingMessage.objects.filter(
        invitation=OuterRef("pk"), is_reminder=False, state=OutgoingMessage.State.ACCEPTED, handed_over_at__lte=sent_by
    )
    return Invitation.objects.filter(
        Q(medium=Medium.MAIL) & ~Q(email="") | Q(medium=Medium.SMS) & ~Q(phone=""),
        Exists(first),
        ~Exists(OutgoingMessage.objects.filter(invitation=OuterRef("pk"), is_reminder=True)),
        ~_answered(),
        campaign=campaign,
        is_asked=True,
        withdrawn_at=None,
        due_at__gt=at - dt.timedelta(days=campaign.link_days),
        due_at__lte=sent_by,
        expires_at__gte=at + STILL_VALID,
    )


def _answered() -> Exists:
    return Exists(Response.objects.filter(invitation=OuterRef("pk")))
