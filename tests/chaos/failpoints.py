"""A sender that is killed at a named point between its claim and the record of what became of a mail.

The sender is a fork of this process whose functions are wrapped: they do what they always do, then the process is gone.
"""

import datetime as dt
import os
import random
import signal
import smtplib
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connections
from django.test import override_settings
from django.utils import timezone

from surveys import delivery
from surveys.delivery import claims, mailing
from tests.chaos.sink import Sink
from tests.chaos.storm import due_invitations, is_unfinished, verdict

MAILS = 6  # a kill: it comes at one of the first five
BEFORE_COMMIT, CLAIMED, MARKED = "before the claim is committed", "after the claim", "marked, before the first byte"
DATA, CONFIRMED = "after the final dot, before the 250", "after the 250, before it is recorded"
POINTS = (BEFORE_COMMIT, CLAIMED, MARKED, DATA, CONFIRMED)
# What the mail in hand must be afterwards; without a word here all mails are accepted in the end.
UNKNOWN = {MARKED: "did not arrive", DATA: "arrived", CONFIRMED: "arrived"}


def run(folder: Path, point: str, kills: int) -> dict:
    """`kills` senders die at `point`, each with mails of its own; then others go on with what they left."""
    rng = random.Random(point)
    sink = Sink(folder / "sink")
    smtp = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": sink.port}
    died = 0
    try:
        with override_settings(EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", **smtp):
            for number in range(kills):
                due_invitations(MAILS, f"client-{number}")
                died += _dies(point, turn=rng.randrange(1, MAILS))
                for later in (delivery.LEASE, delivery.HAND_OVER_LEASE):
                    at = timezone.now() + later + dt.timedelta(seconds=1)
                    delivery.sweep(at)
                    while delivery.send_due(at):
                        pass
        assert not is_unfinished()
    finally:
        sink.stop()
    result = verdict(sink, kills * MAILS) | {"kills": {point: died}}
    expected = {UNKNOWN[point]} if point in UNKNOWN else set()
    is_named = set(result["unknown"].values()) == expected and len(result["unknown"]) == (died if expected else 0)
    return result | {"is_as_designed": is_named}


def _dies(point: str, turn: int) -> bool:
    """Whether a sender, forked from here, was killed at the point when it came there for the n-th time."""
    connections.close_all()  # parent and child must not talk over one socket
    if pid := os.fork():
        _, status = os.waitpid(pid, 0)
        return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    try:
        _arm(point, turn)
        delivery.send_due(timezone.now())
    finally:
        os._exit(0)


def _arm(point: str, turn: int) -> None:
    if point == BEFORE_COMMIT:
        claims._claimed = _fatal(claims._claimed, 1)
    elif point == CLAIMED:
        claims.take = _fatal(claims.take, 1)
    elif point == MARKED:
        claims.hand_over = _fatal(claims.hand_over, turn)
    elif point == CONFIRMED:
        mailing.Channel.hand_over = _fatal(mailing.Channel.hand_over, turn)
    else:
        ends = lambda arguments: isinstance(arguments[1], bytes) and arguments[1].endswith(b"\r\n.\r\n")  # noqa: E731
        smtplib.SMTP.send = _fatal(smtplib.SMTP.send, turn, ends, wait=0.2)


def _fatal(function: Callable, turn: int, counts: Callable = lambda arguments: True, wait: float = 0) -> Callable:
    left = turn

    def fatal(*arguments, **options):
        nonlocal left
        result = function(*arguments, **options)
        if counts(arguments):
            left -= 1
        if left == 0:
            time.sleep(wait)  # so that the other side has had its part
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return fatal
