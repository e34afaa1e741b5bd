"""One look at the numbers: within it the same thing is read once, and so a page agrees with itself."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

_seen: ContextVar[dict | None] = ContextVar("what this look has read", default=None)


@contextmanager
def one_look() -> Iterator[None]:
    """For one page; it forgets everything at its end."""
    token = _seen.set({})
    try:
        yield
    finally:
        _seen.reset(token)


def once(key: Hashable, read: Callable[[], T]) -> T:
    """What `read` returns, or has returned before in this look. Outside of a look it reads every time."""
    seen = _seen.get()
    if seen is None:
        return read()
    if key not in seen:
        seen[key] = read()
    return seen[key]


def again(key: Hashable) -> None:
    """It has changed meanwhile: the next one reads anew."""
    if (seen := _seen.get()) is not None:
        seen.pop(key, None)
