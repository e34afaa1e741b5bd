"""The little language in which keyword rules are written, and how its phrases are found in a comment.

A rule file names words and phrases, separated by commas or line ends. In a phrase

    wort        that word                       wort*  *wort  *wort*   a word beginning, ending, containing it
    wort~       the word and its usual endings  a|b                    either
    wort?       may be missing                  a|b+c                  one word or two (log+in|login)
    #           a number, in digits or words    @name                  any word of the set `name`
    ..          up to five words in between, no comma, no negation

Words are compared folded: umlauts written out, doubled letters single, elongations ("suuuper") shortened. Words of
seven letters and more are also found with one letter missing or two neighbours swapped. The work is a handful of
dictionary look-ups per distinct word, so that the time is linear in the length of the comment.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

APART = ("said", "complaint", "wish", "peak")  # kinds of list whose phrases stand beside all others
GAP = 5  # words that ".." may span; never a comma or a negation
TYPO_LETTERS = 7  # shorter words have too many neighbours to forgive a typing error
LONGEST_WORD = 40  # letters looked at; longer "words" are noise
_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "'": "", "-": ""})
_ELONGATED_VOWEL = re.compile(r"([aeiouy])\1{2,}")
_ELONGATED = re.compile(r"(\w)\1{2,}")
_DOUBLED = re.compile(r"(\w)\1")
_ENDINGS = {
    "de": ("e", "er", "es", "en", "em", "ere", "erer", "eres", "eren", "ste", "sten", "s", "n"),
    "en": ("s", "es", "d", "ed", "ing", "ly", "er", "est", "y"),
}


@dataclass(frozen=True, slots=True)
class Word:
    """One word, number or emoji of a comment; `start` and `end` point into the comment as stored."""

    text: str
    start: int
    end: int
    sentence: int
    after_pause: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """What a phrase stands for: a list of the rule file (`group`) and the part of it (`kind`)."""

    group: str
    kind: str


@dataclass(frozen=True, slots=True)
class Match:
    label: Label
    places: tuple[int, ...]  # indexes of the words that matched, gaps left out

    @property
    def first(self) -> int:
        return self.places[0]

    @property
    def last(self) -> int:
        return self.places[-1]


def fold(word: str) -> str:
    """One spelling for many: "Schoen", "schöön" and "SCHÖN" (lowered) are the same word."""
    word = word.translate(_OUT)
    word = _ELONGATED.sub(r"\1\1", _ELONGATED_VOWEL.sub(r"\1", word))
    return _DOUBLED.sub(r"\1", word) if len(word) > 4 else word


def ways(part: str) -> list[str]:
    """The ways to read one part of a phrase: missing, as alternatives of one word each, or as several words."""
    words = part.removesuffix("?").split("|")
    single = "|".join(word for word in words if "+" not in word)
    several = [word for word in words if "+" in word]
    return [*([single] if single else []), *several, *([""] if part.endswith("?") else [])]


def matches(words: Sequence[Word], lexicons: Iterable["Lexicon"]) -> list[Match]:
    """What any of the lexicons finds, longest first, none inside a longer one."""
    found = set().union(*(lexicon.found(words) for lexicon in lexicons))
    return _without_contained(sorted(found, key=_longest_first))


class Lexicon:
    """All phrases of one rule file, compiled. Slots are numbered; so many words are looked up once and remembered."""

    def __init__(
        self, language: str, sets: dict[str, str], groups: dict[str, dict[str, str]], remembered: int = 50_000
    ) -> None:
        self._language = language
        self._sets = {name: tuple(_items(text, r"[\s,]+")) for name, text in sets.items()}
        self._slots: dict[str, int] = {}
        self._exact: dict[str, set[int]] = defaultdict(set)
        self._prefix: dict[str, set[int]] = defaultdict(set)
        self._suffix: dict[str, set[int]] = defaultdict(set)
        self._infix: dict[str, set[int]] = defaultdict(set)
        self._misspelt_exact: dict[str, set[int]] = defaultdict(set)
        self._misspelt_prefix: dict[str, set[int]] = defaultdict(set)
        self._by_ends: dict[int, dict[int, list[tuple[tuple[int | None, ...], Label]]]] = defaultdict(dict)
        self._negators: set[int] = set()
        self._number = self._slot("@numbers")
        for group, kinds in groups.items():
            for kind, text in kinds.items():
                for phrase in _items(text, r"[,\n]+"):
                    self._add(phrase, Label(group, kind))
        self._forgive_typing_errors()
        self._infix_lengths = sorted({len(part) for part in self._infix})
        self.slots_of = lru_cache(maxsize=remembered)(self._look_up)
        self.begun_by = lru_cache(maxsize=remembered // 10)(self._begun_by)

    def found(self, words: Sequence[Word]) -> set[Match]:
        """Every phrase in its places; it never crosses a sentence end."""
        slots = [self.slots_of(word.text) for word in words]
        present = frozenset().union(*slots)
        return {
            Match(label, places)
            for index, word in enumerate(words)
            if (by_last := self.begun_by(word.text))
            for last in by_last.keys() & present
            for pattern, label in by_last[last]
            if (places := self._follow(pattern, 1, (index,), words, slots))
        }

    def _begun_by(self, word: str) -> dict[int, list[tuple[tuple[int | None, ...], Label]]]:
        """The phrases that may begin with `word`, by the slot of their last word."""
        found = defaultdict(list)
        for slot in self.slots_of(word):
            for last, phrases in self._by_ends.get(slot, {}).items():
                found[last] += phrases
        return dict(found)

    def _follow(self, pattern, step, places, words, slots) -> tuple[int, ...] | None:
        """The places of the rest of `pattern` after `places`, or None. Depth is the pattern's, breadth its gaps'."""
        if step == len(pattern):
            return places
        last = places[-1]
        is_gap = pattern[step] is None
        step += is_gap
        for index in range(last + 1, min(last + 2 + is_gap * GAP, len(words))):
            if words[index].sentence != words[last].sentence or (is_gap and words[index].after_pause):
                return None
            if pattern[step] in slots[index]:
                rest = self._follow(pattern, step + 1, (*places, index), words, slots)
                if rest:
                    return rest
            if is_gap and not self._negators.isdisjoint(slots[index]):
                return None
        return None

    def _add(self, phrase: str, label: Label) -> None:
        for choice in product(*(ways(part) for part in phrase.split())):
            parts = [word for part in choice for word in part.split("+") if word]
            pattern = tuple(None if part == ".." else self._slot(part) for part in parts)
            if pattern[0] is None or pattern[-1] is None:
                raise ValueError(f"A phrase begins and ends with a word: {phrase!r}")
            self._by_ends[pattern[0]].setdefault(pattern[-1], []).append((pattern, label))
            if label.kind == "negator" and len(pattern) == 1:
                self._negators.add(pattern[0])

    def _slot(self, spec: str) -> int:
        """The number of a slot; the first time, its words are entered into the look-up tables."""
        if spec == "#":
            return self._number
        if spec not in self._slots:
            self._slots[spec] = len(self._slots)
            for word in self._alternatives(spec):
                self._enter(word, self._slots[spec])
        return self._slots[spec]

    def _alternatives(self, spec: str) -> Iterator[str]:
        for word in spec.split("|"):
            if word.startswith("@"):
                if word[1:] not in self._sets:
                    raise ValueError(f"There is no set of words of this name: {word!r}")
                for member in self._sets[word[1:]]:
                    yield from self._alternatives(member)
            else:
                yield word

    def _enter(self, word: str, slot: int) -> None:
        stem = fold(word.strip("*~"))
        if word.endswith("~"):
            for form in self._forms(word[:-1]):
                self._exact[fold(form)].add(slot)
        elif word.startswith("*") and word.endswith("*"):
            self._infix[stem].add(slot)
        elif word.startswith("*"):
            self._suffix[stem].add(slot)
        elif word.endswith("*"):
            self._prefix[stem].add(slot)
        else:
            self._exact[stem].add(slot)

    def _forms(self, word: str) -> Iterator[str]:
        yield word
        for ending in _ENDINGS[self._language]:
            yield word + ending
            if word.endswith("e"):
                yield word[:-1] + ending
            if word.endswith("y"):
                yield word[:-1] + "i" + ending

    def _forgive_typing_errors(self) -> None:
        for table, misspelt in ((self._exact, self._misspelt_exact), (self._prefix, self._misspelt_prefix)):
            for stem, slots in table.items():
                if len(stem) >= TYPO_LETTERS and stem.isalpha():
                    for variant in _misspelt(stem):
                        misspelt[variant].update(slots)

    def _look_up(self, word: str) -> frozenset[int]:
        if word[0].isdigit():
            return frozenset((self._number, *self._exact.get(word, ())))
        slots = self._spelt(fold(word[:LONGEST_WORD]))
        if "-" in word:
            slots.update(*(self._spelt(fold(part)) for part in word[:LONGEST_WORD].split("-") if part))
        return frozenset(slots or self._misspelt_as(fold(word[:LONGEST_WORD])))

    def _spelt(self, word: str) -> set[int]:
        size = len(word)
        slots = set(self._exact.get(word, ()))
        for cut in range(1, size + 1):
            slots.update(self._prefix.get(word[:cut], ()))
            slots.update(self._suffix.get(word[size - cut :], ()))
        for length in self._infix_lengths:
            for start in range(size - length + 1):
                slots.update(self._infix.get(word[start : start + length], ()))
        return slots

    def _misspelt_as(self, word: str) -> set[int]:
        """The slots of the listed word that `word` is, or begins with, once one typing error is forgiven."""
        slots = set(self._misspelt_exact.get(word, ()))
        for cut in range(len(word), TYPO_LETTERS - 2, -1):
            slots.update(self._misspelt_prefix.get(word[:cut], ()))
        return slots


def _items(text: str, separators: str) -> Iterator[str]:
    for item in re.split(separators, text):
        if item.strip():
            yield item.strip()


def _misspelt(stem: str) -> Iterator[str]:
    """One letter missing, or two neighbours swapped; the first letter is never wrong, the last never missing."""
    for index in range(1, len(stem) - 1):
        yield stem[:index] + stem[index + 1 :]
        yield stem[:index] + stem[index + 1] + stem[index] + stem[index + 2 :]


def _without_contained(matches: list[Match]) -> list[Match]:
    """Longest first: a phrase is dropped where a longer one already speaks for all its words, and good news where bad
    news of the same theme holds one of its words ("nobody will help me").

    Signals stand apart: they silence nothing, and nothing silences them. So do a wish and a peak, except that they
    speak for the phrases of several words inside them ("geht nicht" in "schneller geht es nicht").
    """
    taken: dict[int, list[Match]] = defaultdict(list)
    kept = []
    for match in matches:
        others = (other for place in match.places for other in taken[place])
        if match.label.kind in APART or not any(_silences(other, match) for other in others):
            kept.append(match)
            for place in match.places:
                taken[place].append(match)
    return kept


def _silences(other: Match, match: Match) -> bool:
    if match.label.kind == "good" and other.label == Label(match.label.group, "bad"):
        return True
    if other.label.kind in APART and (other.label.group != "opinion" or len(match.places) == 1):
        return False
    return len(other.places) > len(match.places) and set(match.places) <= set(other.places)


def _longest_first(match: Match):
    return -len(match.places), match.label.kind, match.places, match.label.group
