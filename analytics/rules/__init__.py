"""Keyword rules: what a comment is about, and how it feels about it, before a single label exists.

`read(text, language)` judges one comment; `hear` and `judge` are its two halves. `RULES_VERSION` changes with every
change of the rules. The rules themselves are the YAML files beside this module, one per language, written to be read
and mended by people.
"""

from analytics.rules.own import check
from analytics.rules.reading import (
    LANGUAGES,
    RULES_VERSION,
    TAKEN,
    Finding,
    Heard,
    Reading,
    Words,
    hear,
    judge,
    own_words,
    read,
)

__all__ = [
    "LANGUAGES", "RULES_VERSION", "TAKEN", "Finding", "Heard", "Reading", "Words",
    "check", "hear", "judge", "own_words", "read",
]  # fmt: skip
