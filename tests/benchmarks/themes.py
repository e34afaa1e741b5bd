"""How well and how fast the starter rules read: `python -m tests.benchmarks.themes` prints JSON.

*gold*: comments of our own, judged before the rules were written; every second one is held out, from the second on.
*strangers*: clauses that somebody else wrote for the demo, with the theme and sentiment they were meant to carry; every
second one is held out, from the first on. The bare limit of the speed is one regular expression over the same texts.
*client*: a model that learnt from every second starter comment and asks the rules, as a client's does, on the others:
at first sight and once their words are known.
*training*: 10,000 comments of 23 themes, three starter comments each, drawn by a fixed seed: seconds of processor time,
and the most memory that the process has ever held. Without that, `python -m tests.benchmarks.themes quick`.
"""

import csv
import json
import os
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django
import numpy as np

from analytics.learning import Example, starter, train
from analytics.rules import read
from feedback_loop.demo import phrases_de, phrases_en

GOLD = Path(__file__).parent.parent / "analytics"
PHRASES = {"de": phrases_de, "en": phrases_en}
SENTIMENTS = {"+": 1, "-": -1, "~": -1, "o": 0, "0": 0}
Labelled = tuple[str, dict[str, int]]  # a text and what it carries: sentiment by theme


def gold(language: str) -> list[Labelled]:
    with (GOLD / f"gold_{language}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    marks = [[mark.rsplit(":", 1) for mark in row["themes"].split("|") if mark] for row in rows]
    return [(row["text"], {key: SENTIMENTS[sign] for key, sign in m}) for row, m in zip(rows, marks, strict=True)]


def strangers(language: str) -> list[Labelled]:
    """The demo's clauses, a plain word or number in each slot."""
    words = PHRASES[language].WORDS

    def slot(match: re.Match) -> str:
        return words[match[1]].split("|")[0] if match[1] in words else "25"

    found = []
    for theme, block in PHRASES[language].THEMES.items():
        for line in block.strip().splitlines():
            mark, text = line.split(" ", 1)
            text = re.sub(r"\[\[(.*?)\|.*?\]\]", r"\1", text)
            found.append((re.sub(r"\{(\w+)\}", slot, text), {theme: SENTIMENTS[mark[0]]}))
    return found


def judge(rows: list[Labelled], language: str) -> dict[str, float]:
    """Micro-F1, recall and precision of the themes, and the sentiment of those that were found."""
    hits = missed = wrong = right_sentiment = unclassified = 0
    for text, wanted in rows:
        reading = read(text, language)
        found = {finding.theme: finding.sentiment for finding in reading.findings}
        hits += len(found.keys() & wanted.keys())
        missed += len(wanted.keys() - found.keys())
        wrong += len(found.keys() - wanted.keys())
        right_sentiment += sum(found[key] == wanted[key] for key in found.keys() & wanted.keys())
        unclassified += reading.outcome == "unclassified"
    return {
        "n": len(rows),
        "micro_f1": round(2 * hits / (2 * hits + missed + wrong), 3),
        "recall": round(hits / (hits + missed), 3),
        "precision": round(hits / (hits + wrong), 3),
        "sentiment": round(right_sentiment / hits, 3),
        "unclassified": round(unclassified / len(rows), 3),
    }


def per_second(work: Callable[[str, str], object], texts: list[tuple[str, str]]) -> int:
    """The best of five passes, in processor time."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for text, language in texts:
            work(text, language)
        best = min(best, time.process_time() - began)
    return round(len(texts) / best)


def client(language: str) -> dict[str, int]:
    """Comments per second of processor time."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from analytics import readers  # needs the apps

    comments = starter.comments(language)
    model = train(comments[::2], language, embeds=readers.embeds(language))
    readers._by_model(model, (), [comment.text for comment in comments[::2]])
    texts, rates = [comment.text for comment in comments[1::2]], []
    for _ in range(4):
        began = time.process_time()
        readers._by_model(model, (), texts)
        rates.append(len(texts) / (time.process_time() - began))
    return {"asks_the_rules": readers.HITS in model.embeds, "first_sight": round(rates[0]), "known": round(max(rates))}


def training(language: str) -> dict[str, int | float]:
    comments = starter.comments(language)
    drawn = np.random.default_rng(0).integers(len(comments), size=(10_000, 3))
    examples = [
        Example(" ".join(comments[place].text for place in three), {k: 0 for p in three for k in comments[p].themes})
        for three in drawn
    ]
    began = time.process_time()
    model = train(examples, language)
    return {
        "themes": len(model.keys),
        "seconds": round(time.process_time() - began, 1),
        "peak_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    large = {} if sys.argv[1:] == ["quick"] else {"training": training("de")}
    texts = [(text, language) for language in PHRASES for text, _ in gold(language) * 3]
    pattern = re.compile(r"\w+")
    print(
        json.dumps(
            {
                **large,
                "gold_held_out": {language: judge(gold(language)[1::2], language) for language in PHRASES},
                "strangers_held_out": {language: judge(strangers(language)[::2], language) for language in PHRASES},
                "comments_per_second": per_second(read, texts),
                "client": {language: client(language) for language in PHRASES},
                "bare_limit_per_second": per_second(lambda text, _: pattern.findall(text.lower()), texts),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
