"""Where the SMS provider calls us: replies of customers, reports of delivery. Signed by the provider, or refused."""

import functools
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from .delivery import links, references, replies, twilio
from .models import Medium, OutgoingMessage

NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def _from_provider(view: Callable) -> Callable:
    """Only what the provider signed for exactly this address, of our configured origin and never the request's."""

    @csrf_exempt
    @require_POST
    @functools.wraps(view)
    def checked(request: HttpRequest, **arguments: str) -> HttpResponse:
        url = links.absolute(request.get_full_path())
        if not twilio.is_signed(url, request.POST, request.headers.get("X-Twilio-Signature", "")):
            return HttpResponse(status=403)
        view(request, **arguments)
        return HttpResponse(NOTHING_TO_SAY, content_type="text/xml")

    return checked


@_from_provider
def reply(request: HttpRequest) -> None:
    """A customer's reply. The provider's own reading of it (OptOutType) counts as well as ours."""
    said = request.POST
    text = "STOP" if said.get("OptOutType") == "STOP" else said.get("Body", "")
    replies.take(
        reply_id=said.get("MessageSid", ""),
        sender=said.get("From", ""),
        to=said.get("To", ""),
        text=text,
        at=timezone.now(),
    )


@_from_provider
def report(request: HttpRequest, reference: str) -> None:
    """What became of the message that our reference names; of one that is gone or was never ours: nothing."""
    found = OutgoingMessage.objects.filter(pk=references.read(reference), medium=Medium.SMS)
    if message := found.select_related("client", "invitation__client", "invitation__customer").first():
        replies.report(
            message,
            status=request.POST.get("MessageStatus", ""),
            code=request.POST.get("ErrorCode", ""),
            provider_id=request.POST.get("MessageSid", ""),
            at=timezone.now(),
            raw=request.POST.urlencode(),
        )
