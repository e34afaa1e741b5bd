"""Celery's door to classification: ids in, one call, nothing else."""

from celery import shared_task

from surveys.models import Answer

from . import classification


@shared_task
def read_answers() -> int:
    """Fill the gap: every text that nobody has read, or that changed since."""
    return classification.read_missing()


@shared_task
def read_response(response_id: int) -> None:
    """Read the texts of one response as soon as they arrive or change."""
    for answer in Answer.objects.filter(response=response_id).exclude(text="").select_related("response__client"):
        classification.read(answer)
