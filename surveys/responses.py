"""What customers send back: one answer sheet in, once; and the wish not to be asked again, at any time.

The links in survey mails lead here. A token names an invitation and nothing else; whose it is, which client's and
whether it may still be answered stands in the rows.
"""

import datetime as dt
import enum
import uuid
from dataclasses import dataclass
from functools import partial

from django.db import IntegrityError, transaction

from . import suppressions
from .delivery import links
from .models import Agent, Answer, DeliveryEvent, Invitation, OutgoingMessage, Question, Response, Suppression
from .redaction import redact
from .signals import response_submitted


class LinkState(enum.StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Link:
    """What a link leads to. An unknown one has no invitation; an answered one has its response."""

    state: LinkState
    invitation: Invitation | None = None
    response: Response | None = None


@dataclass(frozen=True)
class Sheet:
    """A checked answer sheet: `score` on the survey's scale, `phone` only with `wants_call`."""

    score: int
    text: str = ""
    wants_call: bool = False
    phone: str = ""
    is_preselected: bool = False
    language: str = ""  # of the page it was answered in; empty: the invitation's


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


class LinkClosed(Exception):
    """The invitation may not be answered any more: withdrawn or expired, perhaps while the form stood open."""


def open_link(token: str, at: dt.datetime) -> Link:
    """What the answer link leads to at a moment. Writes nothing. One query, none for a forged token."""
    invitation = _invitation(links.ANSWER, token)
    if invitation is None:
        return Link(LinkState.UNKNOWN)
    if response := getattr(invitation, "response", None):
        return Link(LinkState.ANSWERED, invitation, response)
    if invitation.withdrawn_at:
        return Link(LinkState.WITHDRAWN, invitation)
    return Link(LinkState.OPEN if at < invitation.expires_at else LinkState.EXPIRED, invitation)


def note_opening(invitation: Invitation, at: dt.datetime) -> None:
    """Remember when the page was first opened: one query, and none from then on.

    For the funnel only. It is neither answer nor objection nor consent: mail scanners open pages, too.
    """
    if invitation.opened_at is None:
        Invitation.objects.filter(pk=invitation.pk, opened_at=None).update(opened_at=at)


def record(invitation: Invitation, sheet: Sheet, at: dt.datetime) -> Response:
    """Store the sheet and announce it; if another one was first, return that: the first answer stays.

    Raises LinkClosed where the invitation is withdrawn or expired by now.
    """
    try:
        with transaction.atomic():
            if not _is_open(invitation, at):
                raise LinkClosed(str(invitation.public_id))
            response = _create(invitation, sheet, at)
            announce = partial(response_submitted.send_robust, sender=Response, response_id=response.pk)
            # Robust: a dead broker must not turn a saved answer into an error.
            transaction.on_commit(announce, robust=True)
            return response
    except IntegrityError:
        return Response.objects.get(invitation=invitation)


def open_unsubscribe_link(token: str) -> Invitation | None:
    """The invitation whose recipient holds this link; it never expires. Writes nothing."""
    return _invitation(links.UNSUBSCRIBE, token)


def preference(invitation: Invitation) -> Preference:
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


def _invitation(purpose: str, token: str) -> Invitation | None:
    value = links.read(purpose, token)
    if value is None:
        return None
    asked = Invitation.objects.filter(is_asked=True, public_id=uuid.UUID(hex=value))
    return asked.select_related("client", "customer", "version__survey", "response").first()


def _is_open(invitation: Invitation, at: dt.datetime) -> bool:
    """Read again under a lock (on SQLite the transaction itself holds it): a withdrawal cannot slip in between."""
    row = Invitation.objects.select_for_update().filter(pk=invitation.pk)
    return bool(row.filter(is_asked=True, withdrawn_at=None, expires_at__gt=at).values_list("pk"))


def _create(invitation: Invitation, sheet: Sheet, at: dt.datetime) -> Response:
    response = Response.objects.create(
        client=invitation.client,
        invitation=invitation,
        kind=invitation.version.survey.kind,
        score=sheet.score,
        language=sheet.language or invitation.language,
        wants_call=sheet.wants_call,
        phone=sheet.phone if sheet.wants_call else "",
        is_preselected=sheet.is_preselected,
        submitted_at=at,
    )
    if text := _redacted(sheet.text, invitation.client_id):
        question = Question.objects.get(version=invitation.version_id, kind=Question.Kind.COMMENT)
        Answer.objects.create(response=response, question=question, text=text)
    return response


def _redacted(text: str, client_id: int) -> str:
    """The words without personal data, the client's agents included; empty where nothing visible was written."""
    if not text.strip():
        return ""
    names = Agent.objects.filter(client=client_id).values_list("name", flat=True)
    return redact(text, names=names).strip()
