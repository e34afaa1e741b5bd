"""The short form of the chaos runs: the same scenes as `python -m tests.chaos`, smaller."""

import asyncio

import pytest
from django.conf import settings
from django.db import connection

from tests.chaos import failpoints, servers, storm
from tests.chaos.__main__ import broken
from tests.conftest import needs

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _real_servers(transactional_db):
    needs("processes that die and are replaced take PostgreSQL", connection.vendor == "postgresql")
    needs("processes that die and are replaced take REDIS_URL", bool(settings.REDIS_URL))


def test_nothing_is_lost_or_sent_twice_while_workers_die_and_the_broker_forgets(tmp_path):
    result = storm.run(tmp_path, seed=1, count=150, seconds=8)
    assert broken(result) == []
    assert sum(result["kills"].values()) > 0


@pytest.mark.parametrize("point", failpoints.POINTS)
def test_a_sender_killed_at_a_named_point_leaves_what_the_design_says(tmp_path, point):
    result = failpoints.run(tmp_path, point, kills=3)
    assert (broken(result), result["kills"]) == ([], {point: 3})


def test_a_killed_sender_holds_nothing_even_beside_a_running_loop(tmp_path, monkeypatch):
    """Where a loop runs in this thread, Django keeps other connections than before, and cannot close those."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

    async def beside_a_loop() -> dict:
        try:
            return failpoints.run(tmp_path, failpoints.BEFORE_COMMIT, kills=2)
        finally:
            connection.close()

    assert asyncio.run(beside_a_loop())["kills"] == {failpoints.BEFORE_COMMIT: 2}


def test_a_sender_that_fails_instead_of_dying_is_heard(tmp_path):
    with pytest.raises(AssertionError, match=r"ended with 1:\n(.*\n)*KeyError: 'no such point'"):
        failpoints.run(tmp_path, "no such point", kills=1)


def test_mail_that_was_taken_but_never_confirmed_is_unknown_and_never_sent_again(tmp_path):
    result = servers.hang_up_after_the_final_dot(tmp_path, count=20, every=5)
    assert broken(result) == []
    assert (result["hung_up"], set(result["unknown"].values())) == (4, {"arrived"})


def test_a_server_that_refuses_for_a_while_gets_every_mail_later(tmp_path):
    result = servers.refuse_for_a_while(tmp_path, count=20, seconds=5)
    assert broken(result) == []
    assert (result["states"], result["refused"] >= 1) == ({"accepted": 20}, True)


def test_answers_are_stored_while_redis_is_gone_and_mail_goes_on_when_it_is_back(tmp_path):
    result = servers.without_a_broker(tmp_path, count=400, seconds=4)
    assert broken(result) == []
    assert result["answer_p95_seconds"] < 1
    assert result["resumed_after_seconds"] < 60
