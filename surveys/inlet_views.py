"""Where helpdesks post their events: one address per inlet. Programs call it; it knows no session and no cookie.

Answers: 200 taken, known already, too late or not about a contact · 202 kept, but refused until the mapping is mended ·
400 no JSON · 401 not proven · 404 no such inlet, or switched off · 413 too large. A refusal by the mapping is no error
of the sender, who could only send the same again and, after some, would stop sending altogether.
"""

import logging
import uuid

from django.http import Http404, HttpRequest, JsonResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from .ingestion import webhooks
from .ingestion.webhooks import signatures
from .models import Inlet

log = logging.getLogger(__name__)


@csrf_exempt  # whoever posts proves to know the inlet's secret; there is no browser with a session to protect
@require_POST
def receive_event(request: HttpRequest, public_id: uuid.UUID) -> JsonResponse:
    """Take one event. Nothing of a request that is not proven is kept."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > webhooks.MOST_BYTES:
        return _refusal(413, _("The body has more than 1 MB."))
    inlets = Inlet.objects.filter(public_id=public_id, is_active=True, client__is_active=True)
    inlet = inlets.select_related("client").first()
    if inlet is None:
        raise Http404
    now = timezone.now()
    try:
        signatures.check(inlet, request.headers, request.body, now)
    except signatures.Unproven as reason:
        log.warning("inlet %s of client %s: %s", inlet.pk, inlet.client_id, reason)
        return _refusal(401, str(reason))
    taken = webhooks.take(inlet, request.body, request.headers, now)
    return _answer(inlet, taken)


def _answer(inlet: Inlet, taken: webhooks.Taken) -> JsonResponse:
    if not taken.is_readable:
        return _refusal(400, taken.detail)
    with translation.override(inlet.client.language):
        said = {"result": "known" if taken.is_known else str(taken.outcome.value), "detail": taken.detail}
    is_refused = taken.outcome == webhooks.Outcome.REFUSED and not taken.is_known
    return JsonResponse(said, status=202 if is_refused else 200)


def _refusal(status: int, error: str) -> JsonResponse:
    return JsonResponse({"error": error}, status=status)
