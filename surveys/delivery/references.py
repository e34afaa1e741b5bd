"""Our own mark on what leaves the house, by which a bounce is known as an answer to a message of ours.

It stands in the Message-ID and in the envelope's sender. Digits and lower-case letters only, because mail servers fold
the case of addresses. Signed, so that nobody can make up a bounce for a message: 80 bits of an HMAC over its number.
"""

import hmac
import re

from django.conf import settings
from django.utils.crypto import salted_hmac

_SALT = "nachklang.message"
_FORM = re.compile(r"nachklang\.(\d{1,18})\.([0-9a-f]{20})", re.IGNORECASE)


def make(message_id: int) -> str:
    """The reference of a message: “nachklang.4711.0f3a…”."""
    return f"nachklang.{message_id}.{_signature(message_id, settings.SECRET_KEY)}"


def read(text: str) -> int | None:
    """The message that the first genuine reference in a text names; None where there is none. Old keys count."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    for number, signature in _FORM.findall(text):
        if any(hmac.compare_digest(signature.lower(), _signature(int(number), key)) for key in keys):
            return int(number)
    return None


def _signature(message_id: int, key: str) -> str:
    return salted_hmac(_SALT, str(message_id), secret=key, algorithm="sha256").hexdigest()[:20]
