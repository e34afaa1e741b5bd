"""Text messages: what they say, to whom they go, that no budget is ever exceeded, and that STOP means stop.

Against a provider on a port of this machine that speaks the Messages API, with the real sender.
"""

import base64
import datetime as dt
import hashlib
import hmac
import json
import logging
import threading
import uuid
from contextlib import suppress
from decimal import Decimal
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode

import pytest
import time_machine
from django.db import connection
from django.http import QueryDict
from django.test import override_settings
from django.urls import reverse

from config.logs import HideTokens
from surveys import delivery, invitations, safe_http
from surveys.delivery import gsm, links, references, replies, sender, sms, twilio
from surveys.delivery.outcomes import PutOff
from surveys.models import Client, DeliveryEvent, Invitation, Medium, OutgoingMessage, Response, Suppression
from tests.conftest import NOW, needs, together
from tests.factories import make_campaign, make_client, make_contact, make_customer, make_invitation, make_message
from tests.sink import free_port

State = OutgoingMessage.State
ACCOUNT, TOKEN = "AC" + "0" * 32, "token/with:odd@characters"
PHONE, OTHER_PHONE = "+4915112345678", "+4915112345679"
SENDER = "+4915735980001"


class Provider:
    """The Messages API on a free port. `answers`: what the next requests are answered, else 201 queued."""

    def __init__(self):
        self.requests, self.answers = [], []
        self.hangs_up = self.is_silent = False
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), strict_parsing=True)
                form = {name: value for name, (value,) in form.items()}
                provider.requests.append((self.path, self.headers["Authorization"], form))
                if provider.is_silent:
                    provider.awake.wait(10)
                if provider.is_silent or provider.hangs_up:
                    return
                sid = f"SM{len(provider.requests):032x}"
                status, said = provider.answers.pop(0) if provider.answers else (201, {"sid": sid, "status": "queued"})
                body = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.awake = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def forms(self):
        return [form for _path, _account, form in self.requests]

    def stop(self):
        self.awake.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def provider(settings):
    provider = Provider()
    settings.SMS_ACCOUNT, settings.SMS_TOKEN, settings.SMS_API = ACCOUNT, TOKEN, provider.url
    settings.OUTGOING_HTTP_LOOPBACK = True
    settings.SMS_PRICE_PER_PART = Decimal("0.08")
    settings.BASE_URL = "https://feedback.example.org"
    yield provider
    provider.stop()


@pytest.fixture(autouse=True)
def _in_sending_hours():
    sender.patience.forget()
    with time_machine.travel(NOW, tick=False):
        yield


def allow_sms(client: Client, budget="100") -> Client:
    client.sms_sender, client.sms_budget_per_day = SENDER, Decimal(budget)
    client.save()
    return client


@pytest.fixture
def acme(acme):
    return allow_sms(acme)


def make_sms(client, phone=PHONE, campaign=None, is_reminder=False, kind="csat", **fields) -> OutgoingMessage:
    """A planned SMS, as the planner leaves it."""
    campaign = campaign or client.campaigns.filter(medium=Medium.SMS, survey__kind=kind).first()
    campaign = campaign or make_campaign(client, kind, medium=Medium.SMS)
    customer = make_customer(client, phone=phone)
    subject = {"customer": customer} if kind == "nps" else {"contact": make_contact(client, customer=customer)}
    defaults = {"medium": Medium.SMS, "phone": phone, "email": customer.email, "due_at": NOW}
    invitation = make_invitation(client, kind, campaign, **subject, **{**defaults, **fields})
    return make_message(
        invitation, medium=Medium.SMS, to=phone, state=State.PLANNED, handed_over_at=None, attempts=0,
        is_reminder=is_reminder,
    )  # fmt: skip


def send(at=NOW):
    return delivery.send_due(at)


def states() -> list[str]:
    return list(OutgoingMessage.objects.order_by("pk").values_list("state", flat=True))


# --- What it says ---


def test_the_words_name_the_client_the_link_and_the_way_out_and_nobody_else(provider, acme):
    message = make_sms(acme)
    send()
    (form,) = provider.forms
    link = sms.answer_link(message.invitation)
    assert form["Body"] == (
        f"Acme: Wie war unser Service? Eine Frage zu Ihrem Kontakt mit uns: {link} "
        "Keine Umfragen mehr? Jederzeit STOP antworten (Basistarif)."
    )
    assert "Brook" not in form["Body"]
    assert len(link) == len("https://feedback.example.org/s//") + 43


@pytest.mark.parametrize(
    ("fields", "kind", "is_reminder", "words"),
    [
        ({"form_of_address": "du"}, "csat", False, "Wie war unser Service? Eine Frage zu deinem Kontakt mit uns:"),
        ({}, "nps", False, "Würden Sie uns empfehlen? Eine Frage an unsere Kunden:"),
        ({"form_of_address": "du"}, "nps", False, "Würdest du uns empfehlen? Eine Frage an unsere Kunden:"),
        ({"language": "en"}, "csat", False, "How was our service? One question about your contact with us:"),
        ({"language": "en"}, "nps", False, "Would you recommend us? One question to our customers:"),
        (
            {},
            "csat",
            True,
            "Unsere Frage zu Ihrem Kontakt mit uns ist noch offen. Wir erinnern Sie nur dieses eine Mal:",
        ),
        ({"form_of_address": "du"}, "nps", True, "Unsere Frage an dich ist noch offen."),
        ({"language": "en"}, "csat", True, "We shall not remind you again:"),
    ],
)
def test_each_language_address_and_occasion_has_its_words_in_two_parts_at_most(
    acme, fields, kind, is_reminder, words, settings
):
    settings.BASE_URL = "https://feedback.kundenservice-nordheim.example"
    acme.name = "Stadtwerke Nordheim und Umgebung"
    text = sms.render(make_invitation(acme, kind, **fields), is_reminder)
    assert f" {words}" in text
    assert text.startswith(f"{acme.name}: ")
    assert "STOP" in text
    assert gsm.is_gsm(text)
    assert gsm.parts(text) == 2
    assert "\n" not in text


def test_a_name_in_curly_quotes_costs_no_more(acme):
    acme.name = "Acme – „Energie“"
    assert sms.render(make_invitation(acme)).startswith('Acme - "Energie": ')


def test_a_name_is_data_and_not_a_template(acme):
    acme.name = "A & B <{{ link }}>\nGmbH"
    assert sms.render(make_invitation(acme)).startswith("A & B <{{ link }}> GmbH: ")


# --- The link ---


def test_the_short_link_opens_the_page_and_only_a_post_answers(client, acme):
    invitation = make_invitation(acme)
    path = sms.answer_link(invitation).removeprefix("http://localhost:8000")
    for agent in ("WhatsApp/2.23", "TelegramBot", "facebookexternalhit/1.1"):  # they look at links before people do
        for url in (path, f"{path}?score=5"):
            assert client.get(url, headers={"User-Agent": agent}).status_code == 200
            assert client.head(url).status_code == 200
    assert Response.objects.count() == 0
    assert client.post(path, {"score": "5"}).status_code == 302
    assert Response.objects.get().invitation == invitation


def test_a_short_link_says_one_thing_for_one_purpose(settings):
    number = uuid.uuid4()
    token = links.make_short(links.ANSWER, number)
    assert (len(token), links.read(links.ANSWER, token)) == (43, number.hex)
    for purpose in (links.UNSUBSCRIBE, links.DIGEST, links.DIGEST_STOP):
        assert links.read(purpose, token) is None


def test_every_forged_short_link_is_none():
    token = links.make_short(links.ANSWER, uuid.uuid4())
    content = base64.urlsafe_b64decode(token + "=")
    for place in range(len(content)):  # each byte counts, of the number and of the signature
        forged = bytearray(content)
        forged[place] ^= 1
        assert links.read(links.ANSWER, base64.urlsafe_b64encode(forged).decode().rstrip("=")) is None
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(token[-1])
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [alphabet[last ^ bits] for bits in (1, 2, 3)]  # bits of the last character that carry nothing
    for forged in [*(token[:-1] + other for other in others), token[:42], token + "A", token[:42] + "=", "~" * 43]:
        assert links.read(links.ANSWER, forged) is None


def test_short_links_outlive_a_rotated_key_and_die_with_it(settings):
    number = uuid.uuid4()
    token, old = links.make_short(links.ANSWER, number), settings.SECRET_KEY
    with override_settings(SECRET_KEY="new" * 20, SECRET_KEY_FALLBACKS=[old]):
        assert links.read(links.ANSWER, token) == number.hex
    with override_settings(SECRET_KEY="new" * 20, SECRET_KEY_FALLBACKS=[]):
        assert links.read(links.ANSWER, token) is None


def test_no_log_holds_a_short_link(acme):
    link = sms.answer_link(make_invitation(acme))
    record = logging.LogRecord("x", logging.INFO, "f", 1, '"GET %s?score=3 HTTP/1.1" 200', (link,), None)
    HideTokens().filter(record)
    assert record.getMessage() == '"GET http://localhost:8000/s/[token]/?score=3 HTTP/1.1" 200'


# --- How it leaves ---


def test_a_message_leaves_once_in_the_form_that_the_provider_takes(provider, acme):
    message = make_sms(acme)
    assert (send(), send()) == (1, 0)
    ((path, account, form),) = provider.requests
    assert path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert account == "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    report = f"https://feedback.example.org/sms/report/{references.make(message.pk)}/"
    assert (form["To"], form["From"], form["StatusCallback"]) == (PHONE, SENDER, report)
    message.refresh_from_db()
    assert (message.state, message.provider_id, message.price) == (State.ACCEPTED, f"SM{1:032x}", Decimal("0.16"))


def test_planned_by_the_planner_sent_by_the_sender(provider, acme):
    make_campaign(acme, medium=Medium.SMS)
    make_contact(acme, customer=make_customer(acme, phone="0151 12345678"))
    assert (invitations.plan_contacts(NOW), send()) == (1, 1)
    assert [form["To"] for form in provider.forms] == [PHONE]
    assert states() == [State.ACCEPTED]


API_ANSWERS = [
    (201, {"sid": "SM1", "status": "accepted"}, State.ACCEPTED),
    (200, {"sid": "SM1", "status": "sent"}, State.ACCEPTED),
    (201, {"sid": "SM1", "status": "failed", "error_code": 30007}, State.FAILED),
    (201, {"sid": "SM1", "status": "new word"}, State.UNKNOWN),
    (201, {"status": "queued"}, State.UNKNOWN),
    (201, b"<html>", State.UNKNOWN),
    (201, b"[" * 100_000, State.UNKNOWN),
    (202, b"[]", State.UNKNOWN),
    (400, {"code": 21610, "message": "unsubscribed recipient"}, State.FAILED),
    (400, {"code": 21614, "message": "not a mobile number"}, State.FAILED),
    (400, {"code": 21611, "message": "queue is full"}, State.FAILED),
    (400, b"", State.FAILED),
    (401, {"code": 20003, "message": "Authenticate"}, State.DEFERRED),
    (403, {"code": 20003}, State.DEFERRED),
    (404, {"code": 20404}, State.DEFERRED),
    (429, {"code": 20429, "message": "Too Many Requests"}, State.DEFERRED),
    (302, b"", State.DEFERRED),
    (503, {"code": 20503}, State.DEFERRED),
    (500, {"code": 20500}, State.UNKNOWN),
    (502, b"<html>bad gateway", State.UNKNOWN),
    (504, b"", State.UNKNOWN),
]


@pytest.mark.parametrize(("status", "said", "state"), API_ANSWERS)
def test_each_answer_has_its_outcome_and_only_what_was_not_taken_is_tried_again(provider, acme, status, said, state):
    message = make_sms(acme)
    provider.answers = [(status, said)]
    send()
    message.refresh_from_db()
    assert message.state == state
    assert message.price == (Decimal("0.16") if state in (State.ACCEPTED, State.UNKNOWN) else 0)
    send(NOW + dt.timedelta(minutes=6))
    assert len(provider.requests) == (2 if state == State.DEFERRED else 1)


def test_silence_and_a_broken_line_are_unknown_and_never_sent_again(provider, acme, monkeypatch):
    monkeypatch.setattr(safe_http, "SECONDS", 0.3)
    make_sms(acme)
    provider.is_silent = True
    send()
    provider.awake.set()
    provider.is_silent, provider.hangs_up = False, True
    make_sms(acme, OTHER_PHONE)
    send()
    provider.hangs_up = False
    send(NOW + dt.timedelta(hours=2))
    assert states() == [State.UNKNOWN, State.UNKNOWN]
    assert len(provider.requests) == 2


def test_without_a_provider_everything_stays_due_and_no_try_counts(provider, acme, settings):
    make_sms(acme)
    settings.SMS_API = f"http://127.0.0.1:{free_port()}"
    assert send() == 0
    settings.SMS_ACCOUNT = ""
    sender.patience.forget()
    assert send() == 0
    message = OutgoingMessage.objects.get()
    assert (message.state, message.attempts, message.handed_over_at) == (State.PLANNED, 0, None)
    settings.SMS_ACCOUNT, settings.SMS_API = ACCOUNT, provider.url
    sender.patience.forget()
    assert send() == 1


def test_a_provider_inside_the_network_is_never_called(provider, acme, settings):
    make_sms(acme)
    settings.OUTGOING_HTTP_LOOPBACK = False
    assert send() == 0
    assert provider.requests == []


# --- To whom ---


@pytest.mark.parametrize(
    "number",
    [
        "+49301234567",  # Berlin, fixed line
        "+499001234567",  # premium
        "+491805123456",  # shared cost
        "+498001234567",  # free of charge to the caller
        "+4970012345678",  # personal number
        "+881612345678",  # satellite
        "+870773123456",  # ships
        "+447012345678",  # British personal number at premium rate
        "+33612345678",  # a mobile, of a country that is not on the list
        "+12025550123",
        "+49151",
        "015112345678",
        "49 151 12345678",
        "mobile",
        "",
    ],
)
def test_no_number_but_a_mobile_of_a_listed_country_is_written_to(provider, acme, number):
    message = make_sms(acme)
    OutgoingMessage.objects.update(to=number)
    send()
    message.refresh_from_db()
    assert provider.requests == []
    assert message.state == State.FAILED
    assert "mobile number" in message.detail or "SMS_COUNTRIES" in message.detail


@pytest.mark.parametrize("number", ["+4915112345678", "+436641234567", "+41791234567", "+447400123456"])
def test_mobile_numbers_of_listed_countries_are(number):
    sms.check_number(number)


# --- What it costs ---


def test_over_the_budget_a_message_waits_for_the_clients_next_day(provider, acme):
    allow_sms(acme, "0.40")
    for each in range(3):
        make_sms(acme, f"+491511234567{each}")
    assert send() == 2
    late = OutgoingMessage.objects.get(state=State.PLANNED)
    assert late.due_at == dt.datetime(2026, 11, 11, 8, 0, tzinfo=dt.UTC)  # 9:00 in Berlin
    assert (late.detail, late.attempts, late.price) == ("SMS budget of 0.40 € a day reached", 0, None)
    with time_machine.travel(late.due_at, tick=False):
        assert send(late.due_at) == 1
    assert states() == [State.ACCEPTED] * 3


def test_a_day_of_the_budget_is_the_clients_own(provider, acme):
    """23:30 and 0:30 in Lisbon are two days there, and one in Berlin."""
    acme.time_zone, acme.sms_budget_per_day = "Europe/Lisbon", Decimal("0.16")
    acme.save()
    campaign = make_campaign(acme, medium=Medium.SMS, hour_from=0, hour_until=24, sending_days=[1, 2, 3, 4, 5, 6, 7])
    late, early = (dt.datetime(2026, 11, 10, 23, 30, tzinfo=dt.UTC) + dt.timedelta(hours=h) for h in (0, 1))
    for at, phone in ((late, PHONE), (early, OTHER_PHONE)):
        with time_machine.travel(at, tick=False):
            make_sms(acme, phone, campaign)
            assert send(at) == 1


@pytest.mark.parametrize(("budget", "number"), [("0", SENDER), ("0.15", SENDER), ("100", ""), ("100", "ACME")])
def test_without_a_budget_or_a_number_that_takes_a_stop_nothing_is_sent(provider, acme, budget, number):
    acme.sms_budget_per_day, acme.sms_sender = Decimal(budget), number
    acme.save()
    make_sms(acme)
    assert (send(), send()) == (0, 0)
    assert (provider.requests, states()) == ([], [State.PLANNED])


def test_what_was_not_taken_is_not_paid_for_and_what_may_have_been_is(provider, acme):
    allow_sms(acme, "0.40")
    provider.answers = [(429, {}), (400, {"code": 21614}), (500, {})]
    for each in range(5):
        make_sms(acme, f"+491511234567{each}")
    send()
    assert states() == [State.DEFERRED, State.FAILED, State.UNKNOWN, State.ACCEPTED, State.PLANNED]
    assert sms.spent(acme, NOW) == Decimal("0.32")


def test_one_clients_budget_is_not_anothers(provider, acme, globex):
    allow_sms(globex, "0.16")
    allow_sms(acme, "0.16")
    make_sms(acme)
    make_sms(globex, OTHER_PHONE)
    assert send() == 2


@pytest.mark.django_db(transaction=True)
def test_senders_at_once_never_spend_more_than_the_budget(provider, acme):
    """Six senders, forty messages, money for twenty."""
    needs("several senders at once take PostgreSQL (set DATABASE_URL)", connection.vendor == "postgresql")
    allow_sms(acme, "3.20")
    for each in range(40):
        make_sms(acme, f"+4915112345{each:03d}")
    with time_machine.travel(NOW, tick=True):
        together([lambda: delivery.send_due(NOW)] * 6)
    assert len(provider.requests) == 20
    assert len({form["To"] for form in provider.forms}) == 20
    assert (states().count(State.ACCEPTED), states().count(State.PLANNED)) == (20, 20)
    assert sms.spent(acme, NOW) == Decimal("3.20")


@pytest.mark.django_db(transaction=True)
def test_the_last_euro_is_set_aside_once(acme):
    """Eight claimed messages at the same moment, money for one."""
    needs("several senders at once take PostgreSQL (set DATABASE_URL)", connection.vendor == "postgresql")
    allow_sms(acme, "0.10")
    messages = [make_sms(acme, f"+491511234567{each}") for each in range(8)]
    OutgoingMessage.objects.update(state=State.CLAIMED)
    paid = []

    def pay(message):
        with suppress(PutOff):
            sms.set_aside(message, Decimal("0.08"), NOW)
            paid.append(message.pk)

    together([partial(pay, message) for message in messages])
    assert len(paid) == 1
    assert list(OutgoingMessage.objects.filter(price__isnull=False).values_list("pk", flat=True)) == paid


# --- What comes back ---


def signature(url: str, form: dict, token: str = TOKEN) -> str:
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


@pytest.fixture
def call(client, provider):
    """Post a form as the provider does, signed as it signs."""

    def call(path, form, url=None, token=TOKEN, signed=None):
        url = url or f"https://feedback.example.org{path}"
        headers = {"X-Twilio-Signature": signature(url, form, token) if signed is None else signed}
        return client.post(path, urlencode(form), content_type="application/x-www-form-urlencoded", headers=headers)

    return call


def reply(text="STOP", sid="SMin1", phone=PHONE, to=SENDER, **more) -> dict:
    return {"MessageSid": sid, "From": phone, "To": to, "Body": text, "NumMedia": "0", **more}


def suppressed(client) -> list[str]:
    rows = Suppression.objects.filter(client=client, survey=None, reason="unsubscribed")
    return sorted(rows.values_list("address", flat=True))


def test_the_example_of_the_providers_documentation_is_signed():
    """From its page on security: an address with a query, five fields, token 12345."""
    form = urlencode({"CallSid": "CA1234567890ABCDE", "Caller": "+14158675310", "Digits": "1234",
                      "From": "+14158675310", "To": "+18005551212"})  # fmt: skip
    with override_settings(SMS_TOKEN="12345"):
        url = "https://mycompany.com/myapp.php?foo=1&bar=2"
        assert twilio.is_signed(url, QueryDict(form), "GvWf1cFY/Q7PnoempGyD5oXAezc=") is True
        assert twilio.is_signed(url, QueryDict(form), "0/KCTR6DLpKmkAf8muzZqo1nDgQ=") is False


def test_stop_ends_all_surveys_of_the_client_for_that_phone_and_for_the_queue(call, provider, acme):
    make_sms(acme)
    send()
    answer = call("/sms/reply/", reply())
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/xml")
    assert b"<Response/>" in answer.content
    assert PHONE in suppressed(acme)
    make_sms(acme)  # planned before, or by another campaign
    send()
    assert (len(provider.requests), states()) == (1, [State.ACCEPTED, State.CANCELLED])
    assert Invitation.objects.order_by("pk").last().reason == Invitation.Reason.SUPPRESSED


@pytest.mark.parametrize(
    "text",
    ["STOP", "stop", " Stop. ", "STOPP", "Stop all", "STOPALL", "Ende", "UNSUBSCRIBE", "Abmelden!", "ＳＴＯＰ",
     "„Stop“", "Stopp, bitte keine SMS mehr", "STOP\n\n--\nGesendet von meinem Telefon", "Quit", "cancel"],
)  # fmt: skip
def test_an_objection_is_heard_however_it_is_spelt(text):
    assert replies.is_stop(text) is True


@pytest.mark.parametrize(
    "text",
    ["", "5", "Danke!", "Ende gut, alles gut", "Bitte rufen Sie mich an", "Es ging nonstop gut", "😀", "Aus Berlin"],
)
def test_other_replies_are_no_objection(text):
    assert replies.is_stop(text) is False


def test_other_replies_change_nothing_and_are_kept_nowhere(call, acme, caplog):
    caplog.set_level("DEBUG")
    make_sms(acme)
    send()
    assert call("/sms/reply/", reply("Mein Geheimnis")).status_code == 200
    assert (Suppression.objects.count(), DeliveryEvent.objects.count()) == (0, 0)
    assert "Geheimnis" not in caplog.text
    assert PHONE not in caplog.text


def test_the_providers_own_word_for_an_objection_counts(call, acme):
    make_sms(acme)
    send()
    call("/sms/reply/", reply("genug", OptOutType="STOP"))
    assert PHONE in suppressed(acme)


def test_stop_concerns_only_clients_that_wrote_to_this_phone_from_this_number(call, acme, globex):
    other = allow_sms(globex)
    initech = allow_sms(make_client("initech", "Initech"))
    initech.sms_sender = "+4915735980002"
    initech.save()
    make_sms(acme)
    make_sms(other, OTHER_PHONE)
    make_sms(initech)
    send()
    call("/sms/reply/", reply())
    assert PHONE in suppressed(acme)
    assert (suppressed(other), suppressed(initech)) == ([], [])


def test_two_clients_that_share_a_number_both_hear_it(call, acme, globex):
    allow_sms(globex)
    make_sms(acme)
    make_sms(globex)
    send()
    call("/sms/reply/", reply())
    assert PHONE in suppressed(acme) and PHONE in suppressed(globex)


def test_strangers_and_those_who_were_only_planned_for_change_nothing(call, acme):
    make_sms(acme)  # never sent
    for phone in (PHONE, OTHER_PHONE, "STRANGER", "", "\x00"):
        assert call("/sms/reply/", reply(phone=phone)).status_code == 200
    assert Suppression.objects.count() == 0


def test_a_stop_that_is_told_again_does_not_undo_what_was_decided_since(call, acme):
    make_sms(acme)
    send()
    assert call("/sms/reply/", reply()).status_code == 200
    Suppression.objects.all().delete()  # the customer asked to be asked again
    assert call("/sms/reply/", reply()).status_code == 200
    assert Suppression.objects.count() == 0
    call("/sms/reply/", reply(sid="SMin2"))
    assert PHONE in suppressed(acme)


@pytest.mark.parametrize("path", ["/sms/reply/", "/sms/report/nachklang.1.0/"])
def test_only_the_provider_itself_is_heard(client, call, acme, path, settings):
    make_sms(acme)
    send()
    form = reply(MessageStatus="delivered")
    good = f"https://feedback.example.org{path}"
    forged = [
        call(path, form, token="other"),
        call(path, form, signed=""),
        call(path, form, signed="ü"),
        call(path, form, url="https://evil.example" + path),
        call(path, form, url=good + "?x=1"),
        call(path, form, signed=signature(good, {**form, "From": OTHER_PHONE})),
        call(path, {**form, "Extra": "1"}, signed=signature(good, form)),
        client.post(path, form),
    ]
    assert [answer.status_code for answer in forged] == [403] * len(forged)
    assert client.get(path).status_code == 405
    settings.SMS_TOKEN = ""  # not set up: nobody can sign
    assert call(path, form, token="").status_code == 403
    assert (Suppression.objects.count(), DeliveryEvent.objects.count()) == (0, 0)


def test_the_host_that_a_request_names_does_not_matter(client, provider, acme, settings):
    settings.ALLOWED_HOSTS = ["*"]
    form = reply()
    for port in ("", ":443"):
        signed = signature(f"https://feedback.example.org{port}/sms/reply/", form)
        headers = {"X-Twilio-Signature": signed, "Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        body = urlencode(form)
        answer = client.post("/sms/reply/", body, "application/x-www-form-urlencoded", headers=headers)
        assert answer.status_code == 200


def report_path(message) -> str:
    return reverse("sms-report", args=[references.make(message.pk)])


def report(status, code="", sid="SM" + f"{1:032x}") -> dict:
    form = {"MessageSid": sid, "MessageStatus": status, "To": PHONE, "From": SENDER}
    return form | ({"ErrorCode": code} if code else {})


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("delivered", "", "delivered"),
        ("read", "", "delivered"),
        ("undelivered", "30003", "soft_bounce"),
        ("undelivered", "30005", "hard_bounce"),
        ("undelivered", "30006", "hard_bounce"),
        ("undelivered", "30007", "rejected"),
        ("failed", "30008", "soft_bounce"),
        ("failed", "21610", "unsubscribed"),
        ("failed", "x" * 50, "rejected"),
        ("failed", "", "rejected"),
        ("something new", "", "unknown"),
    ],
)
def test_each_report_is_kept_in_our_words(call, acme, status, code, kind):
    message = make_sms(acme)
    send()
    for _ in range(3):  # told again: once
        assert call(report_path(message), report(status, code)).status_code == 200
    event = DeliveryEvent.objects.get()
    assert (event.message, event.client, event.kind, event.source) == (message, acme, kind, "twilio")
    assert f"MessageStatus={status.replace(' ', '+')}" in event.raw
    assert (PHONE in Suppression.objects.values_list("address", flat=True)) == (kind in ("hard_bounce", "unsubscribed"))


@pytest.mark.parametrize("status", ["queued", "sending", "sent", "accepted", "scheduled"])
def test_on_the_way_is_no_news(call, acme, status):
    message = make_sms(acme)
    send()
    call(report_path(message), report(status))
    assert DeliveryEvent.objects.count() == 0


def test_a_report_settles_what_nobody_knew(call, provider, acme):
    message = make_sms(acme)
    provider.hangs_up = True
    send()
    assert states() == [State.UNKNOWN]
    call(report_path(message), report("delivered", sid="SMlate"))
    message.refresh_from_db()
    assert (message.state, message.provider_id) == (State.ACCEPTED, "SMlate")


def test_reports_on_no_message_of_ours_change_nothing(call, acme):
    message = make_sms(acme)
    mail = make_message(make_invitation(acme))
    send()
    forged = references.make(message.pk)[:-1] + ("0" if references.make(message.pk)[-1] != "0" else "1")
    for reference in (forged, "nachklang.1.0", "x", references.make(10**17), references.make(mail.pk)):
        assert call(reverse("sms-report", args=[reference]), report("delivered")).status_code == 200
    assert DeliveryEvent.objects.count() == 0


def test_a_stop_that_only_the_provider_heard_holds_here_as_well(provider, acme):
    make_sms(acme)
    provider.answers = [(400, {"code": 21610, "message": "Attempt to send to unsubscribed recipient"})]
    send()
    assert PHONE in suppressed(acme)
    assert states() == [State.FAILED]


def test_a_number_that_cannot_take_text_messages_is_not_tried_again(provider, acme):
    make_sms(acme)
    provider.answers = [(400, {"code": 21614, "message": "not a mobile number"})]
    send()
    assert list(Suppression.objects.values_list("address", "reason")) == [(PHONE, "hard_bounce")]
