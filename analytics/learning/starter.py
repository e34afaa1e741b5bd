"""What is known of comments before a client has corrected one: labelled comments of our own, German and English.

Written for this purpose by people who know the trade, in `starter/*.tsv`: one comment a line with the themes of the
starter taxonomy (`key:+`, `key:-` or `key:0`) and the signals in it.
"""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from analytics.learning.examples import Example

LANGUAGES = ("de", "en")
SENTIMENTS = {"+": 1, "0": 0, "-": -1}
_HERE = Path(__file__).parent / "starter"


@cache
def comments(language: str) -> tuple[Example, ...]:
    """The starter comments of a language, by the keys of the starter taxonomy; () where we have written none."""
    return tuple(_read(_HERE / f"{language}.tsv")) if language in LANGUAGES else ()


def _read(path: Path) -> Iterator[Example]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            marks = [mark.rsplit(":", 1) for mark in row["themes"].split("|") if mark]
            yield Example(row["text"], {key: SENTIMENTS[sign] for key, sign in marks})
