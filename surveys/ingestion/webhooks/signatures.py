"""Who may speak through an inlet: each helpdesk's own way to prove it, checked over the raw bytes, in constant time.

Zendesk signs the time and the body, Zammad the body. Freshdesk's rules and Genesys Cloud's data actions (as well as
EventBridge destinations) cannot sign: they show the secret itself, in a header of ours, as a bearer token or as the
password of Basic authentication – so only over https.

While a secret is rotated, the previous one is valid too. Zendesk makes a secret for each webhook, and needs two of
them: an inlet's secret may be several, with blanks between them.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

from surveys.models import Inlet

TOLERANCE = dt.timedelta(seconds=300)  # how far a sender's clock, or its way to us, may be off
TOKEN_HEADER = "X-Inlet-Token"
LONGEST = Inlet._meta.get_field("secret").max_length
_SECRET = re.compile(r"[!-+\--~]{8,200}")  # printable, no blank, no comma: a comma joins doubled headers


class Unproven(Exception):
    """The sender is not who it should be; the message says why, for the log and the answer. It names no secret."""


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def is_secret(text: str) -> bool:
    return _SECRET.fullmatch(text) is not None


def check(inlet: Inlet, headers: Mapping[str, str], body: bytes, at: dt.datetime) -> None:
    """Raise `Unproven` unless the request proves that it knows the inlet's secret, the present or the previous one."""
    shown, made_of = _PROOFS[Inlet.Kind(inlet.kind)](headers, body, at)
    keys = [secret.encode() for secret in f"{inlet.secret} {inlet.previous_secret}".split()]
    fits = [hmac.compare_digest(shown, made_of(key)) for key in keys]  # all of them, whichever fits
    if not any(fits):
        raise Unproven("the signature does not fit")


def _one(headers: Mapping[str, str], name: str) -> str:
    """The value of a header that must be there once. Servers join doubled ones with a comma."""
    value = headers.get(name, "").strip()
    if not value:
        raise Unproven(f"the header {name} is missing")
    if "," in value:
        raise Unproven(f"the header {name} is there more than once")
    return value


def _zendesk(headers: Mapping[str, str], body: bytes, at: dt.datetime):
    signature = _one(headers, "X-Zendesk-Webhook-Signature")
    stamp = _one(headers, "X-Zendesk-Webhook-Signature-Timestamp")
    try:
        sent_at = dt.datetime.fromisoformat(stamp)
    except ValueError:
        raise Unproven("the timestamp is no time") from None
    if sent_at.tzinfo is None or abs(at - sent_at) > TOLERANCE:
        raise Unproven("the timestamp is more than 300 s away from now")
    signed = stamp.encode() + body
    return signature.encode(), lambda key: base64.b64encode(hmac.digest(key, signed, hashlib.sha256))


def _zammad(headers: Mapping[str, str], body: bytes, at: dt.datetime):
    signature = _one(headers, "X-Hub-Signature")
    return signature.encode(), lambda key: b"sha1=" + hmac.digest(key, body, hashlib.sha1).hex().encode()


def _token(headers: Mapping[str, str], body: bytes, at: dt.datetime):
    shown = [name for name in (TOKEN_HEADER, "Authorization") if headers.get(name)]
    if len(shown) > 1:
        raise Unproven("the secret is there more than once")
    value = _one(headers, shown[0] if shown else TOKEN_HEADER)
    if shown == ["Authorization"]:
        scheme, _, value = value.partition(" ")
        value = _password(value.strip()) if scheme.lower() == "basic" else value.strip()
    # Hashed, so that not even the length of the secret can be measured.
    return hashlib.sha256(value.encode()).digest(), lambda key: hashlib.sha256(key).digest()


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        raise Unproven("the Basic authentication cannot be read") from None


_PROOFS = {
    Inlet.Kind.ZENDESK: _zendesk,
    Inlet.Kind.ZAMMAD: _zammad,
    Inlet.Kind.FRESHDESK: _token,
    Inlet.Kind.GENESYS: _token,
}
