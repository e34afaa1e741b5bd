"""A client's logo: whatever picture was uploaded, drawn anew by us; nothing of the file itself is kept or served.

PNG, JPEG and WebP, told by their content. The picture is measured before it is unpacked, so that a small file cannot
fill the memory; what carries markup or goes on after its end is refused, because some program might take it for more.
"""

import enum
import hashlib
import io
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from .colours import contrast
from .tokens import Scheme, value_of

LARGEST_FILE = 2 * 1024 * 1024  # bytes
LARGEST_SIDE, LARGEST_AREA = 4000, 4_000_000  # pixels: unpacked 16 MB, with the copies on the way about 50
STORED = (384, 96)  # pixels, at most
ON_PAGE = (192, 48)  # CSS pixels, at most: fine screens have two pixels for each
LARGEST_STORED = 8 * 1024  # bytes
_FORMATS = ("PNG", "JPEG", "WEBP")
_QUALITIES = (90, 80, 70, 55, 40)
_PNG_END = b"IEND\xaeB`\x82"
_MARKUP = re.compile(rb"<(\?php|script|html|!doctype|svg[\s>]|iframe)", re.IGNORECASE)
# Below which contrast a pixel is lost. Logos are made for white paper: there, only what can hardly be seen is.
_LOST = {Scheme.LIGHT: 1.5, Scheme.DARK: 3.0}
_LOST_SHARE = 0.1  # of its pixels, from which on a logo needs a plate


class Plate(enum.StrEnum):
    """The ground that a logo needs where the page has none for it."""

    NONE = ""
    LIGHT = "light"  # in the dark scheme
    DARK = "dark"  # in the light scheme


class BadLogo(Exception):
    """This file is no logo for us; says why, in words for whoever uploaded it."""


@dataclass(frozen=True)
class Drawn:
    """A logo as it is stored: WebP of at most 8 KB without metadata."""

    content: bytes
    width: int
    height: int
    plate: Plate

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:12]


def logo_of(file: bytes) -> Drawn:
    """The logo in an uploaded file. Raises BadLogo."""
    if len(file) > LARGEST_FILE:
        raise BadLogo(_("This file is too large. A logo may have 2 MB."))
    picture = _opened(file)
    if max(picture.size) > LARGEST_SIDE or picture.width * picture.height > LARGEST_AREA:
        raise BadLogo(_("This picture is too large. It may have 4000 pixels each way, and 4 million in all."))
    if _MARKUP.search(file) or not _ends_properly(file, picture.format):
        raise BadLogo(_("There is more in this file than a picture. Please save the logo anew, and upload that."))
    try:
        clean = _redrawn(picture)
    except (OSError, ValueError, SyntaxError, MemoryError) as error:  # whatever Pillow meets in a broken file
        raise BadLogo(_("This picture is damaged. Please save the logo anew, and upload that.")) from error
    content, clean = _encoded(clean)
    return Drawn(content, *clean.size, plate_for(clean))


def size_on_page(width: int, height: int) -> tuple[int, int]:
    """CSS pixels: never larger than it is, never larger than its place."""
    scale = min(1, ON_PAGE[0] / width, ON_PAGE[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def plate_for(picture: Image.Image) -> Plate:
    """The plate under a transparent logo: where a tenth of what is visible would be lost, and less of it on a plate."""
    pixels = picture.convert("RGBA").getcolors(STORED[0] * STORED[1])
    if all(alpha > 127 for _count, (*_rgb, alpha) in pixels):  # it brings its own ground
        return Plate.NONE
    for plate, scheme in ((Plate.LIGHT, Scheme.DARK), (Plate.DARK, Scheme.LIGHT)):
        on_paper = _lost(pixels, value_of("--nk-paper", scheme), _LOST[scheme])
        on_plate = _lost(pixels, value_of(f"--nk-plate-{plate}", scheme), _LOST[Scheme(plate)])
        if on_paper > _LOST_SHARE and on_plate < on_paper:
            return plate
    return Plate.NONE


def _opened(file: bytes) -> Image.Image:
    """The picture with its size known, and nothing unpacked yet."""
    try:
        return Image.open(io.BytesIO(file), formats=_FORMATS)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadLogo(_("This is no picture that we can read. A logo is a PNG, JPEG or WebP file.")) from error


def _ends_properly(file: bytes, kind: str) -> bool:
    """Whether the file ends where its picture does."""
    if kind == "WEBP":
        return len(file) == int.from_bytes(file[4:8], "little") + 8
    if kind == "PNG":
        return file.find(_PNG_END) == len(file) - len(_PNG_END)
    return file.endswith(b"\xff\xd9")


def _redrawn(picture: Image.Image) -> Image.Image:
    """Its pixels alone, upright and in the size we keep: no metadata, no palette, no further frames."""
    if picture.format == "JPEG":
        picture.draft("RGB", STORED)  # unpacks no more than is needed
    ImageOps.exif_transpose(picture, in_place=True)
    drawn = picture if picture.mode == "RGBA" else picture.convert("RGBA")
    drawn.thumbnail(STORED, Image.Resampling.LANCZOS)
    return Image.frombytes("RGBA", drawn.size, drawn.tobytes())


def _encoded(picture: Image.Image) -> tuple[bytes, Image.Image]:
    """Without loss where that fits, else as good as fits, else smaller."""
    while True:
        attempts = ({"lossless": True}, *({"quality": quality} for quality in _QUALITIES))
        for options in attempts:
            content = io.BytesIO()
            picture.save(content, "WEBP", method=6, **options)
            if content.tell() <= LARGEST_STORED:
                return content.getvalue(), picture
        picture = picture.resize([max(1, side * 3 // 4) for side in picture.size], Image.Resampling.LANCZOS)


def _lost(pixels: list, ground: str, least: float) -> float:
    """The share of what is visible that has less contrast than `least` on this ground."""
    visible = [(count, "#{:02x}{:02x}{:02x}".format(*rgb)) for count, (*rgb, alpha) in pixels if alpha > 127]
    total = sum(count for count, _colour in visible)
    return sum(count for count, colour in visible if contrast(colour, ground) < least) / total if total else 0.0
