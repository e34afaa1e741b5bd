"""A mail rendered once and filled in many times: what differs from customer to customer is left open.

The template is rendered with a mark in each open place, the styles are inlined, and the result is cut at the marks. A
mark is letters and digits that nobody can guess, so no wording and no name can hold one. Filling in escapes as the
inliner's HTML does; a test holds filled and rendered mails to the same bytes.
"""

import re
import secrets
from dataclasses import dataclass

from . import mail


@dataclass(frozen=True)
class Compiled:
    """Constant pieces and, between them, the names of what belongs there: every second one is a name."""

    subject: tuple[str, ...]
    text: tuple[str, ...]
    html: tuple[str, ...]

    def fill(self, values: dict[str, str]) -> mail.Mail:
        escaped = {name: escape(value) for name, value in values.items()}
        return mail.Mail(_joined(self.subject, values), _joined(self.text, values), _joined(self.html, escaped))


class Marks(dict[str, str]):
    """A mark for each name, made for one rendering."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.key = secrets.token_hex(8)
        super().__init__({name: f"nk{self.key}{place:02}kn" for place, name in enumerate(names)})

    def cut(self, text: str) -> tuple[str, ...]:
        names = list(self)
        pieces = re.split(rf"nk{self.key}(\d\d)kn", text)
        return tuple(names[int(piece)] if place % 2 else piece for place, piece in enumerate(pieces))


def compile_mail(name: str, context: dict, marks: Marks, locale: str) -> Compiled:
    """The mail `name`, rendered with `context`, in which the marks stand for what is open."""
    written = mail.render(name, context, locale)
    return Compiled(marks.cut(written.subject), marks.cut(written.text), marks.cut(written.html))


def escape(text: str) -> str:
    """As an HTML serialiser writes text. In attributes nothing is open but our own links, which need no escaping."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\xa0", "&nbsp;")


def _joined(pieces: tuple[str, ...], values: dict[str, str]) -> str:
    return "".join([values[piece] if place % 2 else piece for place, piece in enumerate(pieces)])
