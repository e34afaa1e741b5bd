"""The one stylesheet of a customer's page: the tokens it uses, in the client's colours and typeface, and survey.css.

Its address says what is in it: `8c1d18-auto-serif-1f0c9a3b77de.css` is this red, a dark form made from it, serif, and
the content's hash. So it names no client, any process can make it without the database, and it is cached for ever.
"""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from django.urls import reverse
from rcssmin import cssmin

from .colours import Palette, for_dark, is_colour, palette
from .tokens import Scheme, declared, named_in, put_in_place, source, value_of

# System stacks only: nothing is loaded. Each names the faces of Apple's, Microsoft's, Google's and free systems.
TYPEFACES = {
    "house": "",
    "serif": 'Charter,"Bitstream Charter","Sitka Text",Cambria,"Noto Serif",Georgia,"Liberation Serif",serif',
    "rounded": 'ui-rounded,"Hiragino Maru Gothic ProN",Nunito,Quicksand,Comfortaa,"Arial Rounded MT Bold",Calibri,'
    "sans-serif",
    "humanist": 'Seravek,"Gill Sans Nova",Candara,Calibri,"Noto Sans","Open Sans",Ubuntu,sans-serif',
}
_ADDRESS = re.compile(
    rf"(house|[0-9a-f]{{6}})-(auto|[0-9a-f]{{6}})-({'|'.join(TYPEFACES)})(-door)?(?:-(light|dark))?-([0-9a-f]{{12}})"
)


@dataclass(frozen=True)
class Wish:
    """What a client chose: colours as “#rrggbb” or empty, and a typeface.

    `for_door` adds what differs in a help page's frame and at a counter; `only` holds a preview to one scheme.
    """

    accent: str = ""
    accent_dark: str = ""
    typeface: str = "house"
    for_door: bool = False
    only: str = ""

    def __post_init__(self) -> None:
        is_sound = all(colour == "" or is_colour(colour) for colour in (self.accent, self.accent_dark))
        if not is_sound or self.typeface not in TYPEFACES:
            raise ValueError(f"no stylesheet for {self}")

    def palette(self, scheme: Scheme) -> Palette:
        """What the page shows: the client's colour, the dark one made from it, or the house's own."""
        own = self.accent if scheme == Scheme.LIGHT else self.accent_dark or (self.accent and for_dark(self.accent))
        return palette(own, scheme) if own else Palette(*(value_of(name, scheme) for name in Palette.TOKENS))

    @property
    def parts(self) -> list[str]:
        accent, dark = self.accent[1:] or "house", self.accent_dark[1:] or "auto"
        return [accent, dark, self.typeface, *(["door"] if self.for_door else []), *([self.only] if self.only else [])]


@dataclass(frozen=True)
class Sheet:
    """One stylesheet, minified."""

    content: bytes
    hash: str
    path: str

    @cached_property
    def packed(self) -> bytes:
        return gzip.compress(self.content, 9, mtime=0)


@lru_cache(maxsize=512)
def sheet(wish: Wish) -> Sheet:
    """The stylesheet of these colours, made once per process: about 13 KB in two milliseconds."""
    own = source("survey.css") + (source("doors.css") if wish.for_door else "")
    used = used_tokens(own)
    light = {name: value for name, value in _tokens(wish, Scheme.LIGHT).items() if name in used}
    dark = {name: value for name, value in _tokens(wish, Scheme.DARK).items() if name in used}
    constant = {name: value for name, value in light.items() if name not in dark and _is_shorter(name, value, own)}
    light = {name: value for name, value in light.items() if name not in constant}
    content = cssmin(put_in_place(_roots(light, dark, wish.only) + own, constant)).encode()
    digest = hashlib.sha256(content).hexdigest()[:12]
    return Sheet(content, digest, reverse("stylesheet", args=["-".join([*wish.parts, digest])]))


def read_address(name: str) -> tuple[Wish, str] | None:
    """What an address asks for, and the hash of the content that it expects; None for anything else."""
    if not (asked := _ADDRESS.fullmatch(name)):
        return None
    accent, dark, typeface, for_door, only, digest = asked.groups()
    accent, dark = ("" if colour in ("house", "auto") else f"#{colour}" for colour in (accent, dark))
    return Wish(accent, dark, typeface, bool(for_door), only or ""), digest


def used_tokens(css: str) -> set[str]:
    """The tokens that a stylesheet names, and those that these stand on. All others (charts, groups) are left out."""
    tokens, used, found = declared(Scheme.LIGHT), set(), named_in(css)
    while found:
        used |= found
        found = named_in(" ".join(tokens.get(name, "") for name in found)) - used
    return used


def _is_shorter(name: str, value: str, css: str) -> bool:
    """Whether a token takes less room as its value; never one that the stylesheet sets itself."""
    return "var(" not in value and len(value) <= len(f"var({name})") and f"{name}:" not in css


def _tokens(wish: Wish, scheme: Scheme) -> dict[str, str]:
    """What the scheme declares, with the client's own values in their places."""
    tokens = {**declared(scheme), **wish.palette(scheme).tokens}
    if scheme == Scheme.LIGHT and TYPEFACES[wish.typeface]:
        tokens["--nk-sans"] = TYPEFACES[wish.typeface]
    return tokens


def _roots(light: dict[str, str], dark: dict[str, str], only: str) -> str:
    """The tokens as rules: dark as the system wishes, never on paper; or one scheme for all."""
    if only:
        return _root({"color-scheme": only, **light, **(dark if only == Scheme.DARK else {})})
    by_system = f"@media screen and (prefers-color-scheme:dark){{{_root(dark)}}}"
    return _root({"color-scheme": "light dark", **light}) + by_system


def _root(values: dict[str, str]) -> str:
    return ":root{" + ";".join(f"{name}:{value}" for name, value in values.items()) + "}"
