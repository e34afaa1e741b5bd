"""The only door out: queue, claim, send, sweep, and record what became of it.

To a customer at most once: claim → commit → hand over → record. A message found handed over after its lease is
*unknown*: shown to a person, never sent again. To staff at least once: there the unknown is sent again. Claims are
conditional updates; whoever changes the row goes on. Nothing on the network happens inside a transaction.

`outbox` takes what staff are told; `outcomes` says what a channel is (`mailing`, `sms`); `claims` and `caps` say who
may send what now; `sender` goes round the clients; `pauses` stops a campaign that only meets errors; `bounces` hears
what comes back.
"""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from . import caps, claims
from .claims import HAND_OVER_LEASE, LEASE, MOST_ATTEMPTS
from .identity import identity_gap
from .outbox import queue
from .sender import Run

__all__ = ["HAND_OVER_LEASE", "LEASE", "MOST_ATTEMPTS", "identity_gap", "queue", "send_due", "sweep"]


def send_due(at: dt.datetime, seconds: float = 20) -> int:
    """Send what is due at `at`, client by client in turns; the number of messages handed over.

    It begins nothing new after `seconds`, so that other work gets its turn; the next call goes on. What cannot be sent
    because its mail server or provider cannot be reached stays due.

    A backlog leaves over two connections at once: while one waits for the mail server, the other one works. Each holds
    one message in its hand, so a killed process leaves at most two whose fate nobody knows.
    """
    if not _takes_two(at):
        return Run(at, seconds).send()
    with ThreadPoolExecutor(1) as beside:
        other = beside.submit(_send_beside, at, seconds)
        return Run(at, seconds).send() + other.result()


def _takes_two(at: dt.datetime) -> bool:
    """Whether a second connection is worth its opening; inside a transaction, and on SQLite, there is only one."""
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return False
    return claims.due(at)[claims.SLICE : claims.SLICE + 1].exists()


def _send_beside(at: dt.datetime, seconds: float) -> int:
    try:
        return Run(at, seconds).send()
    finally:
        connection.close()  # this thread's own


def sweep(at: dt.datetime) -> int:
    """Take back what a dead sender left behind; the number of messages touched."""
    caps.forget(at)
    return claims.release(at)
