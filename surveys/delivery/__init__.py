"""The only door out: queue, claim, send, sweep, and record what became of it.

To a customer at most once: claim → commit → hand over → record. A message found handed over after its lease is
*unknown*: shown to a person, never sent again. To staff at least once: there the unknown is sent again. Claims are
conditional updates; whoever changes exactly one row goes on. Nothing on the network happens inside a transaction.
"""

import base64
import datetime as dt
import logging
import random
import re
import smtplib
from email.mime.image import MIMEImage
from email.utils import format_datetime, formataddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import Q
from django.utils import timezone

from .. import invitations
from ..models import Client, Invitation, OutgoingMessage, Suppression
from . import survey_mail

log = logging.getLogger(__name__)
State = OutgoingMessage.State

BATCH = 100  # messages over one connection
LEASE = dt.timedelta(minutes=10)  # longer than the mail server's timeout times the tries within one hand-over
MOST_ATTEMPTS = 8
FIRST_WAIT = dt.timedelta(minutes=5)  # doubled with each try: eight tries take about ten hours
# Enhanced status codes about the recipient's address (RFC 3463, 3.2; RFC 7505); 5.1.7 and 5.1.8 are about the sender's.
NO_SUCH_MAILBOX = re.compile(r"\d{3}[ -]5\.1\.(1|2|3|6|10)\b")


def queue(
    *,
    client: Client,
    key: str,
    to: str,
    subject: str,
    text: str,
    html: str,
    due_at: dt.datetime,
    images: dict[str, str] | None = None,
) -> OutgoingMessage:
    """A message to staff or client, once per `key`. `images`: content id → PNG in base64."""
    content = {"to": to, "subject": subject, "text": text, "html": html, "images": images or {}, "due_at": due_at}
    return OutgoingMessage.objects.get_or_create(key=key, defaults={"client": client, **content})[0]


def send_due(at: dt.datetime) -> int:
    """Send what is due at `at`; the number of messages handed over. Without a mail server everything stays due."""
    handed_over = 0
    while due := _due(at):
        with get_connection() as connection:
            for message in due:
                handed_over += _claim(message, at) and _send(message, connection, at)
    return handed_over


def sweep(at: dt.datetime) -> int:
    """Take back what a dead worker left behind; the number of messages touched.

    A message whose sender died at each of its tries has failed: it must not kill another one.
    """
    left = OutgoingMessage.objects.filter(lease_until__lt=at)
    unsent = Q(state=State.CLAIMED) | Q(state=State.HANDED_OVER, invitation=None)
    given_up = left.filter(unsent, attempts__gte=MOST_ATTEMPTS).update(
        state=State.FAILED, lease_until=None, detail="the sender died at every try"
    )
    claimed = left.filter(state=State.CLAIMED).update(state=State.PLANNED, lease_until=None)
    handed_over = left.filter(state=State.HANDED_OVER)
    to_staff = handed_over.filter(invitation=None).update(state=State.DEFERRED, due_at=at, lease_until=None)
    to_customers = handed_over.filter(invitation__isnull=False).update(
        state=State.UNKNOWN, lease_until=None, detail="the sender died while handing over"
    )
    return given_up + claimed + to_staff + to_customers


def _due(at: dt.datetime) -> list[OutgoingMessage]:
    """Oldest first. Mail of a paused campaign waits."""
    due = OutgoingMessage.objects.filter(state__in=[State.PLANNED, State.DEFERRED], due_at__lte=at)
    due = due.exclude(invitation__campaign__is_paused=True)
    return list(
        due.select_related(
            "client",
            "invitation__client",
            "invitation__campaign__client",
            "invitation__contact",
            "invitation__customer",
            "invitation__version__survey",
        )
        .prefetch_related("invitation__version__questions")
        .order_by("due_at", "pk")[:BATCH]
    )


def _claim(message: OutgoingMessage, at: dt.datetime) -> bool:
    # The lease runs from the clock, not from `at`: a long batch must not look dead while it works.
    return bool(
        OutgoingMessage.objects.filter(pk=message.pk, state__in=[State.PLANNED, State.DEFERRED], due_at__lte=at).update(
            state=State.CLAIMED, lease_until=timezone.now() + LEASE, attempts=message.attempts + 1
        )
    )


def _send(message: OutgoingMessage, connection: BaseEmailBackend, at: dt.datetime) -> bool:
    """Hand one claimed message over and record what became of it. False if it was cancelled or never left."""
    now = max(at, timezone.now())  # a batch may take long; and what is put off must not be due again in this call
    message.attempts += 1
    if not _may_leave(message, now):
        return False
    try:
        email = _compose(message, now)
    except Exception as error:  # a wording or header that cannot be rendered must not stop the messages behind it
        log.exception("message %s cannot be composed", message.key)
        _record(message, State.CLAIMED, State.FAILED, detail=str(error))
        return False
    try:
        connection.open()
    except (smtplib.SMTPException, OSError):  # nothing was said yet: the claim is given back, the batch ends here
        _record(message, State.CLAIMED, State.PLANNED, lease_until=None, attempts=message.attempts - 1)
        raise
    if not _record(message, State.CLAIMED, State.HANDED_OVER, handed_over_at=now, lease_until=now + LEASE):
        return False
    state, detail = _hand_over(email, connection)
    if state == State.UNKNOWN and not message.is_to_customer:
        state = State.DEFERRED
    if state == State.DEFERRED and message.attempts >= MOST_ATTEMPTS:
        state = State.FAILED
    _record(message, State.HANDED_OVER, state, detail=detail, due_at=_next_try(message, state, now), lease_until=None)
    if state == State.FAILED and message.is_to_customer and NO_SUCH_MAILBOX.match(detail):
        _suppress(message.invitation, now)
    return True


def _may_leave(message: OutgoingMessage, now: dt.datetime) -> bool:
    """Judge a survey mail once more, inside its claim: cancelled if something came in between, put off out of hours."""
    if not (invitation := message.invitation):
        return True
    if reason := invitations.reason_to_cancel(invitation, now):
        invitations.cancel(invitation, reason, now)
        return False
    if (opens_at := invitation.campaign.sending_time(now)) > now:  # a backlog or a second try ran out of them
        _record(message, State.CLAIMED, State.PLANNED, due_at=opens_at, lease_until=None, attempts=message.attempts - 1)
        return False
    return True


def _hand_over(email: EmailMultiAlternatives, connection: BaseEmailBackend) -> tuple[State, str]:
    """What the mail server made of it: accepted, deferred (4xx), failed (5xx), or unknown where it said nothing."""
    try:
        connection.send_messages([email])
        return State.ACCEPTED, ""
    except smtplib.SMTPRecipientsRefused as error:
        outcome = _refused(*next(iter(error.recipients.values())))
    except smtplib.SMTPResponseException as error:
        outcome = _refused(error.smtp_code, error.smtp_error)
    except (smtplib.SMTPException, OSError) as error:
        outcome = State.UNKNOWN, f"{type(error).__name__}: {error}"
    except ValueError as error:  # an address or header that cannot be written: raised before the first byte of the mail
        outcome = State.FAILED, f"{type(error).__name__}: {error}"
    connection.close()  # after a refusal some servers hang up: the next message gets a fresh connection
    return outcome


def _refused(code: int, text: bytes | str) -> tuple[State, str]:
    detail = f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
    return (State.DEFERRED if 400 <= code < 500 else State.FAILED), detail


def _record(message: OutgoingMessage, before: State, after: State, **fields) -> bool:
    if "detail" in fields:
        fields["detail"] = " ".join(fields["detail"].split())[:250]
    return bool(OutgoingMessage.objects.filter(pk=message.pk, state=before).update(state=after, **fields))


def _next_try(message: OutgoingMessage, state: State, now: dt.datetime) -> dt.datetime:
    """Doubling waits with a fifth of jitter, so that a recovering mail server is not met by everybody at once."""
    if state != State.DEFERRED:
        return message.due_at
    return now + FIRST_WAIT * 2 ** (message.attempts - 1) * random.uniform(0.9, 1.1)


def _suppress(invitation: Invitation, at: dt.datetime) -> None:
    Suppression.objects.get_or_create(
        client=invitation.client,
        address=invitation.email,
        survey=None,
        defaults={"reason": Suppression.Reason.HARD_BOUNCE, "created_at": at},
    )


def _compose(message: OutgoingMessage, now: dt.datetime) -> EmailMultiAlternatives:
    headers = {
        "Date": format_datetime(now),
        "Message-ID": f"<nachklang.{message.pk}@{urlsplit(settings.BASE_URL).hostname}>",
    }
    if message.invitation:
        client, mail = message.client, survey_mail.render(message.invitation)
        sender = formataddr((client.from_name, client.from_email))
        reply_to = [client.reply_to] if client.reply_to else []
        content = {"subject": mail.subject, "text": mail.text, "html": mail.html}
        headers |= survey_mail.headers(message.invitation)
    else:
        sender, reply_to = formataddr((settings.PROVIDER_NAME, settings.DEFAULT_FROM_EMAIL)), []
        content = {"subject": message.subject, "text": message.text, "html": message.html}
    email = EmailMultiAlternatives(
        content["subject"], content["text"], sender, [message.to], headers=headers, reply_to=reply_to
    )
    email.attach_alternative(content["html"], "text/html")
    email.mixed_subtype = "related"
    for content_id, png in message.images.items():
        image = MIMEImage(base64.b64decode(png), "png")
        image.add_header("Content-ID", f"<{content_id}>")
        image.add_header("Content-Disposition", "inline", filename=f"{content_id}.png")
        email.attach(image)
    return email
