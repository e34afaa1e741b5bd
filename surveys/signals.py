"""What surveys announces to the rest of the house, and how the house listens."""

import logging

from celery import Task, shared_task
from django.dispatch import Signal
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

# Sent once per response, after commit, with `response_id`. Receivers only enqueue; a lost one is found by their sweep.
response_submitted = Signal()


@shared_task
def announce(response_id: int) -> None:
    """Send it, in a worker: a page that took an answer leaves one message for all who listen."""
    response_submitted.send_robust(sender=None, response_id=response_id)


def enqueue(task: Task, *arguments) -> None:
    """Wake a worker for what is committed. A dead broker is no error: the sweep finds what was not done."""
    try:
        task.delay(*arguments)
    except OperationalError as error:
        log.warning("no broker for %s%s: %s", task.name, arguments, error)
