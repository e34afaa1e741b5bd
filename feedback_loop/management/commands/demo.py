"""A year with two client companies, played through the real product in under two minutes, then served."""

import datetime as dt
import json
import shutil
import sys
import time

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from tqdm import tqdm

from feedback_loop.demo import stage, story, summary
from feedback_loop.demo.year import Year


class Command(BaseCommand):
    help = "Play a year of two client companies into a database of its own, then serve it."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="end after the summary")
        parser.add_argument("--json", action="store_true", help="the summary as JSON on stdout, progress on stderr")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--seed", type=int, default=7, help="another seed is another year")

    def handle(self, *, no_serve: bool, port: int, seed: int, **options) -> None:
        refuse_a_real_installation()
        settings.BASE_URL = f"http://localhost:{port}"
        started = time.monotonic()
        self._clear()
        world = story.make_world(end_on=dt.date.today(), seed=seed)
        clients = stage.build(world)
        with tqdm(total=len(world.days()), unit=" days", desc="One year", file=sys.stderr, smoothing=0) as bar:
            Year(world, clients, on_day=bar.update).play()
        self._report(options["json"], time.monotonic() - started)
        if not no_serve:
            call_command("serve", port=port)

    def _clear(self) -> None:
        """The demo's own database and mailbox, as new: both lie in the demo folder and hold nothing else."""
        connection.close()
        for file in settings.DATA_DIR.glob("demo.sqlite3*"):
            file.unlink()
        shutil.rmtree(settings.EMAIL_FILE_PATH, ignore_errors=True)
        call_command("migrate", verbosity=0, interactive=False)

    def _report(self, as_json: bool, seconds: float) -> None:
        figures = {"seconds": round(seconds, 1), **summary.counts()}
        addresses = {
            "dashboard": f"{settings.BASE_URL}/dashboard/",
            "admin": f"{settings.BASE_URL}/admin/",
            "mailbox": f"{settings.BASE_URL}/demo/mailbox/",
            "api": f"{settings.BASE_URL}/api/v1/docs/",
        }
        report = {"figures": figures, "addresses": addresses, "logins": summary.logins()}
        if as_json:
            self.stdout.write(json.dumps(report, indent=2, ensure_ascii=False))
            return
        for heading, rows in report.items():
            self.stdout.write(f"\n{heading.capitalize()}")
            lines = rows if isinstance(rows, list) else [{key: value} for key, value in rows.items()]
            for line in lines:
                self.stdout.write("  " + "  ".join(f"{key}: {value}" for key, value in line.items()))


def refuse_a_real_installation() -> None:
    """The demo deletes its database before it starts: it must be the demo's own, never a configured one."""
    name = str(connection.settings_dict["NAME"])
    if not settings.DEMO or connection.vendor != "sqlite" or not name.endswith("demo.sqlite3"):
        raise CommandError(
            f"The demo refuses to run here: this process is set up with the database {name!r}, which is not the demo's "
            "own. Start it as `python manage.py demo`, without DATABASE_URL."
        )
