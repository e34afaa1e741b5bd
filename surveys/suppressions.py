"""Do not ask: who said so, or what stood against it, by address and scope. Written here and nowhere else.

A stronger reason replaces a weaker one, never the other way round: what a person said outweighs what we noted, and a
complaint outweighs an objection, because it cannot be taken back on our page.
"""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q, QuerySet

from .addresses import phone_key
from .models import Client, Invitation, Suppression, Survey
from .models.people import email_key, person_key

Reason = Suppression.Reason

# Weakest first.
STRENGTH = (Reason.HARD_BOUNCE, Reason.MANUAL, Reason.UNSUBSCRIBED, Reason.COMPLAINT, Reason.ERASED)
# What the customer said in person, and not what we found out or wrote down.
OWN_WORD = (Reason.UNSUBSCRIBED, Reason.COMPLAINT)


@transaction.atomic
def suppress(
    client: Client,
    addresses: Iterable[str],
    reason: Reason,
    at: dt.datetime,
    *,
    survey: Survey | None = None,
    detail: str = "",
) -> None:
    """Stop asking these mailboxes and phone numbers, by all surveys of the client or by one. Said again: no change."""
    said = {"reason": reason, "detail": detail[:250]}
    weaker = STRENGTH[: STRENGTH.index(reason)]
    for address in sorted({email_key(each) for each in addresses} - {""}):
        row, is_new = Suppression.objects.get_or_create(
            client=client, address=address, survey=survey, defaults={**said, "created_at": at}
        )
        if not is_new:
            Suppression.objects.filter(pk=row.pk, reason__in=weaker).update(**said)


def suppress_person(invitation: Invitation, reason: Reason, at: dt.datetime, survey: Survey | None = None) -> None:
    """What a person said holds wherever we could reach them: by mail link also for their phone, and vice versa."""
    suppress(invitation.client, addresses_of(invitation), reason, at, survey=survey)


def take_back(invitation: Invitation, survey: Survey) -> int:
    """The person asks to be asked again, by this survey as well: their own objections go; the number of rows.

    At their other addresses only what was said in the same moment goes: a phone may be shared with someone who
    objected on their own. Bounces, complaints and what staff noted stay.
    """
    own = _about(invitation, survey).filter(reason=Reason.UNSUBSCRIBED)
    here = own.filter(_asked_at(invitation))
    elsewhere = Q(address__in=addresses_of(invitation), created_at__in=list(here.values_list("created_at", flat=True)))
    return own.filter(_asked_at(invitation) | elsewhere).delete()[0]


def standing_against(invitation: Invitation, survey: Survey) -> dict[int | None, str]:
    """The strongest reason that stands against asking here now, by scope: the survey's id; None: all surveys."""
    rows = _about(invitation, survey).filter(_asked_at(invitation)).values_list("survey", "reason")
    return dict(sorted(rows, key=lambda row: STRENGTH.index(row[1])))


def addresses_of(invitation: Invitation) -> set[str]:
    """Every mailbox and phone number at which we know the person who was asked, each in its one spelling."""
    known = {email_key(invitation.email), invitation.phone}
    if customer := invitation.customer:
        known |= {email_key(customer.email), phone_key(customer.phone, invitation.client.language)}
    return known - {""}


def _about(invitation: Invitation, survey: Survey) -> QuerySet[Suppression]:
    return Suppression.objects.filter(Q(survey=None) | Q(survey=survey), client=invitation.client_id)


def _asked_at(invitation: Invitation) -> Q:
    """The mailbox or phone number that was written to. A +tag makes no other mailbox."""
    email = email_key(invitation.email)
    name, _, domain = person_key(email).rpartition("@")
    asked_at = Q(address__in={email, f"{name}@{domain}", invitation.phone} - {"", "@"})
    if name and domain:
        asked_at |= Q(address__startswith=f"{name}+", address__endswith=f"@{domain}")
    return asked_at
