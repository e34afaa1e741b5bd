"""Twilio's Messages API (2010-04-01): its requests, its signature, and its words turned into ours by tables."""

import base64
import hashlib
import hmac
import json
from decimal import Decimal
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.http import QueryDict

from ..models import DeliveryEvent
from ..safe_http import Connection, Reply
from .outcomes import Outcome, State

Kind = DeliveryEvent.Kind

OPTED_OUT = 21610  # the recipient has told the provider STOP
# The number is none, or none that takes text messages.
BAD_NUMBER = frozenset({21211, 21217, 21265, 21266, 21614, 21635, 30005, 30006})
TAKEN = frozenset({"accepted", "scheduled", "queued", "sending", "sent", "delivered", "read"})
NOT_TAKEN = frozenset({"failed", "undelivered", "canceled"})
# The provider could not or would not look at the request: what is wrong is not the message.
LATER = frozenset({401, 403, 404, 407, 408, 425, 429, 503})

# What a report of a status means; None: on its way, nothing to note.
STATUSES = dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent"), None) | {
    "delivered": Kind.DELIVERED,
    "read": Kind.DELIVERED,
    "canceled": Kind.REJECTED,
    "failed": Kind.REJECTED,
    "undelivered": Kind.REJECTED,
}
# Why a message was not delivered, where the code says more than the status.
CODES = dict.fromkeys(BAD_NUMBER, Kind.HARD_BOUNCE) | {
    OPTED_OUT: Kind.UNSUBSCRIBED,
    30001: Kind.SOFT_BOUNCE,  # the queue is full
    30003: Kind.SOFT_BOUNCE,  # switched off, or out of reach
    30008: Kind.SOFT_BOUNCE,  # unknown to the network, too
    30017: Kind.SOFT_BOUNCE,  # the network is congested
}


def connection() -> Connection:
    account = quote(settings.SMS_ACCOUNT, safe="")
    return Connection(f"{settings.SMS_API}/2010-04-01/Accounts/{account}/Messages.json")


def headers() -> dict[str, str]:
    account = base64.b64encode(f"{settings.SMS_ACCOUNT}:{settings.SMS_TOKEN}".encode()).decode()
    return {"Authorization": f"Basic {account}", "Content-Type": "application/x-www-form-urlencoded"}


def form(to: str, sender: str, text: str, report_to: str) -> bytes:
    return urlencode({"To": to, "From": sender, "Body": text, "StatusCallback": report_to}).encode()


def outcome_of(reply: Reply, price: Decimal) -> Outcome:
    """What the API's answer means. Nothing but a clear word that it was not taken lets a message be sent again."""
    said = _said(reply)
    code = code_of(reply)
    words = said.get("message") or said.get("error_message") or ""
    detail = " ".join(str(part) for part in (reply.status, code, words) if part)
    if 200 <= reply.status < 300:
        provider_id, status = str(said.get("sid") or "")[:120], said.get("status")
        if provider_id and status in TAKEN:
            return Outcome(State.ACCEPTED, provider_id=provider_id, price=price)
        if status in NOT_TAKEN:
            return Outcome(State.FAILED, detail, price=Decimal(0), is_bad_address=code in BAD_NUMBER)
        return Outcome(State.UNKNOWN, f"{reply.status} with an answer that says nothing", provider_id, price)
    if reply.status in LATER or 300 <= reply.status < 400:
        return Outcome(State.DEFERRED, detail, price=Decimal(0))
    if 400 <= reply.status < 500:
        return Outcome(State.FAILED, detail, price=Decimal(0), is_bad_address=code in BAD_NUMBER)
    return Outcome(State.UNKNOWN, detail, price=price)


def code_of(reply: Reply) -> int:
    """The error's number; 0 where the answer names none."""
    said = _said(reply)
    code = said.get("code") or said.get("error_code")
    return code if isinstance(code, int) else 0


def kind_of(status: str, code: str) -> Kind | None:
    """What a report means; None: nothing to note. A status that we do not know stays unknown."""
    kind = STATUSES.get(status, Kind.UNKNOWN)
    if kind == Kind.REJECTED and code.isascii() and code.isdecimal():
        return CODES.get(int(code[:9]), kind)
    return kind


def is_signed(url: str, posted: QueryDict, signature: str) -> bool:
    """Whether the provider itself posted this form to this address of ours (X-Twilio-Signature).

    HMAC-SHA1 with the account's token over the address and each field's name and value, sorted by name. With or without
    the port: what stands in the address that was signed is not always the same.
    """
    if not settings.SMS_TOKEN:
        return False
    fields = "".join(name + value for name in sorted(posted) for value in sorted(set(posted.getlist(name))))
    parts = urlsplit(url)
    with_port = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    return any(
        hmac.compare_digest(_signature(parts._replace(netloc=netloc).geturl() + fields), signature.encode())
        for netloc in (parts.hostname, with_port)
    )


def _signature(signed: str) -> bytes:
    return base64.b64encode(hmac.digest(settings.SMS_TOKEN.encode(), signed.encode(errors="replace"), hashlib.sha1))


def _said(reply: Reply) -> dict:
    try:
        said = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
