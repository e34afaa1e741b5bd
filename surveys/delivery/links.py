"""Signed links, and what every page behind one has in common.

A link has one purpose, is absolute, and leads only ever to the configured origin.

A token is a value and its signature under a salt of its purpose; a token made for one purpose is nothing for another.
Keys rotate by SECRET_KEY_FALLBACKS. Expiry stands in the row that the value names, never in the token.
"""

import functools
import hashlib
import hmac
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

ANSWER = "answer"
UNSUBSCRIBE = "unsubscribe"
OPEN = "open"  # an open link
BLANK = "blank"  # the number of a sheet that one open link handed out, in the form; nothing is stored of it yet
SHEET = "sheet"  # a sheet that was begun there
DIGEST = "digest"
DIGEST_STOP = "digest-stop"

LARGEST_BODY = 64 * 1024  # bytes; the longest sheet that a person can fill in has about half as many
_LONGEST = 200  # characters; a token is about 80
_SHORT = 43  # 32 bytes in base64; a long token's signature alone has as many


def make(purpose: str, value: str) -> str:
    """A token that says `value` for one purpose."""
    return f"{value}~{_long_signature(purpose, value, settings.SECRET_KEY)}"


def make_short(purpose: str, value: uuid.UUID) -> str:
    """A token of 43 characters for the same purpose, where each costs money: the number and 128 bits of signature."""
    return urlsafe_base64_encode(value.bytes + _signature(purpose, value, settings.SECRET_KEY))


def read(purpose: str, token: str) -> str | None:
    """The value of a token made here for this purpose, a short one's in hexadecimal; None for anything else."""
    if len(token) > _LONGEST:
        return None
    if len(token) == _SHORT:
        return _read_short(purpose, token)
    value, _, signature = token.rpartition("~")
    made = signature.encode()
    is_ours = any(hmac.compare_digest(made, _long_signature(purpose, value, key).encode()) for key in _keys())
    return value if is_ours else None


def absolute(path: str) -> str:
    """The address of a path of ours, never built from a request."""
    return settings.BASE_URL + path


def page(*methods: str) -> Callable:
    """A view for whoever holds its link: `view(request, token, …)`, for these methods only.

    Exempt from the CSRF check: that check protects a signed-in browser, and here nobody is signed in. Who can post
    knows the unguessable token, and a cookie would be one more thing to explain. Kept out of caches, other sites'
    logs and search.
    """

    def decorate(view: Callable) -> Callable:
        allowed = require_http_methods(methods)(view)

        @csrf_exempt
        @functools.wraps(view)
        def shown(request: HttpRequest, token: str, **options) -> HttpResponse:
            is_too_large = _size(request) > LARGEST_BODY
            response = HttpResponse(status=413) if is_too_large else allowed(request, token, **options)
            response["Cache-Control"] = "private, no-store"
            response["Referrer-Policy"] = "no-referrer"
            response["X-Robots-Tag"] = "noindex"
            return response

        return shown

    return decorate


def _size(request: HttpRequest) -> int:
    """Bytes of the body as its sender announces it; what is not announced is not read."""
    announced = request.META.get("CONTENT_LENGTH") or ""
    return int(announced) if announced.isdecimal() and len(announced) < 20 else 0


def _read_short(purpose: str, token: str) -> str | None:
    try:
        content = urlsafe_base64_decode(token)
    except ValueError:
        return None
    if len(content) != 32 or urlsafe_base64_encode(content) != token:  # one spelling only
        return None
    value = uuid.UUID(bytes=content[:16])
    is_ours = any(hmac.compare_digest(content[16:], _signature(purpose, value, key)) for key in _keys())
    return value.hex if is_ours else None


def _keys() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _long_signature(purpose: str, value: str, key: str) -> str:
    """As Django's Signer makes it, which works out its key anew for every signature."""
    return urlsafe_base64_encode(_signed(f"nachklang.{purpose}signer", key, value.encode()))


def _signature(purpose: str, value: uuid.UUID, key: str) -> bytes:
    return _signed(f"nachklang.{purpose}.short", key, value.bytes)[:16]


def _signed(salt: str, key: str, content: bytes) -> bytes:
    """As Django's salted_hmac."""
    signing = _keyed(salt, key).copy()
    signing.update(content)
    return signing.digest()


@functools.lru_cache(maxsize=100)
def _keyed(salt: str, key: str) -> hmac.HMAC:
    """To be copied: to begin with a key costs three times as much as to sign."""
    return hmac.new(hashlib.sha256(f"{salt}{key}".encode()).digest(), digestmod="sha256")
