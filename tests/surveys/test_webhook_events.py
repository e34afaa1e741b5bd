"""Each event once, none lost: replays, crowds, deaths halfway, refusals, and what is forgotten after a month."""

import datetime as dt
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.db import connection
from django.db.models.signals import post_save
from django.test import Client as Browser

from surveys.ingestion import webhooks
from surveys.models import Agent, Contact, Customer, Inlet, InletEvent
from surveys.tasks import forget_requests
from tests import factories
from tests.surveys.webhooks import NOW, deliver, make_inlet, proof, sample

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def rows():
    return Contact.objects.count(), InletEvent.objects.count()


# --- Once -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["zendesk-deleted", "freshdesk-resolved", "zammad-closed", "genesys-event-user-end"])
def test_a_replayed_event_is_known_and_changes_nothing(client, acme, name):
    inlet = make_inlet(acme, name.partition("-")[0])
    again = {"X-Zammad-Delivery": "0b7e8b9e-55a3-4f6e-a1b4-5a1d5b6f0f10"}
    first = deliver(client, inlet, sample(name), **again)
    before = Contact.objects.values().get()
    with time_machine.travel(NOW + dt.timedelta(minutes=4), tick=False):
        replies = [deliver(client, inlet, sample(name), **again) for _ in range(3)]
    assert first.json()["result"] == "taken"
    assert [(reply.status_code, reply.json()["result"]) for reply in replies] == [(200, "known")] * 3
    assert (Contact.objects.values().get(), rows()) == (before, (1, 1))


def test_a_retry_under_another_delivery_number_doubles_nothing_in_the_contact(client, acme):
    inlet = make_inlet(acme, "zammad")
    deliver(client, inlet, sample("zammad-closed"))
    before = Contact.objects.values().get()
    assert deliver(client, inlet, sample("zammad-closed")).json()["result"] == "taken"
    assert (Contact.objects.values().get(), rows()) == (before, (1, 2))


@pytest.mark.parametrize("number", ["ä" * 20, "x" * 5000, "a\tb"])
def test_an_odd_number_of_an_event_is_kept_as_a_hash(client, acme, number):
    event = sample("zendesk-deleted") | {"id": number}
    inlet = make_inlet(acme, "zendesk")
    assert [deliver(client, inlet, event).json()["result"] for _ in range(2)] == ["taken", "known"]
    assert len(InletEvent.objects.get().event_id) == 64


def test_the_same_number_at_two_inlets_is_two_events(client, acme, globex):
    for owner in (acme, globex):
        deliver(client, make_inlet(owner, "zendesk"), sample("zendesk-deleted"))
    assert rows() == (2, 2)
    assert {event.contact.client_id for event in InletEvent.objects.all()} == {acme.pk, globex.pk}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory has one connection; threads need a server")
@pytest.mark.parametrize("name", ["zendesk-deleted", "freshdesk-resolved", "genesys-event-user-end"])
def test_the_same_event_a_hundred_times_at_once_is_one_event_and_one_contact(name):
    inlet = make_inlet(factories.make_client(), name.partition("-")[0])

    def one_thread(_number: int) -> tuple[int, str]:
        try:
            answer = deliver(Browser(), inlet, sample(name))
            return answer.status_code, answer.json()["result"]
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        answers = Counter(pool.map(one_thread, range(100)))
    assert answers == {(200, "taken"): 1, (200, "known"): 99}
    assert (rows(), Customer.objects.count() <= 1, Agent.objects.count()) == ((1, 1), True, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory has one connection; threads need a server")
def test_facets_of_one_call_that_arrive_at_once_all_count():
    inlet = make_inlet(factories.make_client(), "genesys")

    def one_thread(name: str) -> int:
        try:
            return deliver(Browser(), inlet, sample(name)).status_code
        finally:
            connection.close()

    facets = ["genesys-event-acd-end", "genesys-event-user-end", "genesys-event-customer-end"] * 4
    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(one_thread, facets)) == {200}
    contact = Contact.objects.get()
    assert (contact.state, contact.wait_seconds, contact.talk_seconds) == ("finished", 45, 320)


def test_whoever_dies_halfway_leaves_nothing_and_the_retry_does_it_all(client, acme):
    inlet = make_inlet(acme, "zendesk")
    client.raise_request_exception = False

    def die(sender, **_kwargs):
        raise RuntimeError("killed")

    # After the contact is written, the event's row is the last step of the transaction.
    post_save.connect(die, sender=InletEvent)
    try:
        assert deliver(client, inlet, sample("zendesk-deleted")).status_code == 500
    finally:
        post_save.disconnect(die, sender=InletEvent)
    assert rows() == (0, 0)
    assert deliver(client, inlet, sample("zendesk-deleted")).json()["result"] == "taken"
    assert rows() == (1, 1)


# --- Refused, kept, tried again ---------------------------------------------------------------------------------------


@pytest.fixture
def refused(client, acme):
    ticket = sample("zendesk-solved")
    ticket["ticket"]["status"] = "Erledigt"
    inlet = make_inlet(acme, "zendesk")
    assert deliver(client, inlet, ticket).status_code == 202
    return InletEvent.objects.get()


def test_a_refused_event_is_taken_once_its_mapping_was_mended(refused, now):
    later = now + dt.timedelta(days=1)
    assert webhooks.try_again(refused, later).outcome == "refused"
    Inlet.objects.update(mapping={"statuses": {"erledigt": {"state": "finished"}}})
    event = webhooks.try_again(InletEvent.objects.get(), later)
    contact = Contact.objects.get()
    assert (event.outcome, event.contact, event.detail) == ("taken", contact, "")
    assert (contact.state, contact.received_at, event.received_at) == ("finished", later, now)
    with pytest.raises(ValueError, match="cannot be tried again"):
        webhooks.try_again(event, later)


def test_what_is_tried_again_after_something_newer_came_is_too_late(client, refused, now):
    deliver(client, refused.inlet, sample("zendesk-reopened"))
    Inlet.objects.update(mapping={"statuses": {"erledigt": {"state": "finished"}}})
    assert webhooks.try_again(InletEvent.objects.get(pk=refused.pk), now).outcome == "too_late"
    assert Contact.objects.get().state == "open"


def test_a_mapping_that_became_wrong_refuses_and_says_so(client, acme):
    inlet = make_inlet(acme, "zammad", mapping={"statuses": "closed"})
    assert deliver(client, inlet, sample("zammad-closed")).status_code == 202
    assert InletEvent.objects.get().detail == "Die Zuordnung stimmt nicht: „statuses“ hat die falsche Form."


# --- What is no JSON --------------------------------------------------------------------------------------------------

UNREADABLE = [
    b"",
    b"{",
    b"[]",
    b'"text"',
    b'{"a": NaN}',
    b'{"a": 1e999}',
    b"\xff\xfe{}",
    b'{"a":' * 200 + b"1" + b"}" * 200,
    b"[" * 100_000,
    b'{"subject": "a \x00 b"}',
    b'{"a": ' + b"9" * 5000 + b"}",
]


@pytest.mark.parametrize("body", UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_cannot_be_read_is_answered_400_with_the_reason_and_kept_as_text(client, acme, body):
    inlet = make_inlet(acme, "zammad")
    answer = deliver(client, inlet, body)
    event = InletEvent.objects.get()
    assert (answer.status_code, event.outcome, event.contact) == (400, "refused", None)
    assert answer.json()["error"].startswith("Das ist kein lesbares JSON: ")
    assert isinstance(event.payload, str) and not webhooks.is_open_again(event)


def test_characters_that_no_database_stores_are_replaced(client, acme):
    ticket = sample("zammad-closed")
    ticket["ticket"]["title"] = "Zugang \x00 ge\ud83dsperrt"
    assert deliver(client, make_inlet(acme, "zammad"), ticket).json()["result"] == "taken"
    assert Contact.objects.get().subject == "Zugang � ge�sperrt"


@pytest.mark.parametrize(("size", "status"), [(1_000_000, 200), (1_000_001, 413)])
def test_a_body_has_at_most_a_megabyte(client, acme, size, status):
    ticket = sample("zammad-closed")
    ticket["article"]["body"] = ""
    ticket["article"]["body"] = "x" * (size - len(json.dumps(ticket).encode()))
    body = json.dumps(ticket).encode()
    inlet = make_inlet(acme, "zammad")
    answer = client.post(f"/in/{inlet.public_id}/", body, "application/json", headers=proof("zammad", body))
    assert (len(body), answer.status_code, InletEvent.objects.count()) == (size, status, int(status == 200))


# --- Forgotten --------------------------------------------------------------------------------------------------------


def test_payloads_are_emptied_after_thirty_days_and_the_events_stay(client, acme):
    inlet = make_inlet(acme, "zammad")
    deliver(client, inlet, sample("zammad-closed"))
    for days, emptied in [(29, 0), (30, 0), (31, 1), (32, 0)]:
        with time_machine.travel(NOW + dt.timedelta(days=days), tick=False):
            assert forget_requests() == emptied
    event = InletEvent.objects.get()
    assert (event.payload, event.outcome, event.contact) == ({}, "taken", Contact.objects.get())


def test_a_forgotten_payload_cannot_be_tried_again(refused, now):
    webhooks.forget_payloads(now + dt.timedelta(days=31))
    refused.refresh_from_db()
    assert not webhooks.is_open_again(refused)
