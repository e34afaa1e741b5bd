"""Celery's door to cases, digests, initiatives and targets: ids in, one call, nothing else."""

from celery import shared_task
from django.utils import timezone

from surveys.models import Response

from . import cases, digests, initiatives, notices, targets


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


@shared_task
def watch_targets() -> int:
    """Look at every target, and tell in time of what is about to be missed."""
    return targets.watch(timezone.now())


@shared_task
def look_at_initiatives() -> int:
    """Look at every initiative that has begun, for the list."""
    return initiatives.look_at_all(timezone.now())


@shared_task
def tell_of_drift() -> int:
    """Tell the analysts of every drift alert that nobody was told of."""
    return notices.of_drift(timezone.now())
