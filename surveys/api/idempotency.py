"""Idempotency-Key: a request that is sent again with its key is answered as the first time, and does nothing more.

The key's row and what the request did are one transaction. A second request with the same key waits for it at the
unique index (on SQLite at the database's single writer), then reads the answer; and if the first one died, nothing of
it is left and the second one runs.
"""

import datetime as dt
import hashlib
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from ..models import IdempotentRequest

KEPT = dt.timedelta(hours=24)
LONGEST = IdempotentRequest._meta.get_field("key").max_length
HEADER = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description=gettext_lazy(
        "A name of your own for this request, up to 200 characters, new for each. Sent again with the same key and the "
        "same body within 24 hours, the request does nothing more and is answered as the first time."
    ),
)


class KeyReused(APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "key_reused"
    default_detail = gettext_lazy(
        "This Idempotency-Key came with another body before. Send the same body, or take a new key."
    )


def answer_once(request: Request, run: Callable[[], Response]) -> Response:
    """What `run` answers, or answered before to the same key and body. Without the header it just runs.

    An error that `run` raises is not kept: it changed nothing, and the same request will meet it again. Raises
    `KeyReused` for another body and `ParseError` for a key that is none.
    """
    if "Idempotency-Key" not in request.headers:
        return run()
    key, now = _key(request), timezone.now()
    body_hash = hashlib.sha256(request.body).hexdigest()
    with transaction.atomic():
        IdempotentRequest.objects.filter(client=request.client, key=key, created_at__lte=now - KEPT).delete()
        kept, is_new = IdempotentRequest.objects.get_or_create(
            client=request.client, key=key, defaults={"body_hash": body_hash, "created_at": now}
        )
        if is_new:
            answer = run()
            kept.status, kept.reply = answer.status_code, answer.data
            kept.save(update_fields=["status", "reply"])
            return answer
    if kept.body_hash != body_hash:
        raise KeyReused
    return Response(kept.reply, kept.status)


def forget(at: dt.datetime) -> int:
    """Delete keys that are older than `KEPT`; how many."""
    return IdempotentRequest.objects.filter(created_at__lte=at - KEPT).delete()[0]


def _key(request: Request) -> str:
    key = request.headers["Idempotency-Key"].strip()
    if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
        raise ParseError(_("The Idempotency-Key must have 1 to 200 plain characters."))
    return key
