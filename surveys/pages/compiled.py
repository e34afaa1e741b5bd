"""A page rendered once and filled in for everybody: what differs from person to person is left open.

As with mails (`delivery.compiled`), the template is rendered with a mark in each open place and cut at the marks. It
is letters and digits that nobody can guess, so no wording and no name can hold it.
"""

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache

from django.utils.html import escape

from ..delivery.compiled import Marks


def filled(key: Hashable, personal: Mapping[str, str], render: Callable[[Mapping[str, str]], str]) -> str:
    """What `render(personal)` gives, from its compiled form. `key` names all else that it depends on.

    What is empty is left to the template, which may leave out more with it.
    """
    pieces = _slot(key, frozenset(name for name, value in personal.items() if value))
    if not pieces:
        marks = Marks(tuple(personal))
        pieces += marks.cut(render({name: personal[name] and mark for name, mark in marks.items()}))
    return "".join([escape(personal[piece]) if place % 2 else piece for place, piece in enumerate(pieces)])


@lru_cache(maxsize=500)
def _slot(key: Hashable, given: frozenset[str]) -> list[str]:
    """Where the pieces of a page are kept; empty until it was rendered."""
    return []


def forget() -> None:
    """For tests, whose databases give the same numbers to other versions."""
    _slot.cache_clear()
