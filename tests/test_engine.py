"""The engine without any server: one pass of the loop, the ticker, `manage.py serve`, settings that fail at boot."""

import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import call_command

from config.celery import SCHEDULE, app
from surveys.management.commands import serve
from surveys.management.commands.tick import tick
from surveys.models import OutgoingMessage
from tests import factories
from tests.installation import ROOT, ask, environment, wait_until
from tests.sink import free_port

TASKS = [task for task, _, _ in SCHEDULE]


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(**variables), capture_output=True, text=True, timeout=60
    )  # fmt: skip


# --- The schedule ---------------------------------------------------------------------------------------------------


def test_every_line_of_the_schedule_names_a_task_of_ours_that_beat_sends_in_the_same_rhythm():
    app.loader.import_default_modules()
    assert [task for task in TASKS if task not in app.tasks] == []
    assert {name: (entry["task"], entry["schedule"]) for name, entry in app.conf.beat_schedule.items()} == {
        task: (task, seconds) for task, seconds, _ in SCHEDULE
    }


def test_what_waits_longer_than_its_rhythm_is_not_done_twice_over():
    assert {name: entry["options"]["expires"] for name, entry in app.conf.beat_schedule.items()} == {
        task: seconds for task, seconds, _ in SCHEDULE
    }


def test_one_pass_runs_every_task_once_in_its_order(monkeypatch):
    ran = []
    for task in TASKS:
        monkeypatch.setattr(task, lambda task=task: ran.append(task) or len(ran))
    assert tick() == {task: number for number, task in enumerate(TASKS, 1)}
    assert ran == TASKS


@pytest.mark.django_db
def test_one_pass_takes_a_contact_from_its_verdict_to_its_mail(acme, settings, capsys):
    settings.EMAIL_BACKEND = "surveys.delivery.eml.EmlBackend"
    factories.make_campaign(acme, hour_from=0, hour_until=24, sending_days=[1, 2, 3, 4, 5, 6, 7], stale_days=9999)
    factories.make_contact(acme)
    call_command("tick")
    lines = dict(line.split(": ") for line in capsys.readouterr().out.splitlines())
    assert list(lines) == TASKS
    assert (lines["surveys.tasks.plan_invitations"], lines["surveys.tasks.send_messages"]) == ("1", "1")
    assert len(list(Path(settings.EMAIL_FILE_PATH).glob("*.eml"))) == 1
    call_command("tick")
    assert set(capsys.readouterr().out.splitlines()) == {f"{task}: 0" for task in TASKS}
    assert OutgoingMessage.objects.get().state == OutgoingMessage.State.ACCEPTED


# --- The ticker -----------------------------------------------------------------------------------------------------


class Turns(threading.Event):
    """Stops after so many turns; a second passes with each."""

    def __init__(self, turns: int) -> None:
        super().__init__()
        self.turns, self.seconds = turns, 0

    def wait(self, timeout: float) -> bool:
        self.seconds += timeout
        return self.seconds > self.turns

    def clock(self) -> float:
        return float(self.seconds)


@pytest.fixture
def ran(monkeypatch) -> dict[str, list[int]]:
    """At which second each task ran, while the first of them always fails."""
    seconds = {task: [] for task in TASKS}
    monkeypatch.setattr(serve, "close_old_connections", lambda: None)  # there is none here to lose
    for task in TASKS:
        monkeypatch.setattr(task, lambda task=task: seconds[task].append(seconds["now"]()))
    return seconds


def test_the_ticker_runs_each_task_in_its_rhythm_and_survives_one_that_fails(ran, monkeypatch, caplog):
    turns = Turns(301)
    ran["now"] = lambda: int(turns.clock())

    def fail():
        ran[TASKS[0]].append(int(turns.clock()))
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(TASKS[0], fail)
    serve.run_ticker(turns, clock=turns.clock)
    assert {task: ran[task] for task in TASKS} == {task: list(range(1, 302, seconds)) for task, seconds, _ in SCHEDULE}
    assert caplog.messages == [f"{TASKS[0]} failed; it will be tried again in 60 s"] * 6


# --- One process for one machine ------------------------------------------------------------------------------------


@contextmanager
def served(port: int, data: Path):
    """`manage.py serve` on an empty data folder; ended, whatever happens."""
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(NACHKLANG_DATA=str(data)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


QUEUE_A_MAIL = """
from django.utils import timezone
from surveys import delivery
from surveys.models import Client
client = Client.objects.create(slug="acme", name="Acme")
delivery.queue(
    client=client, key="case:1", to="lead@provider.example", subject="A case", text="", html="", due_at=timezone.now()
)
"""


def test_serve_makes_its_database_answers_sends_what_is_due_and_stops_when_asked(tmp_path):
    port = free_port()
    with served(port, tmp_path) as process:
        wait_until(lambda: ask(f"http://127.0.0.1:{port}/healthz") == (200, {"status": "ok"}), 40)
        assert ask(f"http://127.0.0.1:{port}/readyz") == (200, {"status": "ok", "database": "ok"})
        assert (tmp_path / "nachklang.sqlite3").exists()
        assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
        assert manage("shell", "-c", QUEUE_A_MAIL, NACHKLANG_DATA=str(tmp_path)).returncode == 0
        wait_until(lambda: len(list((tmp_path / "mailbox").glob("*.eml"))) == 1, 30)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert f"Nachklang listens on http://127.0.0.1:{port}/admin/" in process.stdout.read()


# --- What fails at boot, in words -----------------------------------------------------------------------------------


def last_line(run: subprocess.CompletedProcess) -> str:
    return run.stderr.strip().splitlines()[-1]


def test_the_demo_refuses_to_run_beside_a_configured_database(tmp_path):
    run = manage("demo", "--no-serve", DATABASE_URL=f"sqlite:///{tmp_path}/real.sqlite3", SECRET_KEY="x" * 50)
    assert run.returncode != 0
    assert last_line(run).startswith(
        "django.core.exceptions.ImproperlyConfigured: The demo refuses to run: DATABASE_URL is set"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_configured_database_needs_a_configured_key(tmp_path):
    run = manage("check", DATABASE_URL=f"sqlite:///{tmp_path}/real.sqlite3", NACHKLANG_DATA=str(tmp_path))
    assert run.returncode != 0
    assert last_line(run).startswith("django.core.exceptions.ImproperlyConfigured: SECRET_KEY must be set")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address", ["feedback.example.org", "ftp://example.org", "https://example.org/nachklang", "https://"]
)
def test_links_need_an_origin(tmp_path, address):
    run = manage("check", BASE_URL=address, NACHKLANG_DATA=str(tmp_path))
    assert run.returncode != 0
    assert "BASE_URL must be an origin such as https://feedback.example.org" in last_line(run)


def test_two_installations_have_two_keys(tmp_path):
    for name in ("one", "two"):
        assert manage("check", NACHKLANG_DATA=str(tmp_path / name)).returncode == 0
    one, two = ((tmp_path / name / "secret_key").read_text() for name in ("one", "two"))
    assert one != two
    assert len(one) >= 50
