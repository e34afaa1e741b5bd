"""The mailbox of bounces: every mail is dealt with, whatever happens to the one before it or to us in between."""

import time

import pytest
import time_machine
from django.db import OperationalError

from surveys import tasks
from surveys.delivery import bounces, mailboxes, references, reports
from surveys.models import DeliveryEvent, OutgoingMessage
from tests import factories
from tests.conftest import NOW
from tests.imap import ImapServer
from tests.sink import free_port
from tests.surveys.test_bounces import SAMPLES, expected, sample
from tests.test_engine import manage

pytestmark = pytest.mark.django_db
HUMAN = b"From: Kim <kim@example.net>\r\nSubject: A question\r\n\r\nWho are you?\r\n"


class Killed(BaseException):
    """The process dies here: nothing of ours can catch it."""


class Imap:
    """The same few questions to both kinds of mailbox."""

    def __init__(self, server: ImapServer) -> None:
        self.server = server
        self.address = f"imap://bounces:pass%20word@127.0.0.1:{server.port}/INBOX"

    def deliver(self, *mails: bytes) -> None:
        self.server.deliver(*mails)

    def mails(self, folder: str = "") -> list[bytes]:
        return sorted(self.server.mails(f"INBOX{self.server.delimiter}{folder}" if folder else "INBOX"))


class Maildir:
    def __init__(self, path) -> None:
        self.path, self.count = path, 0
        self.address = f"maildir://{path}"
        for part in ("new", "cur", "tmp"):
            (path / part).mkdir(parents=True)

    def deliver(self, *mails: bytes) -> None:
        """Some have been looked at by a person: they lie in `cur`."""
        for mail in mails:
            self.count += 1
            name = f"17626789{self.count:04}.M1P1.host"
            (self.path / (f"new/{name}" if self.count % 2 else f"cur/{name}:2,S")).write_bytes(mail)

    def mails(self, folder: str = "") -> list[bytes]:
        base = self.path / f".{folder}" if folder else self.path
        return sorted(file.read_bytes() for part in ("new", "cur") for file in base.glob(f"{part}/*"))


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def server():
    server = ImapServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["imap", "maildir"])
def inbox(request, tmp_path):
    return Imap(request.getfixturevalue("server")) if request.param == "imap" else Maildir(tmp_path / "bounces")


@pytest.fixture
def messages(acme):
    return [factories.make_message(factories.make_invitation(acme, "nps")) for _ in range(3)]


def bounce_of(message, name="postfix-user-unknown") -> bytes:
    path = next(path for path in SAMPLES if name in path.name)
    return sample(path, references.make(message.pk))


def states() -> list[str]:
    return list(OutgoingMessage.objects.order_by("pk").values_list("state", flat=True))


def told() -> list[tuple[int, str]]:
    return list(DeliveryEvent.objects.order_by("message").values_list("message", "kind"))


def test_every_kind_of_mail_is_dealt_with_and_lies_where_a_person_would_look(inbox, acme):
    of = {path: factories.make_message(factories.make_invitation(acme, "nps")) for path in SAMPLES}
    known = [sample(path, references.make(message.pk)) for path, message in of.items() if expected(path)]
    forged = [sample(path, f"nachklang.{message.pk}.{'0' * 20}") for path, message in of.items()]
    personal = [sample(path, references.make(message.pk)) for path, message in of.items() if not expected(path)]
    inbox.deliver(*forged[:5], *known, *forged[5:], *personal, HUMAN)
    assert bounces.read_mailbox(inbox.address, NOW) == len(known)
    assert told() == sorted((message.pk, expected(path)) for path, message in of.items() if expected(path))
    assert inbox.mails("done") == sorted(known)
    assert inbox.mails("other") == sorted([*forged, *personal, HUMAN])
    assert inbox.mails() == []


def test_what_was_read_is_kept_as_it_came_and_not_read_again(inbox, messages):
    inbox.deliver(bounce_of(messages[0]))
    assert [bounces.read_mailbox(inbox.address, NOW) for _ in range(2)] == [1, 0]
    event = DeliveryEvent.objects.get()
    assert (event.source, event.raw.encode()) == ("mailbox", bounce_of(messages[0]))
    assert event.detail.startswith("5.1.1 550 5.1.1 <kim.brook@example.net>: Recipient address rejected")


def test_the_same_mail_delivered_twice_counts_once(inbox, messages):
    inbox.deliver(bounce_of(messages[0]), bounce_of(messages[0]))
    assert (bounces.read_mailbox(inbox.address, NOW), len(told()), len(inbox.mails("done"))) == (1, 1, 2)


def test_a_report_about_a_message_that_is_gone_is_for_a_person(inbox, messages):
    inbox.deliver(bounce_of(messages[0]))
    messages[0].delete()
    assert (bounces.read_mailbox(inbox.address, NOW), len(inbox.mails("other"))) == (0, 1)


def test_a_mail_that_cannot_be_read_stops_no_other(inbox, messages, monkeypatch, caplog):
    read = reports.read

    def stumble(content, at):
        if b"stumble" in content:
            raise RecursionError("too deep")
        return read(content, at)

    monkeypatch.setattr(reports, "read", stumble)
    inbox.deliver(bounce_of(messages[0]), b"Subject: stumble\r\n\r\n", bounce_of(messages[1]))
    assert bounces.read_mailbox(inbox.address, NOW) == 2
    assert (inbox.mails("other"), inbox.mails()) == ([b"Subject: stumble\r\n\r\n"], [])
    assert "cannot be read" in caplog.text


def test_a_thousand_parts_in_each_other_are_no_harm(inbox, messages):
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(3000))
    inbox.deliver(b"From: x\r\n" + deep, bounce_of(messages[0]))
    assert (bounces.read_mailbox(inbox.address, NOW), inbox.mails()) == (1, [])


def test_while_the_database_is_away_every_mail_stays(inbox, messages, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("server closed the connection")

    inbox.deliver(bounce_of(messages[0]))
    with monkeypatch.context() as patched, pytest.raises(OperationalError):
        patched.setattr(bounces, "note", away)
        bounces.read_mailbox(inbox.address, NOW)
    assert len(inbox.mails()) == 1
    assert bounces.read_mailbox(inbox.address, NOW) == 1


@pytest.mark.parametrize("dies", ["before it is noted", "after it is noted"])
def test_who_dies_over_a_mail_finds_it_again_and_notes_it_once(inbox, messages, monkeypatch, dies):
    note = bounces.note

    def die(*args, **kwargs):
        if dies == "after it is noted":
            note(*args, **kwargs)
        raise Killed

    inbox.deliver(*map(bounce_of, messages))
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(bounces, "note", die)
        bounces.read_mailbox(inbox.address, NOW)
    assert len(inbox.mails()) == 3
    bounces.read_mailbox(inbox.address, NOW)
    assert (states(), [kind for _, kind in told()]) == (["failed"] * 3, ["hard_bounce"] * 3)
    assert (inbox.mails(), len(inbox.mails("done"))) == ([], 3)


def test_of_a_huge_mail_only_the_beginning_is_read(inbox, messages):
    inbox.deliver(bounce_of(messages[0], "qmail") + b"text and more text\r\n" * 500_000)
    began = time.perf_counter()
    assert bounces.read_mailbox(inbox.address, NOW) == 1
    assert time.perf_counter() - began < 5
    assert len(DeliveryEvent.objects.get().raw) <= bounces.LONGEST_RAW


def test_a_flood_is_dealt_with_over_several_visits(inbox, messages, monkeypatch):
    monkeypatch.setattr(mailboxes, "MOST", 2)
    inbox.deliver(*map(bounce_of, messages))
    assert [bounces.read_mailbox(inbox.address, NOW) for _ in range(3)] == [2, 1, 0]


# --- The server -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", ["LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID COPY", "UID STORE", "UID EXPUNGE"]
)
def test_a_server_that_goes_away_midway_costs_nothing(server, messages, command, settings):
    settings.BOUNCE_MAILBOX = Imap(server).address
    server.deliver(*map(bounce_of, messages))
    server.hangs_up_at = command
    tasks.read_bounces()
    assert server.hangs_up_at == "" and len(server.mails("INBOX")) == 3
    tasks.read_bounces()
    assert (states(), [kind for _, kind in told()]) == (["failed"] * 3, ["hard_bounce"] * 3)
    assert server.undeleted == [] and {*map(bounce_of, messages)} == {*server.mails("INBOX.done")}


def test_other_peoples_deleted_mail_is_not_swept_along(server, messages):
    server.deliver(HUMAN, bounce_of(messages[0]))
    server._deleted.add(1)
    assert bounces.read_mailbox(Imap(server).address, NOW) == 1
    assert server.mails("INBOX") == [HUMAN]


@pytest.mark.parametrize(("delimiter", "has_uidplus"), [("/", True), (".", False)])
def test_servers_differ_in_how_they_name_folders_and_clear_up(messages, delimiter, has_uidplus):
    server = ImapServer(delimiter, has_uidplus)
    server.start()
    server.deliver(bounce_of(messages[0]), HUMAN)
    assert bounces.read_mailbox(Imap(server).address, NOW) == 1
    assert {name: len(mails) for name, mails in server.folders.items()} == {
        "INBOX": 0,
        f"INBOX{delimiter}done": 1,
        f"INBOX{delimiter}other": 1,
    }
    assert "STORE" not in server.commands and ("EXPUNGE" in server.commands) is not has_uidplus
    server.stop()


@pytest.mark.parametrize(
    "address",
    ["imap://bounces:wrong@127.0.0.1:{port}/INBOX", "imap://bounces:pass%20word@127.0.0.1:{port}/Nowhere",
     "imap://bounces:pass%20word@127.0.0.1:{free}/INBOX", "imaps://bounces:pass%20word@127.0.0.1:{port}/INBOX",
     "maildir:///nowhere/at/all"],
)  # fmt: skip
def test_a_mailbox_that_cannot_be_opened_is_a_line_in_the_log_without_its_password(server, settings, caplog, address):
    settings.BOUNCE_MAILBOX = address.format(port=server.port, free=free_port())
    assert tasks.read_bounces() == 0
    assert "cannot be reached" in caplog.text and "pass" not in caplog.text


def test_without_a_mailbox_none_is_read(settings):
    settings.BOUNCE_MAILBOX = ""
    assert tasks.read_bounces() == 0


@pytest.mark.parametrize(
    "address", ["imap://bounces:pass@mail.example.org/INBOX", "imaps://mail.example.org/", "/var/mail", "maildir:"]
)
def test_an_address_that_would_show_its_password_or_names_no_mailbox_fails_at_boot(tmp_path, address):
    run = manage("check", BOUNCE_MAILBOX=address, NACHKLANG_DATA=str(tmp_path))
    assert run.returncode != 0
    assert "BOUNCE_MAILBOX must look like imaps://" in run.stderr.strip().splitlines()[-1]
