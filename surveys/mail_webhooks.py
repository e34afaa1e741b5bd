"""What the mail provider reports, by webhook: its proof of origin is checked by django-anymail, its words become ours.

There is one address, for the one provider that is configured, and only where a shared secret is set: without it anybody
could make us believe in bounces. Events about mail that is not ours are answered with 200 and forgotten; the provider
has other customers on the same account. Opens and clicks are not kept at all.
"""

import hashlib
import json
import logging
import re

from anymail import urls as anymail_urls
from anymail.exceptions import AnymailAPIError, AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking
from django.conf import settings
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from .delivery import bounces, references, statuses
from .models import DeliveryEvent, OutgoingMessage
from .models.campaigns import Medium

log = logging.getLogger(__name__)
Kind = DeliveryEvent.Kind

_ENDING = "_tracking_webhook"
# anymail's own views by the provider's name: “postmark”, “mailgun”, “amazon_ses” …
VIEWS = {
    pattern.name.removesuffix(_ENDING): pattern.callback
    for pattern in anymail_urls.urlpatterns
    if pattern.name.endswith(_ENDING)
}
KINDS = {
    EventType.DELIVERED: Kind.DELIVERED,
    EventType.DEFERRED: Kind.DELAYED,
    EventType.COMPLAINED: Kind.COMPLAINT,
    EventType.UNSUBSCRIBED: Kind.UNSUBSCRIBED,
    EventType.UNKNOWN: Kind.UNKNOWN,
}
FAILURES = {EventType.BOUNCED, EventType.REJECTED, EventType.FAILED}
# Why a provider did not even try: it remembers an earlier bounce, or an earlier word of the person.
BY_REJECTION = {
    RejectReason.INVALID: Kind.HARD_BOUNCE,
    RejectReason.TIMED_OUT: Kind.SOFT_BOUNCE,
    RejectReason.BLOCKED: Kind.REJECTED,
}
PERSONS_WORD = {RejectReason.SPAM: Kind.COMPLAINT, RejectReason.UNSUBSCRIBED: Kind.UNSUBSCRIBED}
# What providers call a bounce themselves, and where they write it; letters only, in lower case.
CLASSES = {
    "hardbounce": Kind.HARD_BOUNCE,  # Postmark, Mandrill, Brevo
    "activityhardbounced": Kind.HARD_BOUNCE,  # MailerSend
    "permanent": Kind.HARD_BOUNCE,  # Amazon SES, Resend
    "suppressbounce": Kind.HARD_BOUNCE,  # Mailgun
    "softbounce": Kind.SOFT_BOUNCE,
    "activitysoftbounced": Kind.SOFT_BOUNCE,
    "transient": Kind.SOFT_BOUNCE,
    "blocked": Kind.REJECTED,  # Postmark, SendGrid
}
CLASS_FIELDS = (
    ("Type",), ("SuppressionReason",), ("bounce", "bounceType"), ("event-data", "reason"), ("data", "bounce", "type"),
    ("type",), ("event",),
)  # fmt: skip
UNREADABLE = (AnymailAPIError, json.JSONDecodeError, UnicodeDecodeError, RecursionError)


@csrf_exempt  # what comes here bears the provider's own proof, and nobody's cookie
@require_http_methods(["POST", "HEAD"])
def mail_events(request: HttpRequest, provider: str) -> HttpResponse:
    """The provider's door. 404 for every other provider's, 400 for what is forged or unreadable."""
    is_open = settings.EMAIL_PROVIDER and settings.ANYMAIL.get("WEBHOOK_SECRET")
    if not is_open or provider != settings.EMAIL_PROVIDER or provider not in VIEWS:
        raise Http404
    try:
        return VIEWS[provider](request)
    except (AnymailWebhookValidationFailure, *UNREADABLE) as error:
        log.warning("an event of %s is refused: %s", provider, type(error).__name__)
        return HttpResponse(status=400)


@receiver(tracking)
def take(event: AnymailTrackingEvent, esp_name: str, **_) -> None:
    """Keep one event of the provider, if it is about a message of ours."""
    raw = json.dumps(event.esp_event, ensure_ascii=False, sort_keys=True, default=str)
    if not (kinds := kinds_of(event)) or (message := _message(event, raw)) is None:
        log.info("an event of %s is not about a message of ours: %s", esp_name, event.event_type)
        return
    now = timezone.now()
    event_id = event.event_id or hashlib.sha256(raw.encode(errors="replace")).hexdigest()
    for kind in kinds:
        bounces.note(
            message,
            kind,
            source=esp_name,
            event_id=f"{event_id} {kind}",
            happened_at=min(event.timestamp or now, now),
            detail=event.mta_response or event.description or "",
            raw=raw,
        )


def kinds_of(event: AnymailTrackingEvent) -> list[Kind]:
    """An event in our words; none for what we do not keep (opened, clicked, queued …)."""
    if event.event_type in KINDS:
        return [KINDS[event.event_type]]
    if event.event_type not in FAILURES:
        return []
    if event.reject_reason in PERSONS_WORD:  # not sent, and never to be sent again
        return [Kind.REJECTED, PERSONS_WORD[event.reject_reason]]
    return [_failure(event)]


def _failure(event: AnymailTrackingEvent) -> Kind:
    """Why it did not arrive: by the receiving server's code, else by what the provider calls it, else by the words."""
    if event.reject_reason in BY_REJECTION:
        return BY_REJECTION[event.reject_reason]
    words = f"{event.mta_response or ''} {event.description or ''}"
    if decided := statuses.by_code(words) or _class(event.esp_event):
        return decided
    if (event.event_type, event.reject_reason) == (EventType.REJECTED, RejectReason.BOUNCED):
        return Kind.HARD_BOUNCE
    return statuses.of_failure("", words)


def _class(payload: dict) -> Kind | None:
    for path in CLASS_FIELDS:
        value = payload
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str) and (kind := CLASSES.get(re.sub(r"[^a-z]", "", value.lower()))):
            return kind
    return None


def _message(event: AnymailTrackingEvent, raw: str) -> OutgoingMessage | None:
    """By the provider's number of the message, else by our own signed reference anywhere in the event."""
    messages = OutgoingMessage.objects.select_related("client", "invitation__customer", "invitation__client")
    if event.message_id:
        by_number = messages.filter(provider_id=event.message_id, medium=Medium.MAIL)
        if message := by_number.first():
            return message
    reference = references.read(raw)
    return messages.filter(pk=reference).first() if reference else None
