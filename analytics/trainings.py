"""Wishes to train: a person presses, a worker trains, and the row says what became of it.

The row is the queue: a broker only wakes a worker sooner, and what nobody woke the sweep finds. A worker that dies lets
go of its wish when the lease ends; after three such deaths the wish is given up, lest it kill workers for ever.
"""

import datetime as dt
import logging

from django.db.models import F, Q
from django.utils import timezone

from surveys.models import Client, Login

from . import versions
from .models import Training

log = logging.getLogger(__name__)

LEASE = dt.timedelta(minutes=15)  # training on 10,000 comments takes less than one
MOST_TRIES = 3


def ask(client: Client, language: str, by: Login | None = None) -> tuple[Training, bool]:
    """Have a version trained as soon as a worker is free: the wish and whether it is new; one that waits stands."""
    return Training.objects.get_or_create(
        client=client, language=language, finished_at=None, defaults={"asked_by": by, "asked_at": timezone.now()}
    )


def carry_out() -> int:
    """Train for every wish that waits, oldest first; how many were finished. Two workers never take the same one."""
    waiting = Training.objects.filter(finished_at=None).order_by("asked_at", "pk")
    return sum(_train(wish) for wish in waiting.select_related("client", "asked_by") if _taken(wish))


def _taken(wish: Training) -> bool:
    now = timezone.now()
    free = Q(started_at=None) | Q(started_at__lt=now - LEASE)
    rows = Training.objects.filter(free, pk=wish.pk, finished_at=None)
    return rows.update(started_at=now, tries=F("tries") + 1) == 1


def _train(wish: Training) -> int:
    result, failure = None, ""
    if wish.tries >= MOST_TRIES:
        failure = Training.Failure.BROKEN
        log.error("training %s for %s died %s times and is given up", wish.pk, wish, wish.tries)
    else:
        try:
            result = versions.train_for(wish.client, wish.language, wish.asked_by)
        except versions.NothingToLearn:
            failure = Training.Failure.NOTHING
        except Exception:
            failure = Training.Failure.BROKEN
            log.exception("training %s for %s failed", wish.pk, wish)
    Training.objects.filter(pk=wish.pk).update(finished_at=timezone.now(), result=result, failure=failure)
    return 1
