"""A response came in: look at once whether it needs a case."""

from django.dispatch import receiver

from surveys.signals import enqueue, response_submitted

from .tasks import open_case


@receiver(response_submitted)
def open_soon(sender, response_id: int, **kwargs) -> None:
    enqueue(open_case, response_id)
