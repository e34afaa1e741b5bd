"""What comes back: each event about a message, once, with what follows from it.

Three doors lead here: the provider's webhook, the mailbox of bounces and complaints, and replies to text messages. Each
says in our words what happened; this module alone decides what that means for the message and for the address. Mail
that is already queued obeys at once, because senders look at suppressions inside their claim.
"""

import datetime as dt
import hashlib
import logging

from django.db import InterfaceError, OperationalError, transaction

from .. import suppressions
from ..models import DeliveryEvent, OutgoingMessage, Suppression
from . import mailboxes, reports

log = logging.getLogger(__name__)
Kind = DeliveryEvent.Kind
State = OutgoingMessage.State

LONGEST_RAW = 64 * 1024  # bytes kept of an event as it came
# The message did not arrive; of these, only the first says something about the address itself.
FAILURES = (Kind.HARD_BOUNCE, Kind.SOFT_BOUNCE, Kind.REJECTED)
# States in which a message has left, or may have: what is told about it can still change them.
GONE = (State.HANDED_OVER, State.ACCEPTED, State.UNKNOWN)
REASONS = {Kind.COMPLAINT: Suppression.Reason.COMPLAINT, Kind.UNSUBSCRIBED: Suppression.Reason.UNSUBSCRIBED}


@transaction.atomic
def note(
    message: OutgoingMessage,
    kind: Kind,
    *,
    source: str,
    event_id: str,
    happened_at: dt.datetime,
    detail: str = "",
    raw: str = "",
) -> DeliveryEvent | None:
    """Keep the event and do what follows from it, in one transaction; None if (source, event_id) is known already.

    Failures fail the message; a dead mailbox is not asked again. `delivered` settles what was unknown. A complaint and
    an objection hold for every address of the person, over all surveys. Whatever else: nothing but the row.
    """
    detail = " ".join(_storable(detail).split())[:250]
    event, is_new = DeliveryEvent.objects.get_or_create(
        source=source,
        event_id=_short(event_id),
        defaults={
            "client_id": message.client_id,
            "message": message,
            "kind": kind,
            "happened_at": happened_at,
            "detail": detail,
            "raw": _storable(raw.encode(errors="replace")[:LONGEST_RAW].decode(errors="ignore")),
        },
    )
    if not is_new:
        return None
    gone = OutgoingMessage.objects.filter(pk=message.pk, state__in=GONE)
    if kind in FAILURES:
        gone.update(state=State.FAILED, detail=detail or Kind(kind).label, lease_until=None)
    elif kind == Kind.DELIVERED:
        gone.exclude(state=State.ACCEPTED).update(state=State.ACCEPTED, detail="", lease_until=None)
    if message.is_to_customer:
        _stop_asking(message, kind, happened_at, detail)
    return event


def read_mailbox(address: str, at: dt.datetime) -> int:
    """Deal with every mail that lies in the mailbox of bounces; the number of new events.

    A mail that cannot be read stops no other. Raises mailboxes.Unreachable; what was not dealt with is still there.
    """
    noted = 0
    with mailboxes.opened(address) as inbox:
        for key, content in inbox.mails(reports.LONGEST):
            try:
                report = reports.read(content, at)
                message = report and OutgoingMessage.objects.filter(pk=report.message_id).first()
                noted += bool(message and _note_report(message, report))
            except (OperationalError, InterfaceError):  # the database is away, the mail is not at fault
                raise
            except Exception:
                log.exception("mail %s in the mailbox of bounces cannot be read", key)
                message = None
            inbox.put_away(key, mailboxes.DONE if message else mailboxes.OTHER)
    return noted


def _note_report(message: OutgoingMessage, report: reports.Report) -> DeliveryEvent | None:
    told = {"event_id": report.event_id, "happened_at": report.happened_at, "detail": report.detail, "raw": report.raw}
    return note(message, report.kind, source="mailbox", **told)


def _stop_asking(message: OutgoingMessage, kind: Kind, at: dt.datetime, detail: str) -> None:
    if kind == Kind.HARD_BOUNCE:
        reason = Suppression.Reason.HARD_BOUNCE
        suppressions.suppress(message.client, [message.to], reason, at, detail=detail)
    elif kind in REASONS:
        suppressions.suppress_person(message.invitation, REASONS[kind], at)


def _short(event_id: str) -> str:
    """As it is where it fits into its column; else a digest of it, never a part that two events could share."""
    event_id = _storable(event_id)
    return event_id if len(event_id) <= 200 else hashlib.sha256(event_id.encode()).hexdigest()


def _storable(text: str) -> str:
    """Without what a database cannot hold: NUL, and halves of characters."""
    return text.encode(errors="replace").decode().replace("\0", "")
