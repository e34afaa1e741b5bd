"""Row 16: a request that is sent again with its Idempotency-Key is answered as before, and does nothing more."""

import datetime as dt
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.db import connection
from django.db.models.signals import post_save
from django.test import Client as Browser
from django.urls import reverse

from surveys.api import idempotency
from surveys.models import ApiKey, Contact, IdempotentRequest
from surveys.tasks import forget_requests
from tests import factories

pytestmark = pytest.mark.django_db
CALL = {"external_id": "C-1", "state": "finished", "started_at": "2026-11-09T08:00Z", "ended_at": "2026-11-09T08:09Z"}


def key_of(client):
    return ApiKey.objects.create_key(client=client, name="test")[1]


def send(browser, secret, body, key=None):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Api-Key {secret}"} | ({} if key is None else {"Idempotency-Key": key})
    return browser.post(reverse("api-contacts"), data, "application/json", headers=headers)


@pytest.fixture
def post(client, acme):
    secret = key_of(acme)
    return lambda body, key=None: send(client, secret, body, key)


def said(answer):
    return answer.status_code, answer.json()


@pytest.mark.parametrize("body", [CALL, [CALL, {**CALL, "external_id": "C-2"}], {**CALL, "state": "done"}])
def test_the_same_key_and_body_get_the_same_status_and_body(post, body):
    first = post(body, "k-1")
    Contact.objects.update(subject="changed by somebody else since")
    again = [post(body, "k-1") for _ in range(3)]
    assert [said(answer) for answer in again] == [said(first)] * 3
    assert set(Contact.objects.values_list("subject", flat=True)) <= {"changed by somebody else since"}


def test_without_a_key_each_request_speaks_for_itself(post):
    assert [post(CALL).status_code for _ in range(2)] == [201, 200]
    assert IdempotentRequest.objects.count() == 0


def test_another_key_is_another_request(post):
    assert [post(CALL, key).status_code for key in ("k-1", "k-2")] == [201, 200]


def test_the_same_key_with_another_body_is_422_in_words_and_does_nothing(post):
    post(CALL, "k-1")
    answer = post({**CALL, "subject": "new"}, "k-1")
    assert said(answer) == (
        422,
        {"detail": "This Idempotency-Key came with another body before. Send the same body, or take a new key."},
    )
    assert Contact.objects.get().subject == ""


def test_one_more_space_is_another_body(post):
    body = json.dumps(CALL).encode()
    assert [post(body, "k-1").status_code, post(body + b" ", "k-1").status_code] == [201, 422]


@pytest.mark.parametrize("key", ["", "x" * 201, "schlüssel", "a\tb"])
def test_a_key_that_is_none_is_400(post, key):
    assert (post(CALL, key).status_code, Contact.objects.count()) == (400, 0)


def test_two_clients_may_use_the_same_key(client, acme, globex):
    statuses = [send(client, key_of(owner), CALL, "k-1").status_code for owner in (acme, globex)]
    assert (statuses, Contact.objects.count()) == ([201, 201], 2)


@pytest.mark.parametrize("body", [b"{", b"[]"])
def test_an_error_keeps_no_key(post, body):
    assert [post(body, "k-1").status_code, post(CALL, "k-1").status_code] == [400, 201]


def test_a_stranger_learns_nothing_by_a_key(client, post):
    post(CALL, "k-1")
    assert send(client, "wrong.key", CALL, "k-1").status_code == 403


def test_after_a_crash_in_between_the_retry_does_it_all(client, post):
    def die(sender, created, **_kwargs):
        if not created:  # the contacts are written, the answer is about to be kept
            raise RuntimeError("killed")

    client.raise_request_exception = False
    post_save.connect(die, sender=IdempotentRequest)
    try:
        assert post(CALL, "k-1").status_code == 500
    finally:
        post_save.disconnect(die, sender=IdempotentRequest)
    assert (Contact.objects.count(), IdempotentRequest.objects.count()) == (0, 0)
    assert [post(CALL, "k-1").status_code for _ in range(2)] == [201, 201]
    assert Contact.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory has one connection; threads need a server")
def test_of_many_at_once_one_runs_and_all_get_its_answer():
    secret = key_of(factories.make_client())

    def one_thread(_number: int) -> tuple[int, str]:
        try:
            answer = send(Browser(), secret, CALL, "k-1")
            return answer.status_code, answer.json()["result"]
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = Counter(pool.map(one_thread, range(40)))
    assert answers == {(201, "created"): 40}
    assert (Contact.objects.count(), IdempotentRequest.objects.count()) == (1, 1)


@pytest.mark.parametrize(("hours", "status"), [(23.9, 201), (24, 200)])
def test_a_key_holds_for_a_day(post, hours, status):
    now = dt.datetime(2026, 11, 10, 9, 0, tzinfo=dt.UTC)
    with time_machine.travel(now, tick=False) as clock:
        post(CALL, "k-1")
        clock.move_to(now + dt.timedelta(hours=hours))
        assert post(CALL, "k-1").status_code == status
        assert forget_requests() == 0
        clock.move_to(now + dt.timedelta(hours=49))
        assert (forget_requests(), IdempotentRequest.objects.count()) == (1, 0)


def test_the_description_names_the_header_and_the_422(client):
    schema = client.get(reverse("api-schema"), {"format": "json"}).json()
    operation = schema["paths"]["/api/v1/contacts/"]["post"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["Idempotency-Key"]
    assert operation["responses"]["422"]["description"] == idempotency.KeyReused.default_detail
