"""Celery's door to classification: ids in, one call, nothing else."""

from celery import shared_task
from django.utils import timezone

from surveys.models import Answer, Client

from . import classification, drift, tallies, topics, trainings, versions


@shared_task
def read_answers() -> int:
    """Fill the gap: every text that nobody has read, or that changed since."""
    return classification.read_missing()


@shared_task
def read_response(response_id: int) -> None:
    """Read the texts of one response as soon as they arrive or change."""
    for answer in Answer.objects.filter(response=response_id).exclude(text="").select_related("response__client"):
        classification.read(answer)


@shared_task
def look_for_topics() -> int:
    """Search the comments of clients where nobody has for a week."""
    return topics.look_when_due()


@shared_task
def look_for_topics_at(client_id: int) -> int:
    """Search one client's comments, if they are due."""
    return topics.look_when_due(Client.objects.filter(pk=client_id))


@shared_task
def train_asked() -> int:
    """Carry out what people at the model's page have asked for."""
    return trainings.carry_out()


@shared_task
def reread_history() -> int:
    return versions.reread()


@shared_task
def watch_drift() -> int:
    return drift.watch(timezone.now())


@shared_task
def fill_tallies() -> int:
    return tallies.sweep(timezone.now())
