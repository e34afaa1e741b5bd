"""Signed links: one purpose each, absolute, and only ever to the configured origin.

A token is a value and its signature under a salt of its purpose; a token made for one purpose is nothing for another.
Keys rotate by SECRET_KEY_FALLBACKS. Expiry stands in the row that the value names, never in the token.
"""

from django.conf import settings
from django.core import signing

ANSWER = "answer"
UNSUBSCRIBE = "unsubscribe"
DIGEST = "digest"
DIGEST_STOP = "digest-stop"

_LONGEST = 200  # characters; a token is about 80


def make(purpose: str, value: str) -> str:
    """A token that says `value` for one purpose."""
    return _signer(purpose).sign(value)


def read(purpose: str, token: str) -> str | None:
    """The value of a token made here for this purpose; None for anything else."""
    if len(token) > _LONGEST:
        return None
    try:
        return _signer(purpose).unsign(token)
    except signing.BadSignature:
        return None


def absolute(path: str) -> str:
    """The address of a path of ours, never built from a request."""
    return settings.BASE_URL + path


def _signer(purpose: str) -> signing.Signer:
    return signing.Signer(salt=f"nachklang.{purpose}", sep="~")
