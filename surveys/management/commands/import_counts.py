"""Take over a client's own contact counts from a file: `manage.py import_counts CLIENT FILE`."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from surveys import reported
from surveys.models import Client


class Command(BaseCommand):
    help = "Take over a client's own contact counts from a CSV or XLSX file: all of it, or nothing."

    def add_arguments(self, parser) -> None:
        parser.add_argument("client", help="short name of the client")
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", default="client", help="the system that counted, where the file does not say")

    def handle(self, **options) -> None:
        client = Client.objects.filter(slug=options["client"]).first()
        if client is None:
            raise CommandError(_("There is no client “%(slug)s”.") % {"slug": options["client"]})
        if not options["file"].is_file():
            raise CommandError(_("There is no file %(path)s.") % {"path": options["file"]})
        now = timezone.now()
        table = reported.read(options["file"], options["source"], now.astimezone(client.zone).date())
        if table.faults:
            raise CommandError("\n".join(map(_line, table.faults)))
        taken = reported.take(client, table.counts, now)
        numbers = {name: taken.number(name) for name in ("created", "updated", "unchanged")}
        self.stdout.write(_("Taken over: %(created)s new, %(updated)s replaced, %(unchanged)s unchanged.") % numbers)


def _line(fault: reported.Fault) -> str:
    """Line 12, day: This day has not come yet."""
    where = [_("Line %(line)s") % {"line": fault.line}] if fault.line else []
    return ", ".join([*where, *filter(None, [fault.column])]) + (": " if where else "") + fault.message
