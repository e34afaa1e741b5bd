"""A response came in: read its words at once."""

from django.dispatch import receiver

from surveys.signals import enqueue, response_submitted

from .tasks import read_response


@receiver(response_submitted)
def read_soon(sender, response_id: int, **kwargs) -> None:
    enqueue(read_response, response_id)
