"""The wish not to be asked again, and to be asked again after all: at any time, at once.

The link to it stands in every message. A token names an invitation; whose it is stands in the rows.
"""

import datetime as dt
import enum
import uuid
from dataclasses import dataclass

from . import suppressions
from .delivery import links
from .models import DeliveryEvent, Invitation, OutgoingMessage, Suppression


class Scope(enum.StrEnum):
    """What an objection covers."""

    THIS_SURVEY = "this"
    ALL_SURVEYS = "all"


@dataclass(frozen=True)
class Preference:
    """Where a person stands: what they have objected to themselves, and whether they can take it back here.

    `is_asked`: whether we may ask in what is left; not so, for instance, where mail came back.
    """

    objection: Scope | None
    can_take_back: bool = False
    is_asked: bool = False


def open_link(token: str) -> Invitation | None:
    """The invitation whose recipient holds this link; it never expires. Writes nothing."""
    if (value := links.read(links.UNSUBSCRIBE, token)) is None:
        return None
    around = ("client__appearance", "customer", "version__survey", "response")
    asked = Invitation.objects.filter(is_asked=True, public_id=uuid.UUID(hex=value))
    return asked.select_related(*around).defer("client__appearance__logo").first()


def standing(invitation: Invitation) -> Preference:
    """What the recipient can be told of where they stand now. Writes nothing."""
    against = suppressions.standing_against(invitation, invitation.version.survey)
    everywhere, here = against.get(None), against.get(invitation.version.survey_id)
    if everywhere in suppressions.OWN_WORD:
        return Preference(Scope.ALL_SURVEYS, can_take_back=everywhere == Suppression.Reason.UNSUBSCRIBED)
    if here == Suppression.Reason.UNSUBSCRIBED:  # nothing else is ever noted for one survey by the person
        return Preference(Scope.THIS_SURVEY, can_take_back=True, is_asked=everywhere is None)
    return Preference(None, is_asked=not against)


def unsubscribe(invitation: Invitation, at: dt.datetime, scope: Scope = Scope.ALL_SURVEYS) -> None:
    """No more of this survey, or of all surveys of this client, at once: senders look here just before they send.

    Holds for every address of the person that we know. An invitation whose addresses were erased has nobody left to
    ask.
    """
    survey = invitation.version.survey if scope == Scope.THIS_SURVEY else None
    suppressions.suppress_person(invitation, Suppression.Reason.UNSUBSCRIBED, at, survey)
    _note_objection(invitation, at)


def subscribe_again(invitation: Invitation) -> None:
    """Take back one's own objection, to this survey as to all; what others noted against asking stays."""
    suppressions.take_back(invitation, invitation.version.survey)


def _note_objection(invitation: Invitation, at: dt.datetime) -> None:
    """For the ledger: which message the objection answers, as providers report it. Said again, nothing is added."""
    if message := OutgoingMessage.objects.filter(invitation=invitation).order_by("is_reminder").first():
        kind = DeliveryEvent.Kind.UNSUBSCRIBED
        said = DeliveryEvent(
            client_id=message.client_id, message=message, kind=kind, source="page", event_id=message.pk, happened_at=at
        )
        DeliveryEvent.objects.bulk_create([said], ignore_conflicts=True)
