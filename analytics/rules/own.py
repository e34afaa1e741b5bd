"""A client's own words for its themes: how people type them, how the rules look for them, and which are refused.

Of the little language of `lexicon` they may use `*`, `~`, `..`, `|`, `+`, `?` and `#`. Whatever is stored was checked,
so that one client's phrases can neither be found nearly everywhere nor hold up the reading of all.
"""

import re
import unicodedata
from math import prod

from analytics.rules.lexicon import ways
from analytics.rules.spelling import fold
from analytics.text import normalise

MOST_PHRASES, MOST_LETTERS = 300, 60  # of one theme, of one phrase: what people write and a machine reads at ease
MOST_GAPS, MOST_WAYS = 2, 16  # of one phrase: "..", and how often "a|b+c" and "?" multiply
LEAST_LETTERS = 3  # beside a wildcard: "*er*" would be found in half of all words
_WORD = re.compile(r"\d+|#|(?P<before>\*?)(?P<stem>[^\W\d_]+(?:['-][^\W\d_]+)*)(?P<after>[*~]?)")
_JOINT = re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")  # the rules read "5G" as a number and a word


def phrases(text: str) -> list[str]:
    """Each phrase in the spelling in which comments are read."""
    spelled = _JOINT.sub(" ", normalise(unicodedata.normalize("NFC", text)))
    return [" ".join(phrase.split()) for phrase in re.split(r"[,\n]+", spelled) if phrase.strip()]


def check(text: str) -> None:
    """ValueError with the first phrase that is refused: it is not of the language, or it is too much of it."""
    for place, phrase in enumerate(phrases(text)):
        if place >= MOST_PHRASES or len(phrase) > MOST_LETTERS or not _is_sound(phrase.split()):
            raise ValueError(phrase)


def _is_sound(parts: list[str]) -> bool:
    words = [part for part in parts if part != ".."]
    edges = (parts[0], parts[-1])
    return (
        not any(edge == ".." or edge.endswith("?") for edge in edges)
        and len(parts) - len(words) <= MOST_GAPS
        and all(_is_word(word) for part in words for word in re.split(r"[|+]", part.removesuffix("?")))
        and any(letter.isalpha() for word in words for letter in word)
        and prod(len(ways(part)) for part in words) <= MOST_WAYS
    )


def _is_word(word: str) -> bool:
    found = _WORD.fullmatch(word)
    if found is None or not (found["before"] or found["after"]):
        return found is not None
    return len(fold(found["stem"])) >= LEAST_LETTERS
