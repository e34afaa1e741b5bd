"""What mail providers report: proven to be theirs, tied to our message, in our words; whatever else changes nothing."""

import base64
import hashlib
import hmac
import json
import time

import pytest
import time_machine
from anymail.webhooks.base import AnymailCoreWebhookView
from django.test import Client as Browser
from django.urls import NoReverseMatch, reverse

from surveys import mail_webhooks
from surveys.delivery import references
from surveys.models import DeliveryEvent, OutgoingMessage, Suppression
from tests import factories
from tests.conftest import NOW

SECRET = "provider:geheim"
SIGNING_KEY = "key-4711"
PROVIDER_ID = "883953f4-6105-42a2-a16a-77a8eac79483"
pytestmark = pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def message(acme, settings):
    settings.EMAIL_PROVIDER = "postmark"
    settings.ANYMAIL = {"WEBHOOK_SECRET": [SECRET], "MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING_KEY}
    customer = factories.make_customer(acme, "kim.brook@example.net")
    invitation = factories.make_invitation(acme, "nps", customer=customer)
    return factories.make_message(invitation, provider_id=PROVIDER_ID)


def post(payload, provider="postmark", secret=SECRET, **headers):
    """As the provider posts it: JSON, with its name and password, without any cookie."""
    if secret:
        headers["Authorization"] = "Basic " + base64.b64encode(secret.encode()).decode()
    body = payload if isinstance(payload, str | bytes) else json.dumps(payload)
    browser = Browser(enforce_csrf_checks=True)
    return browser.post(f"/mail-events/{provider}/", body, content_type="application/json", headers=headers)


def told() -> list[str]:
    return list(DeliveryEvent.objects.order_by("pk").values_list("kind", flat=True))


def reasons() -> list[str]:
    return list(Suppression.objects.values_list("reason", flat=True))


# --- Payloads in the shape that each provider documents -------------------------------------------------------------


def postmark(**fields) -> dict:
    return {
        "RecordType": "Bounce", "MessageStream": "outbound", "ID": 4323372036854775807, "Type": "HardBounce",
        "TypeCode": 1, "Name": "Hard bounce", "Tag": "", "MessageID": PROVIDER_ID, "Metadata": {}, "ServerID": 23,
        "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
        "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
        "Email": "kim.brook@example.net", "From": "service@acme.example", "BouncedAt": "2026-11-10T08:59:30Z",
        "DumpAvailable": True, "Inactive": True, "CanActivate": True, "Subject": "Wie zufrieden?", **fields,
    }  # fmt: skip


def mailgun(event: str, message_id: str, signing_key=SIGNING_KEY, **fields) -> dict:
    timestamp, token = str(int(time.time())), hashlib.sha256(event.encode()).hexdigest()[:50]
    signature = hmac.new(signing_key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {
        "signature": {"timestamp": timestamp, "token": token, "signature": signature},
        "event-data": {
            "event": event, "timestamp": 1794301170.5, "id": "G9Bn5sl1TC6nu79C8C0bwg", "log-level": "error",
            "recipient": "kim.brook@example.net", "recipient-domain": "example.net", "tags": [], "user-variables": {},
            "message": {"headers": {"to": "kim.brook@example.net", "message-id": message_id, "from": "a@acme.example"}},
            **fields,
        },
    }  # fmt: skip


def sendgrid(event: str, smtp_id: str, **fields) -> dict:
    return {
        "email": "kim.brook@example.net", "timestamp": 1794301170, "smtp-id": smtp_id, "event": event,
        "sg_event_id": f"{event}-6g4ZI7SA", "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001", **fields,
    }  # fmt: skip


POSTMARK = {
    "hard_bounce": postmark(),
    "hard_bounce, no such address": postmark(Type="BadEmailAddress", Details=""),
    "hard_bounce, told by class": postmark(Details="smtp;550 no"),
    "soft_bounce": postmark(Type="SoftBounce", Details="smtp;552 5.2.2 mailbox full"),
    "soft_bounce, told by class": postmark(Type="SoftBounce", Details=""),
    "rejected": postmark(Type="Blocked", Details="smtp;550 5.7.1 blocked"),
    "rejected, code before class": postmark(Details="smtp;550 5.7.1 rejected by policy"),
    "delayed": postmark(Type="Transient", Details="smtp;451 4.7.1 later"),
    "complaint": postmark(RecordType="SpamComplaint", Type="SpamComplaint", Details="Test spam complaint details"),
    "unsubscribed": {
        "RecordType": "SubscriptionChange", "MessageID": PROVIDER_ID, "ChangedAt": "2026-11-10T08:59:30Z",
        "Recipient": "kim.brook@example.net", "Origin": "Recipient", "SuppressSending": True,
        "SuppressionReason": "ManualSuppression", "Metadata": {},
    },
    "delivered": {
        "RecordType": "Delivery", "MessageID": PROVIDER_ID, "Recipient": "kim.brook@example.net",
        "DeliveredAt": "2026-11-10T08:59:30Z", "Details": "Test delivery webhook details", "Metadata": {},
    },
    "unknown": {"RecordType": "SomethingNew", "MessageID": PROVIDER_ID},
}  # fmt: skip


@pytest.mark.parametrize("name", POSTMARK)
def test_postmark_in_our_words(message, name):
    kind = name.split(",")[0]
    assert post(POSTMARK[name]).status_code == 200
    event = DeliveryEvent.objects.get()
    assert (event.message, event.kind, event.source) == (message, kind, "Postmark")
    assert json.loads(event.raw) == POSTMARK[name]
    assert reasons() == ([kind] if kind in ("hard_bounce", "complaint", "unsubscribed") else [])
    message.refresh_from_db()
    assert message.state == ("failed" if kind in ("hard_bounce", "soft_bounce", "rejected") else "accepted")


FAILED = {"severity": "permanent", "reason": "bounce"}
MAILGUN = {
    "hard_bounce": ("failed", {**FAILED, "delivery-status": {"code": 550, "message": "5.1.1 no such user"}}),
    "hard_bounce, known before": ("failed", {"severity": "permanent", "reason": "suppress-bounce", "delivery-status":
        {"code": 605, "message": "", "description": "Not delivering to previously bounced address"}}),
    "rejected": ("failed", {**FAILED, "delivery-status": {"code": 550, "message": "5.7.1 rejected due to reputation"}}),
    "delayed": ("failed", {"severity": "temporary", "reason": "generic", "delivery-status": {"code": 452}}),
    "delivered": ("delivered", {"delivery-status": {"code": 250, "message": "OK"}}),
    "complaint": ("complained", {}),
    "unsubscribed": ("unsubscribed", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", MAILGUN)
def test_mailgun_in_our_words_by_our_own_reference(message, settings, name):
    settings.EMAIL_PROVIDER = "mailgun"
    event, fields = MAILGUN[name]
    ours = f"{references.make(message.pk)}@feedback.example.org"
    assert post(mailgun(event, ours, **fields), "mailgun").status_code == 200
    assert (told(), DeliveryEvent.objects.get().message) == ([name.split(",")[0]], message)


SENDGRID = {
    "hard_bounce": sendgrid("bounce", "", type="bounce", status="5.1.1", reason="550 5.1.1 unknown user"),
    "rejected": sendgrid("bounce", "", type="blocked", status="5.0.0", reason="550 go away"),
    "delayed": sendgrid("deferred", "", response="400 try again later", attempt="5"),
    "delivered": sendgrid("delivered", "", response="250 OK"),
    "complaint": sendgrid("spamreport", ""),
    "unsubscribed": sendgrid("unsubscribe", ""),
    "hard_bounce, known before": sendgrid("dropped", "", reason="Bounced Address", status="5.0.0"),
}


def test_sendgrid_in_our_words_many_at_once(message, settings):
    settings.EMAIL_PROVIDER = "sendgrid"
    ours = f"<{references.make(message.pk)}@feedback.example.org>"
    noise = [sendgrid(event, ours) for event in ("processed", "open", "click")]
    events = [{**event, "smtp-id": ours, "sg_event_id": name} for name, event in SENDGRID.items()]
    assert post([*events, *noise], "sendgrid").status_code == 200
    assert told() == [name.split(",")[0] for name in SENDGRID]


def test_what_a_provider_drops_because_of_a_persons_word_is_that_word_too(message, settings):
    settings.EMAIL_PROVIDER = "sendgrid"
    ours = f"<{references.make(message.pk)}@feedback.example.org>"
    post([sendgrid("dropped", ours, reason="Unsubscribed Address")], "sendgrid")
    message.refresh_from_db()
    assert (told(), reasons(), message.state) == (["rejected", "unsubscribed"], ["unsubscribed"], "failed")


# --- Whose it is ----------------------------------------------------------------------------------------------------


def test_the_same_event_posted_again_is_noted_once(message):
    assert [post(postmark()).status_code for _ in range(3)] == [200] * 3
    delivered = POSTMARK["delivered"]  # which has no number of its own
    assert [post(delivered).status_code for _ in range(3)] == [200] * 3
    assert told() == ["hard_bounce", "delivered"]


@pytest.mark.parametrize(
    "foreign",
    [
        {"MessageID": "of-somebody-else"},
        {"MessageID": ""},
        {"MessageID": "x", "Metadata": {"note": f"nachklang.1.{'0' * 20}"}},
    ],
)
def test_an_event_about_mail_that_is_not_ours_is_forgotten(message, foreign):
    assert post(postmark(**foreign)).status_code == 200
    assert (told(), reasons()) == ([], [])


def test_a_text_message_with_the_same_number_is_not_meant(message):
    OutgoingMessage.objects.update(medium="sms")
    assert post(postmark()).status_code == 200
    assert told() == []


def test_an_event_without_a_number_of_ours_is_tied_by_our_reference_wherever_it_stands(message):
    post(postmark(MessageID="other", Metadata={"reference": references.make(message.pk)}))
    assert told() == ["hard_bounce"]


def test_an_event_from_the_future_happened_now(message):
    post(postmark(BouncedAt="2999-01-01T00:00:00Z"))
    assert DeliveryEvent.objects.get().happened_at == NOW


# --- Forged, foreign, broken ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["", "provider:falsch", "geheim", "provider:geheim ", ":"])
def test_without_the_shared_secret_nothing_is_taken(message, secret):
    assert post(postmark(), secret=secret).status_code == 400
    assert (told(), reasons()) == ([], [])


def test_mailgun_needs_its_signature_as_well(message, settings):
    settings.EMAIL_PROVIDER = "mailgun"
    ours = f"{references.make(message.pk)}@feedback.example.org"
    forged = mailgun("complained", ours, signing_key="key-of-nobody")
    unsigned = {"event-data": mailgun("complained", ours)["event-data"]}
    only_signed = mailgun("complained", ours)
    assert [post(p, "mailgun").status_code for p in (forged, unsigned)] == [400, 400]
    assert post(only_signed, "mailgun", secret="").status_code == 400
    assert (told(), reasons()) == ([], [])


@pytest.mark.parametrize("body", ["", "no json", "{", b"\xff\xfe", "[" * 100_000])
def test_what_is_no_event_is_refused(message, body):
    assert post(body).status_code == 400
    assert told() == []


def test_a_body_beyond_measure_is_refused(message):
    assert post(json.dumps(postmark(Details="x" * 6_000_000))).status_code == 400
    assert told() == []


def test_only_the_configured_provider_has_a_door_and_only_with_a_secret(message, settings):
    others = [name for name in mail_webhooks.VIEWS if name != "postmark"] + ["nobody", "inbound"]
    assert {post(postmark(), name).status_code for name in others} == {404}
    settings.ANYMAIL = {}
    assert post(postmark()).status_code == 404
    settings.ANYMAIL, settings.EMAIL_PROVIDER = {"WEBHOOK_SECRET": [SECRET]}, ""
    assert post(postmark()).status_code == 404
    assert told() == []


def test_a_get_takes_nothing_and_anymails_own_addresses_are_not_there(message):
    assert Browser().get("/mail-events/postmark/").status_code == 405
    with pytest.raises(NoReverseMatch):
        reverse("anymail:postmark_tracking_webhook")


def test_every_door_is_one_of_anymails_that_checks_where_an_event_comes_from():
    for view in mail_webhooks.VIEWS.values():
        assert issubclass(view.view_class, AnymailCoreWebhookView) and hasattr(view.view_class, "basic_auth")


def test_while_the_database_is_away_the_provider_is_asked_to_try_again(message, monkeypatch):
    def away(*args, **kwargs):
        raise ConnectionError("the database is away")

    monkeypatch.setattr(mail_webhooks.bounces, "note", away)
    with pytest.raises(ConnectionError):  # which the server answers with 500
        post(postmark())
