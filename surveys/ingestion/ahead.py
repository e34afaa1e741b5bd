"""A second process that works ahead: it reads and judges rows while this one stores those before.

Half of an import is Python that asks no database. A thread would not do: both would fight over the interpreter's lock.
"""

import gc
import multiprocessing
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TypeVar

T = TypeVar("T")


def made_ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, made in a process of its own, at most one or two ahead. Its exceptions are raised here.

    An item should be as large as what is done with it at a time: a pipe holds 64 KB, and beyond that the other waits.

    The process is a copy of this one (fork), so `items` needs no pickling, only what they yield. It must not use the
    database: the connection would be the same. It ends with this process, even by kill -9, because the pipe breaks.
    """
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe(duplex=False)
    gc.freeze()  # what is there stays there: the collector of either process need not look at it, nor copy it
    process = fork.Process(target=_make, args=(items, ours, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        while (message := ours.recv()) is not None:
            if isinstance(message, Exception):
                raise message
            yield message
    finally:
        ours.close()
        process.terminate()
        process.join()
        gc.unfreeze()


def _make(items: Iterator[T], theirs: Connection, ours: Connection) -> None:
    theirs.close()  # the end that this copy inherited; were it open, the pipe would never break
    with suppress(BrokenPipeError):
        try:
            for item in items:
                ours.send(item)
            ours.send(None)
        except BrokenPipeError:
            raise
        except Exception as error:
            ours.send(error)
