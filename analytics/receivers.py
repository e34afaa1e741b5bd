"""A response came in: read its words at once. Without a broker the sweep finds them."""

import logging

from django.dispatch import receiver
from kombu.exceptions import OperationalError

from surveys.signals import response_submitted

from .tasks import read_response

log = logging.getLogger(__name__)


@receiver(response_submitted)
def read_soon(sender, response_id: int, **kwargs) -> None:
    try:
        read_response.delay(response_id)  # the signal is sent after commit, so the row is there
    except OperationalError as error:
        log.warning("no broker for reading response %s: %s", response_id, error)
