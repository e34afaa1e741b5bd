"""One at a time per client: whoever judges, hands in contacts or writes down rules takes the client's row first."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from ..models import Client


class TakenError(Exception):
    """Somebody else is at work at this client."""


@contextmanager
def alone_at(client_id: int, *, waits: bool = True) -> Iterator[None]:
    """A transaction in which nobody else judges at this client or hands in its contacts.

    What is unjudged may only be read inside. Answers and other rows that merely point to the client do not wait. On
    SQLite this locks nothing, but there the transaction itself is the queue (BEGIN IMMEDIATE).
    Whoever does not wait meets TakenError where it is not their turn.
    """
    with transaction.atomic():
        turn = Client.objects.select_for_update(no_key=True, skip_locked=not waits).filter(pk=client_id)
        if not turn.values_list("pk"):
            raise TakenError(client_id)
        yield
