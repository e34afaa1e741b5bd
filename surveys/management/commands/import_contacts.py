"""Import a file of contacts for one client: `manage.py import_contacts CLIENT FILE`."""

import sys
from contextlib import ExitStack
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from tqdm import tqdm

from surveys.ingestion import LABELS, profiles
from surveys.ingestion.files import TableError
from surveys.ingestion.loading import FileImport, RejectsFile, Remark, Report, guess
from surveys.models import Client

SHOWN = 20  # refused rows on the terminal; all of them go to --rejects


class Command(BaseCommand):
    help = "Import contacts from a CSV or XLSX file. A second run of the same file changes nothing."

    def add_arguments(self, parser) -> None:
        parser.add_argument("client", help="short name of the client")
        parser.add_argument("file", type=Path)
        parser.add_argument("--profile", help="how the file reads; without it, the header tells")
        parser.add_argument("--dry-run", action="store_true", help="write nothing, say what would happen")
        parser.add_argument("--rejects", type=Path, metavar="FILE", help="write the refused rows and why to a CSV file")

    def handle(self, **options) -> None:
        client = _client(options["client"])
        try:
            profile = _profile(client, options["file"], options["profile"])
            names = {"file": options["file"].name, "profile": profile.name}
            self.stdout.write(_("%(file)s: profile %(profile)s") % names)
            run = FileImport(client, options["file"], profile)
            report = self._run(run, options["dry_run"], options["rejects"])
        except ValidationError as error:
            raise CommandError(_("A profile is wrong: %(errors)s") % {"errors": " ".join(error.messages)}) from error
        except (TableError, OSError) as error:
            raise CommandError(str(error)) from error
        self._print(report, options["dry_run"])

    def _run(self, run: FileImport, is_dry_run: bool, rejects: Path | None) -> Report:
        with ExitStack() as stack:
            bar = stack.enter_context(
                tqdm(total=run.count, unit=_(" rows"), disable=not sys.stderr.isatty(), file=sys.stderr)
            )
            keep = None
            if rejects:
                file = stack.enter_context(rejects.open("w", encoding="utf-8-sig", newline=""))
                keep = RejectsFile(file, run.header, run.profile.delimiter)

            def say(remark: Remark, count: int) -> None:
                if count <= SHOWN:
                    with bar.external_write_mode():
                        self.stdout.write(_line(remark))

            def refuse(remark: Remark) -> None:
                say(remark, run.report.refused.total())
                if keep:
                    keep.add(remark)

            return run.run(
                timezone.now(),
                is_dry_run=is_dry_run,
                on_rows=bar.update,
                on_refusal=refuse,
                on_note=lambda remark: say(remark, run.report.notes.total()),
            )

    def _print(self, report: Report, is_dry_run: bool) -> None:
        if is_dry_run:
            self.stdout.write(_("Dry run: nothing was written. It would be:"))
        for label, count in (
            (_("rows"), report.rows),
            (_("created"), report.created),
            (_("updated"), report.updated),
            (_("unchanged"), report.unchanged),
            (_("older than what is known"), report.outdated),
            (_("replaced by a later row of the file"), report.replaced),
            (_("refused"), report.refused.total()),
        ):
            self.stdout.write(f"{number_format(count, force_grouping=True):>10}  {label}")
        self._print_counts(report.refused)
        if report.notes:
            self.stdout.write(f"{number_format(report.notes.total(), force_grouping=True):>10}  {_('notes')}")
            self._print_counts(report.notes)

    def _print_counts(self, counts) -> None:
        for code, count in counts.most_common():
            self.stdout.write(f"{number_format(count, force_grouping=True):>14}  {LABELS[code]}")


def _line(remark: Remark) -> str:
    """line 12, Datum: “31.09.2026” – This day does not exist. Long values are cut, control characters become “�”."""
    where = _("line %(line)s") % {"line": remark.line} + (f", {remark.column}" if remark.column else "")
    value = "".join(char if char.isprintable() else "�" for char in remark.value)
    value = f"{value[:60]}…" if len(value) > 60 else value
    return f"{where}: {f'“{value}” – ' if value else ''}{remark.reason}"


def _client(slug: str) -> Client:
    try:
        return Client.objects.get(slug=slug)
    except Client.DoesNotExist:
        known = ", ".join(Client.objects.values_list("slug", flat=True)) or "–"
        raise CommandError(
            _("There is no client “%(slug)s”. There are: %(known)s") % {"slug": slug, "known": known}
        ) from None


def _profile(client: Client, path: Path, name: str | None) -> profiles.Profile:
    if not path.is_file():
        raise CommandError(_("There is no file %(path)s.") % {"path": path})
    if name is None:
        return guess(client, path)
    known = profiles.available(client)
    if name not in known:
        raise CommandError(
            _("There is no profile “%(name)s”. There are: %(known)s") % {"name": name, "known": ", ".join(known)}
        )
    return profiles.Profile(name, known[name], client)
