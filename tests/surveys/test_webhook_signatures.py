"""Row 18: only who knows the secret, now or before its rotation, may speak through an inlet."""

import base64
import datetime as dt
import json
import logging

import pytest
import time_machine
from django.test import Client as Browser

from surveys.ingestion.webhooks import signatures
from surveys.models import Contact, Inlet, InletEvent
from tests.surveys.webhooks import NOW, SECRET, deliver, make_inlet, proof, sample

pytestmark = pytest.mark.django_db
SAMPLES = {
    "zendesk": "zendesk-solved",
    "freshdesk": "freshdesk-resolved",
    "zammad": "zammad-closed",
    "genesys": "genesys-ended",
}
KINDS = list(SAMPLES)
HEADER = {
    "zendesk": "X-Zendesk-Webhook-Signature",
    "zammad": "X-Hub-Signature",
    "freshdesk": "X-Inlet-Token",
    "genesys": "X-Inlet-Token",
}


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def send(client, inlet, headers, body):
    return client.post(f"/in/{inlet.public_id}/", body, "application/json", headers=headers)


def body_of(kind):
    return json.dumps(sample(SAMPLES[kind])).encode()


def nothing_was_kept():
    return not InletEvent.objects.exists() and not Contact.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_valid_proof_is_taken(client, acme, kind):
    answer = send(client, make_inlet(acme, kind), proof(kind, body_of(kind)), body_of(kind))
    assert (answer.status_code, answer.json()["result"]) == (200, "taken")
    assert Contact.objects.get().source == kind


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("secret", ["another-secret", SECRET + " ", SECRET[:-1], SECRET.upper()])
def test_a_wrong_secret_is_refused_and_nothing_is_kept(client, acme, kind, secret):
    answer = send(client, make_inlet(acme, kind), proof(kind, body_of(kind), secret.strip() + "x"), body_of(kind))
    assert (answer.status_code, nothing_was_kept()) == (401, True)


@pytest.mark.parametrize("kind", ["zendesk", "zammad"])
def test_a_body_with_one_more_space_does_not_fit_its_signature(client, acme, kind):
    body = body_of(kind)
    answer = send(client, make_inlet(acme, kind), proof(kind, body), body + b" ")
    assert (answer.status_code, nothing_was_kept()) == (401, True)


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_header_nobody_comes_in(client, acme, kind):
    answer = send(client, make_inlet(acme, kind), {}, body_of(kind))
    assert (answer.status_code, nothing_was_kept()) == (401, True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("join", [",", ", "])
def test_a_list_of_signatures_is_refused_even_if_one_is_right(client, acme, kind, join):
    """A server joins doubled headers with a comma."""
    headers = proof(kind, body_of(kind))
    headers[HEADER[kind]] = join.join([headers[HEADER[kind]], headers[HEADER[kind]]])
    answer = send(client, make_inlet(acme, kind), headers, body_of(kind))
    assert (answer.status_code, nothing_was_kept()) == (401, True)


@pytest.mark.parametrize("kind", KINDS)
def test_while_a_secret_is_rotated_both_are_valid_and_afterwards_one(client, acme, kind):
    body = body_of(kind)
    inlet = make_inlet(acme, kind, secret="the-new-secret", previous_secret=SECRET)
    assert send(client, inlet, proof(kind, body), body).status_code == 200
    assert send(client, inlet, proof(kind, body, "the-new-secret"), body).status_code == 200
    Inlet.objects.update(previous_secret="")
    assert send(client, inlet, proof(kind, body), body).status_code == 401


def test_two_webhooks_of_one_zendesk_may_use_one_inlet(client, acme):
    """Zendesk makes a secret for each: one for the trigger's webhook, one for that of the events."""
    inlet = make_inlet(acme, "zendesk", secret=f"{SECRET} the-other-webhooks")
    body = body_of("zendesk")
    statuses = [
        send(client, inlet, proof("zendesk", body, secret), body).status_code
        for secret in (SECRET, "the-other-webhooks", f"{SECRET} the-other-webhooks", "the-other")
    ]
    assert statuses == [200, 200, 401, 401]


@pytest.mark.parametrize("kind", KINDS)
def test_an_inlet_without_a_secret_lets_nobody_in(client, acme, kind):
    inlet = make_inlet(acme, kind, secret="")
    assert send(client, inlet, proof(kind, body_of(kind), ""), body_of(kind)).status_code == 401


@pytest.mark.parametrize(("seconds", "status"), [(-301, 401), (-300, 200), (0, 200), (300, 200), (301, 401)])
def test_zendesks_timestamp_may_be_300_seconds_off(client, acme, seconds, status):
    body = body_of("zendesk")
    headers = proof("zendesk", body, at=NOW + dt.timedelta(seconds=seconds))
    answer = send(client, make_inlet(acme, "zendesk"), headers, body)
    assert answer.status_code == status


@pytest.mark.parametrize("stamp", ["", "soon", "2026-11-10T09:00:00", "2026-11-10T09:00:00Z,2026-11-10T09:00:00Z"])
def test_a_timestamp_that_is_none_is_refused(client, acme, stamp):
    body = body_of("zendesk")
    headers = proof("zendesk", body) | {"X-Zendesk-Webhook-Signature-Timestamp": stamp}
    assert send(client, make_inlet(acme, "zendesk"), headers, body).status_code == 401


def test_zendesks_published_example_verifies(acme):
    """The values that Zendesk's documentation gives for its own test."""
    inlet = make_inlet(acme, "zendesk", secret="dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==")
    body, at = b'{"say": "hello"}', dt.datetime(2021, 7, 25, 10, 0, tzinfo=dt.UTC)
    headers = proof("zendesk", body, inlet.secret, at)
    signatures.check(inlet, headers, body, at)
    with pytest.raises(signatures.Unproven):
        signatures.check(inlet, headers, b'{"say": "hallo"}', at)


@pytest.mark.parametrize("kind", ["freshdesk", "genesys"])
def test_the_secret_may_come_as_bearer_or_as_basic_password(client, acme, kind):
    inlet = make_inlet(acme, kind)
    basic = base64.b64encode(f"nachklang:{SECRET}".encode()).decode()
    wrong = base64.b64encode(f"{SECRET}:nachklang".encode()).decode()
    statuses = [
        send(client, inlet, {"Authorization": value}, body_of(kind)).status_code
        for value in (
            f"Basic {basic}",
            f"Bearer {SECRET}",
            f"Basic {wrong}",
            "Basic ###",
            "Basic /w==",
            "Bearer",
            SECRET,
        )
    ]
    assert statuses == [200, 200, 401, 401, 401, 401, 401]


def test_a_secret_shown_twice_is_refused(client, acme):
    headers = {"X-Inlet-Token": SECRET, "Authorization": f"Bearer {SECRET}"}
    assert send(client, make_inlet(acme, "freshdesk"), headers, body_of("freshdesk")).status_code == 401


@pytest.mark.parametrize("kind", KINDS)
def test_a_proof_for_one_inlet_opens_no_other(client, acme, globex, kind):
    make_inlet(acme, kind)
    other = make_inlet(globex, kind, secret="globex-has-another")
    assert send(client, other, proof(kind, body_of(kind)), body_of(kind)).status_code == 401


def test_unknown_and_switched_off_look_the_same(client, acme):
    inlet = make_inlet(acme, "zammad", is_active=False)
    unknown = client.post("/in/11111111-2222-4333-8444-555555555555/", b"{}", "application/json")
    switched_off = deliver(client, inlet, sample("zammad-closed"))
    assert (unknown.status_code, switched_off.status_code) == (404, 404)
    assert unknown.content == switched_off.content
    Inlet.objects.update(is_active=True)
    acme.is_active = False
    acme.save()
    assert deliver(client, inlet, sample("zammad-closed")).status_code == 404


def test_only_posts_are_taken_and_no_cookie_is_needed(acme):
    strict = Browser(enforce_csrf_checks=True)
    inlet = make_inlet(acme, "zammad")
    assert strict.get(f"/in/{inlet.public_id}/").status_code == 405
    assert deliver(strict, inlet, sample("zammad-closed")).status_code == 200


def test_no_log_names_a_secret(client, acme, caplog):
    caplog.set_level(logging.DEBUG)
    inlet = make_inlet(acme, "freshdesk", previous_secret="the-one-before")
    send(client, inlet, {"X-Inlet-Token": "a-guess-by-a-stranger"}, body_of("freshdesk"))
    deliver(client, inlet, sample("freshdesk-resolved"))
    assert "the signature does not fit" in caplog.text
    assert [word for word in (SECRET, "the-one-before", "a-guess-by-a-stranger") if word in caplog.text] == []


def test_a_pasted_secret_must_be_one():
    assert [signatures.is_secret(text) for text in (SECRET, signatures.new_secret(), "short", "with blank in it")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert not signatures.is_secret("comma,separated") and not signatures.is_secret("ümläutsecret")
