"""Who may send a message now: claims, what they forbid, and what becomes of a claimed message in the database.

A claim is a conditional UPDATE inside a short transaction that has locked its candidates (on SQLite: as the only
writer). From there every step is conditional on the step before it, so a sender that lost its claim changes nothing.
"""

import datetime as dt
import sys
from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import NamedTuple
from zlib import crc32

import psycopg
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_noop

from .. import invitations
from ..invitations import reminders
from ..models import Campaign, Client, Invitation, Medium, OutgoingMessage, SurveyVersion
from . import caps
from .identity import identity_gap
from .outcomes import Outcome

State = OutgoingMessage.State
WAITING = (State.PLANNED, State.DEFERRED)

SLICE = 100  # messages of one client a claim: every one of them is still asked about objections when its turn comes
LEASE = dt.timedelta(seconds=20)  # of what is claimed; renewed at half-time. A dead sender's messages wait no longer
# Of the one message that is being handed over: longer than all waits for a slow server together (EMAIL_TIMEOUT each).
HAND_OVER_LEASE = dt.timedelta(minutes=5)
LONGEST_SLICE = dt.timedelta(minutes=1)  # what has not had its turn by then is given back: see the window of `caps`
MOST_ATTEMPTS = 8
FIRST_WAIT = dt.timedelta(minutes=5)  # doubled with each try: eight tries take about ten hours
NO_IDENTITY = gettext_noop("sender identity is incomplete")


# What judging and writing need: rows have many more columns, and each costs time. Whatever is missing here is still
# read, but row by row; a test counts the queries.
_READ = [
    *(f.name for f in OutgoingMessage._meta.concrete_fields if f.name not in ("subject", "text", "html", "images")),
    *(f"invitation__{f.name}" for f in Invitation._meta.concrete_fields),
    *(f"invitation__customer__{name}" for name in ("name", "phone", "email", "time_zone")),
    *(f"invitation__contact__{name}" for name in ("state", "source", "has_consent", "started_at", "ended_at")),
    *(f"invitation__contact__is_{what}" for what in ("spam", "test", "goodwill", "agent_initiated")),
]


class Claim(NamedTuple):
    """`messages` in their order. `is_last`: nothing more of this client can leave now."""

    messages: list[OutgoingMessage]
    claimed_at: dt.datetime
    is_last: bool


def due(at: dt.datetime, without: Iterable[str] = ()) -> QuerySet[OutgoingMessage]:
    """What may leave at `at`: neither a link, which we never send, nor by a medium of `without`, nor while paused."""
    waiting = OutgoingMessage.objects.filter(state__in=WAITING, due_at__lte=at)
    return waiting.exclude(medium__in=[Medium.LINK, *without]).exclude(invitation__campaign__is_paused=True)


def clients_with_due(at: dt.datetime) -> list[Client]:
    """Those with messages to customers that are due."""
    waiting = OutgoingMessage.objects.filter(
        state__in=WAITING, due_at__lte=at, client=OuterRef("pk"), invitation__isnull=False
    )
    return list(Client.objects.filter(Exists(waiting)))


@transaction.atomic
def take_for_staff(at: dt.datetime, without: Iterable[str]) -> Claim:
    """The oldest slice of messages to staff, of whatever client; they are neither capped nor judged."""
    rows = due(at, without).filter(invitation=None).select_related("client")
    found = _locked(rows)
    leaving = _after_a_death_one_at_a_time(found)
    return Claim(_claimed(leaving, at), at, is_last=len(found) < SLICE and len(leaving) == len(found))


@transaction.atomic
def take(client: Client, at: dt.datetime, without: Iterable[str], versions: dict[int, SurveyVersion]) -> Claim:
    """The client's oldest slice of messages to customers that may leave, judged once more.

    `versions`: those already read; published ones never change.
    """
    rows = due(at, without).filter(client=client, invitation__isnull=False)
    if identity_gap(client):
        rows.exclude(detail=NO_IDENTITY).update(detail=NO_IDENTITY)
        return Claim([], at, is_last=True)
    room = caps.Room(client, at)
    if room.left == 0 or room.house == 0:
        return Claim([], at, is_last=True)
    for domain in room.full_domains:
        rows = rows.exclude(to__endswith=f"@{domain}", medium=Medium.MAIL)
    found = _locked(rows.select_related("invitation__contact", "invitation__customer").only(*_READ))
    _complete(found, client, versions)
    judged = _judged(found, at)
    leaving = _after_a_death_one_at_a_time(judged)
    messages = _claimed(room.fitting(leaving), at)
    room.count(messages)
    is_over_cap = bool(leaving) and not messages
    return Claim(messages, at, is_last=is_over_cap or (len(found) < SLICE and len(leaving) == len(judged)))


def give_back(messages: list[OutgoingMessage], claimed_at: dt.datetime) -> None:
    """A slice's messages that were claimed, or even marked as handed over, and nobody heard of: no try counts."""
    held = OutgoingMessage.objects.filter(_of_this_claim(messages), state__in=[State.CLAIMED, State.HANDED_OVER])
    held.update(state=State.PLANNED, lease_until=None, attempts=F("attempts") - 1, handed_over_at=None)
    to_customers = [message for message in messages if message.is_to_customer]
    if to_customers:
        caps.give_back(to_customers[0].client, to_customers, claimed_at)


def _of_this_claim(messages: list[OutgoingMessage]) -> Q:
    """What a slow sender held may have been swept and claimed by another one meanwhile: each claim counts a try."""
    return reduce(or_, (Q(pk=message.pk, attempts=message.attempts) for message in messages))


def put_off(message: OutgoingMessage, until: dt.datetime, why: str) -> None:
    """Its channel does not want it now: planned for later, and no try counts."""
    OutgoingMessage.objects.filter(_of_this_claim([message]), state=State.CLAIMED).update(
        state=State.PLANNED, due_at=until, detail=in_a_line(why), lease_until=None, attempts=F("attempts") - 1
    )


def renew(messages: list[OutgoingMessage], now: dt.datetime) -> None:
    """The sender lives: what it holds stays its own for another lease."""
    held = OutgoingMessage.objects.filter(
        pk__in=[message.pk for message in messages], state=State.CLAIMED, lease_until=messages[0].lease_until
    )
    held.update(lease_until=now + LEASE)
    for message in messages:
        message.lease_until = now + LEASE


def hand_over(message: OutgoingMessage, accepted: tuple[OutgoingMessage, Outcome] | None, now: dt.datetime) -> bool:
    """Mark a claimed message as handed over, and the one before it as accepted, in one round trip and commit.

    False if it must not leave: the claim is lost, or an objection arrived after it. Written as SQL because this is the
    one statement that each message costs.
    """
    done, provider_id = (accepted[0].pk, accepted[1].provider_id) if accepted else (0, "")
    survey = message.invitation.version.survey_id if message.invitation else None
    moment, lease = (connection.ops.adapt_datetimefield_value(each) for each in (now, now + HAND_OVER_LEASE))
    values = [done, done, lease, done, moment, done, provider_id, done, message.pk, done, message.attempts]
    values += [message.is_to_customer, message.client_id, message.to, survey]
    if _changed(_HAND_OVER, values) == (2 if accepted else 1):
        return True
    return OutgoingMessage.objects.filter(pk=message.pk, state=State.HANDED_OVER, handed_over_at=now).exists()


def _changed(statement: str, values: list) -> int:
    """Rows that the statement changed. PostgreSQL keeps it prepared: reading and planning it anew costs a third."""
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            return cursor.execute(statement, values).rowcount
    connection.ensure_connection()
    connection.connection.prepare_threshold = sys.maxsize  # this one by our word, everything else never
    with psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(statement, values, prepare=True).rowcount


# The last CASE keeps the planner to the primary key: the small index of leased rows is full of dead entries in a run.
_HAND_OVER = """
UPDATE surveys_outgoingmessage SET
    state = CASE id WHEN %s THEN 'accepted' ELSE 'handed_over' END,
    lease_until = CASE id WHEN %s THEN NULL ELSE %s END,
    handed_over_at = CASE id WHEN %s THEN handed_over_at ELSE %s END,
    provider_id = CASE id WHEN %s THEN %s ELSE provider_id END,
    detail = ''
WHERE id IN (%s, %s) AND CASE id WHEN %s THEN state = 'handed_over'
ELSE state = 'claimed' AND attempts = %s AND NOT (%s AND EXISTS (
    SELECT 1 FROM surveys_suppression WHERE client_id = %s AND address = %s AND (survey_id IS NULL OR survey_id = %s)
)) END
"""


def settle(message: OutgoingMessage, outcome: Outcome, now: dt.datetime, before: State = State.HANDED_OVER) -> State:
    """Record what became of a message; the state that it has from now on.

    Staff get again what may not have arrived; what was put off eight times has failed.
    """
    state = outcome.state
    if state == State.UNKNOWN and not message.is_to_customer:
        state = State.DEFERRED
    if state == State.DEFERRED and message.attempts >= MOST_ATTEMPTS:
        state = State.FAILED
    fields = {"state": state, "detail": in_a_line(outcome.detail), "lease_until": None, "price": outcome.price}
    fields["provider_id"] = outcome.provider_id
    if state == State.DEFERRED:
        fields["due_at"] = now + _wait(message)
    OutgoingMessage.objects.filter(pk=message.pk, state=before).update(**fields)
    return state


def judge_again(message: OutgoingMessage, now: dt.datetime) -> None:
    """A claimed message could not be marked as handed over: cancelled, if that was because of an objection."""
    if message.is_to_customer:
        _judged([message], now)


def release(at: dt.datetime) -> int:
    """Take back what dead senders left behind; the number of messages.

    A message whose sender died at each of its tries has failed: it must not kill another one.
    """
    left = OutgoingMessage.objects.filter(lease_until__lt=at)
    unsent = Q(state=State.CLAIMED) | Q(state=State.HANDED_OVER, invitation=None)
    given_up = left.filter(unsent, attempts__gte=MOST_ATTEMPTS).update(
        state=State.FAILED, lease_until=None, detail="the sender died at every try"
    )
    claimed = left.filter(state=State.CLAIMED).update(state=State.PLANNED, lease_until=None)
    handed_over = left.filter(state=State.HANDED_OVER)
    to_staff = handed_over.filter(invitation=None).update(state=State.DEFERRED, due_at=at, lease_until=None)
    to_customers = handed_over.filter(invitation__isnull=False).update(
        state=State.UNKNOWN, lease_until=None, detail="the sender died while handing over"
    )
    return given_up + claimed + to_staff + to_customers


def in_a_line(text: str) -> str:
    return " ".join(text.split())[:250]


def _complete(messages: list[OutgoingMessage], client: Client, versions: dict[int, SurveyVersion]) -> None:
    """What many messages share is read once, and not as columns of each row."""
    invited = [message.invitation for message in messages]
    campaigns = Campaign.objects.in_bulk({invitation.campaign_id for invitation in invited})
    if unread := {invitation.version_id for invitation in invited} - versions.keys():
        versions |= SurveyVersion.objects.select_related("survey").prefetch_related("questions").in_bulk(unread)
    for message, invitation in zip(messages, invited, strict=True):
        campaign, version = campaigns[invitation.campaign_id], versions[invitation.version_id]
        message.client = invitation.client = campaign.client = client
        invitation.campaign, invitation.version, campaign.survey = campaign, version, version.survey


def _locked(rows: QuerySet[OutgoingMessage]) -> list[OutgoingMessage]:
    """The oldest slice that no other sender is claiming at this moment."""
    options = {"skip_locked": True, "of": ("self",)} if connection.features.has_select_for_update_skip_locked else {}
    return list(rows.select_for_update(**options).order_by("due_at", "pk")[:SLICE])


def _after_a_death_one_at_a_time(messages: list[OutgoingMessage]) -> list[OutgoingMessage]:
    """What a dead sender held is tried alone: if one of them killed it, the others are not drawn in again."""
    survivors = [place for place, m in enumerate(messages) if m.attempts and m.state == State.PLANNED]
    return messages[: max(1, survivors[0])] if survivors else messages


def _judged(messages: list[OutgoingMessage], at: dt.datetime) -> list[OutgoingMessage]:
    """Those that may still leave now. The others are cancelled, or put off until the customer's sending hours."""
    first = [message.invitation for message in messages if not message.is_reminder]
    reasons = invitations.reasons_to_cancel(first, at)
    needless = reminders.obsolete(messages, at)
    opening: dict[tuple, dt.datetime] = {}
    leaving = []
    for message in messages:
        invitation, campaign = message.invitation, message.invitation.campaign
        if message.pk in needless:
            _drop(message, needless[message.pk])
            continue
        if not message.is_reminder and (reason := reasons.get(invitation.pk)):
            invitations.cancel(invitation, reason, at)
            continue
        zone = invitation.customer.zone if invitation.customer else None
        if (campaign.pk, zone) not in opening:
            opening[campaign.pk, zone] = campaign.sending_time(at, zone)
        if (opens_at := opening[campaign.pk, zone]) > at:  # a backlog or a second try ran out of them
            OutgoingMessage.objects.filter(pk=message.pk, state__in=WAITING).update(due_at=opens_at)
        else:
            leaving.append(message)
    return leaving


def _drop(message: OutgoingMessage, why: str) -> None:
    OutgoingMessage.objects.filter(pk=message.pk, state__in=[*WAITING, State.CLAIMED]).update(
        state=State.CANCELLED, detail=why, lease_until=None
    )


def _claimed(messages: list[OutgoingMessage], at: dt.datetime) -> list[OutgoingMessage]:
    lease = at + LEASE
    won = OutgoingMessage.objects.filter(pk__in=[m.pk for m in messages], state__in=WAITING, due_at__lte=at)
    if not messages or won.update(state=State.CLAIMED, lease_until=lease, attempts=F("attempts") + 1) != len(messages):
        return []  # somebody else was quicker: only possible where the database knows no row locks
    for message in messages:
        message.state, message.lease_until, message.attempts = State.CLAIMED, lease, message.attempts + 1
    return messages


def _wait(message: OutgoingMessage) -> dt.timedelta:
    """Doubling waits with a tenth of jitter either way, so that a recovering server is not met by everybody at once.

    Drawn by client and try, not by message: the messages of one client keep their order.
    """
    draw = crc32(f"{message.client_id}:{message.attempts}".encode()) / 0xFFFFFFFF
    return FIRST_WAIT * 2 ** (message.attempts - 1) * (0.9 + 0.2 * draw)
