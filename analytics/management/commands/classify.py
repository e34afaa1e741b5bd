"""Label a file of comments: `manage.py classify --taxonomy starter --input X.tsv --output Y.tsv`."""

import csv
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from analytics import text
from analytics.classification import SPOKEN
from analytics.learning.tables import TableError, read_rows
from analytics.readers import Judgement, Reader, reader_for, rules_reader
from surveys.models import Client

SIGNS = {1: "+", 0: "0", -1: "-"}
COLUMNS = ("themes", "signals", "language", "confidence")
STARTER = "starter"


class Command(BaseCommand):
    help = "Read each comment of a tab-separated file, and write themes, signals, language and confidence beside it."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--taxonomy", default=STARTER, help="“starter”, or the short name of a client")
        parser.add_argument("--input", type=Path, required=True, help="tab-separated file with a header, UTF-8")
        parser.add_argument("--output", type=Path, required=True, help="where to write it with four more columns")
        parser.add_argument("--text", default="text", help="the column of the comments")
        parser.add_argument("--language", default="", help="de, en, …; without it, each comment tells")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, **options) -> None:
        reader_of = self._readers(options["taxonomy"])
        try:
            rows = read_rows(options["input"], options["text"])
        except TableError as error:
            raise CommandError(str(error)) from error
        began = time.perf_counter()
        judged = _judged([row[options["text"]] for row in rows], reader_of, options["language"])
        seconds = time.perf_counter() - began
        kept = [name for name in rows[0] if name not in COLUMNS]
        written = [[row[name] for name in kept] + _cells(*said) for row, said in zip(rows, judged, strict=True)]
        _write(options["output"], [[*kept, *COLUMNS], *written])
        self._say(judged, seconds, options["json"])

    def _readers(self, taxonomy: str) -> Callable[[str], Reader]:
        if taxonomy == STARTER:
            return rules_reader
        client = Client.objects.filter(slug=taxonomy).first()
        if client is None:
            raise CommandError(f"There is no client “{taxonomy}”. Use “{STARTER}” or a client's short name.")
        return lambda language: reader_for(client, language)

    def _say(self, judged: list[tuple[str, Judgement]], seconds: float, as_json: bool) -> None:
        outcomes = Counter(str(judgement.outcome) for _language, judgement in judged)
        figures = {
            "comments": len(judged),
            "themes": outcomes["themes"],
            "unclassified": outcomes["unclassified"],
            "empty": outcomes["empty"],
            "languages": dict(Counter(language for language, _judgement in judged).most_common()),
            "seconds": round(seconds, 3),
            "comments_per_second": round(len(judged) / seconds, 1),
        }
        self.stdout.write(json.dumps(figures) if as_json else "\n".join(f"{k:22} {v}" for k, v in figures.items()))


def _judged(texts: list[str], reader_of: Callable[[str], Reader], language: str) -> list[tuple[str, Judgement]]:
    """The language and the judgement of each; one that is too short to tell has the language of most."""
    told = [language or text.language_of(said, SPOKEN, fallback="") for said in texts]
    most = Counter(filter(None, told)).most_common(1)
    languages = [found or (most[0][0] if most else "en") for found in told]
    places = defaultdict(list)
    for place, found in enumerate(languages):
        places[found].append(place)
    judged: dict[int, Judgement] = {}
    for found, members in places.items():
        judged |= zip(members, reader_of(found).judge([texts[place] for place in members]), strict=True)
    return [(languages[place], judged[place]) for place in range(len(texts))]


def _cells(language: str, judgement: Judgement) -> list[str]:
    """Confidence is that of the least sure theme; empty without one."""
    themes = "|".join(f"{finding.theme}:{SIGNS[finding.sentiment]}" for finding in judgement.findings)
    least = min((finding.confidence for finding in judgement.findings), default=None)
    return [themes, "|".join(judgement.signals), language, "" if least is None else f"{least:.3f}"]


def _write(path: Path, rows: list[list[str]]) -> None:
    """Without quotes, as it is read; with them only if a comment has several lines."""
    has_lines = any(mark in cell for row in rows for cell in row for mark in "\n\t")
    quoting = {"quoting": csv.QUOTE_MINIMAL} if has_lines else {"quoting": csv.QUOTE_NONE, "quotechar": None}
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n", **quoting).writerows(rows)
