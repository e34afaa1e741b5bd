"""A comment as a row of numbers: its words, pairs of words, parts of words, word classes and keywords.

Everything but the pairs belongs to single words, so that a word is taken apart once and remembered: a batch is one
table of words times one table of parts. Counts are dampened (1 + log), weighted by rarity (idf) and brought to length
one per kind of feature (Salton and Buckley 1988, Information Processing & Management 24, 513-523).
"""

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, pairwise

import numpy as np
from scipy import sparse

from analytics import rules
from analytics.learning.knowledge import CLASS, KEYWORD

WORDS_READ = 2_000  # of a comment, as the rules do; what comes later is not judged
LONGEST_WORD = 40  # letters looked at
PARTS = range(3, 6)  # letters of a part of a word; those of two letters found no more
LONGEST_FIRST = PARTS[::-1]
ROWS = 500  # weighted at a time: bounds the memory
REMEMBERED = 50_000  # words, of some 250 bytes each; then memory starts afresh
WORD, PAIR, PART = "w", "p", "l"  # how the names of these features begin
COLUMN = np.int32().itemsize  # bytes
BLOCKS = {WORD: 0, PAIR: 0, PART: 1, CLASS: 2, KEYWORD: 3}  # what is brought to one length together
WEIGHTS = np.array([1.0, 1.0, 1.0, 0.4])  # of the blocks

_DIGIT = re.compile(r"\d")
_TOKEN = re.compile(r"(?! )(?:[^\W\d_]+(?:['-][^\W\d_]+)*|\d+|[!?]+|[^\s\w]|_+)")

Reader = Callable[[str], Iterable[str]]
"""Names of further features of one word."""


def own_words(text: str) -> str:
    """The customer's own words as the rules read them, digits alike, at the same length."""
    return _DIGIT.sub("0", rules.own_words(text))


def spoken(text: str) -> list[str]:
    """The customer's own words, numbers and signs, in order."""
    return [word[:LONGEST_WORD] for word in _TOKEN.findall(own_words(text))[:WORDS_READ]]


class Features:
    """A fixed list of features with their weights. Texts come as lists of words, see `spoken`."""

    def __init__(self, names: Sequence[str], idf: np.ndarray, reader: Reader):
        self.idf = np.asarray(idf, np.float32)
        self._reader = reader
        self._names = "\n".join(names)  # much smaller than one by one
        self._block = np.array([BLOCKS[name[0]] for name in names], np.intp)
        self._pairs: dict[tuple[str, ...], int] = {}
        self._columns: dict[str, dict[str, bytes]] = {kind: {} for kind in BLOCKS}  # in COLUMN bytes each
        for column, name in enumerate(names):
            self._enter(name[0], name[1:], column)
        self._remembered: dict[str, bytes] = {}

    @property
    def names(self) -> list[str]:
        """In the order of the columns."""
        return self._names.split("\n") if self._names else []

    @classmethod
    def of(cls, said: Sequence[Sequence[str]], reader: Reader, least: int = 1) -> "Features":
        """The features found in at least `least` of the texts, equally weighted."""
        columns: dict[str, int] = {}
        words = {word: _numbered(_of_word(word, reader), columns) for word in dict.fromkeys(chain.from_iterable(said))}
        pairs = [_numbered([PAIR + " ".join(pair) for pair in pairwise(_words(line))], columns) for line in said]
        times = np.zeros(len(columns), np.int32)
        for line, own in zip(said, pairs, strict=True):
            times[np.concatenate([own, *(words[word] for word in line)])] += 1  # once, however often it stands there
        names = [name for name, count in zip(columns, times, strict=True) if count >= least]
        return cls(names, np.ones(len(names)), reader)

    def counts(self, said: Sequence[Sequence[str]]) -> sparse.csr_matrix:
        """How often each feature stands in each text."""
        place: dict[str, int] = defaultdict(lambda: len(place))
        places = np.fromiter(map(place.__getitem__, chain.from_iterable(said)), np.int32)
        columns = [self._columns_of(word) for word in place]
        lengths = [len(own) // COLUMN for own in columns]
        of_words = _rows(places, [*map(len, said)], len(place)) @ _rows(
            np.frombuffer(b"".join(columns), np.int32), lengths, len(self.idf)
        )
        known = self._pairs.get
        pairs = [[column for column in map(known, pairwise(_words(line))) if column is not None] for line in said]
        counted = of_words + _table(pairs, len(self.idf))
        return counted.tocsc().tocsr()  # in order, so that a text adds up to the same last digit in any company

    def weighted(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        """Counts as weights, each block of features of its own length in each row."""
        data = np.empty(len(counts.data), np.float32)
        for first in range(0, counts.shape[0], ROWS):
            ends = counts.indptr[first : first + ROWS + 1]
            here = slice(ends[0], ends[-1])
            data[here] = self._weights(counts.data[here], counts.indices[here], np.diff(ends))
        return sparse.csr_matrix((data, counts.indices, counts.indptr), counts.shape)

    def _weights(self, counts: np.ndarray, columns: np.ndarray, widths: np.ndarray) -> np.ndarray:
        data = (1 + np.log(counts, dtype=np.float32)) * self.idf[columns]
        block = self._block[columns]
        cell = np.repeat(np.arange(len(widths)) * len(WEIGHTS), widths) + block
        length = np.sqrt(np.bincount(cell, data**2, minlength=len(widths) * len(WEIGHTS)))
        return data / length[cell] * WEIGHTS[block]

    def learn_rarity(self, counts: sparse.csr_matrix) -> None:
        """Set the weights from the texts that `counts` counts: log((1 + n) / (1 + texts with it)) + 1."""
        holding = np.bincount(counts.indices, minlength=len(self.idf))
        self.idf = (np.log((1 + counts.shape[0]) / (1 + holding)) + 1).astype(np.float32)

    def unknown(self, words: Sequence[str]) -> float:
        """The share of a text's words that no example contained."""
        real = [word for word in words if word[0].isalpha()]
        return (len(real) - sum(map(self._columns[WORD].__contains__, real))) / max(len(real), 1)

    def _enter(self, kind: str, name: str, column: int) -> None:
        """A part stands for those that it begins with, too: no text that it was found in is without them."""
        if kind == PAIR:
            self._pairs[tuple(map(sys.intern, name.split(" ")))] = column  # the words of many pairs are the same
        else:
            own, shorter = self._columns[kind], name[:-1] if kind == PART else ""
            own[name] = own.get(shorter, b"") + column.to_bytes(COLUMN, sys.byteorder)

    def _columns_of(self, word: str) -> bytes:
        columns = self._remembered.get(word)
        if columns is None:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            columns = self._remembered[word] = b"".join(self._looked_up(word))
        return columns

    def _looked_up(self, word: str) -> list[bytes]:
        """What is known of the word as a whole, and from each of its letters on the longest part."""
        found = [self._columns[name[0]].get(name[1:], b"") for name in (WORD + word, *self._reader(word))]
        known, framed = self._columns[PART], f" {word} "
        for start in range(len(word)):
            for size in LONGEST_FIRST:
                if (part := framed[start : start + size]) in known:
                    found.append(known[part])
                    break
        return found


def beside(rows: sparse.csr_matrix, *blocks: np.ndarray) -> sparse.csr_matrix:
    """The rows with vectors (of embeddings) beside them, each vector brought to length one."""
    if not blocks:
        return rows
    lengths = [np.maximum(np.linalg.norm(block, axis=1, keepdims=True), 1e-12) for block in blocks]
    even = [sparse.csr_matrix(block / length) for block, length in zip(blocks, lengths, strict=True)]
    return sparse.hstack([rows, *even], format="csr")


def _numbered(names: Iterable[str], numbers: dict[str, int]) -> np.ndarray:
    """The number of each name; one that had none is given the next."""
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int32)


def _of_word(word: str, reader: Reader) -> list[str]:
    framed = f" {word} "
    parts = [PART + framed[start : start + size] for size in PARTS for start in range(len(framed) - size + 1)]
    return [*([WORD + word] if word[0].isalnum() else ()), *reader(word), *parts]


def _words(line: Sequence[str]) -> list[str]:
    return [word for word in line if word[0].isalnum()]


def _table(lines: Sequence[Sequence[int]], width: int) -> sparse.csr_matrix:
    """One row per line with the columns it names, as often as it names them."""
    lengths = [*map(len, lines)]
    return _rows(np.fromiter(chain.from_iterable(lines), np.int32, sum(lengths)), lengths, width)


def _rows(columns: np.ndarray, lengths: Sequence[int], width: int) -> sparse.csr_matrix:
    """A row for each so many of the columns."""
    ends = np.cumsum([0, *lengths])
    return sparse.csr_matrix((np.ones(len(columns), np.float32), columns, ends), (len(lengths), width))
