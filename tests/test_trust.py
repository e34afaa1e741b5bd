"""What must hold when several things meet: two of everything at once, a mail server that crawls, an outage, three doors
for one contact, an objection in the middle of a batch, clocks that change, and processes that die.

What one module promises on its own is tested beside it.
"""

import csv
import datetime as dt
import io
import itertools
import json
import re
import signal
import socket
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse

from analytics.periods import Period
from feedback_loop import digests
from feedback_loop.models import Case, CaseEvent, Digest, DigestSubscription
from surveys import delivery, invitations
from surveys.delivery import mailing, survey_mail
from surveys.management.commands.tick import tick
from surveys.models import (
    Access,
    ApiKey,
    Client,
    Contact,
    Customer,
    Invitation,
    OutgoingMessage,
    Response,
    Suppression,
    Wave,
)
from tests import factories
from tests.conftest import NOW, needs, together
from tests.installation import ROOT, Installation, wait_until
from tests.sink import free_port
from tests.surveys.webhooks import deliver, make_inlet, sample

pytestmark = pytest.mark.django_db
Reason, State = Invitation.Reason, OutgoingMessage.State
BERLIN, LISBON = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/Lisbon")
ALL_DAYS = [1, 2, 3, 4, 5, 6, 7]
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def on_postgresql():
    needs("several at once take PostgreSQL (set DATABASE_URL)", connection.vendor == "postgresql")


at_once = pytest.mark.django_db(transaction=True)


def plan(client: Client, count: int, at: dt.datetime = NOW, **customer) -> list[OutgoingMessage]:
    """Mails of so many customers, planned by the planner."""
    for _ in range(count):
        factories.make_contact(client, customer=factories.make_customer(client, **customer), ended_at=at)
    invitations.plan_contacts(at)
    return list(OutgoingMessage.objects.filter(client=client, state=State.PLANNED).order_by("pk"))


def states(**fields) -> Counter:
    return Counter(OutgoingMessage.objects.filter(**fields).values_list("state", flat=True))


def verdicts(client: Client) -> Counter:
    return Counter(Invitation.objects.filter(client=client).values_list("is_asked", "reason"))


def page_of(message: OutgoingMessage, view: str = "answer") -> str:
    link = {"answer": survey_mail.answer_link, "unsubscribe": survey_mail.unsubscribe_link}[view]
    return re.sub(r"^https?://[^/]+", "", link(message.invitation))


# --- Two of everything ------------------------------------------------------------------------------------------------


@pytest.mark.services
@at_once
def test_four_passes_of_the_whole_schedule_at_once_do_each_thing_once(on_postgresql, clock, smtp_sink):
    acme, globex = factories.make_client(), factories.make_client("globex", "Globex")
    campaign = factories.make_campaign(acme, quarantine_days=30, reminder_days=3)
    factories.make_campaign(globex, "nps", starts_on=NOW.date())
    lead = factories.make_login("lead", email="lead@provider.example")
    factories.give_access(lead, acme, Access.Role.ANALYST)
    expected = Counter({"lead@provider.example": 1})

    for _ in range(12):  # a contact and a repeat each: asked once, spared once
        customer = factories.make_customer(acme)
        factories.make_contact(acme, customer=customer)
        factories.make_contact(acme, customer=customer)
        expected[customer.email] += 1
    for _ in range(12):
        customer = factories.make_customer(globex)
        factories.make_contact(globex, customer=customer)
        expected[customer.email] += 1
    for _ in range(5):  # a reminder is due
        earlier = factories.make_invitation(acme, campaign=campaign, about_at=NOW - dt.timedelta(days=4))
        factories.make_message(earlier)
        expected[earlier.email] += 1
    dead = {"due_at": NOW, "lease_until": NOW - MINUTE, "attempts": 1}  # senders died with these in their hands
    for state in (State.CLAIMED, State.CLAIMED, State.HANDED_OVER):
        invitation = factories.make_invitation(acme, campaign=campaign)
        factories.make_message(invitation, state=state, **dead)
        expected[invitation.email] += state == State.CLAIMED
    for days, score in ((20, 1), (6, 5)):  # one case, and something to report
        at = NOW - dt.timedelta(days=days)
        factories.make_response(acme, score, kind="csat", campaign=campaign, about_at=at, submitted_at=at)
    for kind, email in itertools.product(("week", "month"), ("brook@acme.example", "board@acme.example")):
        DigestSubscription.objects.create(client=acme, kind=kind, email=email, starts_on=dt.date(2026, 1, 1))

    for _ in range(2):
        together([tick] * 4)

    digests_sent = Counter(Digest.objects.filter(state=Digest.State.SENT).values_list("kind", "subscription__email"))
    assert digests_sent == Counter(dict.fromkeys(
        itertools.product(("week", "month"), ("brook@acme.example", "board@acme.example")), 1
    ))  # fmt: skip
    expected |= Counter({"brook@acme.example": 2, "board@acme.example": 2})
    assert Counter(smtp_sink.recipients) == expected
    assert verdicts(globex) == {(True, ""): 12}
    new = Invitation.objects.filter(client=acme, decided_at=NOW)
    assert Counter(new.values_list("is_asked", "reason")) == {(True, ""): 12, (False, Reason.QUARANTINE): 12}
    assert (Wave.objects.count(), OutgoingMessage.objects.filter(is_reminder=True).count()) == (1, 5)
    assert (Case.objects.count(), CaseEvent.objects.filter(kind="opened").count()) == (1, 1)
    assert states()[State.UNKNOWN] == 1
    assert set(states()) == {State.ACCEPTED, State.UNKNOWN}


# --- A mail server that crawls ----------------------------------------------------------------------------------------


class CrawlingServer:
    """An SMTP server that says a byte every `pace` seconds over its first `slow` connections, from one reply on.

    `begins`: “greeting”, “MAIL”, “RCPT”, “DATA” or “dot”.
    """

    def __init__(self, begins: str, slow: int, pace: float) -> None:
        self.begins, self.slow, self.pace = begins, slow, pace
        self.recipients, self.crawling, self._connections = [], 0, itertools.count()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def stop(self) -> None:
        self.pace = 0
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[line, next(self._connections)], daemon=True).start()

    def _serve(self, line: socket.socket, number: int) -> None:
        with line, line.makefile("rb") as heard:
            try:
                self._say(line, number, "greeting", "220")
                recipient, is_text = "", False
                for said in heard:
                    verb = said[:4].decode("ascii", "replace").upper().strip()
                    if is_text:
                        if said == b".\r\n":
                            is_text = False
                            self._say(line, number, "dot", "250")
                            self.recipients.append(recipient)
                        continue
                    if verb == "RCPT":
                        recipient = said.split(b"<")[1].split(b">")[0].decode()
                    is_text = verb == "DATA"
                    self._say(line, number, verb, "354" if is_text else "250")
            except OSError:
                pass

    def _say(self, line: socket.socket, number: int, moment: str, code: str) -> None:
        reply = f"{code} 2.0.0 {'all is well and good ' * 8}\r\n".encode()
        if moment != self.begins or number >= self.slow:
            line.sendall(reply)
            return
        with self._lock:
            self.crawling += 1
        try:
            for byte in reply:
                line.sendall(bytes([byte]))
                time.sleep(self.pace)
        finally:
            with self._lock:
                self.crawling -= 1


@pytest.fixture
def crawling(settings, monkeypatch) -> Iterator[Callable[..., CrawlingServer]]:
    """A crawling server to which all mail goes: a whole reply takes it some seconds, our patience is half a second."""
    servers = []
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

    def start(begins: str, slow: int = 1, timeout: float = 0.5) -> CrawlingServer:
        servers.append(server := CrawlingServer(begins, slow, pace=0.05))
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, timeout
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.mark.parametrize(
    ("begins", "becomes", "taken"),
    [
        ("greeting", State.PLANNED, 0),
        ("MAIL", State.DEFERRED, 1),
        ("RCPT", State.DEFERRED, 1),
        ("DATA", State.DEFERRED, 1),
        ("dot", State.UNKNOWN, 1),
    ],
)
def test_no_reply_is_awaited_for_longer_than_the_timeout_however_steadily_its_bytes_arrive(
    acme, crawling, begins, becomes, taken
):
    with time_machine.travel(NOW, tick=True):
        factories.make_campaign(acme)
        _first, second = plan(acme, 2)
        server = crawling(begins)
        began = time.monotonic()
        delivery.send_due(NOW + MINUTE)
        took = time.monotonic() - began
    assert took < 5  # and a whole reply takes nine
    assert list(OutgoingMessage.objects.order_by("pk").values_list("state", flat=True)) == [
        becomes, State.ACCEPTED if taken else State.PLANNED,
    ]  # fmt: skip
    assert server.recipients == [second.to] * taken


def test_all_waits_for_one_mail_end_before_its_lease_does(settings):
    """Greeting, EHLO, MAIL, RCPT, DATA, the mail itself, the reply to it, and RSET; a second connection starts anew."""
    once = 8 * settings.EMAIL_TIMEOUT
    assert settings.EMAIL_TIMEOUT <= 30
    assert dt.timedelta(seconds=once) < delivery.HAND_OVER_LEASE


@pytest.mark.services
@at_once
def test_three_of_four_connections_that_crawl_hold_up_neither_other_mail_nor_the_pages(on_postgresql, crawling):
    with time_machine.travel(NOW, tick=True):
        server = crawling("MAIL", slow=3, timeout=60)
        for slug in ("acme", "globex", "initech", "umbrella"):
            client = factories.make_client(slug, slug.title())
            factories.make_campaign(client)
            plan(client, 3)
        messages = list(OutgoingMessage.objects.select_related("invitation__client"))
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(together, [lambda: delivery.send_due(NOW + MINUTE)] * 4)
            # Three hold a client each, the first of its mails in their hands; the fourth is through with its own.
            wait_until(lambda: (server.crawling, states()[State.ACCEPTED]) == (3, 3), 20)
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '30ms'")  # whatever waits for a sender fails
                try:
                    for message in messages:
                        assert Browser().get(page_of(message)).status_code == 200
                        assert Browser().post(page_of(message), {"score": "3"}).status_code == 302
                        assert Browser().post(page_of(message, "unsubscribe"), {"choice": "all"}).status_code == 200
                finally:
                    cursor.execute("RESET lock_timeout")
                of_this_test = "FROM pg_stat_activity WHERE datname = current_database()"
                cursor.execute(f"SELECT count(*) {of_this_test} AND state = 'idle in transaction'")
                [[waiting_in_transactions]] = cursor.fetchall()
            was_crawling, server.pace = server.crawling, 0
            sent.result(60)
    assert (was_crawling, waiting_in_transactions) == (3, 0)
    assert (Response.objects.count(), Suppression.objects.count()) == (12, 12)
    # The three in flight have left; the six behind them heard of the objections just in time.
    assert states() == {State.ACCEPTED: 6, State.CANCELLED: 6}
    assert max(Counter(server.recipients).values()) == 1


@pytest.mark.services
@at_once
def test_a_slow_sender_gives_back_nothing_that_another_one_took_over_meanwhile(
    on_postgresql, clock, smtp_sink, monkeypatch
):
    client = factories.make_client()
    factories.make_campaign(client)
    first, second, third = plan(client, 3)
    original = mailing.Channel.hand_over
    begun, may_end = ({message.to: threading.Event() for message in (first, second, third)} for _ in range(2))

    def hand_over(channel, letter, meanwhile):
        begun[letter.recipient].set()
        assert may_end[letter.recipient].wait(20)
        return original(channel, letter, meanwhile)

    monkeypatch.setattr(mailing.Channel, "hand_over", hand_over)
    may_end[third.to].set()
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(together, [lambda: delivery.send_due(NOW)])
        assert begun[first.to].wait(20)
        clock.move_to(at := NOW + dt.timedelta(seconds=25))
        assert delivery.sweep(at) == 2  # what it had claimed and not yet begun
        heir = pool.submit(together, [lambda: delivery.send_due(at)])
        assert begun[second.to].wait(20)
        clock.move_to(at := NOW + dt.timedelta(seconds=70))
        may_end[first.to].set()
        slow.result(30)  # has had its minute, and gives back what is left of its slice
        may_end[second.to].set()
        heir.result(30)
        delivery.send_due(at)
    assert Counter(smtp_sink.recipients) == dict.fromkeys([first.to, second.to, third.to], 1)
    assert states() == {State.ACCEPTED: 3}


# --- After an outage --------------------------------------------------------------------------------------------------


OPEN = (10, 18, 57), (11, 8, 59)  # three minutes before the sending hours end, one before they begin again


def test_a_backlog_of_six_hours_drains_at_its_rate_within_everybodys_own_hours(acme, smtp_sink, clock, settings):
    settings.MAILS_PER_MINUTE = 6
    factories.make_campaign(acme, hour_from=9, hour_until=19)
    plan(acme, 32)
    in_lisbon = {message.to for message in plan(acme, 4, time_zone="Europe/Lisbon")[32:]}
    dead = list(OutgoingMessage.objects.order_by("pk").values_list("invitation", flat=True)[3:7])
    Invitation.objects.filter(pk__in=dead).update(expires_at=NOW + dt.timedelta(hours=5))
    order = list(OutgoingMessage.objects.order_by("pk").values_list("to", flat=True))

    evening, morning = (dt.datetime(2026, 11, day, hour, minute, tzinfo=BERLIN) for day, hour, minute in OPEN)
    moments = [
        *(evening + dt.timedelta(seconds=15 * number) for number in range(16)),
        *(evening + dt.timedelta(hours=number) for number in (1, 2, 4, 8, 13)),
        *(morning + dt.timedelta(seconds=15 * number) for number in range(16)),
    ]
    for moment in moments:
        clock.move_to(moment)
        delivery.sweep(moment)
        delivery.send_due(moment)

    left = [(mail["X-RcptTo"], parsedate_to_datetime(mail["Date"])) for mail in smtp_sink.mails]
    assert verdicts(acme) == {(True, ""): 32, (False, Reason.UNDELIVERED): 4}
    assert (len(left), states()) == (32, {State.ACCEPTED: 32, State.CANCELLED: 4})
    cancelled = set(Invitation.objects.filter(is_asked=False).values_list("pk", flat=True))
    assert cancelled == set(dead)
    outside = [at for to, at in left if not 9 <= at.astimezone(LISBON if to in in_lisbon else BERLIN).hour < 19]
    assert outside == []
    assert {at.astimezone(LISBON).hour for to, at in left if to in in_lisbon} == {18}
    a_minute = Counter(at.replace(second=0) for _to, at in left)
    assert [a_minute[evening + number * MINUTE] for number in range(3)] == [6, 6, 6]
    assert max(a_minute.values()) == 6
    survivors = [to for to in order if to not in in_lisbon and to in dict(left)]
    assert [to for to, _at in left if to not in in_lisbon] == survivors


# --- One contact through three doors ----------------------------------------------------------------------------------

SOLVED = {**sample("zendesk-solved")["ticket"], "tags": "rechnung"}
TICKETS = ["Ticket ID", "Created at", "Solved at", "Status", "Group", "Assignee", "Requester", "Requester email",
           "Channel", "Subject", "Tags", "Priority", "Locale", "Reopens"]  # fmt: skip


class Doors:
    """The same solved ticket over API, webhook and file, for one client."""

    def __init__(self, client: Client, folder) -> None:
        self.client, self.folder, self.numbers = client, folder, itertools.count()
        self.key = ApiKey.objects.create_key(client=client, name="test")[1]
        self.inlet = make_inlet(client, "zendesk", name="helpdesk")

    def api(self, number: str = "35436") -> int:
        body = {
            "source": "helpdesk",
            "external_id": number,
            "state": "finished",
            "started_at": "2026-11-09T14:02:00Z",
            "ended_at": "2026-11-10T07:41:00Z",
            "email": "kim.brook@example.org",
        }
        headers = {"Authorization": f"Api-Key {self.key}"}
        reply = Browser().post(reverse("api-contacts"), json.dumps(body), "application/json", headers=headers)
        return reply.status_code

    def webhook(self, number: str = "35436") -> int:
        return deliver(Browser(), self.inlet, {"ticket": {**SOLVED, "id": number}}).status_code

    def file(self, number: str = "35436") -> None:
        row = [number, "2026-11-09T14:02:00Z", "2026-11-10T07:41:00Z", "solved", "Team Nord", "Lena Ritter",
               "Kim Brook", "kim.brook@example.org", "email", "Rechnung", "rechnung", "normal", "de", "0"]  # fmt: skip
        path = self.folder / f"{next(self.numbers)}.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([TICKETS, row])
        call_command("import_contacts", self.client.slug, str(path), profile="helpdesk", stdout=io.StringIO())


@pytest.mark.parametrize("order", list(itertools.permutations(["api", "webhook", "file"])), ids="-".join)
def test_one_ticket_through_three_doors_in_any_order_is_one_contact_and_one_invitation(acme, clock, tmp_path, order):
    factories.make_campaign(acme)
    doors = Doors(acme, tmp_path)
    for door in (*order, *order):
        getattr(doors, door)()
        invitations.plan_contacts(NOW)
    assert list(Contact.objects.values_list("client", "source", "external_id")) == [(acme.pk, "helpdesk", "35436")]
    assert (Customer.objects.count(), verdicts(acme), OutgoingMessage.objects.count()) == (1, {(True, ""): 1}, 1)


@pytest.mark.services
@at_once
def test_one_ticket_through_three_doors_at_once_is_one_contact_and_one_invitation(on_postgresql, clock, tmp_path):
    acme = factories.make_client()
    factories.make_campaign(acme)
    doors = Doors(acme, tmp_path)
    planner = lambda: invitations.plan_contacts(NOW)  # noqa: E731
    together([doors.api, doors.webhook, doors.file, planner] * 5)
    invitations.plan_contacts(NOW)
    assert (Contact.objects.count(), Customer.objects.count()) == (1, 1)
    assert (verdicts(acme), OutgoingMessage.objects.count()) == ({(True, ""): 1}, 1)


def test_without_a_number_no_door_takes_a_contact(acme, clock, tmp_path):
    doors = Doors(acme, tmp_path)
    assert (doors.api(""), doors.webhook(""), doors.file("")) == (400, 200, None)
    assert Contact.objects.count() == 0


def test_the_same_number_of_another_source_or_client_is_another_contact(acme, globex, clock, tmp_path):
    Doors(acme, tmp_path).webhook()
    Doors(globex, tmp_path).file()
    deliver(Browser(), make_inlet(acme, "zendesk"), {"ticket": SOLVED})
    assert sorted(Contact.objects.values_list("client__slug", "source", "external_id")) == [
        ("acme", "helpdesk", "35436"), ("acme", "zendesk", "35436"), ("globex", "helpdesk", "35436"),
    ]  # fmt: skip


# --- An objection in the middle of a batch ----------------------------------------------------------------------------


@pytest.mark.services
@at_once
def test_whoever_objects_while_a_batch_is_running_gets_at_most_the_one_mail_that_is_in_flight(on_postgresql, crawling):
    with time_machine.travel(NOW, tick=True):
        server = crawling("dot", timeout=60)  # the first mail lies at the server while all twelve object
        client = factories.make_client()
        factories.make_campaign(client)
        messages = plan(client, 12)
        assert Browser().get(page_of(messages[0], "unsubscribe")).status_code == 200
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(together, [lambda: delivery.send_due(NOW + MINUTE)])
            wait_until(lambda: server.crawling == 1, 10)
            replies, times = [], []
            for message in messages:
                began = time.perf_counter()
                program = Browser(enforce_csrf_checks=True)
                reply = program.post(page_of(message, "unsubscribe"), {"List-Unsubscribe": "One-Click"})
                times.append(time.perf_counter() - began)
                replies.append(reply.status_code)
            in_flight, server.pace = states(), 0
            sent.result(60)
    assert (replies, sorted(times)[6] < 1) == ([200] * 12, True)
    assert in_flight == {State.HANDED_OVER: 1, State.CLAIMED: 11}
    assert server.recipients == [messages[0].to]
    assert states() == {State.ACCEPTED: 1, State.CANCELLED: 11}
    assert verdicts(client) == {(True, ""): 1, (False, Reason.SUPPRESSED): 11}


# --- Clocks that change -----------------------------------------------------------------------------------------------

# The hour that does not exist and the hour that exists twice, as a system would write them with their offset.
SPRING, SUMMER_HOUR, WINTER_HOUR = (
    "2026-03-29T02:30:00+01:00",  # which no clock in Berlin shows: it is 3:30 there
    "2026-10-25T02:30:00+02:00",
    "2026-10-25T02:30:00+01:00",
)


@pytest.mark.parametrize(
    ("ended_at", "hours", "due_at"),
    [
        (SPRING, (0, 24), "2026-03-29T05:30:00+02:00"),  # two hours later
        (SUMMER_HOUR, (0, 24), "2026-10-25T03:30:00+01:00"),
        (WINTER_HOUR, (0, 24), "2026-10-25T04:30:00+01:00"),
        (SPRING, (9, 19), "2026-03-29T09:00:00+02:00"),
        (SUMMER_HOUR, (9, 19), "2026-10-25T09:00:00+01:00"),
        (WINTER_HOUR, (9, 19), "2026-10-25T09:00:00+01:00"),
    ],
)
def test_a_contact_in_the_night_of_a_clock_change_is_asked_once_at_the_right_local_hour(
    acme, smtp_sink, clock, ended_at, hours, due_at
):
    ended_at, due_at = dt.datetime.fromisoformat(ended_at), dt.datetime.fromisoformat(due_at)
    factories.make_campaign(
        acme, delay_hours=2, hour_from=hours[0], hour_until=hours[1], sending_days=ALL_DAYS, sends_on_holidays=True
    )
    factories.make_contact(acme, ended_at=ended_at.astimezone(dt.UTC))
    for step in range(24):  # the house wakes up every half an hour, through the night and the morning
        moment = ended_at.astimezone(dt.UTC) + step * dt.timedelta(minutes=30)
        clock.move_to(moment)
        invitations.plan_contacts(moment)
        delivery.send_due(moment)
    assert [parsedate_to_datetime(mail["Date"]) for mail in smtp_sink.mails] == [due_at]
    assert list(Invitation.objects.values_list("due_at", flat=True)) == [due_at]


def test_three_nights_of_clock_changes_through_the_api_are_three_contacts_at_three_instants(acme, clock):
    key = ApiKey.objects.create_key(client=acme, name="test")[1]
    rows = [
        {"external_id": name, "state": "finished", "started_at": at, "ended_at": at}
        for name, at in (("spring", SPRING), ("summer", SUMMER_HOUR), ("winter", WINTER_HOUR))
    ]
    for _ in range(2):
        Browser().post(
            reverse("api-contacts"), json.dumps(rows), "application/json", headers={"Authorization": f"Api-Key {key}"}
        )
    assert dict(Contact.objects.values_list("external_id", "ended_at")) == {
        "spring": dt.datetime(2026, 3, 29, 1, 30, tzinfo=dt.UTC),
        "summer": dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC),
        "winter": dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC),
    }


@pytest.mark.parametrize(
    ("month", "inside", "outside", "due_at"),
    [
        (
            Period("month", dt.date(2026, 3, 1), dt.date(2026, 3, 31), "Europe/Berlin"),
            ["2026-03-01T00:00:00+01:00", SPRING, "2026-03-31T23:59:59+02:00"],
            ["2026-02-28T23:59:59+01:00", "2026-04-01T00:00:00+02:00"],
            "2026-04-01T07:00:00+02:00",
        ),
        (
            Period("month", dt.date(2026, 10, 1), dt.date(2026, 10, 31), "Europe/Berlin"),
            ["2026-10-01T00:00:00+02:00", SUMMER_HOUR, WINTER_HOUR, "2026-10-31T23:59:59+01:00"],
            ["2026-09-30T23:59:59+02:00", "2026-11-01T00:00:00+01:00"],
            "2026-11-01T07:00:00+01:00",
        ),
    ],
)
def test_a_monthly_digest_over_a_clock_change_leaves_once_at_its_hour_and_counts_everybody_once(
    acme, smtp_sink, clock, month, inside, outside, due_at
):
    due_at = dt.datetime.fromisoformat(due_at)
    DigestSubscription.objects.create(
        client=acme, kind="month", email="brook@acme.example", starts_on=month.first_on, send_hour=7
    )
    for score, moments in ((9, inside), (0, outside)):
        for at in (dt.datetime.fromisoformat(moment).astimezone(dt.UTC) for moment in moments):
            factories.make_response(acme, score, about_at=at, submitted_at=at)
    for step in range(-36, 37):  # every ten minutes from six hours before until six hours after
        moment = due_at + step * 10 * MINUTE
        clock.move_to(moment)
        digests.send_due(moment)
        delivery.send_due(moment)
    [digest] = Digest.objects.all()
    assert (digests.period_of(digest), digest.sent_at) == (month, due_at)
    assert (digest.content["scores"]["nps"]["groups"], digest.content["asked"]["asked"]) == (
        [len(inside), 0, 0],
        len(inside),
    )
    [mail] = smtp_sink.mails
    assert (mail["X-RcptTo"], parsedate_to_datetime(mail["Date"])) == ("brook@acme.example", due_at)


# --- Processes that die, and a broker that is gone --------------------------------------------------------------------

ROWS, BROKEN = 5_000, 3_661


@pytest.mark.services
@at_once
def test_an_import_killed_halfway_and_run_again_doubles_nothing_and_names_the_broken_row(on_postgresql, tmp_path):
    client = factories.make_client()
    path, rejects = tmp_path / "tickets.csv", tmp_path / "rejects.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(TICKETS)
        for number in range(1, ROWS + 1):
            solved = '=HYPERLINK("x")' if number == BROKEN else "2026-11-09T15:00:00Z"
            rows.writerow([number, "2026-11-09T14:00:00Z", solved, "solved", "Nord", "Tom Berger", f"Kim {number}",
                           f"kim{number}@example.org", "email", "Widerruf", "", "low", "de", "0"])  # fmt: skip
    installation = Installation(tmp_path, free_port())
    command = [str(ROOT / "manage.py"), "import_contacts", client.slug, str(path), "--profile", "helpdesk"]
    try:
        importer = installation.start("django", *command[1:], DJANGO_SETTINGS_MODULE="config.settings")
        wait_for_rows(importer, ROWS // 3)
        installation.kill(importer)
        left = Contact.objects.count()
        assert (importer.returncode, 0 < left < ROWS - 1) == (-signal.SIGKILL, True)
    finally:
        installation.stop()
    shown = io.StringIO()
    call_command("import_contacts", client.slug, str(path), profile="helpdesk", rejects=rejects, stdout=shown)
    assert (Contact.objects.count(), Customer.objects.count()) == (ROWS - 1, ROWS - 1)
    assert Contact.objects.filter(external_id=str(BROKEN)).count() == 0
    assert f'line {BROKEN + 1}, Solved at: “=HYPERLINK("x")”' in shown.getvalue()
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        [header, refused] = csv.reader(file)
    assert refused[header.index("Ticket ID")] == str(BROKEN)
    assert [cell for cell in refused if cell.startswith(("=", "+", "-", "@"))] == []  # a spreadsheet runs nothing


def wait_for_rows(importer, count: int) -> None:
    end = time.monotonic() + 30
    while Contact.objects.count() < count:
        assert importer.poll() is None and time.monotonic() < end, "it ended too soon, or never began"
        time.sleep(0.005)


@pytest.mark.services
@at_once
def test_contacts_are_taken_by_api_and_webhook_at_once_while_the_broker_is_gone(on_postgresql, tmp_path):
    client = factories.make_client()
    key = ApiKey.objects.create_key(client=client, name="test")[1]
    inlet = make_inlet(client, "freshdesk")
    installation = Installation(tmp_path, free_port())
    installation.variables["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    call = {"external_id": "C-1", "state": "open", "started_at": "2026-11-09T08:00:00Z"}
    posts = [
        ("/api/v1/contacts/", call, {"Authorization": f"Api-Key {key}"}),
        (f"/in/{inlet.public_id}/", sample("freshdesk-resolved"), {"X-Inlet-Token": inlet.secret}),
    ]
    statuses, times = [], []
    try:
        web = installation.start_web()
        for path, body, headers in posts:
            request = urllib.request.Request(
                web + path, json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
            )
            began = time.monotonic()
            with urllib.request.urlopen(request, timeout=10) as reply:
                statuses.append(reply.status)
            times.append(time.monotonic() - began)
    finally:
        installation.stop()
    assert (statuses, max(times) < 1) == ([201, 200], True)
    assert sorted(Contact.objects.values_list("source", "external_id")) == [("api", "C-1"), ("freshdesk", "20417")]
