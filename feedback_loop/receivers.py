"""A response came in: look at once whether it needs a case. Without a broker the sweep finds it."""

import logging

from django.dispatch import receiver
from kombu.exceptions import OperationalError

from surveys.signals import response_submitted

from .tasks import open_case

log = logging.getLogger(__name__)


@receiver(response_submitted)
def open_soon(sender, response_id: int, **kwargs) -> None:
    try:
        open_case.delay(response_id)  # the signal is sent after commit, so the row is there
    except OperationalError as error:
        log.warning("no broker for the case of response %s: %s", response_id, error)
