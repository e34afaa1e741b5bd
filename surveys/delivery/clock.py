"""The clock by which messages are due and leases end: the database's, because the clocks of several workers disagree.

It is read once, at the start of a run; from there on the run counts seconds that no setting of a clock can move. A
worker whose own clock is wrong sends nothing early, and takes nothing from a sender that is alive.
"""

import datetime as dt
from collections.abc import Callable
from time import monotonic

from django.db import connection
from django.utils import timezone


def now() -> dt.datetime:
    """The time of the database; SQLite has none of its own."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def running_from(at: dt.datetime) -> Callable[[], dt.datetime]:
    """A clock that shows `at` now and runs on, whatever happens to the clock of this machine."""
    began = monotonic()
    return lambda: at + dt.timedelta(seconds=monotonic() - began)
