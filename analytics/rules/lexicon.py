"""The little language in which keyword rules are written, and how its phrases are found in a comment.

A rule file names words and phrases, separated by commas or line ends. In a phrase

    wort        that word                       wort*  *wort  *wort*   a word beginning, ending, containing it
    wort~       the word and its usual endings  a|b                    either
    wort?       may be missing                  a|b+c                  one word or two (log+in|login)
    #           a number, in digits or words    @name                  any word of the set `name`
    ..          up to five words in between, no comma, no negation

Words are compared folded: umlauts written out, doubled letters single, elongations ("suuuper") shortened. Words of
seven letters and more are also found with one letter missing or two neighbours swapped. All that is known of a word is
worked out once and remembered; a phrase is followed only where its first two words stand, so that the time is linear in
the length of the comment.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, reduce
from itertools import pairwise, product
from operator import or_
from typing import NamedTuple

from analytics.rules.spelling import Spellings, fold

APART = ("said", "complaint", "wish", "peak")  # kinds of list whose phrases stand beside all others
GAP = 5  # words that ".." may span; never a comma or a negation
TYPO_LETTERS = 7  # shorter words have too many neighbours to forgive a typing error
HEAD = TYPO_LETTERS - 1  # letters of the shortest word with an error
LONGEST_WORD = 40  # letters looked at; longer "words" are noise
_ENDINGS = {
    "de": ("e", "er", "es", "en", "em", "ere", "erer", "eres", "eren", "ste", "sten", "s", "n"),
    "en": ("s", "es", "d", "ed", "ing", "ly", "er", "est", "y"),
}


class Word(NamedTuple):
    """One word, number or emoji of a comment; `start` and `end` point into the comment as stored."""

    text: str
    start: int
    end: int
    sentence: int
    after_pause: bool = False


class Label(NamedTuple):
    """What a phrase stands for: a list of the rule file (`group`) and the part of it (`kind`)."""

    group: str
    kind: str


class Match(NamedTuple):
    label: Label
    places: tuple[int, ...]  # indexes of the words that matched, gaps left out

    @property
    def first(self) -> int:
        return self.places[0]

    @property
    def last(self) -> int:
        return self.places[-1]


class Ways(dict[int, list["Node"]]):
    """How phrases go on, by the slot of their next word; `bits` hold these slots, too, to be compared at a glance."""

    __slots__ = ("bits",)

    def __init__(self, joined: Iterable["Ways"] = ()) -> None:
        self.bits = 0
        for ways_on in joined:
            self.bits |= ways_on.bits
            for slot, nodes in ways_on.items():
                self[slot] = [*self.get(slot, ()), *nodes]


NOWHERE = Ways()


class Node:
    """How far phrases have come: those that end here, and how others go on, at once or after a gap."""

    __slots__ = ("adjoining", "apart", "labels")

    def __init__(self, merged: Sequence["Node"] = ()) -> None:
        self.labels: tuple[Label, ...] = tuple({label for node in merged for label in node.labels})
        self.adjoining = _joined([node.adjoining for node in merged if node.adjoining])
        self.apart = _joined([node.apart for node in merged if node.apart])


class Known(NamedTuple):
    """The slots that a word fills, as bits those by which a phrase goes on, and what the word begins."""

    slots: frozenset[int]
    bits: int
    begun: Node | None


class Line(NamedTuple):
    """A comment as phrases are followed in it. As bits: what the word behind each one fills, and any word at all."""

    words: Sequence[Word]
    known: list[Known]
    behind: list[int]
    anywhere: int
    found: set[Match]


def ways(part: str) -> list[str]:
    """The ways to read one part of a phrase: missing, as alternatives of one word each, or as several words."""
    words = part.removesuffix("?").split("|")
    single = "|".join(word for word in words if "+" not in word)
    several = [word for word in words if "+" in word]
    return [*([single] if single else []), *several, *([""] if part.endswith("?") else [])]


def outermost(found: Iterable[Match]) -> list[Match]:
    """What was found, longest first, none inside a longer one."""
    return _without_contained(sorted(found, key=_longest_first))


class Lexicon:
    """All phrases of one rule file, compiled. Slots are numbered; so many words are looked up once and remembered."""

    def __init__(
        self, language: str, sets: dict[str, str], groups: dict[str, dict[str, str]], remembered: int = 50_000
    ) -> None:
        self._language = language
        self._sets = {name: tuple(_items(text, r"[\s,]+")) for name, text in sets.items()}
        self._slots: dict[str, int] = {}
        self._spellings = Spellings()
        self._misspelt: dict[str, set[int]] = {}
        self._misspelt_beginnings: dict[str, set[int]] = {}
        self._by_head: dict[str, list[str]] = defaultdict(list)  # these beginnings
        self._phrases: dict[int, Node] = defaultdict(Node)  # by their first slot
        self._bits: dict[int, int] = {}  # of the slots by which phrases go on
        self._negators: set[int] = set()
        self._number = self._slot("@numbers")
        for group, kinds in groups.items():
            for kind, text in kinds.items():
                label = Label(group, kind)
                for phrase in _items(text, r"[,\n]+"):
                    self._add(phrase, label)
        self._forgive_typing_errors()
        self.known = lru_cache(maxsize=remembered)(self._known)
        self._begun_by = lru_cache(maxsize=remembered)(self._begun_by_slots)

    def found(self, words: Sequence[Word]) -> set[Match]:
        """Every phrase in its places, the nearest ones of each beginning; it never crosses a sentence end."""
        known = [self.known(word.text) for word in words]
        following = zip(pairwise(words), known[1:], strict=True)
        behind = [one.bits if word.sentence == other.sentence else 0 for (word, other), one in following]
        line = Line(words, known, [*behind, 0], reduce(or_, behind, 0), set())
        for place, one in enumerate(known):
            if one.begun is not None:
                if one.begun.labels:
                    line.found.update([Match(label, (place,)) for label in one.begun.labels])
                if one.begun.adjoining.bits & line.behind[place] or one.begun.apart.bits & line.anywhere:
                    self._follow(one.begun, (place,), line, set())
        return line.found

    def _follow(self, node: Node, places: tuple[int, ...], line: Line, told: set[Node]) -> None:
        """All that goes on from `node`. Depth is the phrases'."""
        if node.adjoining.bits & line.behind[places[-1]]:
            self._go_on(node.adjoining, places[-1] + 1, places, line, told)
        if node.apart.bits & line.anywhere:
            self._leap(node.apart, places, line, told)

    def _leap(self, ways_on: Ways, places: tuple[int, ...], line: Line, told: set[Node]) -> None:
        """Follow what goes on after a gap: no further than a pause, a negation or the end of the sentence."""
        words, known = line.words, line.known
        last = places[-1]
        for index in range(last + 1, min(last + 2 + GAP, len(words))):
            if words[index].sentence != words[last].sentence or words[index].after_pause:
                return
            if ways_on.bits & known[index].bits:
                self._go_on(ways_on, index, places, line, told)
            if not self._negators.isdisjoint(known[index].slots):
                return

    def _go_on(self, ways_on: Ways, index: int, places: tuple[int, ...], line: Line, told: set[Node]) -> None:
        for slot in ways_on.keys() & line.known[index].slots:
            for node in ways_on[slot]:
                reached = (*places, index)
                if node.labels and node not in told:
                    told.add(node)
                    line.found.update([Match(label, reached) for label in node.labels])
                if node.adjoining or node.apart:
                    self._follow(node, reached, line, told)

    def _add(self, phrase: str, label: Label) -> None:
        for choice in product(*(ways(part) for part in phrase.split())):
            parts = [word for part in choice for word in part.split("+") if word]
            pattern = tuple(None if part == ".." else self._slot(part) for part in parts)
            if pattern[0] is None or pattern[-1] is None:
                raise ValueError(f"A phrase begins and ends with a word: {phrase!r}")
            self._node(pattern).labels += (label,)
            if label.kind == "negator" and len(pattern) == 1:
                self._negators.add(pattern[0])

    def _node(self, pattern: Sequence[int | None]) -> Node:
        """Where this pattern of slots leads, None being a gap; the way is made where there is none."""
        node = self._phrases[pattern[0]]
        for before, slot in pairwise(pattern):
            if slot is not None:
                kind = "apart" if before is None else "adjoining"
                ways_on = getattr(node, kind) or Ways()
                ways_on.bits |= self._bits.setdefault(slot, 1 << len(self._bits))
                setattr(node, kind, ways_on)
                node = ways_on.setdefault(slot, [Node()])[0]
        return node

    def _slot(self, spec: str) -> int:
        """The number of a slot; the first time, its words are entered into the look-up tables."""
        if spec == "#":
            return self._number
        if spec not in self._slots:
            self._slots[spec] = len(self._slots)
            for word in self._alternatives(spec):
                self._spellings.enter(word, self._slots[spec], self._forms(word.rstrip("~")))
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

    def _forms(self, word: str) -> Iterator[str]:
        yield word
        for ending in _ENDINGS[self._language]:
            yield word + ending
            if word.endswith("e"):
                yield word[:-1] + ending
            if word.endswith("y"):
                yield word[:-1] + "i" + ending

    def _forgive_typing_errors(self) -> None:
        """Enter what becomes of long words where a letter is missing; and of beginnings, with neighbours swapped, too.

        (Of whole words, swapped neighbours are looked for by swapping them back: that would be as much again.)
        """
        _enter_all(self._misspelt, self._spellings.exact, _with_one_missing)
        beginnings = {part[1:]: slots for part, slots in self._spellings.parts.items() if part[0] == " " != part[-1]}
        _enter_all(self._misspelt_beginnings, beginnings, _with_one_missing)
        _enter_all(self._misspelt_beginnings, beginnings, _with_two_swapped)
        for beginning in self._misspelt_beginnings:
            self._by_head[beginning[:HEAD]].append(beginning)

    def _known(self, word: str) -> Known:
        return self._begun_by(frozenset(self._look_up(word)))

    def _begun_by_slots(self, slots: frozenset[int]) -> Known:
        begun = [self._phrases[slot] for slot in slots if slot in self._phrases]
        bits = reduce(or_, [self._bits[slot] for slot in slots if slot in self._bits], 0)
        return Known(slots, bits, Node(begun) if len(begun) > 1 else begun[0] if begun else None)

    def _look_up(self, word: str) -> set[int]:
        if word[0].isdigit():
            return {self._number, *self._spellings.exact.get(word, ())}
        slots = self._spellings.of(folded := fold(word[:LONGEST_WORD]))
        if "-" in word:
            slots.update(*(self._spellings.of(fold(part)) for part in word[:LONGEST_WORD].split("-") if part))
        return slots or self._misspelt_as(folded)

    def _misspelt_as(self, word: str) -> set[int]:
        """The slots of the listed word that `word` is, or begins with, once one typing error is forgiven."""
        begun = [
            self._misspelt_beginnings[part] for part in self._by_head.get(word[:HEAD], ()) if word.startswith(part)
        ]
        slots = set(self._misspelt.get(word, ())).union(*begun)
        if _is_long(word):
            slots.update(*(self._spellings.exact.get(variant, ()) for variant in _with_two_swapped(word)))
        return slots


def _items(text: str, separators: str) -> Iterator[str]:
    for item in re.split(separators, text):
        if item.strip():
            yield item.strip()


def _joined(several: Sequence[Ways]) -> Ways:
    return Ways(several) if len(several) > 1 else several[0] if several else NOWHERE


def _is_long(stem: str) -> bool:
    return len(stem) >= TYPO_LETTERS and stem.isalpha()


def _enter_all(misspelt: dict[str, set[int]], table: dict[str, set[int]], errors: Callable) -> None:
    for stem, slots in table.items():
        if _is_long(stem):
            for variant in errors(stem):
                misspelt[variant] = misspelt[variant] | slots if variant in misspelt else slots  # most are one stem's


def _with_one_missing(stem: str) -> Iterator[str]:
    """The first and the last letter are never missing."""
    return (stem[:index] + stem[index + 1 :] for index in range(1, len(stem) - 1))


def _with_two_swapped(stem: str) -> Iterator[str]:
    """The first letter is never wrong."""
    for index in range(1, len(stem) - 1):
        yield stem[:index] + stem[index + 1] + stem[index] + stem[index + 2 :]


def _without_contained(matches: list[Match]) -> list[Match]:
    """Longest first: a phrase is dropped where a longer one already speaks for all its words, and good news where bad
    news of the same theme holds one of its words ("nobody will help me").

    Signals stand apart: they silence nothing, and nothing silences them. So do a wish and a peak, except that they
    speak for the phrases of several words inside them ("geht nicht" in "schneller geht es nicht").
    """
    taken: dict[int, list[Match]] = {}
    kept = []
    for match in matches:
        others = [other for place in match.places if place in taken for other in taken[place]]
        if not others or match.label.kind in APART or not any(_silences(other, match) for other in others):
            kept.append(match)
            for place in match.places:
                taken.setdefault(place, []).append(match)
    return kept


def _silences(other: Match, match: Match) -> bool:
    if match.label.kind == "good" and other.label == Label(match.label.group, "bad"):
        return True
    if other.label.kind in APART and (other.label.group != "opinion" or len(match.places) == 1):
        return False
    return len(other.places) > len(match.places) and set(match.places) <= set(other.places)


def _longest_first(match: Match):
    return -len(match.places), match.label.kind, match.places, match.label.group
