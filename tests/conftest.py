"""What every test stands on: no network but loopback, a known day, and the cast of two clients, acme and globex."""

import datetime as dt
import os
import socket

import pytest
from django.utils import translation

from config import celery_app
from surveys.delivery.sender import patience
from tests import factories
from tests.sink import SmtpSink

# Tuesday, 10 November 2026, 10:00 in Berlin: within sending hours.
NOW = dt.datetime(2026, 11, 10, 9, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _fast_and_alone(request, settings, monkeypatch, tmp_path):
    """A cheap password hasher, mails in memory or a folder of the test's own, no sockets beyond this machine.

    Tasks run where they are enqueued, even with REDIS_URL: only tests marked `services` may have a worker.
    """
    if not request.node.get_closest_marker("services"):
        monkeypatch.setitem(celery_app.conf, "task_always_eager", True)
    patience.forget()
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


@pytest.fixture
def now() -> dt.datetime:
    return NOW


@pytest.fixture
def acme(db):
    return factories.make_client("acme", "Acme")


@pytest.fixture
def globex(db):
    return factories.make_client("globex", "Globex")


@pytest.fixture
def smtp_sink(settings):
    """A mail server on a free port of this machine, to which all mail goes."""
    sink = SmtpSink()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", sink.port, 5
    sink.start()
    yield sink
    sink.stop()


def needs(what: str, is_there: bool):
    """Skip with the reason in words where a server is missing; fail where REQUIRE_SERVICES says it must be there."""
    if is_there:
        return
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"REQUIRE_SERVICES=1, but {what}")
    pytest.skip(what)
