"""A client's colour: what is made of it for light and dark ground, and whether it can be read there.

Contrast as WCAG 2.2 defines it: (L1 + 0.05) / (L2 + 0.05) of the two relative luminances, the lighter first, between 1
and 21 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio); text needs 4.5 (success criterion 1.4.3).
"""

import colorsys
import re
from dataclasses import dataclass
from functools import lru_cache

from .tokens import Scheme, value_of

READABLE = 4.5
EASILY_READABLE = 7.0  # success criterion 1.4.6; what we make for dark ground ourselves reaches that
HOVER = 0.1  # of lightness: how far a link's colour moves under the pointer
_STEP = 0.005  # of lightness, in the search for a shade that holds
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_GROUNDS = {"--nk-paper", "--nk-surface"}
_HOVER_GROUNDS = {*_GROUNDS, "--nk-wash"}


@dataclass(frozen=True)
class Palette:
    """The three colours that a page takes from its client, in one scheme."""

    TOKENS = ("--nk-accent", "--nk-accent-strong", "--nk-on-accent")
    accent: str
    strong: str
    on_accent: str

    @property
    def tokens(self) -> dict[str, str]:
        return dict(zip(self.TOKENS, (self.accent, self.strong, self.on_accent), strict=True))


def is_colour(text: str) -> bool:
    """Whether this is “#rrggbb” in small letters, and nothing more."""
    return bool(_COLOUR.fullmatch(text))


def tidy(text: str) -> str:
    """“#8C1D18”, “8c1d18” and “#8cd” as “#rrggbb” in small letters. ValueError for anything else."""
    digits = text.strip().lower().removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    _channels(f"#{digits}")
    return f"#{digits}"


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    red, green, blue = (_linear(channel) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def grounds(scheme: Scheme, hovered: bool = False) -> list[str]:
    """What links and marks stand on: the page and its fields; under the pointer also the quiet ground."""
    return [value_of(name, scheme) for name in sorted(_HOVER_GROUNDS if hovered else _GROUNDS)]


def ratio(colour: str, scheme: Scheme) -> float:
    """The lowest contrast of this colour on the scheme's grounds, and of the better ink on the colour."""
    return min(contrast(colour, other) for other in (*grounds(scheme), _ink_on(colour)))


def is_readable(colour: str, scheme: Scheme) -> bool:
    return ratio(colour, scheme) >= READABLE


def nearest(colour: str, scheme: Scheme, least: float = READABLE) -> str:
    """The colour itself, or its nearest shade that holds: darker for light ground, lighter for dark, of one hue."""
    step, moved, shade = (-_STEP if scheme == Scheme.LIGHT else _STEP), 0.0, colour
    while ratio(shade, scheme) < least:
        moved += step
        shade = _shade(colour, moved)
    return shade


@lru_cache(maxsize=512)
def palette(colour: str, scheme: Scheme) -> Palette:
    """What a page takes from a colour. One that cannot be read there is replaced by its nearest shade that can."""
    accent = nearest(colour, scheme)
    return Palette(accent, _strong(accent, scheme), _ink_on(accent))


@lru_cache(maxsize=512)
def for_dark(colour: str) -> str:
    """The colour for dark ground, where the client gave none: lighter, of the same hue."""
    return nearest(colour, Scheme.DARK, EASILY_READABLE)


def _strong(accent: str, scheme: Scheme) -> str:
    """Under the pointer: a step further from the ground, or nearer where black or white is too near for that."""
    away = -HOVER if scheme == Scheme.LIGHT else HOVER
    lightness = colorsys.rgb_to_hls(*_channels(accent))[1]
    return _shade(accent, away if 0 <= lightness + away <= 1 else -away)


def _ink_on(colour: str) -> str:
    return max("#ffffff", "#000000", key=lambda ink: contrast(ink, colour))


def _shade(colour: str, by: float) -> str:
    """The same hue and saturation, lighter or darker (HSL)."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    rgb = colorsys.hls_to_rgb(hue, min(1, max(0, lightness + by)), saturation)
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in rgb)


def _channels(colour: str) -> tuple[float, float, float]:
    """Red, green and blue, 0 to 1."""
    if not is_colour(colour):
        raise ValueError(f"{colour!r} is no colour such as #155e5c")
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
