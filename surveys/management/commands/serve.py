"""Web and ticker in one process, for one machine. On more machines: gunicorn, Celery workers and beat."""

import logging
import threading
import time

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils.module_loading import import_string
from gunicorn.app.base import BaseApplication

from config.celery import SCHEDULE

log = logging.getLogger(__name__)


def run_ticker(stopping: threading.Event, clock=time.monotonic) -> None:
    """Run each task of the schedule in its rhythm until `stopping` is set. One that fails is logged and tried again."""
    due = {task: clock() for task, _, _ in SCHEDULE}
    while not stopping.wait(1):
        for task, seconds, _ in SCHEDULE:
            if clock() < due[task]:
                continue
            due[task] = clock() + seconds
            close_old_connections()
            try:
                import_string(task)()
            except Exception:
                log.exception("%s failed; it will be tried again in %s s", task, seconds)


class Server(BaseApplication):
    """gunicorn with one worker process and the ticker as a thread inside it."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def load_config(self) -> None:
        stopping = threading.Event()
        settings = {
            "bind": self.address,
            "workers": 1,
            "threads": 8,
            "worker_class": "gthread",
            "timeout": 60,
            "proc_name": "nachklang",
            "control_socket_disable": True,
            "post_worker_init": lambda worker: threading.Thread(
                target=run_ticker, args=[stopping], daemon=True, name="ticker"
            ).start(),
            "worker_exit": lambda server, worker: stopping.set(),
        }
        for key, value in settings.items():
            self.cfg.set(key, value)

    def load(self):
        from config.wsgi import application

        return application


class Command(BaseCommand):
    help = "Serve the pages and do what is due, in one process."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, host: str, port: int, **options) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        self.stdout.write(f"Nachklang listens on http://{host}:{port}/admin/ (end with Ctrl-C)")
        Server(f"{host}:{port}").run()
