"""Real processes over the test's own database: workers, beats, web; each in a group of its own, ended by its id."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

from django.conf import settings as conf
from django.db import connection

from tests.sink import free_port

ROOT = Path(__file__).resolve().parent.parent
# What configures an installation of ours: none of it may come from whoever runs the tests.
_OURS = re.compile(
    "(DATABASE|REDIS|BASE)_URL|SECRET_KEY.*|NACHKLANG_.*|EMAIL_.*|BOUNCE_.*|SMS_.*|SPF_INCLUDE|DNS_RESOLVER|MAILS_PER_MINUTE"
)


def environment(**variables: str) -> dict[str, str]:
    """This process's, without anything that configures an installation."""
    return {key: value for key, value in os.environ.items() if not _OURS.fullmatch(key)} | variables


def wait_until(is_so: Callable[[], bool], seconds: float) -> None:
    """Return once `is_so()` holds; AssertionError after `seconds`."""
    last, end = None, time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if last := is_so():
                return
        except OSError as error:
            last = error
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {last}")


def ask(url: str) -> tuple[int, dict]:
    """Status and JSON of a page, refusals included."""
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


class Installation:
    """The processes of one installation on the test's own database, and what they are told."""

    def __init__(self, folder: Path, smtp_port: int) -> None:
        self.folder, self.processes = folder, []
        database = connection.settings_dict
        login = ":".join(urllib.parse.quote(database[part], safe="") for part in ("USER", "PASSWORD"))
        self.variables = {
            "DATABASE_URL": f"postgres://{login}@{database['HOST']}:{database['PORT']}/{database['NAME']}",
            "REDIS_URL": conf.REDIS_URL,
            "SECRET_KEY": conf.SECRET_KEY,
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
            "NACHKLANG_DATA": str(folder),
        }

    def start(self, module: str, *arguments: str, **variables: str) -> subprocess.Popen:
        with (self.folder / f"{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment(**self.variables | variables),
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def start_worker(self, concurrency: int = 1) -> subprocess.Popen:
        return self.start("celery", "-A", "config", "worker", "--concurrency", str(concurrency), "--pool", "prefork")

    def start_beat(self) -> subprocess.Popen:
        schedule = str(self.folder / f"schedule-{len(self.processes)}")  # two beats must not share one
        return self.start("celery", "-A", "config", "beat", "--schedule", schedule, "--pidfile=")

    def start_web(self, **variables: str) -> str:
        """The address of a web process that answers."""
        address = f"127.0.0.1:{free_port()}"
        options = ("--worker-class", "gthread", "--threads", "4", "--no-control-socket")
        self.start("gunicorn", "config.wsgi:application", "--bind", address, *options, **variables)
        wait_until(lambda: ask(f"http://{address}/healthz")[0] == 200, 30)
        return f"http://{address}"

    @staticmethod
    def kill(process: subprocess.Popen) -> None:
        """kill -9 for the process and all its children, which are a group of their own."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                self.kill(process)
