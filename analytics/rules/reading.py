"""One comment in, a Reading out: its themes with a sentiment each, and the signals that should wake a person.

A rule file lists for each theme phrases that are `good` or `bad` news by themselves, a `topic` that names the theme and
takes its sentiment from the opinion next to it, a `setting` that is a topic only where its own clause judges it or
nothing else is said ("im Zimmer"), a `hint` that counts only where an opinion stands in the same clause, and what
counts only `beside` another theme. Negation turns the next statement of its clause round ("nicht freundlich"), and so
does German negation behind the verb. "But" and a comma begin a new clause. A `wish` ("könnte schneller sein") is a
complaint and a `peak` ("schneller geht's nicht") is praise, whatever words stand in it.
"""

import hashlib
import re
from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Literal, NamedTuple

import yaml

from analytics.rules.lexicon import Lexicon, Match, Word, outermost
from analytics.rules.own import phrases as own_phrases
from analytics.taxonomy import SIGNAL_KEYS, THEME_KEYS
from analytics.text import normalise

LANGUAGES = ("de", "en")
OWN_WORDS, OWN_LEXICONS = 2_000, 500  # of comments that each remembers; of clients and languages that a process keeps
WORDS_READ = 2_000  # of a comment; what comes later is not judged
CLAUSE_WORDS = 40  # a "clause" without any comma ends here
NEGATION_REACH, OPINION_REACH = 4, 6  # words from a negator to what it negates, from a hint to the opinion on it
SURE, LIKELY, POSSIBLE, NAMED = 0.85, 0.75, 0.6, 0.5  # by kind of evidence: see _weigh; they order, they do not promise
POLARITY = {"good": 1, "bad": -1, "thanks": 1, "regret": -1, "wish": -1, "peak": 1}
FRAMES = ("wish", "peak")  # opinions that decide how the statements around them are meant
NAMES = ("topic", "setting")  # phrases that take their sentiment from an opinion in their clause, however faint
FAINT = ("thanks", "regret")  # opinions that say nothing about the person or thing beside them

_BRIDGES = {"dass", "daß", "ob", "um", "that", "who", "which"}  # a comma before them breaks no thought
_MARKS = {f"{mark} / {of}": f"{mark}/{of}" for of in (5, 10) for mark in range(of + 1)}
_WRITTEN = {"€": "euro", "$": "dollars", "£": "pounds", **_MARKS}  # signs as the rules write them
_AUXILIARIES = {"could", "did", "do", "does", "is", "was", "are", "were", "has", "have", "had", "would", "can"}
_HERE = Path(__file__).parent
_QUOTED = re.compile(r"^ *>.*$", re.MULTILINE)
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_PIECE = re.compile(
    r"(?P<word>[^\W\d_]+(?:['-][^\W\d_]+)*)"
    r"|(?! [^-])(?:(?P<token>⟦[a-z]+⟧)"  # a space between words is seen at once to be nothing else
    r"|(?P<mark>(?<![\d/])(?:10|\d)(?: / |/)(?:10|5)(?![\d/]|[.,]\d))"
    r"|(?P<sum>(?P<money>[€$£]) ?(?P<amount>\d+(?:[.,]\d+)*))"
    r"|(?P<number>\d+(?:[.,:]\d+)*(?:\.(?=\s?[^\W\d_]))?)"
    r"|(?P<currency>(?<![^\W\d_])[€$£]+(?![^\W\d_]))"
    r"|(?P<stop>[.!?;\n…]+)"
    r"|(?P<pause>[,:()\"/]|\s-+\s)"
    r"|(?P<sign>[\u2600-\u27bf\U0001f300-\U0001faff]|:-?[)(]|;-?\)))"
)
_MASHED = re.compile(r"(?:asdf|qwert|qwer|yxcv|sdfg|dfgh|jkl|xyz|test)[a-zöä]*|([a-z])\1*|[bcdfghjklmnpqrstvwxzß]{3,}")


@dataclass(frozen=True)
class Finding:
    """A theme with its sentiment (-1, 0, 1); the span is the phrase that decided, in the text as given."""

    theme: str
    sentiment: int
    confidence: float
    start: int
    end: int


@dataclass(frozen=True)
class Reading:
    """`empty`: nothing was said. `unclassified`: something was said, but no rule is sure what."""

    outcome: Literal["themes", "unclassified", "empty"]
    findings: tuple[Finding, ...] = ()
    signals: tuple[str, ...] = ()


class _Hit(NamedTuple):
    """A phrase of a theme, or a plain opinion (theme ""), in its clause."""

    theme: str
    kind: str
    polarity: int
    first: int
    last: int
    clause: int


Words = tuple[tuple[str, str], ...]
_Evidence = tuple[_Hit, int, float]  # a phrase, its sentiment, how sure


@dataclass(frozen=True)
class Heard:
    """A comment taken apart; `found` are the phrases of its language, None where that has no rules."""

    language: str
    words: Sequence[Word]
    found: Set[Match] | None


def read(text: str, language: str, own: Words = ()) -> Reading:
    """Judge one comment by the rules of its language; in a language without rules nothing is sure.

    `own` are phrases that name themes of a client's own, or name the starter's in that house, as (key, phrases).
    Linear in the length of the comment, of which the first 2,000 words count. Quoted lines ("> ") are not the
    customer's own words and are passed over.
    """
    return judge(hear(text, language), own)


def hear(text: str, language: str) -> Heard:
    """Take a comment apart, to be judged with a client's own words and without."""
    words = _words(own_words(text))
    return Heard(language, words, _lexicon(language).found(words) if language in LANGUAGES else None)


def judge(heard: Heard, own: Words = ()) -> Reading:
    words, language = heard.words, heard.language
    if _says_nothing(words):
        return Reading("empty")
    if heard.found is None:
        return Reading("unclassified")
    keys = (*THEME_KEYS, *(key for key, _phrases in own if key not in THEME_KEYS)) if own else THEME_KEYS
    matches = outermost(heard.found | _own_lexicon(language, own).found(words) if own else heard.found)
    clauses = _clauses(words, matches)
    joints = sorted([match.first for match in matches if match.label.kind == "joint"])
    hits = _framed(_negated(_hits(matches, clauses, keys), matches, clauses, joints, language), joints)
    findings = _findings(hits, words, keys)
    signals = _signals(matches, findings)
    return Reading("themes" if findings else "unclassified", findings, signals)


def own_words(text: str) -> str:
    """Normalised, with quoted lines and links blanked out, at the same length."""
    plain = normalise(text)
    if ">" in plain:
        plain = _QUOTED.sub(_blank, plain)
    return _LINK.sub(_blank, plain) if "://" in plain or "www." in plain else plain


def _blank(match: re.Match) -> str:
    return " " * len(match.group())


def _words(text: str) -> list[Word]:
    """The words, each with the number of its sentence and whether the writer paused before it."""
    words: list[Word] = []
    sentence, paused = 0, False
    for piece in _PIECE.finditer(text):
        kind, said = piece.lastgroup, piece.group()
        if kind == "stop":
            sentence += 1
        elif kind == "pause":
            paused = True
        elif kind == "sum":
            words += _sum(piece, sentence, paused)
            paused = False
        elif kind != "sign" or not words or words[-1].text != said:
            word = Word(_WRITTEN.get(said, said), *piece.span(), sentence, paused and said not in _BRIDGES)
            if said == "not" and words and words[-1].text in _AUXILIARIES:
                helper = words.pop()
                word = word._replace(text=f"{helper.text}nt", start=helper.start, after_pause=helper.after_pause)
            words.append(word)
            paused = False
        if len(words) >= WORDS_READ:
            break
    return words


def _sum(piece: re.Match, sentence: int, paused: bool) -> list[Word]:
    """Two words in the order in which an amount of money is said: "€50" is 50 euro."""
    amount = Word(piece["amount"], *piece.span("amount"), sentence, paused)
    return [amount, Word(_WRITTEN[piece["money"]], *piece.span("money"), sentence)]


def _says_nothing(words: Sequence[Word]) -> bool:
    said = [word.text for word in words if word.text[0] != "⟦"]
    if not any(word[0].isalpha() or ord(word[0]) > 0x2600 or word[0] in ":;€$£" or "/" in word for word in said):
        return True
    return " ".join(said) in _nothing() or (len(said) == 1 and bool(_MASHED.fullmatch(said[0])))


def _clauses(words: Sequence[Word], matches: list[Match]) -> list[int]:
    """For each word the number of its clause. A phrase holds its own words together."""
    contrasts = {match.first for match in matches if match.label.kind == "contrast"}
    phrases = [match for match in matches if len(match.places) > 1]
    held = {place for match in phrases for place in range(match.first + 1, match.last + 1)}
    numbers, clause, length = [], 0, 0
    sentence = words[0].sentence
    for index, word in enumerate(words):
        broken = (word.after_pause or index in contrasts) and index not in held
        if broken or word.sentence != sentence or length >= CLAUSE_WORDS:
            clause, length, sentence = clause + 1, 0, word.sentence
        numbers.append(clause)
        length += 1
    return numbers


def _hits(matches: list[Match], clauses: list[int], keys: tuple[str, ...]) -> list[_Hit]:
    hits = [
        _Hit(theme, kind, POLARITY.get(kind, 0), places[0], places[-1], clauses[places[0]])
        for (group, kind), places in matches
        for theme in ["" if group == "opinion" else group]
        if not theme or theme in keys
    ]
    return sorted(hits, key=lambda hit: (hit.first, -hit.last, hit.theme))


def _negated(
    hits: list[_Hit], matches: list[Match], clauses: list[int], joints: list[int], language: str
) -> list[_Hit]:
    """Turn round what each negator of a clause negates; a negated topic ("no announcement") is bad news."""
    negators = [match for match in matches if match.label.kind == "negator"]
    by_clause = _by_clause(hits) if negators else {}
    turned: set[_Hit] = set()
    for match in negators:
        earliest, latest = _between(joints, match.first, len(clauses))
        here = [hit for hit in by_clause[clauses[match.first]] if hit.kind not in FRAMES]
        near = [hit for hit in here if earliest < hit.first <= hit.last < latest]
        turned.update(_negated_by(match, near, language))
    return [_turn(hit) if hit in turned else hit for hit in hits]


def _framed(hits: list[_Hit], joints: list[int]) -> list[_Hit]:
    """A wish or a peak gives its own sentiment to every statement of its clause on its side of an "and"."""
    frames = {(hit.clause, bisect(joints, hit.last)): hit for hit in hits if hit.kind in FRAMES}
    if not frames:
        return hits
    return [_in_frame(hit, frames.get((hit.clause, bisect(joints, hit.last)))) for hit in hits]


def _in_frame(hit: _Hit, frame: _Hit | None) -> _Hit:
    if frame is None or hit.kind in FRAMES or hit.kind in FAINT:
        return hit
    return hit._replace(polarity=frame.polarity) if hit.polarity else hit


def _between(joints: list[int], place: int, end: int) -> tuple[int, int]:
    """The nearest "and" on both sides of `place`: negation does not reach beyond."""
    index = bisect(joints, place)
    return joints[index - 1] if index else -1, joints[index] if index < len(joints) else end


def _by_clause(hits: list[_Hit]) -> dict[int, list[_Hit]]:
    by_clause = defaultdict(list)
    for hit in hits:
        by_clause[hit.clause].append(hit)
    return by_clause


def _negated_by(negator: Match, hits: list[_Hit], language: str) -> list[_Hit]:
    """The next statement after the negator; in German, where none follows, what stands before it."""
    ahead = [hit for hit in hits if 0 < hit.first - negator.last <= NEGATION_REACH]
    if ahead:
        return [hit for hit in ahead if hit.first == ahead[0].first]
    if language != "de":
        return []
    behind = [hit for hit in hits if 0 < negator.first - hit.last <= NEGATION_REACH and hit.kind not in FAINT]
    statements = [hit for hit in behind if hit.polarity]
    return (statements or [hit for hit in behind if hit.kind in NAMES])[-1:]


def _turn(hit: _Hit) -> _Hit:
    return hit._replace(polarity=-hit.polarity or -1)


def _findings(hits: list[_Hit], words: Sequence[Word], keys: tuple[str, ...]) -> tuple[Finding, ...]:
    """One finding per theme, in the order of `keys`; what is only an opinion is `general`."""
    by_clause = _by_clause(hits)
    alone: dict[str, list[_Evidence]] = defaultdict(list)
    beside: dict[str, list[_Evidence]] = defaultdict(list)
    settings: dict[str, list[_Evidence]] = defaultdict(list)
    tones = {hit.polarity for hit in hits} - {0}
    tone = tones.pop() if len(tones) == 1 else 0  # of the whole comment: it colours what is only named in it
    for hit in hits:
        if hit.theme:
            sentiment, confidence = _weigh(hit, by_clause)
            sentiment = sentiment or (tone if confidence == NAMED else 0)
            if confidence:
                is_setting = hit.kind == "setting" and confidence < LIKELY
                kind = beside if hit.kind == "beside" else settings if is_setting else alone
                kind[hit.theme].append((hit, sentiment, confidence))
    alone = alone or settings
    if not alone:
        opinions = [(hit, hit.polarity, POSSIBLE) for hit in hits if not hit.theme and hit.kind != "regret"]
        return (_strongest("general", opinions, words),) if opinions else ()
    themes = {theme: alone[theme] + beside[theme] for theme in {*alone, *beside}}
    return tuple([_strongest(theme, themes[theme], words) for theme in sorted(themes, key=keys.index)])


def _strongest(theme: str, evidence: list[_Evidence], words: Sequence[Word]) -> Finding:
    """The side with more weight wins, the later one where both weigh the same; its surest phrase is the span."""
    weight, last = 0.0, 0
    for _, sentiment, confidence in evidence:
        weight, last = weight + sentiment * confidence, sentiment or last
    sentiment = (weight > 0) - (weight < 0) if abs(weight) > 0.2 else last
    if theme == "general" and abs(weight) <= 0.2:
        sentiment = 0
    speaking = [piece for piece in evidence if piece[1] == sentiment] or evidence
    hit, _, confidence = max(speaking, key=itemgetter(2))
    return Finding(theme, sentiment, confidence, words[hit.first].start, words[hit.last].end)


def _weigh(hit: _Hit, by_clause: dict[int, list[_Hit]]) -> tuple[int, float]:
    """Sentiment and confidence (0: does not count) of one phrase, by what stands around it."""
    if hit.kind in POLARITY:
        return hit.polarity, SURE
    others = [other for other in by_clause[hit.clause] if other is not hit]
    opinions = [other for other in others if not other.theme and (hit.kind in NAMES or other.kind not in FAINT)]
    opinion = _nearest(hit, opinions)
    if hit.kind in ("hint", "beside"):
        if hit.polarity or (opinion and _distance(hit, opinion) <= OPINION_REACH):
            return hit.polarity or opinion.polarity, POSSIBLE
        return 0, 0.0
    if hit.polarity:
        return hit.polarity, LIKELY
    # Another theme's news and no opinion of its own: "the bed never arrived" is about the delivery, not the bed.
    spoken_of = [other for other in others if other.polarity and other.theme]
    # What a client's own words name is named, whatever else is said.
    is_ours = hit.theme in THEME_KEYS
    if is_ours and spoken_of and not opinion and not any(other.theme == hit.theme for other in spoken_of):
        return 0, 0.0
    if near := opinion or _nearest(hit, spoken_of):
        return near.polarity, LIKELY
    neighbours = (*by_clause.get(hit.clause - 1, ()), *by_clause.get(hit.clause + 1, ()))
    around = {other.polarity for other in neighbours} - {0}
    return (around.pop(), POSSIBLE) if len(around) == 1 else (0, NAMED)


def _nearest(hit: _Hit, others: list[_Hit]) -> _Hit | None:
    return min(others, key=lambda other: _distance(hit, other), default=None)


def _distance(one: _Hit, other: _Hit) -> int:
    return max(one.first - other.last, other.first - one.last, 0)


def _signals(matches: list[Match], findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """The signals said outright, or said in a `complaint`; praise needs a person and something good said of them."""
    complains = any(finding.sentiment < 0 for finding in findings)
    said = {match.label.group for match in matches if complains or match.label.kind != "complaint"}
    well = {finding.theme for finding in findings if finding.sentiment > 0}
    if "person" in said and well & {"friendliness", "competence", "resolution", "communication", "promise_kept"}:
        said.add("praise_for_agent")
    return tuple(key for key in SIGNAL_KEYS if key in said)


@lru_cache(maxsize=1)
def _nothing() -> frozenset[str]:
    """What people type to say nothing, in any language: the field asks in one and is left in another."""
    return frozenset(
        " ".join(word.text for word in _words(normalise(phrase)))
        for language in LANGUAGES
        for phrase in re.split(r"[,\n]+", _rules(language)["nothing"])
    )


@cache
def _lexicon(language: str) -> Lexicon:
    rules = _rules(language)
    return Lexicon(language, rules["sets"], rules["words"] | rules["themes"] | rules["signals"])


@lru_cache(maxsize=OWN_LEXICONS)
def _own_lexicon(language: str, own: Words) -> Lexicon:
    """A client's phrases, beside the language's: small, and so made at once. Their gaps, too, end at a "not"."""
    rules = _rules(language)
    negators = {group: {"negator": kinds["negator"]} for group, kinds in rules["words"].items() if "negator" in kinds}
    topics = {key: {"topic": ", ".join(own_phrases(phrases))} for key, phrases in own}
    return Lexicon(language, rules["sets"], negators | topics, remembered=OWN_WORDS)


@lru_cache(maxsize=len(LANGUAGES))
def _rules(language: str) -> dict:
    return yaml.safe_load((_HERE / f"{language}.yaml").read_text("utf-8"))


def _taken() -> frozenset[str]:
    """What no theme may be called: the files' other lists have these names."""
    files = [_rules(language) for language in LANGUAGES]
    return frozenset(name for file in files for name in (*file["words"], *file["signals"]))


def _version() -> str:
    """Changes with the rule files and with the code that reads them."""
    digest = hashlib.sha256()
    for path in sorted((*_HERE.glob("*.yaml"), *_HERE.glob("*.py"))):
        digest.update(path.read_bytes())
    return f"rules-{digest.hexdigest()[:10]}"


RULES_VERSION: str = _version()
TAKEN: frozenset[str] = _taken()
