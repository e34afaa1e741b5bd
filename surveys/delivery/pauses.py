"""Stop a campaign that only meets errors, and tell its owner once: what was said, and what to do.

What counts are errors that are not the recipient's: a sender or a policy refused, a mail that cannot be written. Half
of a campaign's last twenty messages: somebody has to look before more of them are burnt.
"""

import datetime as dt
import re
from collections import deque
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from ..models import Access, Campaign, DeliveryEvent, Login, OutgoingMessage
from . import links, mail, statuses
from .outbox import queue
from .outcomes import Outcome

State = OutgoingMessage.State

LAST, TOO_MANY = 20, 10
SENDER_REFUSED = "sender refused: "  # how a channel begins the words of a server that did not like the sender
ENDED = (State.ACCEPTED, State.FAILED, State.UNKNOWN, State.DEFERRED)
# Put off because of us: policy, authentication, and the sender's address; 421 says only that the server is busy.
_OURS_FOR_NOW = re.compile(r"\b4(?!21)\d\d[ -]4\.(7\.\d+|1\.[78])\b")


class Ended(NamedTuple):
    is_ours: bool
    detail: str


def is_ours(state: State, detail: str, attempts: int) -> bool:
    """Whether an outcome is an error that other messages of the campaign will meet as well.

    Put off counts from the second try on: greylisting answers the first one with 4.7.1.
    """
    if state == State.DEFERRED:
        return attempts > 1 and bool(_OURS_FOR_NOW.search(detail))
    if state != State.FAILED:
        return False
    return detail.startswith(SENDER_REFUSED) or statuses.of_failure("", detail) == DeliveryEvent.Kind.REJECTED


class Watch:
    """What became of the last messages of each campaign, as far as this run and the database know."""

    def __init__(self, began_at: dt.datetime) -> None:
        self.began_at = began_at
        self._last: dict[int, deque[Ended]] = {}
        self._seeded: set[int] = set()
        self._suspects: dict[int, Campaign] = {}

    def note(self, message: OutgoingMessage, outcome: Outcome) -> None:
        """Remember how a message ended. With a campaign's first error, what happened before this run is read."""
        if not message.invitation:
            return
        campaign = message.invitation.campaign
        ended = Ended(is_ours(outcome.state, outcome.detail, message.attempts), outcome.detail)
        self._last.setdefault(campaign.pk, deque(maxlen=LAST)).append(ended)
        if ended.is_ours:
            self._suspects[campaign.pk] = campaign

    def pause_where_needed(self, at: dt.datetime) -> None:
        """Between two slices: stop the campaigns with too many errors."""
        for campaign in self._suspects.values():
            last = self._last[campaign.pk]
            if campaign.pk not in self._seeded:
                self._seeded.add(campaign.pk)
                last.extendleft(_before(campaign, self.began_at)[: LAST - len(last)])
            if sum(ended.is_ours for ended in last) >= TOO_MANY:
                pause(campaign, [ended.detail for ended in last if ended.is_ours], at)
        self._suspects.clear()


@transaction.atomic
def pause(campaign: Campaign, replies: list[str], at: dt.datetime) -> bool:
    """Stop the campaign and queue the note to its owner; False if it is stopped already."""
    last_reply = replies[-1]
    with translation.override(campaign.client.language):
        because = _("Stopped after repeated errors: %(reply)s") % {"reply": last_reply}
    stopped = Campaign.objects.filter(pk=campaign.pk, is_paused=False)
    if not stopped.update(is_paused=True, paused_because=because[:250]):
        return False
    for login in _told(campaign):
        _tell(login, campaign, replies, at)
    return True


def _told(campaign: Campaign) -> list[Login]:
    """The owner; without one that has an address, the client's analysts, else the superusers."""
    with_email = Login.objects.filter(is_active=True).exclude(email="")
    analysts = Q(accesses__client=campaign.client_id, accesses__role=Access.Role.ANALYST)
    for who in (Q(pk=campaign.owner_id), analysts, Q(is_superuser=True)):
        if told := list(with_email.filter(who).distinct().order_by("pk")):
            return told
    return []


def _tell(login: Login, campaign: Campaign, replies: list[str], at: dt.datetime) -> None:
    context = {
        "campaign": campaign,
        "client": campaign.client,
        "provider": settings.PROVIDER_NAME,
        "language": login.language,
        "errors": len(replies),
        "of": LAST,
        "replies": list(dict.fromkeys(reversed(replies)))[:5],
        "link": links.absolute(reverse("admin:surveys_campaign_change", args=[campaign.pk])),
    }
    written = mail.render("campaign_paused", context, login.language)
    key = f"{_key(campaign)}{at:%Y%m%dT%H%M%S}:{login.pk}"
    said = {"subject": written.subject, "text": written.text, "html": written.html}
    queue(client=campaign.client, key=key, to=login.email, due_at=at, **said)


def _before(campaign: Campaign, at: dt.datetime) -> list[Ended]:
    """How the campaign's last messages before `at` ended, the latest first; since it was last stopped, if ever."""
    notes = OutgoingMessage.objects.filter(client=campaign.client_id, invitation=None, key__startswith=_key(campaign))
    since = notes.order_by("-due_at").values_list("due_at", flat=True).first()
    sent = OutgoingMessage.objects.filter(invitation__campaign=campaign, state__in=ENDED, handed_over_at__lt=at)
    if since:
        sent = sent.filter(handed_over_at__gt=since)
    rows = sent.order_by("-handed_over_at", "-pk").values_list("state", "detail", "attempts")[:LAST]
    return [Ended(is_ours(State(state), detail, attempts), detail) for state, detail, attempts in rows]


def _key(campaign: Campaign) -> str:
    return f"campaign_paused:{campaign.pk}:"
