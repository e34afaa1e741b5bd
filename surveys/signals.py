"""What surveys announces to the rest of the house, and how the house listens."""

import logging

from celery import Task
from django.dispatch import Signal
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

# Sent once per response, after commit, with `response_id`. Receivers only enqueue; a lost one is found by their sweep.
response_submitted = Signal()


def enqueue(task: Task, *arguments) -> None:
    """Wake a worker for what is committed. A dead broker is no error: the sweep finds what was not done."""
    try:
        task.delay(*arguments)
    except OperationalError as error:
        log.warning("no broker for %s%s: %s", task.name, arguments, error)
