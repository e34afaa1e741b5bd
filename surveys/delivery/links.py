"""Signed links, and what every page behind one has in common.

A link has one purpose, is absolute, and leads only ever to the configured origin.

A token is a value and its signature under a salt of its purpose; a token made for one purpose is nothing for another.
Keys rotate by SECRET_KEY_FALLBACKS. Expiry stands in the row that the value names, never in the token.
"""

import functools
from collections.abc import Callable

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

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


def page(*methods: str) -> Callable:
    """A view for whoever holds its link: `view(request, token)`, for these methods only.

    Exempt from the CSRF check: that check protects a signed-in browser, and here nobody is signed in. Who can post
    knows the unguessable token, and a cookie would be one more thing to explain. Kept out of caches, other sites'
    logs and search.
    """

    def decorate(view: Callable) -> Callable:
        allowed = require_http_methods(methods)(view)

        @csrf_exempt
        @functools.wraps(view)
        def shown(request: HttpRequest, token: str) -> HttpResponse:
            response = allowed(request, token)
            response["Cache-Control"] = "private, no-store"
            response["Referrer-Policy"] = "no-referrer"
            response["X-Robots-Tag"] = "noindex"
            return response

        return shown

    return decorate


def _signer(purpose: str) -> signing.Signer:
    return signing.Signer(salt=f"nachklang.{purpose}", sep="~")
