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

from .delivery import links
from .models import Agent, Answer, Invitation, Question, Response, Suppression
from .models.people import email_key
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


def is_unsubscribed(invitation: Invitation) -> bool:
    """Whether the recipient has said so, not whether some other reason keeps us from asking."""
    return Suppression.objects.filter(
        client=invitation.client_id, address=email_key(invitation.email), reason=Suppression.Reason.UNSUBSCRIBED
    ).exists()


def unsubscribe(invitation: Invitation, at: dt.datetime) -> None:
    """No more surveys of this client to this mailbox, at once: senders look here just before they send.

    A person's word replaces what we had noted ourselves (a bounce may be lifted by staff, an objection not). Said
    again, it changes nothing. An invitation whose address was erased has nobody left to ask.
    """
    if not invitation.email:
        return
    said = {"reason": Suppression.Reason.UNSUBSCRIBED}
    Suppression.objects.update_or_create(
        client=invitation.client,
        address=email_key(invitation.email),
        survey=None,
        defaults=said,
        create_defaults={**said, "created_at": at},
    )


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
