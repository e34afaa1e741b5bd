"""How well the product's own pipeline reads your labelled texts: `manage.py evaluate_themes --train A --test B`."""

import json
import re
from dataclasses import asdict
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from analytics.learning import embeddings
from analytics.learning.evaluation import Figures, evaluate
from analytics.learning.tables import TableError, read_keywords, read_table
from analytics.learning.training import learnable


class Command(BaseCommand):
    help = "Train on one file of labelled texts, judge another, and print how well it went."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--train", type=Path, required=True, help="tab-separated file with a header, UTF-8")
        parser.add_argument("--test", type=Path, required=True, help="the same, with texts that --train does not hold")
        parser.add_argument("--text", default="text", help="the column of the texts")
        parser.add_argument("--labels", default="labels", help="the column of the labels, separated by |")
        parser.add_argument("--single", action="store_true", help="each text has exactly one label")
        parser.add_argument("--language", help="de, en, …; without it, the texts tell")
        parser.add_argument("--keywords", type=Path, help="YAML: words that speak for a label")
        parser.add_argument("--embeddings", type=Path, help="directory of a sentence model, tried beside the words")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, **options) -> None:
        try:
            known, unseen = (
                read_table(options[name], options["text"], options["labels"], options["single"])
                for name in ("train", "test")
            )
            keywords = read_keywords(options["keywords"]) if options["keywords"] else None
            embed = embeddings.load(options["embeddings"]) if options["embeddings"] else None
        except (TableError, embeddings.UnusableEmbeddings) as error:
            raise CommandError(str(error)) from error
        if not learnable(known):
            raise CommandError(
                _("%(file)s, column “%(column)s”: a label needs two texts with it and one without. Add labelled texts.")
                % {"file": options["train"].name, "column": options["labels"]}
            )
        language = _language(options["language"])
        figures = evaluate(known, unseen, language, keywords=keywords, single=options["single"], embed=embed)
        self._print(figures, options["json"])

    def _print(self, figures: Figures, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(asdict(figures), ensure_ascii=False, indent=2))
            return
        for name, value in asdict(figures).items():
            if not isinstance(value, tuple):
                self.stdout.write(f"{name:22} {value:.4f}" if isinstance(value, float) else f"{name:22} {value}")
        for labels, note in (
            (figures.only_in_test, _("only in the test file, so every one is missed: %(labels)s")),
            (figures.too_few, _("too few training texts to learn from: %(labels)s")),
            (figures.keywords_unused, _("keywords for labels that were not learnt: %(labels)s")),
        ):
            if labels:
                self.stdout.write(note % {"labels": ", ".join(labels)})


def _language(given: str | None) -> str | None:
    if given is None:
        return None
    if not re.fullmatch(r"[a-zA-Z]{2}([-_]\w+)?", given):
        raise CommandError(_("“%(given)s” is not a language code. Write de, en, … or leave it out.") % {"given": given})
    return given[:2].lower()
