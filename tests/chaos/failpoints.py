"""A sender that is killed at a named point between its claim and the record of what became of a mail.

The sender is a process of its own (`sender`) whose functions are wrapped: they do what they always do, then the process
is gone. A fork of ours would share the connections that this process holds without knowing: those of another thread, or
of the time before a loop was started in this one.
"""

import datetime as dt
import os
import random
import signal
import smtplib
import time
from collections.abc import Callable
from pathlib import Path

from django.test import override_settings
from django.utils import timezone

from surveys import delivery
from surveys.delivery import claims, mailing
from tests.chaos.sink import Sink
from tests.chaos.storm import due_invitations, is_unfinished, verdict
from tests.installation import Installation

MAILS = 6  # a kill: it comes at one of the first five
BEFORE_COMMIT, CLAIMED, MARKED = "before the claim is committed", "after the claim", "marked, before the first byte"
DATA, CONFIRMED = "after the final dot, before the 250", "after the 250, before it is recorded"
POINTS = (BEFORE_COMMIT, CLAIMED, MARKED, DATA, CONFIRMED)
WRAPPED = {
    BEFORE_COMMIT: (claims, "_claimed"),
    CLAIMED: (claims, "take"),
    MARKED: (claims, "hand_over"),
    DATA: (smtplib.SMTP, "send"),
    CONFIRMED: (mailing.Channel, "hand_over"),
}
# Which calls count; without a word here each one does. Staff's mails are claimed first, and there are none.
COUNTS: dict[str, Callable[[tuple], bool]] = {
    BEFORE_COMMIT: lambda arguments: bool(arguments[0]),
    DATA: lambda arguments: isinstance(arguments[1], bytes) and arguments[1].endswith(b"\r\n.\r\n"),
}
# What the mail in hand must be afterwards; without a word here all mails are accepted in the end.
UNKNOWN = {MARKED: "did not arrive", DATA: "arrived", CONFIRMED: "arrived"}


def run(folder: Path, point: str, kills: int) -> dict:
    """`kills` senders die at `point`, each with mails of its own; then others go on with what they left."""
    rng = random.Random(point)
    sink = Sink(folder / "sink")
    smtp = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": sink.port}
    installation, died = Installation(folder, sink.port), 0
    try:
        with override_settings(EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", **smtp):
            for number in range(kills):
                due_invitations(MAILS, f"client-{number}")
                died += _dies(installation, point, turn=rng.randrange(1, MAILS))
                for later in (delivery.LEASE, delivery.HAND_OVER_LEASE):
                    at = timezone.now() + later + dt.timedelta(seconds=1)
                    delivery.sweep(at)
                    while delivery.send_due(at):
                        pass
        assert not is_unfinished()
    finally:
        installation.stop()
        sink.stop()
    result = verdict(sink, kills * MAILS) | {"kills": {point: died}}
    expected = {UNKNOWN[point]} if point in UNKNOWN else set()
    is_named = set(result["unknown"].values()) == expected and len(result["unknown"]) == (died if expected else 0)
    return result | {"is_as_designed": is_named}


def _dies(installation: Installation, point: str, turn: int) -> bool:
    """Whether a sender was killed at the point when it came there for the n-th time; False if it sent all and lives.

    AssertionError with its last words if it ended in any other way.
    """
    sender = installation.start("tests.chaos.sender", point, str(turn))
    code = sender.wait(60)
    log = installation.folder / f"{len(installation.processes) - 1}.log"
    assert code in (0, -signal.SIGKILL), f"the sender ended with {code}:\n{log.read_text()}"
    return code == -signal.SIGKILL


def send_armed(point: str, turn: int) -> None:
    """What the sender's own process does: send what is due, and die at the point."""
    owner, name = WRAPPED[point]
    nth = 1 if point in (BEFORE_COMMIT, CLAIMED) else turn  # all mails are claimed at once
    setattr(owner, name, _fatal(getattr(owner, name), nth, COUNTS.get(point, lambda arguments: True)))
    delivery.send_due(timezone.now())


def _fatal(function: Callable, turn: int, counts: Callable[[tuple], bool]) -> Callable:
    left = turn

    def fatal(*arguments, **options):
        nonlocal left
        result = function(*arguments, **options)
        if counts(arguments):
            left -= 1
        if left == 0:
            time.sleep(0.2)  # so that the other side has had its part
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return fatal
