"""What comes back: each event once, with what follows from it; and what mail servers write, read as they mean it."""

import datetime as dt
import re
import time
from pathlib import Path

import pytest
import time_machine
from django.db import connection

from surveys import delivery, preferences
from surveys.delivery import bounces, references, reports, statuses
from surveys.models import DeliveryEvent, OutgoingMessage, Suppression
from tests import factories
from tests.conftest import NOW, needs, together

SAMPLES = sorted((Path(__file__).parent / "bounces").glob("*.eml"))
Kind = DeliveryEvent.Kind
State = OutgoingMessage.State
LEFT = {"handed_over", "accepted", "unknown"}


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def message(acme):
    customer = factories.make_customer(acme, "kim.brook@example.net", phone="+49 170 1234567")
    return factories.make_message(factories.make_invitation(acme, "nps", customer=customer))


def tell(message, kind, event_id="1", **fields):
    told = {"source": "test", "event_id": event_id, "happened_at": NOW, "detail": "550 no", **fields}
    return bounces.note(message, kind, **told)


def state_of(message) -> str:
    return OutgoingMessage.objects.values_list("state", flat=True).get(pk=message.pk)


def suppressed(client) -> dict[str, str]:
    return dict(Suppression.objects.filter(client=client, survey=None).values_list("address", "reason"))


# --- What follows from an event -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "after", "reasons"),
    [
        (Kind.HARD_BOUNCE, "failed", {"kim.brook@example.net": "hard_bounce"}),
        (Kind.SOFT_BOUNCE, "failed", {}),
        (Kind.REJECTED, "failed", {}),
        (Kind.DELAYED, "accepted", {}),
        (Kind.DELIVERED, "accepted", {}),
        (Kind.UNKNOWN, "accepted", {}),
        (Kind.COMPLAINT, "accepted", {"kim.brook@example.net": "complaint", "+491701234567": "complaint"}),
        (Kind.UNSUBSCRIBED, "accepted", {"kim.brook@example.net": "unsubscribed", "+491701234567": "unsubscribed"}),
    ],
)
def test_each_kind_of_event_has_its_own_effect_and_no_other(message, kind, after, reasons):
    event = tell(message, kind)
    assert (state_of(message), suppressed(message.client)) == (after, reasons)
    assert (event.client, event.kind, event.detail) == (message.client, kind, "550 no")


@pytest.mark.parametrize("before", State.values)
def test_a_failure_fails_only_what_has_left(message, before):
    OutgoingMessage.objects.update(state=before)
    tell(message, Kind.REJECTED)
    assert state_of(message) == ("failed" if before in LEFT else before)


@pytest.mark.parametrize("before", State.values)
def test_a_delivery_settles_only_what_was_open(message, before):
    OutgoingMessage.objects.update(state=before)
    tell(message, Kind.DELIVERED)
    assert state_of(message) == ("accepted" if before in LEFT else before)


def test_the_same_event_told_again_does_nothing_again(message):
    assert tell(message, Kind.DELAYED) is not None
    assert tell(message, Kind.HARD_BOUNCE) is None
    assert (DeliveryEvent.objects.count(), state_of(message), suppressed(message.client)) == (1, "accepted", {})
    assert tell(message, Kind.HARD_BOUNCE, source="another") is not None


def test_two_long_numbers_of_events_that_begin_alike_are_two(message):
    assert tell(message, Kind.DELAYED, "x" * 300 + "1") is not None
    assert tell(message, Kind.DELAYED, "x" * 300 + "2") is not None
    assert tell(message, Kind.DELAYED, "x" * 300 + "1") is None


def test_what_no_database_can_hold_is_kept_without_it(message):
    event = tell(message, Kind.DELAYED, detail="a\0b \ud800", raw="\0" + "ä" * 100_000)
    event.refresh_from_db()
    assert (event.detail, len(event.raw.encode())) == (
        "ab ?",
        bounces.LONGEST_RAW - 2,
    )  # without the NUL, and without half an ä


def test_a_bounce_of_mail_to_staff_suppresses_nobody(acme):
    staff = delivery.queue(
        client=acme, key="case:1", to="lead@acme.example", subject="s", text="t", html="h", due_at=NOW
    )
    OutgoingMessage.objects.update(state=State.ACCEPTED)
    for kind in Kind.values:
        tell(staff, kind, kind)
    assert (state_of(staff), suppressed(acme)) == ("failed", {})


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (["hard_bounce", "unsubscribed"], "unsubscribed"),
        (["unsubscribed", "hard_bounce"], "unsubscribed"),
        (["unsubscribed", "complaint"], "complaint"),
        (["complaint", "unsubscribed"], "complaint"),
        (["complaint", "hard_bounce"], "complaint"),
    ],
)
def test_a_persons_word_is_never_replaced_by_a_bounce_and_a_complaint_by_nothing(message, told, kept):
    for number, kind in enumerate(told):
        tell(message, kind, str(number))
    assert suppressed(message.client)["kim.brook@example.net"] == kept


@pytest.mark.parametrize(("noted", "kept"), [("erased", "erased"), ("manual", "complaint")])
def test_a_complaint_outweighs_what_staff_noted_but_no_erasure(message, noted, kept):
    client = message.client
    Suppression.objects.create(client=client, address=message.to, reason=noted, created_at=NOW)
    tell(message, Kind.COMPLAINT)
    assert suppressed(client)[message.to] == kept


def test_a_bounce_at_one_client_says_nothing_at_another(message, globex):
    tell(message, Kind.HARD_BOUNCE)
    assert suppressed(globex) == {}


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_an_event_told_by_ten_at_once_is_noted_once(acme):
    needs("no PostgreSQL (DATABASE_URL) is there to take ten writers at once", connection.vendor == "postgresql")
    message = factories.make_message(factories.make_invitation(acme, "nps"))
    noted = together([lambda: tell(message, Kind.HARD_BOUNCE) is not None] * 10)
    assert (sorted(noted), DeliveryEvent.objects.count()) == ([False] * 9 + [True], 1)


# --- What mail servers mean -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        ("5.1.1", "", "hard_bounce"),
        ("5.1.10", "", "hard_bounce"),
        ("5.1.7", "", "rejected"),
        ("5.1.8", "", "rejected"),
        ("5.1.0", "", "hard_bounce"),
        ("5.1.0", "550 5.1.0 Sender denied", "rejected"),
        ("5.2.0", "550 5.2.0 No such mailbox", "hard_bounce"),
        ("5.2.1", "", "hard_bounce"),
        ("5.2.2", "", "soft_bounce"),
        ("5.2.3", "", "rejected"),
        ("5.3.4", "", "rejected"),
        ("5.4.4", "", "hard_bounce"),
        ("5.4.6", "", "soft_bounce"),
        ("5.4.310", "", "hard_bounce"),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", "rejected"),
        ("5.7.1", "user unknown", "rejected"),
        ("4.4.7", "550 5.1.1", "soft_bounce"),
        ("5.0.0", "smtp; 550 5.1.1 no", "hard_bounce"),
        ("", "554 Sorry, no mailbox here by that name. (#5.1.1)", "hard_bounce"),
        ("", "550 unrouteable address", "hard_bounce"),
        ("", "550 Unknown local part kim in <kim@example.net>", "hard_bounce"),
        ("", "554 delivery error: dd This user doesn't have a example.com account", "hard_bounce"),
        ("", "550 <kim@example.net>: Recipient address rejected: Account Closed", "hard_bounce"),
        ("", "550 Benutzer hat das Speichervolumen ueberschritten.", "soft_bounce"),
        ("", "552 too much", "soft_bounce"),
        ("", "452 later", "soft_bounce"),
        ("", "554 Refused. Your address 5.1.1.5 is on a blocklist: user unknown", "rejected"),
        ("", "550 Protocol violation", "rejected"),
        ("", "", "rejected"),
        ("2.0.0", "", "rejected"),
        ("nonsense", "", "rejected"),
    ],
)
def test_a_failure_is_hard_only_where_it_speaks_of_the_address(status, words, kind):
    assert statuses.of_failure(status, words) == kind


def test_words_made_to_take_long_do_not():
    began = time.perf_counter()
    for piece in ("user ", "user", "mailbox! ", "5.", "Postfach\n", "-" * 7, "<", "550-", "host a "):
        statuses.of_failure("", piece * 100_000)
    assert time.perf_counter() - began < 2


# --- Reports, as real servers write them ----------------------------------------------------------------------------


def sample(path: Path, reference: str) -> bytes:
    text = path.read_bytes().replace(b"@VERP@", b"bounces+@REFERENCE@@feedback.example.org")
    return text.replace(b"@REFERENCE@", reference.encode())


def expected(path: Path) -> str | None:
    kind = path.name.partition("--")[0]
    return None if kind == "ignored" else kind


def read(path: Path, reference: str):
    return reports.read(sample(path, reference), NOW)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_report_is_read_as_its_server_meant_it(path):
    report = read(path, references.make(4711))
    assert (report and (report.kind, report.message_id)) == (expected(path) and (expected(path), 4711))
    if report:
        assert report.happened_at == dt.datetime(2026, 11, 9, 9, 2, 12, tzinfo=dt.UTC)
        assert re.search(rf"{report.message_id} <\S+>", report.event_id) and report.detail


def test_there_are_at_least_twenty_shapes_and_every_kind():
    assert len([path for path in SAMPLES if expected(path)]) >= 20
    assert {expected(path) for path in SAMPLES} == {*Kind.values, None}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("forgery", ["none", "made up", "another's", "cut"])
def test_a_report_without_our_own_mark_is_ignored(path, forgery):
    genuine = references.make(4711)
    reference = {
        "none": "20261109.4711",
        "made up": "nachklang.4711." + "0" * 20,
        "another's": genuine.replace("4711", "4712"),
        "cut": genuine[:-1],
    }[forgery]
    assert read(path, reference) is None


def test_a_mail_server_may_change_the_case_of_an_address(db):
    path = next(path for path in SAMPLES if "nested" in path.name)
    assert read(path, references.make(4711).upper()).message_id == 4711


def test_old_marks_count_as_long_as_their_key_is_kept(settings):
    reference, old = references.make(4711), settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 9, [old]
    assert read(SAMPLES[0], reference).message_id == 4711
    settings.SECRET_KEY_FALLBACKS = []
    assert read(SAMPLES[0], reference) is None


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_mail_that_was_cut_or_garbled_anywhere_is_still_no_error(path):
    content = sample(path, references.make(4711))
    found = set()
    for end in range(0, len(content), 97):
        for piece in (content[:end], content[end:], content[:end] + b"\xff\0\x80" * 5 + content[end:]):
            found.add(getattr(reports.read(piece, NOW), "message_id", None))
    assert found <= {None, 4711}


def test_ten_megabytes_do_not_matter():
    path = next(path for path in SAMPLES if "qmail" in path.name)
    began = time.perf_counter()
    report = reports.read(sample(path, references.make(4711)) + b"text and more text\r\n" * 500_000, NOW)
    assert (report.kind, time.perf_counter() - began < 2) == (Kind.HARD_BOUNCE, True)


def test_a_report_from_the_future_happened_now(message):
    content = sample(SAMPLES[0], references.make(4711)).replace(b"2026 10:02:12", b"2999 10:02:12")
    assert reports.read(content, NOW).happened_at == NOW


@pytest.mark.parametrize(("shape", "mark"), [("postfix-user-unknown", "Message-ID"), ("nested", "X-MailFrom")])
def test_a_report_about_what_we_really_sent_finds_its_message(acme, smtp_sink, settings, shape, mark):
    settings.BOUNCE_ADDRESS = "bounces@feedback.example.org"
    sent = factories.make_message(factories.make_invitation(acme), state=State.PLANNED, handed_over_at=None, attempts=0)
    delivery.send_due(NOW)
    path = next(path for path in SAMPLES if shape in path.name)
    ours = smtp_sink.mails[0][mark].strip("<>").encode()
    placeholder = b"@VERP@" if mark == "X-MailFrom" else b"@REFERENCE@@feedback.example.org"
    report = reports.read(path.read_bytes().replace(placeholder, ours), NOW)
    assert (report.message_id, report.kind) == (sent.pk, Kind.HARD_BOUNCE)


# --- Mail that is queued already ------------------------------------------------------------------------------------


def test_a_bounce_stops_mail_that_is_queued_already(acme, smtp_sink):
    campaign = factories.make_campaign(acme, "csat")
    customer = factories.make_customer(acme, "kim.brook@example.net")
    queued = factories.make_invitation(acme, campaign=campaign, contact=factories.make_contact(acme, customer=customer))
    factories.make_message(queued, state=State.PLANNED, handed_over_at=None, attempts=0)
    earlier = factories.make_message(factories.make_invitation(acme, "nps", customer=customer))
    tell(earlier, Kind.HARD_BOUNCE)
    delivery.send_due(NOW)
    queued.refresh_from_db()
    assert (smtp_sink.tried, queued.is_asked, queued.reason) == ([], False, "suppressed")
    assert not preferences.standing(queued).is_asked
