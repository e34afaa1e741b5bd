"""Celery's door to planning and sending: no arguments but the clock, one call each."""

import logging
import smtplib

from celery import shared_task
from django.utils import timezone

from . import delivery, invitations

log = logging.getLogger(__name__)


@shared_task
def plan_invitations() -> int:
    return invitations.plan_contacts(timezone.now())


@shared_task
def plan_waves() -> int:
    return invitations.plan_waves(timezone.now())


@shared_task
def send_messages() -> int:
    try:
        return delivery.send_due(timezone.now())
    except (smtplib.SMTPException, OSError) as error:  # no mail server: everything stays due, the next tick tries again
        log.warning("the mail server cannot be reached: %s", error)
        return 0


@shared_task
def sweep_messages() -> int:
    return delivery.sweep(timezone.now())
