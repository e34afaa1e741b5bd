"""What every test stands on: no network but loopback, a known day, and the cast of two clients, acme and globex."""

import datetime as dt
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
import time_machine
from django.conf import settings as conf
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone, translation

from analytics import history
from config import celery_app
from surveys import authoring, questionnaire
from surveys.delivery import clock as run_clock
from surveys.delivery.sender import patience
from surveys.pages import compiled, throttle
from tests import factories
from tests.sink import SmtpSink

# Tuesday, 10 November 2026, 10:00 in Berlin: within sending hours.
NOW = dt.datetime(2026, 11, 10, 9, 0, tzinfo=dt.UTC)

T = TypeVar("T")
STORES = {"db", "transactional_db", "live_server"}


def pytest_configure(config) -> None:
    """Processes that test side by side have a Redis database each, as pytest-django gives each one of PostgreSQL."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    if conf.REDIS_URL and worker != "0":
        address = urlsplit(conf.REDIS_URL)
        own = address._replace(path=f"/{int(address.path.strip('/') or 0) + int(worker)}").geturl()
        conf.REDIS_URL = conf.CELERY_BROKER_URL = celery_app.conf.broker_url = own


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items) -> None:
    """Mark what a database can make a difference to: `stored`. All else need not run again on the next one."""
    for item in items:
        if item.get_closest_marker("django_db") or STORES & set(getattr(item, "fixturenames", ())):
            item.add_marker("stored")


@pytest.fixture(autouse=True)
def _fast_and_alone(request, settings, monkeypatch, tmp_path):
    """A cheap password hasher, mails in memory or a folder of the test's own, no sockets beyond this machine.

    Tasks run where they are enqueued, even with REDIS_URL: only tests marked `services` may have a worker.
    """
    assert request.path.parent.name == "browser" or "DJANGO_ALLOW_ASYNC_UNSAFE" not in os.environ, (
        "a browser test left its loop running"
    )
    if not request.node.get_closest_marker("services"):
        monkeypatch.setitem(celery_app.conf, "task_always_eager", True)
    cache.clear()
    patience.forget()
    questionnaire.forget()
    history.forget()
    compiled.forget()
    counters = throttle.Counters("")  # of this test alone, in memory
    monkeypatch.setattr(throttle, "counters", lambda: counters)
    translation.activate("en")  # a page served in German in one test must not colour the next
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.EMAIL_FILE_PATH = tmp_path / "mailbox"
    settings.SECURE_SSL_REDIRECT = False
    connect = socket.socket.connect

    def only_loopback(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_loopback)


@pytest.fixture(autouse=True)
def _who_posts_a_sheet_has_seen_its_page(monkeypatch):
    """Django's test browser posts what it is given. Here it adds what a customer's page and hand would have added.

    A test that is about machines says itself what comes along: whatever it names (`made=""`) stays as it is.
    """
    post = Browser.post

    def posted(self, path, data=None, *args, **kwargs):
        if isinstance(data, dict) and re.match(r"/(?!admin/|api/|in/|sms/|mail-events/|u/|d/)", path):
            data = factories.typed_by_a_person() | data
        return post(self, path, data, *args, **kwargs)

    monkeypatch.setattr(Browser, "post", posted)


@pytest.fixture
def now() -> dt.datetime:
    return NOW


@pytest.fixture
def clock(monkeypatch):
    """Time stands at NOW until the test moves it, here and in the database."""
    with time_machine.travel(NOW, tick=False) as traveller:
        monkeypatch.setattr(run_clock, "monotonic", time.time)
        monkeypatch.setattr(run_clock, "now", timezone.now)
        yield traveller


@pytest.fixture
def acme(db):
    return factories.make_client("acme", "Acme")


@pytest.fixture
def globex(db):
    return factories.make_client("globex", "Globex")


@pytest.fixture
def analyst(acme):
    login = factories.make_login("anna", first_name="Anna", last_name="Berg")
    factories.give_access(login, acme, "analyst")
    return login


@pytest.fixture
def browser(client, analyst):
    """Where acme's analyst has signed in."""
    client.force_login(analyst)
    return client


@pytest.fixture
def survey(acme):
    """Of satisfaction: the score and its reason, published."""
    return factories.make_survey(acme)


@pytest.fixture
def draft(survey):
    """Page 1: score, comment. Page 2: solved, once."""
    return authoring.begin(survey, authoring.Start.POST_CONTACT)


@pytest.fixture
def smtp_sink(settings):
    """A mail server on a free port of this machine, to which all mail goes."""
    sink = SmtpSink()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", sink.port, 5
    sink.start()
    yield sink
    sink.stop()


def together(works: Sequence[Callable[[], T]]) -> list[T]:
    """What each of them returns, all started by one shot, each in a thread with a database connection of its own."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T:
        try:
            connection.ensure_connection()
            start.wait(10)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [running.result(60) for running in [pool.submit(run, work) for work in works]]


def needs(what: str, is_there: bool):
    """Skip with the reason in words where a server is missing; fail where REQUIRE_SERVICES says it must be there."""
    if is_there:
        return
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"REQUIRE_SERVICES=1, but {what}")
    pytest.skip(what)
