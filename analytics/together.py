"""How the database is told that a figure reads most of a client's rows, and not some of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

_TOGETHER = "SELECT " + ", ".join(
    f"set_config('{name}', '{value}', true)"
    for name, value in (("random_page_cost", "3"), ("work_mem", "64MB"), ("parallel_tuple_cost", "0.01"))
)


@contextmanager
def read_together(*, never_one_by_one: bool = False) -> Iterator[None]:
    """For reads alone: PostgreSQL is told to read whole pages of tables, by two processes, and given room to count.

    `settings` tells it to find rows one by one, which is right for thousands. Who finds a third of a million so, in the
    order of an index, reads each page thirty times; and it believes that as many groups come of it as there are rows.

    `never_one_by_one`: all tables are narrowed to the client's rows. The planner, who does not know that a client's
    answers are to that client's invitations, expects few of both and looks each of a quarter million up by itself.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TOGETHER + (", set_config('enable_nestloop', 'off', true)" if never_one_by_one else ""))
        yield
        transaction.set_rollback(True)  # nothing was written; what is read next in a transaction is read as before
