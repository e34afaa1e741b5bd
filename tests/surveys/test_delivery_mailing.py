"""Mail on the wire: what a mail server gets, what a provider's API gets, and what nobody can smuggle in."""

import datetime as dt
import email
import json
import threading
from email import policy
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import time_machine
from django.core.mail.message import BadHeaderError

from surveys import delivery, invitations
from surveys.delivery import letters, references
from surveys.delivery.letters import Letter
from surveys.models import OutgoingMessage
from tests import factories
from tests.conftest import NOW
from tests.sink import free_port

State = OutgoingMessage.State


def make_letter(**fields) -> Letter:
    defaults = {
        "sender": "Stadtwerke Größenau <service@acme.example>",
        "to": "kim@example.org",
        "subject": "Ihr Anruf: wie war es?",
        "text": "Guten Tag\n.\n..\nGrüße\n",
        "html": f"<p>{'lang ' * 400}ä</p>\n<p>.</p>\n.\n",
        "reference": "nachklang.1.abc",
        "reply_to": "antwort@acme.example",
        "headers": {"Date": "Tue, 10 Nov 2026 09:00:00 +0000", "Message-ID": "<nachklang.1.abc@localhost>"},
    }
    return Letter(**defaults | fields)


@pytest.fixture
def message(acme):
    factories.make_campaign(acme, "csat")
    factories.make_contact(acme)
    with time_machine.travel(NOW, tick=False):
        invitations.plan_contacts(NOW)
        yield OutgoingMessage.objects.select_related("client", "invitation__client", "invitation__customer").get()


# --- Our own bytes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"reply_to": ""},
        {"sender": '"Müller, Söhne & Co" <info@acme.example>'},
        {"sender": "=?utf-8?q?Bcc?= <info@acme.example>"},
        {"subject": "Ein sehr langer Betreff, der " * 12},
        {"subject": "Ein sehr langer Betreff mit Ümläuten " * 12},
        {"subject": "💬 " * 60},
        {"subject": ""},
        {"to": "kim@müller.example"},
        {"text": "ä" * 5000, "html": "<p>" + "=" * 5000},
        {"text": "spaces at the end   \nand a tab\t\n", "html": ""},
        {"headers": {"X-Long": "wort " * 100, "X-Odd": "ä" * 100, "Date": "Tue, 10 Nov 2026 09:00:00 +0000"}},
    ],
)
def test_our_own_bytes_say_what_djangos_mail_says(fields):
    letter = make_letter(**fields)
    ours = email.message_from_bytes(letter.as_bytes(), policy=policy.default)
    theirs = email.message_from_bytes(letter.as_email().message().as_bytes(linesep="\r\n"), policy=policy.default)
    plain = {"Content-Type", "Content-Transfer-Encoding"}
    for name in {*ours.keys(), *theirs.keys()}:
        assert name in plain | {"Message-ID"} or ours[name].split() == theirs[name].split()
    for part in ("plain", "html"):
        assert ours.get_body([part]).get_content().rstrip() == theirs.get_body([part]).get_content().rstrip()
    assert [p.get_content_type() for p in ours.walk()] == [p.get_content_type() for p in theirs.walk()]


def test_the_bytes_are_seven_bit_with_short_lines_and_no_bare_line_ends():
    data = make_letter(text="Grüße 💬 " * 500).as_bytes()
    assert data.isascii()
    assert data.replace(b"\r\n", b"").count(b"\n") == data.replace(b"\r\n", b"").count(b"\r") == 0
    assert max(len(line) for line in data.split(b"\r\n\r\n", 1)[1].split(b"\r\n")) <= 76


@pytest.mark.parametrize(
    "smuggled", ["\r\nBcc: x@evil.example", "\nBcc: x@evil.example", "\rBcc: x", "\0", "\u2028Bcc: x"]
)
@pytest.mark.parametrize("place", ["subject", "sender", "reply_to", "to"])
def test_no_header_can_be_smuggled_in(place, smuggled):
    good = {"subject": "Hallo", "sender": "info@acme.example", "reply_to": "a@acme.example", "to": "kim@example.org"}
    with pytest.raises((BadHeaderError, ValueError)):
        make_letter(**{place: good[place] + smuggled}).as_bytes()


def test_percent_codes_in_a_name_are_a_name():
    data = make_letter(sender='"%0d%0aBcc: x@evil.example" <info@acme.example>').as_bytes()
    mail = email.message_from_bytes(data, policy=policy.default)
    assert "Bcc" not in mail
    assert [address.addr_spec for address in mail["From"].addresses] == ["info@acme.example"]


def test_an_encoded_word_that_hides_a_line_break_is_refused():
    with pytest.raises(ValueError):
        make_letter(sender='"=?utf-8?q?=0ABcc=3A?=" <info@acme.example>').as_bytes()


@pytest.mark.django_db
def test_lone_dots_in_the_body_end_nothing(acme, smtp_sink):
    text = "first\n.\nMAIL FROM:<x@evil.example>\n..\n.last\n"
    content = {"subject": "A", "text": text, "html": "<p>\n.\n</p>"}
    delivery.queue(client=acme, key="dots", to="lead@provider.example", due_at=NOW, **content)
    assert delivery.send_due(NOW) == 1
    [mail] = smtp_sink.mails
    assert mail.get_body(["plain"]).get_content().splitlines() == text.splitlines()


def test_an_address_that_would_end_its_command_is_none():
    for address in ("a@b>\r\nRCPT TO:<c@d", "a b@c d", "nobody", ""):
        with pytest.raises(ValueError):
            letters.addressed(address)
    assert letters.addressed("kim@müller.example") == "kim@xn--mller-kva.example"


# --- Bounces --------------------------------------------------------------------------------------------------------


def test_bounces_go_to_an_address_that_names_the_message(message, settings, smtp_sink):
    settings.BOUNCE_ADDRESS = "bounces@mail.example.org"
    assert delivery.send_due(NOW) == 1
    [mail] = smtp_sink.mails
    assert mail["X-MailFrom"] == f"bounces+{references.make(message.pk)}@mail.example.org"
    assert (references.read(mail["X-MailFrom"]), mail["From"]) == (message.pk, "Acme <service@acme.example>")


def test_without_such_an_address_they_go_to_the_clients_sender(message, smtp_sink):
    delivery.send_due(NOW)
    assert smtp_sink.mails[0]["X-MailFrom"] == "service@acme.example"


# --- A provider's API -----------------------------------------------------------------------------------------------


class Provider(HTTPServer):
    """Postmark's door on this machine: what it was asked, and what it answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Door)
        self.asked: list[dict] = []
        self.status, self.answer = 200, {"ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a-e38e-4336-af7d"}


class Door(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if self.server.status == 0:  # taken, and never confirmed
            self.close_connection = True
            return
        answer = self.server.answer
        body = json.dumps({"To": self.server.asked[-1]["To"], "SubmittedAt": "2026-11-10T09:00:00Z", **answer}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def provider(settings):
    server = Provider()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "secret",
        "POSTMARK_API_URL": f"http://127.0.0.1:{server.server_port}/",
        "REQUESTS_TIMEOUT": 5,
    }
    yield server
    server.shutdown()
    server.server_close()


INACTIVE = "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses"


def outcome(message: OutgoingMessage) -> tuple[str, str, int]:
    message.refresh_from_db()
    return message.state, message.provider_id, message.attempts


def test_a_providers_api_takes_the_same_mail_and_its_number_is_kept(message, provider):
    assert delivery.send_due(NOW) == 1
    assert outcome(message) == (State.ACCEPTED, "b7bc2f4a-e38e-4336-af7d", 1)
    [asked] = provider.asked
    assert (asked["From"], asked["To"]) == ("Acme <service@acme.example>", message.to)
    assert asked["Metadata"] == {"reference": references.make(message.pk)}
    assert {header["Name"] for header in asked["Headers"]} >= {"List-Unsubscribe", "List-Unsubscribe-Post"}
    assert "Guten Tag" in asked["TextBody"] and "Guten Tag" in asked["HtmlBody"]


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (429, {}, (State.DEFERRED, "", 1)),
        (503, {}, (State.DEFERRED, "", 1)),
        (422, {"ErrorCode": 300, "Message": "Invalid email request"}, (State.FAILED, "", 1)),
        (422, {"ErrorCode": 406, "Message": f"{INACTIVE}: {{to}}. Inactive recipients are …"}, (State.FAILED, "", 1)),
        (422, {"ErrorCode": 406, "Message": "in other words"}, (State.UNKNOWN, "", 1)),
        (401, {"ErrorCode": 10, "Message": "Bad or missing API token"}, (State.PLANNED, "", 0)),
        (500, {}, (State.UNKNOWN, "", 1)),
        (0, {}, (State.UNKNOWN, "", 1)),
    ],
)
def test_what_a_provider_answers_is_put_in_our_words(message, provider, status, answer, expected):
    provider.status = status
    provider.answer = {key: str(value).replace("{to}", message.to) for key, value in answer.items()}
    provider.answer |= {"ErrorCode": answer["ErrorCode"]} if answer else {}
    delivery.send_due(NOW)
    assert outcome(message) == expected


def test_a_provider_that_cannot_be_reached_leaves_mail_due(message, provider, settings):
    settings.ANYMAIL = settings.ANYMAIL | {"POSTMARK_API_URL": f"http://127.0.0.1:{free_port()}/"}
    assert delivery.send_due(NOW) == 0
    assert outcome(message) == (State.PLANNED, "", 0)
    assert delivery.send_due(NOW + dt.timedelta(seconds=1)) == 0
