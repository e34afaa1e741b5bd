"""Words in a comment from which one may think that the score was asked for: “please give us a 10”. Pure."""

import re

# A ten that is no score: ten minutes, ten per cent.
_NO_UNIT = r"(?!\s*(?:%|€|min|uhr|tag|proz|euro|std|stund|jahr|woch|mal\b|perc|day|hour|year|week|times|cent|o.clock))"
_TEN = (
    rf"(?:10(?!\d){_NO_UNIT}|zehn(?!\w){_NO_UNIT}|ten\b{_NO_UNIT}|9 oder 10|9 or 10|neun oder zehn|höchst\w*"
    r"|beste \w*(?:note|bewertung|wertung)\w*|volle punktzahl|alle punkte|top[- ]?(?:score|note|wertung)|full marks"
    r"|five stars|5 sterne|fünf sterne)"
)
_ASKED = r"(?:bat(?:en)?|gebeten|bitte[tn]?|sollte?n?|soll|aufgefordert|darum|asked|told|requested|begged|please)"
_GIVE = r"(?:geb\w*|gib|gab|vergeb\w*|bewert\w*|ankreuz\w*|anklick\w*|klick\w*|give|gave|rate|rating|score|click|tick)"
_PLEADS = (
    re.compile(rf"\b{_ASKED}\b[^.!?]{{0,60}}?{_TEN}[^.!?]{{0,30}}?\b{_GIVE}", re.I),
    re.compile(rf"\b{_ASKED}\b[^.!?]{{0,60}}?\b{_GIVE}\b[^.!?]{{0,30}}?{_TEN}", re.I),
    re.compile(rf"\b{_GIVE}\b[^.!?]{{0,20}}?\b(?:mir|uns|me|us|ihr|ihm|him|her|them)\b[^.!?]{{0,20}}?{_TEN}", re.I),
)


def is_solicited(comment: str) -> bool:
    """Whether the customer seems to say that a high score was asked for. A reason to read it, no more."""
    return any(plea.search(comment) for plea in _PLEADS)


def same_words(comment: str) -> str:
    """What two comments have in common if only case, blanks and marks differ; empty where too short to be telling."""
    words = re.sub(r"[\W_]+", " ", comment.casefold()).split()
    return " ".join(words) if len(words) >= 4 else ""
