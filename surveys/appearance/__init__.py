"""How a client's pages look, within limits that keep everything readable: colours, typeface, logo, one stylesheet.

Only #rrggbb, the name of a typeface and pixels of our own encoding ever reach a page; nothing that a client wrote.
"""

from dataclasses import dataclass
from functools import lru_cache

from django.urls import reverse

from . import logos
from .stylesheets import Wish, sheet
from .tokens import Scheme


@dataclass(frozen=True)
class Logo:
    """Where the logo is, and its size on the page in CSS pixels. `plate`: the ground it needs, or empty."""

    url: str
    width: int
    height: int
    plate: str


@dataclass(frozen=True)
class Look:
    """What the frame of a page needs: the address of its stylesheet, and the logo."""

    stylesheet: str
    logo: Logo | None = None


def look_of(client, appearance=None, for_door: bool = False, only: Scheme | None = None) -> Look:
    """How a client's page looks; without an appearance, or without a client, like the house. Reads no database.

    `for_door`: in a help page's frame, or at a counter. `only` holds a preview to one scheme; else the page follows the
    reader's system.
    """
    if appearance is None:
        return _look(Wish(for_door=for_door, only=only or ""))
    wish = Wish(appearance.accent, appearance.accent_dark, appearance.typeface, for_door, only or "")
    if not appearance.logo_hash:
        return _look(wish)
    logo = (client.slug, appearance.logo_hash, appearance.logo_width, appearance.logo_height, appearance.logo_plate)
    return _look(wish, logo)


@lru_cache(maxsize=1024)
def _look(wish: Wish, logo: tuple[str, str, int, int, str] | None = None) -> Look:
    stylesheet = sheet(wish).path
    if logo is None:
        return Look(stylesheet)
    slug, digest, width, height, plate = logo
    return Look(stylesheet, Logo(reverse("logo", args=[slug, digest]), *logos.size_on_page(width, height), plate))
