"""Celery's door to planning and sending: each task looks for due rows by the clock, and makes one call."""

import logging

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from . import delivery, invitations
from .api import idempotency
from .delivery import bounces, clock, mailboxes
from .ingestion import webhooks
from .signals import enqueue

log = logging.getLogger(__name__)


@shared_task
def plan_invitations(is_helping: bool = False) -> int:
    """A backlog calls a second worker: two planners spread over the clients."""
    if not is_helping and not settings.CELERY_TASK_ALWAYS_EAGER and invitations.is_behind():
        enqueue(plan_invitations, True)
    return invitations.plan_contacts(timezone.now())


@shared_task
def plan_waves() -> int:
    return invitations.plan_waves(timezone.now())


@shared_task
def plan_reminders() -> int:
    return invitations.plan_reminders(timezone.now())


@shared_task
def send_messages() -> int:
    return delivery.send_due(clock.now())


@shared_task
def sweep_messages() -> int:
    return delivery.sweep(clock.now())


@shared_task
def read_bounces() -> int:
    if not settings.BOUNCE_MAILBOX:
        return 0
    try:
        return bounces.read_mailbox(settings.BOUNCE_MAILBOX, timezone.now())
    except mailboxes.Unreachable as error:  # every mail not dealt with is still there; the next round tries again
        log.warning("the mailbox of bounces cannot be reached: %s", error)
        return 0


@shared_task
def forget_requests() -> int:
    """What came in by webhook or with an idempotency key is kept for a while only; how much was forgotten."""
    now = timezone.now()
    return webhooks.forget_payloads(now) + idempotency.forget(now)
