"""Train a version for one client from what people have corrected: `manage.py train_themes CLIENT`."""

import json
from contextlib import suppress

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from analytics import versions
from analytics.models import ThemeModel
from analytics.objections import said
from analytics.templatetags.modelcards import reader_name, share
from surveys.models import Client
from surveys.models.people import LANGUAGES


class Command(BaseCommand):
    help = "Train a version from a client’s corrected comments, and say how it does beside what reads now."

    def add_arguments(self, parser) -> None:
        parser.add_argument("client", help="short name of the client")
        parser.add_argument("--language", default="de", choices=[code for code, _name in LANGUAGES])
        parser.add_argument("--promote", action="store_true", help="take it into use, if the rule allows it")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, client: str, language: str, promote: bool, **options) -> None:
        try:
            row = versions.train_for(_client(client), language)
        except versions.NothingToLearn:
            raise CommandError(
                _("There is nothing to learn from: no comment of %(client)s is corrected (language: %(language)s).")
                % {"client": client, "language": language}
            ) from None
        if promote:
            with suppress(versions.NotBetter):  # what speaks against it is said below
                versions.promote(row)
        told = _told(row)
        if options["json"]:
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=1))
        else:
            self.stdout.write("\n".join(_lines(told)))


def _client(slug: str) -> Client:
    client = Client.objects.filter(slug=slug).first()
    if client is None:
        known = ", ".join(Client.objects.values_list("slug", flat=True)) or "–"
        raise CommandError(_("There is no client “%(slug)s”. There are: %(known)s") % {"slug": slug, "known": known})
    return client


def _told(row: ThemeModel) -> dict:
    """F1 on the held-out labels, of what read before and of this version; None where none are held out."""
    return {
        "version": row.version,
        "labels": row.label_count,
        "held_out": row.held_out_count,
        "f1_before": row.card["beside"]["micro_f1"],
        "f1_after": row.card["micro_f1"],
        "before": row.card["beside"]["version"],
        "in_use": row.state == ThemeModel.State.ACTIVE,
        "objections": [said(objection, row) for objection in row.objections],
    }


def _lines(told: dict) -> list[str]:
    words = {
        **told,
        "before": reader_name(told["before"]),
        "before_f1": share(told["f1_before"]),
        "after_f1": share(told["f1_after"]),
    }
    lines = [
        _("Version %(version)s: learned from %(labels)d corrected comments, %(held_out)d held out.") % words,
        _("F1 on those: %(after_f1)s; %(before)s, which read before: %(before_f1)s.") % words,
        *told["objections"],
    ]
    if told["in_use"]:
        return [*lines, _("It is in use.")]
    return [*lines, _("It is not in use.") if told["objections"] else _("Nothing speaks against taking it into use.")]
