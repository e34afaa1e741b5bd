"""The tokens of the house, read from the one file in which they stand: `static/nachklang/tokens.css`."""

import enum
import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static" / "nachklang"
_DECLARED = re.compile(r"(--[\w-]+):\s*([^;]+);")
_REFERENCE = re.compile(r"var\((--[\w-]+)(?:,\s*([^()]+))?\)")


class Scheme(enum.StrEnum):
    LIGHT = "light"
    DARK = "dark"


@cache
def source(name: str) -> str:
    """A stylesheet of the house without its comments, read once per process."""
    return re.sub(r"/\*.*?\*/", "", (STATIC / name).read_text(encoding="utf-8"), flags=re.DOTALL)


@cache
def declared(scheme: Scheme) -> dict[str, str]:
    """What this scheme declares: light everything, dark what differs there."""
    light, _, rest = source("tokens.css").partition("@media (prefers-color-scheme: dark)")
    block = light if scheme == Scheme.LIGHT else rest.partition(":root[data-theme")[0]
    return {name: " ".join(value.split()) for name, value in _DECLARED.findall(block)}


@cache
def value_of(name: str, scheme: Scheme) -> str:
    """What a token comes to, through all references; a colour of the client's, which no page sets: the house's own."""
    tokens = {**declared(Scheme.LIGHT), **declared(scheme)}
    reference = _REFERENCE.fullmatch(tokens[name])
    if not reference:
        return tokens[name]
    inner, fallback = reference.groups()
    return value_of(inner, scheme) if inner in tokens else fallback


def put_in_place(css: str, values: dict[str, str]) -> str:
    """The stylesheet with these tokens' values where it refers to them."""
    return _REFERENCE.sub(lambda found: values.get(found[1], found[0]), css)


def named_in(css: str) -> set[str]:
    """The tokens that a stylesheet refers to."""
    return {name for name, _fallback in _REFERENCE.findall(css)}
