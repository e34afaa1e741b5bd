"""Celery's door to cases and digests: ids in, one call, nothing else."""

from celery import shared_task
from django.utils import timezone

from surveys.models import Response

from . import cases, digests


@shared_task
def open_cases() -> int:
    """Fill the gap: every response that needs a case and has none, or whose case does not say all."""
    return cases.open_missing(timezone.now())


@shared_task
def open_case(response_id: int) -> None:
    """Open the case of one response as soon as it arrives."""
    cases.open_for(Response.objects.select_related("client", "invitation").get(pk=response_id), timezone.now())


@shared_task
def send_digests() -> int:
    """Build and queue every digest that is due."""
    return digests.send_due(timezone.now())
