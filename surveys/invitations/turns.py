"""One at a time per client: whoever judges, hands in contacts or writes down rules takes the client's row first."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from ..models import Client


@contextmanager
def alone_at(client_id: int) -> Iterator[None]:
    """A transaction in which nobody else judges at this client or hands in its contacts.

    What is unjudged may only be read inside. Answers and other rows that merely point to the client do not wait. On
    SQLite this locks nothing, but there the transaction itself is the queue (BEGIN IMMEDIATE).
    """
    with transaction.atomic():
        Client.objects.select_for_update(no_key=True).values_list("pk").get(pk=client_id)
        yield
