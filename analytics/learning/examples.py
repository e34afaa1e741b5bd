"""What is learnt from: a comment with the themes that a person saw in it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A labelled comment; `themes` holds the sentiment (-1, 0, 1) of each theme it names, and may be empty."""

    text: str
    themes: Mapping[str, int]
