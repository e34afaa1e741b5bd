"""One spelling for many, and lists of words by how they are written: wort, wort*, *wort, *wort* and all their forms."""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

REMEMBERED = 20_000  # words, folded

_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "'": "", "-": ""})
_ELONGATED_VOWEL = re.compile(r"([aeiouy])\1{2,}")
_ELONGATED = re.compile(r"(\w)\1{2,}")
_DOUBLED = re.compile(r"(\w)\1")


@lru_cache(maxsize=REMEMBERED)
def fold(word: str) -> str:
    """One spelling for many: "Schoen", "schöön" and "SCHÖN" (lowered) are the same word."""
    word = word.translate(_OUT)
    if not _DOUBLED.search(word):  # as most words
        return word
    word = _ELONGATED.sub(r"\1\1", _ELONGATED_VOWEL.sub(r"\1", word))
    return _DOUBLED.sub(r"\1", word) if len(word) > 4 else word


class Parts(defaultdict[str, set]):
    """What parts of words stand for. Enter all of them before the first is looked for."""

    def __init__(self) -> None:
        super().__init__(set)
        self._lengths: dict[str, set[int]] | None = None  # of the parts, by as many letters as the shortest has
        self._head = 0

    def beginning(self, word: str) -> list[set]:
        """What each part stands for that `word` begins with. Most words are seen by their head to begin with none."""
        if self._lengths is None:
            self._sort()
        return [self[word[:length]] for length in self._lengths.get(word[: self._head], ()) if word[:length] in self]

    def within(self, word: str) -> list[set]:
        """What each part stands for that stands anywhere in `word`."""
        if self._lengths is None:
            self._sort()
        heads = [word[start : start + self._head] for start in range(len(word))]
        begun = [(start, self._lengths[head]) for start, head in enumerate(heads) if head in self._lengths]
        parts = [word[start : start + length] for start, lengths in begun for length in lengths]
        return [self[part] for part in parts if part in self]

    def _sort(self) -> None:
        head, lengths = min(map(len, self), default=0), defaultdict(set)
        for part in self:
            lengths[part[:head]].add(len(part))
        self._head, self._lengths = head, dict(lengths)  # the lengths last: another thread may be waiting for them


class Spellings:
    """Lists of words: for each the values under which it was entered, numbers or names."""

    def __init__(self) -> None:
        self.exact: dict[str, set] = defaultdict(set)
        self.prefixes = Parts()
        self._suffixes = Parts()  # back to front
        self._infixes = Parts()

    def enter(self, spec: str, value, forms: Iterable[str] = ()) -> None:
        """By `spec`: wort* beginning, *wort ending, *wort* containing it, wort~ in each of its `forms`, or itself."""
        stem = fold(spec.strip("*~"))
        if not stem:  # a wildcard alone names no word
            return
        if spec.endswith("~"):
            for form in forms:
                self.exact[fold(form)].add(value)
        elif spec.startswith("*") and spec.endswith("*"):
            self._infixes[stem].add(value)
        elif spec.startswith("*"):
            self._suffixes[stem[::-1]].add(value)
        elif spec.endswith("*"):
            self.prefixes[stem].add(value)
        else:
            self.exact[stem].add(value)

    def of(self, word: str) -> set:
        """The values of a (folded) word. Time is linear in its length."""
        found = set(self.exact.get(word, ()))
        prefixes, suffixes = self.prefixes.beginning(word), self._suffixes.beginning(word[::-1])
        return found.union(*prefixes, *suffixes, *self._infixes.within(word))
