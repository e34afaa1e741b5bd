"""What surveys announces to the rest of the house, and how the house listens."""

import logging
from threading import Lock, Timer

from celery import Task, shared_task
from django.dispatch import Signal
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

# Sent once per response, after commit, with `response_id`. Receivers only enqueue; a lost one is found by their sweep.
response_submitted = Signal()

BLINK = 0.2  # seconds in which answers are gathered for one message

_waiting: list[int] = []
_lock = Lock()


def announce(response_id: int) -> None:
    """Have `response_submitted` sent, by a worker if there is a broker.

    Answers taken within a blink go out in one message, from a thread of its own: no page waits for a broker, dead or
    alive. What a killed process had gathered is found by the sweeps.
    """
    if send_submitted.app.conf.task_always_eager:
        enqueue(send_submitted, [response_id])
        return
    with _lock:
        _waiting.append(response_id)
        if len(_waiting) == 1:
            flush = Timer(BLINK, _flush)
            flush.daemon = True
            flush.start()


@shared_task
def send_submitted(response_ids: list[int]) -> None:
    """Tell all who listen."""
    for response_id in response_ids:
        response_submitted.send_robust(sender=None, response_id=response_id)


def enqueue(task: Task, *arguments) -> None:
    """Wake a worker for what is committed. A dead broker is no error: the sweep finds what was not done."""
    try:
        task.delay(*arguments)
    except OperationalError as error:
        log.warning("no broker for %s%s: %s", task.name, arguments, error)


def _flush() -> None:
    with _lock:
        gathered = [*_waiting]
        _waiting.clear()
    enqueue(send_submitted, gathered)
