"""One spelling for many, and lists of words by how they are written: wort, wort*, *wort, *wort* and all their forms."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import chain

GRAM = 3  # letters by which parts of words are looked for

_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "'": "", "-": ""})
_ELONGATED_VOWEL = re.compile(r"([aeiouy])\1{2,}")
_ELONGATED = re.compile(r"(\w)\1{2,}")
_DOUBLED = re.compile(r"(\w)\1")


def fold(word: str) -> str:
    """One spelling for many: "Schoen", "schöön" and "SCHÖN" (lowered) are the same word."""
    if not (word.isascii() and word.isalpha()):  # most are both, and none of these steps is for most words
        word = word.translate(_OUT)
    if not _DOUBLED.search(word):
        return word
    if _ELONGATED.search(word):
        word = _ELONGATED.sub(r"\1\1", _ELONGATED_VOWEL.sub(r"\1", word))
    return _DOUBLED.sub(r"\1", word) if len(word) > 4 else word


class Parts(defaultdict[str, set]):
    """What parts of words stand for. Enter all of them before the first is looked for."""

    def __init__(self) -> None:
        super().__init__(set)
        self._by_gram: dict[str, list[str]] | None = None  # parts by those of their neighbouring letters that few have
        self._size = 0  # of a gram, letters

    def within(self, word: str) -> list[set]:
        """What each part stands for that stands anywhere in `word`. Most of a word's grams belong to no part."""
        by_gram = self._by_gram if self._by_gram is not None else self._sorted()
        size, found = self._size, []
        for start in range(len(word) - size + 1):
            if (gram := word[start : start + size]) in by_gram:
                found += [self[part] for part in by_gram[gram] if part in word]
        return found

    def _sorted(self) -> dict[str, list[str]]:
        self._size = size = min([GRAM, *map(len, self)])
        grams = {part: [part[start : start + size] for start in range(len(part) - size + 1)] for part in self}
        common, by_gram = Counter(chain.from_iterable(grams.values())), defaultdict(list)
        for part, own in grams.items():
            by_gram[min(own, key=common.__getitem__)].append(part)
        self._by_gram = dict(by_gram)  # last: another thread may be waiting for it
        return self._by_gram


class Spellings:
    """Lists of words: for each the values under which it was entered, numbers or names."""

    def __init__(self) -> None:
        self.exact: dict[str, set] = defaultdict(set)
        self.parts = Parts()  # where a word begins or ends, with a space

    def enter(self, spec: str, value, forms: Iterable[str] = ()) -> None:
        """By `spec`: wort* beginning, *wort ending, *wort* containing it, wort~ in each of its `forms`, or itself."""
        stem = fold(spec.strip("*~"))
        if not stem:  # a wildcard alone names no word
            return
        if spec.endswith("~"):
            for form in forms:
                self.exact[fold(form)].add(value)
        elif "*" in (spec[0], spec[-1]):
            self.parts[f"{'' if spec[0] == '*' else ' '}{stem}{'' if spec[-1] == '*' else ' '}"].add(value)
        else:
            self.exact[stem].add(value)

    def of(self, word: str) -> set:
        """The values of a (folded) word."""
        return set(self.exact.get(word, ())).union(*self.parts.within(f" {word} "))
