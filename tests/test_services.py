"""Real processes over PostgreSQL and Redis: worker, beat and web, their deaths, and a broker that forgets or is gone.

Each process is started here, in a group of its own, and ended by its own id; every wait is bounded.
"""

import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable

import pytest
import redis
from django.conf import settings as conf
from django.db import connection
from django.utils import timezone

from analytics.models import Reading
from analytics.tasks import read_answers
from feedback_loop.models import Case
from feedback_loop.tasks import open_cases
from surveys import delivery, invitations, responses, sittings
from surveys.delivery import survey_mail
from surveys.models import OutgoingMessage, Response
from surveys.responses import Sheet
from tests import factories
from tests.conftest import needs
from tests.installation import Installation, ask, wait_until
from tests.sink import free_port

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
State = OutgoingMessage.State


@pytest.fixture
def broker() -> redis.Redis:
    needs("a worker over Redis takes REDIS_URL", bool(conf.REDIS_URL))
    needs(
        "a worker shares its database with the test only on PostgreSQL (set DATABASE_URL)",
        connection.vendor != "sqlite",
    )
    client = redis.Redis.from_url(conf.REDIS_URL)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture
def installation(transactional_db, broker, smtp_sink, tmp_path):
    installation = Installation(tmp_path, smtp_sink.port)
    yield installation
    installation.stop()


@pytest.fixture
def client_at_any_hour(transactional_db):
    client = factories.make_client()
    factories.make_campaign(client, quarantine_days=0, hour_from=0, hour_until=24, sending_days=[1, 2, 3, 4, 5, 6, 7])
    return client


def plan(client, count: int) -> None:
    """Mails that are due now."""
    for _ in range(count):
        factories.make_contact(client, ended_at=timezone.now())
    assert invitations.plan_contacts(timezone.now()) == count


def make_response(client) -> Response:
    """A dissatisfied customer, through the same function as the page."""
    invitation = factories.make_invitation(client, about_at=timezone.now())
    sheet = Sheet({"score": 1, "comment": "Die Warteschleife war furchtbar lang."})
    return responses.record(sittings.sitting_of(invitation), sheet, timezone.now())


def is_dealt_with(response: Response) -> Callable[[], bool]:
    return lambda: (
        Reading.objects.filter(answer__response=response).exists() and Case.objects.filter(response=response).exists()
    )


def states() -> Counter:
    return Counter(OutgoingMessage.objects.exclude(invitation=None).values_list("state", flat=True))


# --- The way it should go -------------------------------------------------------------------------------------------


def test_a_worker_reads_an_answer_and_opens_its_case_within_twenty_seconds(installation, client_at_any_hour):
    installation.start_worker()
    response = make_response(client_at_any_hour)
    wait_until(is_dealt_with(response), 20)
    assert Case.objects.get().triggers[0] == Case.Trigger.LOW_SCORE


def test_beat_and_worker_send_what_is_due(installation, client_at_any_hour, smtp_sink):
    plan(client_at_any_hour, 3)
    installation.start_worker()
    installation.start_beat()
    wait_until(lambda: states() == {State.ACCEPTED: 3}, 45)
    assert sorted(smtp_sink.recipients) == sorted(OutgoingMessage.objects.values_list("to", flat=True))


# --- Deaths ---------------------------------------------------------------------------------------------------------


def test_a_killed_worker_loses_nothing_sends_nothing_twice_and_its_heir_goes_on_within_a_minute(
    installation, client_at_any_hour, smtp_sink
):
    plan(client_at_any_hour, 30)
    smtp_sink.seconds_per_mail = 0.3
    installation.start_beat()
    worker = installation.start_worker()
    wait_until(lambda: len(smtp_sink.mails) >= 5, 45)
    installation.kill(worker)
    left = len(smtp_sink.mails)
    assert left < 30
    installation.start_worker()
    wait_until(lambda: len(smtp_sink.mails) > left + 1, 60)  # one more than the mail that may have been on its way
    wait_until(lambda: not states()[State.PLANNED], 60)
    wait_until(lambda: states()[State.ACCEPTED] >= 29, 10)

    # What the dead one held in its hands: given back if it was only claimed, unknown if it was being handed over.
    later = timezone.now() + delivery.HAND_OVER_LEASE
    delivery.sweep(later)
    delivery.send_due(later)
    ended = states()
    assert (ended[State.ACCEPTED] + ended[State.UNKNOWN], ended[State.UNKNOWN] <= 1) == (30, True)
    assert [to for to, times in Counter(smtp_sink.recipients).items() if times > 1] == []
    accepted = OutgoingMessage.objects.filter(state=State.ACCEPTED).values_list("to", flat=True)
    assert set(accepted) - set(smtp_sink.recipients) == set()


def test_a_broker_that_forgets_everything_loses_nothing(installation, client_at_any_hour, smtp_sink, broker):
    """Flushed in mid-run, with worker and beat alive: queues, bindings and the announcement of an answer are gone."""
    plan(client_at_any_hour, 1)
    installation.start_worker()
    installation.start_beat()
    wait_until(lambda: states() == {State.ACCEPTED: 1}, 45)
    response = factories.make_response(client_at_any_hour, 1, "Nie wieder!", "csat")  # stored, never announced
    broker.flushdb()
    plan(client_at_any_hour, 2)
    wait_until(lambda: states() == {State.ACCEPTED: 3}, 60)
    wait_until(is_dealt_with(response), 75)
    assert Counter(smtp_sink.recipients).most_common(1)[0][1] == 1


# --- No broker at all -----------------------------------------------------------------------------------------------


def test_without_its_broker_an_installation_is_alive_but_not_ready(installation):
    well = installation.start_web()
    assert ask(f"{well}/readyz") == (200, {"status": "ok", "database": "ok", "broker": "ok"})
    lame = installation.start_web(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert ask(f"{lame}/healthz") == (200, {"status": "ok"})
    assert ask(f"{lame}/readyz") == (503, {"status": "unavailable", "database": "ok", "broker": "unreachable"})


def test_a_customer_can_answer_while_the_broker_is_gone(installation, client_at_any_hour):
    web = installation.start_web(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    invitation = factories.make_invitation(client_at_any_hour, about_at=timezone.now())
    path = urllib.parse.urlsplit(survey_mail.answer_link(invitation)).path
    sheet = urllib.parse.urlencode(factories.typed_by_a_person(score="1", comment="Niemand rief zurück.")).encode()
    began = time.monotonic()
    with urllib.request.urlopen(web + path, data=sheet, timeout=10) as reply:
        assert (reply.status, reply.url) == (200, f"{web}{path}thanks/")
    assert time.monotonic() - began < 5
    response = Response.objects.get()
    assert (response.invitation, response.score) == (invitation, 1)
    assert not is_dealt_with(response)()
    read_answers()  # the sweeps find what was never announced
    open_cases()
    assert is_dealt_with(response)()
