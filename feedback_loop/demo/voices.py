"""What customers answer: whether, which score, which words. Reads a `contacts.Mood`, takes its chance from `rng`.

    answers(mood, rng) -> bool                 about a quarter do, the unhappy and the delighted rather more
    csat_score(mood, rng) -> 1..5              nps_score(mood, rng) -> 0..10
    comment(mood, score, language, address_form, rng, scale=) -> str      "" where nothing is written
    wants_call(mood, score, rng, scale=) -> bool        phone_left(mood, rng) -> str, "" if no number is given

`scale` is "csat" or "nps": a 4 is praise on one and a complaint on the other. `language` is "de", "en" or one of
`phrases_abroad`; `address_form` "Sie" or "du" (how the client speaks to its German customers, and so how they answer).
"""

import random
import re
from functools import cache
from types import ModuleType

from feedback_loop.demo import phrases_abroad, phrases_de, phrases_en
from feedback_loop.demo.contacts import Feeling, Mood
from feedback_loop.demo.story import NEGATIVE, NEUTRAL, POSITIVE, pick

_PHRASES: dict[str, ModuleType] = {"de": phrases_de, "en": phrases_en}
AT_LENGTH = frozenset(_PHRASES)  # in the other languages people write a line
_CSAT_STEPS = (0.29, 0.4, 0.54, 0.72)
_NPS_STEPS = (0.12, 0.17, 0.22, 0.27, 0.32, 0.4, 0.46, 0.54, 0.66, 0.77)
_TONES = ("angry", "unhappy", "mixed", "content", "glad")
_NPS_TONES = (0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4)


def answers(mood: Mood, rng: random.Random) -> bool:
    """Whether the survey is filled in at all."""
    extremity = abs(mood.satisfaction - 0.6) / 0.4
    return rng.random() < 0.22 + 0.2 * min(extremity, 1.0)


def csat_score(mood: Mood, rng: random.Random) -> int:
    felt = mood.satisfaction + rng.gauss(0, 0.05)
    return 1 + sum(felt > step for step in _CSAT_STEPS)


def nps_score(mood: Mood, rng: random.Random) -> int:
    felt = mood.satisfaction + rng.gauss(0, 0.05)
    return sum(felt > step for step in _NPS_STEPS)


def wants_call(mood: Mood, score: int, rng: random.Random, *, scale: str) -> bool:
    chances = {"angry": 0.34, "unhappy": 0.26, "mixed": 0.12, "content": 0.03, "glad": 0.01}
    return rng.random() < chances[_tone(score, scale)]


def phone_left(mood: Mood, rng: random.Random) -> str:
    """The number that six in ten leave with their wish to be called; the others rely on the one on file."""
    return mood.customer.phone if rng.random() < 0.6 else ""


def comment(mood: Mood, score: int, language: str, address_form: str, rng: random.Random, *, scale: str) -> str:
    """The open answer, in the words and the spelling of somebody on a phone; congruent with the score."""
    tone = _tone(score, scale)
    if rng.random() > _LEAVES_ONE[tone]:
        return ""
    if language not in AT_LENGTH:
        return rng.choice(phrases_abroad.COMMENTS[language][tone].strip().splitlines())
    phrases = _PHRASES[language]
    kind = pick(_KINDS[tone], rng)
    if kind == "nothing":
        return rng.choice(_short(phrases, "nothing"))
    text = {"short": _short_text, "whole": _whole_text, "clauses": _clauses_text}[kind](mood, tone, phrases, rng)
    text = _add(text, _signals(mood, tone, phrases, rng), rng)
    filled = _filled(text, mood, language, address_form, rng)
    text = _typed(_capital(filled) if text.startswith("{") else filled, tone, rng)
    if kind != "short" and rng.random() < 0.07:
        identity = _filled(rng.choice(phrases.IDENTITY.strip().splitlines()), mood, language, address_form, rng)
        text = _add(text, [identity], rng)
    return text


_LEAVES_ONE = {"angry": 0.8, "unhappy": 0.74, "mixed": 0.62, "content": 0.54, "glad": 0.53}
_KINDS = {
    "angry": {"short": 5, "whole": 10, "clauses": 84, "nothing": 1},
    "unhappy": {"short": 5, "whole": 12, "clauses": 82, "nothing": 1},
    "mixed": {"short": 8, "whole": 9, "clauses": 80, "nothing": 3},
    "content": {"short": 9, "whole": 10, "clauses": 78, "nothing": 3},
    "glad": {"short": 12, "whole": 9, "clauses": 77, "nothing": 2},
}


def _tone(score: int, scale: str) -> str:
    return _TONES[{"csat": (0, 0, 1, 2, 3, 4), "nps": _NPS_TONES}[scale][score]]


# Choosing words -------------------------------------------------------------------------------------------------------

MILD = -2  # a complaint that somebody makes who is otherwise content
_SIGNS = {"+": POSITIVE, "o": NEUTRAL, "-": NEGATIVE, "~": MILD}
_CLIENT_LETTERS = {"nordheim": "n", "alderfinch": "a"}
# Which sentiments, in which order, somebody in this tone writes down.
_COURSES = {
    "glad": {(1,): 36, (1, 1): 39, (1, 1, 1): 17, (1, MILD): 8},
    "content": {(1,): 18, (1, MILD): 24, (1, -1): 14, (1, 1): 10, (1, 1, MILD): 14, (MILD,): 8, (0, 1): 8, (0,): 4},
    "mixed": {(1, -1): 30, (-1,): 24, (-1, 1): 20, (0, -1): 14, (-1, -1): 12},
    "unhappy": {(-1,): 30, (-1, -1): 38, (1, -1): 14, (-1, -1, -1): 12, (0, -1): 6},
    "angry": {(-1,): 26, (-1, -1): 46, (-1, -1, -1): 28},
}


@cache
def _short(phrases: ModuleType, tone: str) -> list[str]:
    return [text for line in phrases.SHORT[tone].strip().splitlines() for text in line.split("|")]


@cache
def _clauses(phrases: ModuleType, about: str, sentiment: int, client_key: str) -> list[str]:
    """The clauses about a theme or an episode that fit this sentiment and this client."""
    lines = (phrases.THEMES.get(about) or phrases.EPISODES[about]).strip().splitlines()
    parts = [line.split(" ", 1) for line in lines]
    letter = _CLIENT_LETTERS[client_key]
    return [text for mark, text in parts if _SIGNS[mark[0]] == sentiment and mark[1:] in ("", letter)]


@cache
def _wholes(phrases: ModuleType, tone: str, client_key: str) -> dict[str, list[str]]:
    """Whole comments of a tone by each of their themes."""
    found: dict[str, list[str]] = {}
    for line in phrases.WHOLES.strip().splitlines():
        head, text = line.split(" | ", 1)
        line_tone, letter, themes = head.split()
        if line_tone == tone and letter in ("*", _CLIENT_LETTERS[client_key]):
            for theme in themes.split(","):
                found.setdefault(theme, []).append(text)
    return found


def _short_text(mood: Mood, tone: str, phrases: ModuleType, rng: random.Random) -> str:
    return rng.choice(_short(phrases, tone))


def _whole_text(mood: Mood, tone: str, phrases: ModuleType, rng: random.Random) -> str:
    """A whole comment about one of the strongest feelings; where none fits, clauses.

    Who is in the middle of an episode writes about that, in clauses; who met no agent names none.
    """
    wholes = _wholes(phrases, tone, mood.client_key)
    felt = [text for feeling in mood.feelings[:3] for text in wholes.get(feeling.theme, ())]
    fitting = [text for text in felt if mood.agent or "{agent" not in text]
    if not fitting or mood.feelings[0].episode:
        return _clauses_text(mood, tone, phrases, rng)
    return rng.choice(fitting)


def _clauses_text(mood: Mood, tone: str, phrases: ModuleType, rng: random.Random) -> str:
    """One to three clauses, each about another theme, joined as people join them."""
    text, previous, used = "", None, set()
    for sentiment in pick(_COURSES[tone], rng):
        feeling = _feeling_for(sentiment, mood, used)
        used.add(feeling.theme)
        clause = rng.choice(_clauses_about(feeling, sentiment, mood.client_key, phrases, rng))
        text = clause if previous is None else _joined(text, clause, previous, sentiment, phrases, rng)
        previous = sentiment
    if rng.random() < 0.3:
        joint = rng.choice((", ", ". ", "! ", " - ", "... "))
        text = rng.choice(phrases.OPENERS[tone].split("|")) + joint + (_capital(text) if joint[0] in ".!" else text)
    text = _capital(text)
    text += pick({".": 45, "": 38, "!": 10, "...": 7}, rng)
    if rng.random() < 0.24:
        text = _add(text, [rng.choice(phrases.CLOSERS[tone].split("|"))], rng)
    return text


def _feeling_for(sentiment: int, mood: Mood, used: set[str]) -> Feeling:
    """The strongest unused feeling of this sentiment; else the strongest of a free theme outside the plot."""
    sentiment = NEGATIVE if sentiment == MILD else sentiment
    free = [feeling for feeling in mood.feelings if feeling.theme not in used]
    return next(
        (feeling for feeling in free if feeling.sentiment == sentiment),
        next((feeling for feeling in free if not feeling.episode), free[0]),
    )


def _clauses_about(
    feeling: Feeling, sentiment: int, client_key: str, phrases: ModuleType, rng: random.Random
) -> list[str]:
    """Clauses of the episode in three of four cases where it fits, else of the theme.

    Not every theme has neutral and mild clauses: then anybody's will do.
    """
    if feeling.episode and feeling.sentiment == sentiment and rng.random() < 0.75:
        return _clauses(phrases, feeling.episode, sentiment, client_key)
    clauses = _clauses(phrases, feeling.theme, sentiment, client_key)
    return clauses or [text for theme in phrases.THEMES for text in _clauses(phrases, theme, sentiment, client_key)]


def _joined(text: str, clause: str, before: int, after: int, phrases: ModuleType, rng: random.Random) -> str:
    if before == after:
        joint = rng.choice(phrases.AND.split("|"))
    else:
        joints = phrases.BUT.split("|")
        joint = rng.choice(joints if before == POSITIVE else joints[:2])
    return text + joint + (_capital(clause) if joint.strip()[-1:] in (".", "!") else clause)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _add(text: str, sentences: list[str], rng: random.Random) -> str:
    for sentence in sentences:
        joint = " " if text[-1:] in ".!?…" else rng.choice((". ", ", ", " - ", "! ", "\n"))
        text += joint + (_capital(sentence) if joint[0] in ".!\n " and rng.random() < 0.9 else sentence)
    return text


def _signals(mood: Mood, tone: str, phrases: ModuleType, rng: random.Random) -> list[str]:
    """What wakes somebody; rare, and never a threat from the contented nor thanks from the furious."""
    is_glad = tone in ("glad", "content")
    chances = {
        "churn_risk": {"angry": 0.16, "unhappy": 0.06}.get(tone, 0),
        "legal_threat": {"angry": 0.08, "unhappy": 0.02}.get(tone, 0),
        "callback_wanted": {"angry": 0.08, "unhappy": 0.07, "mixed": 0.03}.get(tone, 0),
        "vulnerable": {"angry": 0.02, "unhappy": 0.01}.get(tone, 0),
        "praise_for_agent": {"glad": 0.16, "content": 0.06}.get(tone, 0) if mood.agent else 0,
        "score_begging": (0.015 if is_glad else 0.01) if mood.agent else 0,
    }
    raised = [signal for signal, chance in chances.items() if rng.random() < chance]
    return [rng.choice(phrases.SIGNALS[signal].strip().splitlines()) for signal in raised[:2]]


# Filling in and typing ------------------------------------------------------------------------------------------------


def _filled(text: str, mood: Mood, language: str, address_form: str, rng: random.Random) -> str:
    """The text with its [[formal|informal]] alternatives chosen and its {slots} filled."""
    text = re.sub(r"\[\[(.*?)\|(.*?)\]\]", r"\2" if address_form.lower() == "du" else r"\1", text)
    while "{" in text:
        text = re.sub(r"\{(\w+)\}", lambda slot: _slot(slot[1], mood, language, rng), text)
    return text


def _slot(name: str, mood: Mood, language: str, rng: random.Random) -> str:
    words = _PHRASES[language].WORDS
    if name == "month":
        return words["month"].split()[(mood.day.month - rng.choice((1, 2, 2, 3))) % 12]
    if name in ("weekday", "nth"):
        return rng.choice(words[name].split())
    if name in words:
        return rng.choice(words[name].split("|"))
    if name in _NUMBERS:
        return str(rng.choice(_NUMBERS[name]))
    if name == "amount":
        return str(rng.randrange(12, 290))
    if name == "time":
        return f"{rng.randrange(8, 19)}" if language == "de" else f"{rng.randrange(1, 7)}pm"
    if name == "phone_tail":
        return rng.choice(("", "", ", {phone}", " unter {phone}" if language == "de" else " on {phone}"))
    if name in ("agent", "agent_acc"):
        return _agent_name(mood, language, name == "agent_acc")
    return {
        "year": str(mood.day.year),
        "phone": mood.customer.phone,
        "mail": mood.customer.email or "post@example.org",
        "customer_number": mood.customer.number,
        "customer_name": mood.customer.name,
        "order_number": str(rng.randrange(4_000_000, 5_000_000)),
    }[name]


_NUMBERS = {
    "min": (15, 20, 25, 25, 30, 35, 40, 45, 50, 55),
    "min_short": (2, 3, 4, 5),
    "days": (4, 5, 6, 7, 8, 9, 10, 11, 12, 14),
    "days_short": (2, 3, 4),
    "weeks": (3, 4, 5, 6, 7, 8),
    "times": (3, 4, 5, 6),
    "years": (3, 5, 7, 8, 12, 15, 20, 25),
    "speed": (50, 100, 250, 500),
    "goodwill": (5, 10, 15, 20),
}


def _agent_name(mood: Mood, language: str, is_accusative: bool) -> str:
    """As customers name who helped: by title and family name to a *Sie* company, else by first name."""
    if mood.client_key != "nordheim" or language == "en":
        return mood.agent.first_name
    title = "Herrn" if is_accusative and mood.agent.title == "Herr" else mood.agent.title
    return f"{title} {mood.agent.last_name}"


def _typed(text: str, tone: str, rng: random.Random) -> str:
    """Typed with a thumb: lower case, slips, ue for ü, a word shouted by the angry."""
    if rng.random() < 0.2:
        text = text.lower()
    if rng.random() < 0.05:
        for letter, spelt in {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}.items():
            text = text.replace(letter, spelt)
    if tone == "angry" and rng.random() < 0.12:
        loud = rng.choice(text.split())
        text = text.replace(loud, loud.upper(), 1)
    for _ in range(pick({0: 76, 1: 17, 2: 7}, rng)):
        text = _slip(text, rng)
    return text


def _slip(text: str, rng: random.Random) -> str:
    """One slip of the thumb inside a longer word: two letters swapped, one lost, one doubled."""
    spots = [found.start() for found in re.finditer(r"(?<=[^\W\d_]{2})[^\W\d_](?=[^\W\d_]{2})", text)]
    if not spots:
        return text
    at = rng.choice(spots)
    swapped = text[at + 1] + text[at]
    middle = rng.choice((swapped, text[at + 1], text[at] + text[at : at + 2]))
    return text[:at] + middle + text[at + 2 :]
