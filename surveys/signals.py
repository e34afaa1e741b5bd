"""What surveys announces to the rest of the house, and how the house listens."""

import logging

from celery import Task
from django.dispatch import Signal
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

# Sent once per response, after commit, with `response_id`. Receivers only enqueue; a lost one is found by their sweep.
response_submitted = Signal()


def enqueue(task: Task, response_id: int) -> None:
    """Wake a worker for a response that is committed. A dead broker is no error: the sweep finds what was not done."""
    try:
        task.delay(response_id)
    except OperationalError as error:
        log.warning("no broker for %s of response %s: %s", task.name, response_id, error)
