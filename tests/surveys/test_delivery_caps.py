"""Caps per client, per mail domain and for the whole house: exact over every hour, however many senders there are."""

import datetime as dt
from collections import Counter
from itertools import count

import pytest
from django.db import connection
from django.utils import timezone

from surveys import delivery, invitations
from surveys.delivery import caps, claims
from surveys.models import OutgoingMessage, SendingCount
from tests import factories
from tests.conftest import NOW, needs, together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
State = OutgoingMessage.State
ALWAYS = {"hour_from": 0, "hour_until": 24, "sending_days": [1, 2, 3, 4, 5, 6, 7]}
MINUTE = dt.timedelta(minutes=1)
_number = count()


def plan(client, amount: int, domain: str = "example.org") -> None:
    for _ in range(amount):
        customer = factories.make_customer(client, email=f"c{next(_number)}@{domain}")
        factories.make_contact(client, customer=customer)
    invitations.plan_contacts(NOW)


def make_client(slug: str = "acme", **caps_):
    client = factories.make_client(slug, slug.title(), **caps_)
    factories.make_campaign(client, "csat", **ALWAYS)
    return client


def most_in_any_hour(times: list[dt.datetime]) -> int:
    """The most tries in any 60 minutes that begin with one of them."""
    times = sorted(times)
    return max(sum(began <= at < began + dt.timedelta(hours=1) for at in times) for began in times)


def tried_at() -> list[dt.datetime]:
    return list(OutgoingMessage.objects.exclude(handed_over_at=None).values_list("handed_over_at", flat=True))


def test_a_client_without_caps_counts_nothing(smtp_sink):
    plan(make_client(), 3)
    assert delivery.send_due(NOW) == 3
    assert SendingCount.objects.count() == 0


def test_what_is_over_the_cap_stays_due_and_leaves_when_the_hour_is_over(smtp_sink):
    plan(make_client(messages_per_hour=4), 10)
    assert delivery.send_due(NOW) == 4
    waiting = OutgoingMessage.objects.filter(state=State.PLANNED)
    assert set(waiting.values_list("due_at", "attempts", "detail")) == {(NOW, 0, "")}
    assert [delivery.send_due(NOW + minutes * MINUTE) for minutes in (1, 30, 60, 61, 62, 63)] == [0, 0, 0, 0, 4, 0]


def test_one_clients_cap_holds_nobody_else_up(smtp_sink):
    plan(make_client(messages_per_hour=2), 5)
    plan(make_client("globex"), 5)
    assert delivery.send_due(NOW) == 7


def test_staff_mail_is_neither_capped_nor_counted(smtp_sink):
    client = make_client(messages_per_hour=1)
    for key in "abc":
        delivery.queue(client=client, key=key, to="lead@provider.example", subject="A", text="A", html="A", due_at=NOW)
    plan(client, 2)
    assert delivery.send_due(NOW) == 4
    assert list(SendingCount.objects.values_list("domain", "count")) == [("", 1)]


def test_a_full_mail_domain_holds_up_only_its_own(smtp_sink, monkeypatch):
    monkeypatch.setattr(claims, "SLICE", 3)
    client = make_client(messages_per_domain_and_hour=2)
    plan(client, 7, "big.example")
    plan(client, 2, "small.example")
    plan(client, 1, "not-big.example")
    assert delivery.send_due(NOW) == 5
    domains = Counter(to.partition("@")[2] for to in smtp_sink.recipients)
    assert domains == {"big.example": 2, "small.example": 2, "not-big.example": 1}


def test_a_try_counts_whatever_comes_of_it(smtp_sink, clock):
    plan(make_client(messages_per_hour=3), 3)
    smtp_sink.replies = dict.fromkeys(OutgoingMessage.objects.values_list("to", flat=True), "451 4.3.0 later")
    delivery.send_due(NOW)
    smtp_sink.replies = {}
    later = NOW + 6 * MINUTE  # all three are due again
    clock.move_to(later)
    assert delivery.send_due(later) == 0
    assert delivery.send_due(NOW + 63 * MINUTE) == 3


def test_what_nobody_could_take_does_not_count(smtp_sink, settings):
    plan(make_client(messages_per_hour=5, messages_per_domain_and_hour=5), 5)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert delivery.send_due(NOW) == 0
    assert set(SendingCount.objects.values_list("count", flat=True)) == {0}
    settings.EMAIL_PORT = port
    assert delivery.send_due(NOW + MINUTE) == 5


def test_no_hour_of_a_day_sees_more_than_its_cap_with_two_senders_and_second_tries(smtp_sink, clock):
    """A simulated day with a mail server that puts off every fifth mailbox at first."""
    client = make_client(messages_per_hour=8, messages_per_domain_and_hour=6)
    plan(client, 90, "big.example")
    plan(client, 20, "small.example")
    put_off = list(OutgoingMessage.objects.order_by("pk").values_list("to", flat=True))[::5]
    smtp_sink.replies = dict.fromkeys(put_off, "451 4.3.0 later")
    tries: list[tuple[dt.datetime, str]] = []
    for minutes in range(0, 24 * 60, 9):
        at = NOW + minutes * MINUTE
        clock.move_to(at)
        if minutes > 4 * 60:
            smtp_sink.replies = {}
        known = len(smtp_sink.tried)
        for _sender in range(2):
            delivery.send_due(at)
        tries += [(at, to) for to in smtp_sink.tried[known:]]
    assert most_in_any_hour([at for at, _ in tries]) == 8
    assert most_in_any_hour([at for at, to in tries if to.endswith("@big.example")]) <= 6
    assert len(smtp_sink.mails) == 110
    assert set(OutgoingMessage.objects.values_list("state", flat=True)) == {State.ACCEPTED}


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_four_senders_at_once_share_one_cap(transactional_db, smtp_sink):
    needs("senders at once take PostgreSQL (set DATABASE_URL)", connection.vendor == "postgresql")
    client = make_client(messages_per_hour=25, messages_per_domain_and_hour=25)
    plan(client, 60)
    sent = together([lambda: delivery.send_due(NOW)] * 4)
    assert (sum(sent), len(smtp_sink.mails)) == (25, 25)
    assert set(SendingCount.objects.filter(client=client).values_list("domain", "count")) == {
        ("", 25),
        ("example.org", 25),
    }


def test_the_house_sends_no_more_than_its_rate_in_a_minute_and_lets_it_out_in_quarters(smtp_sink, settings, clock):
    settings.MAILS_PER_MINUTE = 20
    plan(make_client(), 30)
    plan(make_client("globex"), 30)
    sent = []
    for seconds in range(0, 180, 15):
        clock.move_to(NOW + dt.timedelta(seconds=seconds))
        sent.append(delivery.send_due(timezone.now()))
    assert sent == [5] * 12


def test_the_sweep_forgets_counts_that_no_hour_reaches_any_more(smtp_sink):
    plan(make_client(messages_per_hour=2), 1)
    delivery.send_due(NOW)
    delivery.sweep(NOW + dt.timedelta(minutes=63))
    assert SendingCount.objects.count() == 1
    delivery.sweep(NOW + caps.KEPT + MINUTE)
    assert SendingCount.objects.count() == 0
