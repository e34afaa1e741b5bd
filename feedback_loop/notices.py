"""What the house says unasked, by mail to staff: a target in danger, a model that drifts. Each at least once.

The truth is the gap, a thing to say without its notice; what is said and the mails that say it are written in one
transaction. They go to the client's analysts; where none of them has an address, to the provider's superusers.
"""

import datetime as dt
from itertools import groupby
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse

from analytics.models import DriftAlert
from surveys import delivery
from surveys.delivery import links, mail
from surveys.models import Access, Client, Login

from .models import DriftNotice, TargetNotice

NEWS = dt.timedelta(days=14)  # what moved longer ago is no news


def receivers(client: Client) -> list[Login]:
    """Who keeps this client's figures and can be reached."""
    reached = Login.objects.filter(is_active=True).exclude(email="").order_by("pk")
    analysts = Access.objects.filter(client=client, role=Access.Role.ANALYST).values("login")
    return list(reached.filter(pk__in=analysts) or reached.filter(is_superuser=True))


def of_target(notice: TargetNotice, state, at: dt.datetime) -> None:
    """Queue the mails of a notice that is being written: `state` (of `targets`) says how the target stands."""
    page = reverse("admin:feedback_loop_target_change", args=[notice.target_id])
    told = {"notice": notice, "state": state, "target": notice.target}
    key = f"target:{notice.target_id}:{notice.first_on}:{notice.direction}"
    _queue(notice.target.client, "target_notice", key, page, told, at)


def of_drift(at: dt.datetime) -> int:
    """Tell of every drift alert that nobody was told of: one mail to each analyst of a client. The number of alerts."""
    rows = DriftAlert.objects.filter(notice=None, noted_at__gt=at - NEWS, client__is_active=True)
    waiting = rows.select_related("client", "theme").order_by("client", "week_on", "pk")
    return sum(_of_drift(client, list(alerts), at) for client, alerts in groupby(waiting, lambda row: row.client))


def _of_drift(client: Client, alerts: list[DriftAlert], at: dt.datetime) -> int:
    """None is told where there is nobody to tell: whoever comes within `NEWS` still hears of it."""
    if not receivers(client):
        return 0
    try:
        with transaction.atomic():
            DriftNotice.objects.bulk_create(DriftNotice(alert=alert, at=at) for alert in alerts)
            page = reverse("admin:analytics_driftalert_changelist")
            _queue(client, "drift_notice", f"drift:{alerts[-1].pk}", page, {"alerts": alerts, "client": client}, at)
    except IntegrityError:  # another worker was faster; what it did not know of waits for the next look
        return 0
    return len(alerts)


def _queue(client: Client, name: str, key: str, page: str, told: dict[str, Any], at: dt.datetime) -> None:
    for login in receivers(client):
        context = {"language": login.language, "link": links.absolute(page), **told}
        letter = mail.render(name, context, login.language)
        delivery.queue(
            client=client,
            key=f"{key}:{login.pk}",
            to=login.email,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            due_at=at,
        )
