"""A page rendered once and filled in for everybody: what differs from person to person is left open.

As with mails (`delivery.compiled`), the template is rendered with a mark in each open place and cut at the marks. It
is letters and digits that nobody can guess, so no wording and no name can hold it.
"""

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from html import escape

from ..delivery.compiled import Marks


def filled(key: Hashable, personal: Mapping[str, str], render: Callable[[Mapping[str, str]], str]) -> str:
    """What `render(personal)` gives, from its compiled form. `key` names all else that it depends on.

    What is empty is left to the template, which may leave out more with it.
    """
    kept = _kept(key, frozenset(name for name, value in personal.items() if value))
    if "pieces" not in kept:  # two threads may both render it: the same page, stored as a whole
        marks = Marks(tuple(personal))
        kept["pieces"] = marks.cut(render({name: personal[name] and mark for name, mark in marks.items()}))
    pieces = kept["pieces"]
    return "".join([escape(personal[piece]) if place % 2 else piece for place, piece in enumerate(pieces)])


@lru_cache(maxsize=2_000)
def _kept(key: Hashable, given: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """Where a page of about 5 KB is kept; empty until it was rendered."""
    return {}


def forget() -> None:
    """For tests, whose databases give the same numbers to other versions."""
    _kept.cache_clear()
