"""What became of each verdict: the one definition of the funnel's stages and of every loss between them.

eligible → asked → delivered → started → answered. Each invitation has exactly one *fate*: why it went no further, or
that it was answered. A stage counts all that came at least so far, so a stage is the next one plus the losses between.
Whoever answered had opened the page, and whoever opened it had got the message, whatever the mail server said of it.
"""

import datetime as dt

from django.db import models
from django.db.models import Case, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from .sending import DeliveryEvent, OutgoingMessage
from .verdicts import Invitation

State = OutgoingMessage.State
Event = DeliveryEvent.Kind
Reason = Invitation.Reason


class Stage(models.TextChoices):
    """How far an invitation came, in this order. The first is outside the population."""

    INELIGIBLE = "ineligible", _("never to be asked")
    ELIGIBLE = "eligible", _("eligible")
    ASKED = "asked", _("asked")
    DELIVERED = "delivered", _("delivered")
    STARTED = "started", _("page opened")
    ANSWERED = "answered", _("answered")


STAGES = tuple(Stage)[1:]  # of the population


class Fate(models.TextChoices):
    """Why one who was asked went no further. Of those who were not asked, `Invitation.Reason` says it."""

    NO_MESSAGE = "no_message", _("no message was made")
    PLANNED = "planned", _("still to be sent")
    SENDING = "sending", _("is being sent")
    DEFERRED = "deferred", _("put off by the receiving side, is tried again")
    FAILED = "failed", _("refused by the receiving side")
    UNKNOWN = "unknown", _("unknown: may have arrived, never sent again")
    CANCELLED = "cancelled", _("cancelled before it left")
    BOUNCED = "bounced", _("came back as undeliverable")
    UNOPENED = "unopened", _("not opened so far")
    UNOPENED_EXPIRED = "unopened_expired", _("not opened until the link expired")
    UNOPENED_WITHDRAWN = "unopened_withdrawn", _("withdrawn before it was opened")
    UNOPENED_UNSUBSCRIBED = "unopened_unsubscribed", _("unsubscribed without opening it")
    UNANSWERED = "unanswered", _("not answered so far")
    UNANSWERED_EXPIRED = "unanswered_expired", _("not answered until the link expired")
    UNANSWERED_WITHDRAWN = "unanswered_withdrawn", _("withdrawn before it was answered")
    UNANSWERED_UNSUBSCRIBED = "unanswered_unsubscribed", _("opened, then unsubscribed")
    ANSWERED = "answered", _("answered")


# The fates of those who came just so far and no further, as they are told.
FATES: dict[Stage, tuple[str, ...]] = {
    Stage.INELIGIBLE: Invitation.INELIGIBLE,
    Stage.ELIGIBLE: tuple(reason for reason in Reason if reason not in Invitation.INELIGIBLE),
    Stage.ASKED: tuple(Fate)[:8],
    Stage.DELIVERED: tuple(Fate)[8:12],
    Stage.STARTED: tuple(Fate)[12:16],
    Stage.ANSWERED: (Fate.ANSWERED,),
}
STAGE_OF: dict[str, Stage] = {str(fate): stage for stage, fates in FATES.items() for fate in fates}
LABELS: dict[str, str] = {str(fate): fate.label for fates in FATES.values() for fate in fates}

# What proves that a message arrived, and that it did not. A refusal for now counts only while nothing proves arrival.
ARRIVED = (Event.DELIVERED, Event.COMPLAINT, Event.UNSUBSCRIBED)
CAME_BACK = (Event.HARD_BOUNCE, Event.REJECTED)


def fates_from(stage: Stage) -> list[str]:
    """The fates of all that came at least to a stage. Those never to be asked belong to none but their own."""
    if stage == Stage.INELIGIBLE:
        return [*FATES[stage]]
    return [fate for later in STAGES[STAGES.index(stage) :] for fate in FATES[later]]


def with_fate(invitations: QuerySet[Invitation], at: dt.datetime) -> QuerySet[Invitation]:
    """Each with its `fate` as of `at` (which tells only what is still open from what has expired).

    What there is one of at most is joined rather than looked up: both messages, and the answer as `own_answer`; that by
    the client, too, so that a database may read the answers of one client together.
    """
    fate = Case(
        When(is_asked=False, then=F("reason")),
        When(own_answer__isnull=False, then=Value(Fate.ANSWERED)),
        When(opened_at__isnull=False, then=_silence(Stage.STARTED, at)),
        When(_arrived("first") | _arrived("reminder"), then=_silence(Stage.DELIVERED, at)),
        When(first__state=State.PLANNED, then=Value(Fate.PLANNED)),
        When(first__state__in=[State.CLAIMED, State.HANDED_OVER], then=Value(Fate.SENDING)),
        When(first__state=State.DEFERRED, then=Value(Fate.DEFERRED)),
        When(first__state=State.CANCELLED, then=Value(Fate.CANCELLED)),
        # Accepted and yet not delivered: it came back.
        When(Q(first__state=State.ACCEPTED) | _reported("first", *CAME_BACK), then=Value(Fate.BOUNCED)),
        When(first__state=State.FAILED, then=Value(Fate.FAILED)),
        When(first__state=State.UNKNOWN, then=Value(Fate.UNKNOWN)),
        default=Value(Fate.NO_MESSAGE),
        output_field=models.CharField(),
    )
    return invitations.alias(
        own_answer=FilteredRelation("response", condition=Q(response__client=F("client"))),
        first=FilteredRelation("messages", condition=Q(messages__is_reminder=False)),
        reminder=FilteredRelation("messages", condition=Q(messages__is_reminder=True)),
    ).annotate(fate=fate)


def _silence(stage: Stage, at: dt.datetime) -> Case:
    """Why nothing more came after a stage: objected by one of its messages, withdrawn, expired, or still open."""
    still_open, expired, withdrawn, unsubscribed = FATES[stage]
    objected = _reported("first", Event.UNSUBSCRIBED) | _reported("reminder", Event.UNSUBSCRIBED)
    return Case(
        When(objected, then=Value(unsubscribed)),
        When(withdrawn_at__isnull=False, then=Value(withdrawn)),
        When(expires_at__lte=at, then=Value(expired)),
        default=Value(still_open),
    )


def _arrived(message: str) -> Q:
    """Accepted and nothing against it, or proven to be there; and not come back."""
    accepted = Q(**{f"{message}__state": State.ACCEPTED}) & ~_reported(message, *CAME_BACK, Event.SOFT_BOUNCE)
    return accepted | (_reported(message, *ARRIVED) & ~_reported(message, *CAME_BACK))


def _reported(message: str, *kinds: str) -> Q:
    events = DeliveryEvent.objects.filter(message=OuterRef(f"{message}__id"), kind__in=kinds)
    return Q(**{f"{message}__isnull": False}) & Q(Exists(events))
