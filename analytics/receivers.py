"""A response came in: read its words at once. The tables change: the triggers on them are made anew."""

from django.dispatch import receiver

from surveys.signals import enqueue, response_submitted

from . import triggers
from .tasks import read_response


@receiver(response_submitted)
def read_soon(sender, response_id: int, **kwargs) -> None:
    enqueue(read_response, response_id)


def before_migrating(sender, using: str, plan: list, **kwargs) -> None:
    if plan:
        triggers.remove(using)


def after_migrating(sender, using: str, **kwargs) -> None:
    triggers.install(using)
