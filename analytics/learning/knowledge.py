"""What is known before a single example: words that mean kindred things, and the keywords somebody gave for a theme.

The classes are our own word lists, one file per language. A model that learnt "pasta" thereby knows something about
"ravioli"; with few examples that is most of what it knows.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from analytics.rules.spelling import Spellings, fold

CLASS, KEYWORD = "c", "k"  # how the names of these features begin
COMPOUND = 5  # letters from which on a keyword is also found inside a longer word
ENDINGS = {
    "de": ("", "e", "er", "es", "en", "em", "n", "s"),
    "en": ("", "s", "es", "d", "ed", "ing", "ly", "er", "est", "y"),
}
_HERE = Path(__file__).parent / "classes"


class Knowledge:
    """Names of features for a word: the classes it belongs to, the themes whose keywords it holds."""

    def __init__(self, language: str, keywords: Mapping | None = None):
        self.language = language
        self.keywords = {theme: list(words_of(given)) for theme, given in (keywords or {}).items()}
        self._classes = _classes(language)
        self._given = WordLists(self.keywords, language)

    def of_word(self, word: str) -> Iterator[str]:
        folded = fold(word)
        names = self._classes.holding(folded)
        yield from (CLASS + name for name in names | {name.partition(".")[0] for name in names})
        if self.keywords:
            yield from (KEYWORD + theme for theme in self._given.holding(folded))


class WordLists:
    """Lists of words by name, written as in rule files; wort~ with its endings."""

    def __init__(self, lists: Mapping[str, Iterable[str]], language: str):
        self._spellings = Spellings()
        endings = ENDINGS.get(language, ("",))
        for name, words in lists.items():
            for word in words:
                self._spellings.enter(word, name, _forms(word.rstrip("~"), endings))
        self.holding = self._spellings.of


def _forms(word: str, endings: Iterable[str]) -> Iterator[str]:
    for ending in endings:
        yield word + ending
        yield re.sub(r"e?$|y$", "", word) + ending


def words_of(given) -> Iterator[str]:
    """The words of a keyword list however it was written: one text with commas, a list, or lists by kind.

    A word of five letters and more is also looked for inside longer ones: German inflects and compounds.
    """
    if isinstance(given, str):
        for word in re.split(r"[,;\n]+", given.lower()):
            word = word.strip()
            if word:
                yield word if "*" in word or "~" in word or len(word) < COMPOUND else f"*{word}*"
    elif isinstance(given, Mapping):
        for part in given.values():
            yield from words_of(part)
    else:
        for part in given or ():
            yield from words_of(part if isinstance(part, Mapping | list) else str(part))


@cache
def _classes(language: str) -> WordLists:
    path = _HERE / f"{language}.txt"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    rows = (line.split(":", 1) for line in lines if line.strip() and not line.startswith("#"))
    return WordLists({name: words.split() for name, words in rows}, language)
