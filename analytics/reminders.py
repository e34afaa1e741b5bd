"""What the one reminder of a campaign does: how many answer after it, and whether they score otherwise than the rest.

A survey that is answered late is answered by other people. Whoever reads a score must be able to see whether the
reminder moved it.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from django.db.models import BooleanField, Case, Count, Exists, F, OuterRef, Q, Subquery, Value, When

from surveys.models import Campaign, Group, Invitation, OutgoingMessage, Survey

from . import scores
from .queries import SHOWN_FROM, VALUE_FROM
from .scores import Change, Estimate, Groups


@dataclass(frozen=True)
class Effect:
    """Invitations of one campaign whose first message was accepted, and what a reminder brought.

    `rate`: answers after the reminder of those reminded, in percent. Scores as in `queries`: None for too few answers;
    `change` compares who answered after a reminder with who needed none.
    """

    kind: str
    accepted: int
    answered_before: int
    reminded: int
    answered_after: int
    rate: Estimate | None
    before: Estimate | None
    after: Estimate | None
    change: Change | None


def effect(campaign: Campaign, start: dt.datetime, end: dt.datetime) -> Effect:
    """The effect on invitations about what happened from `start` until before `end`. One query."""
    counts = _counts(campaign, start, end)
    kind = campaign.survey.kind
    before, after = (_groups(counts, is_after) for is_after in (False, True))
    reminded = sum(n for (is_reminded, *_), n in counts.items() if is_reminded)
    return Effect(
        kind=kind,
        accepted=sum(counts.values()),
        answered_before=sum(before),
        reminded=reminded,
        answered_after=sum(after),
        rate=scores.share(sum(after), reminded) if reminded >= SHOWN_FROM else None,
        before=_score(kind, before),
        after=_score(kind, after),
        change=_change(kind, before, after) if min(sum(before), sum(after)) >= VALUE_FROM else None,
    )


def _counts(campaign: Campaign, start: dt.datetime, end: dt.datetime) -> Counter:
    """(reminder accepted, answered after it, group of the answer or None) → number of invitations."""
    accepted = OutgoingMessage.objects.filter(invitation=OuterRef("pk"), state=OutgoingMessage.State.ACCEPTED)
    reminded_at = Subquery(accepted.filter(is_reminder=True).values("handed_over_at")[:1])
    answered_after = Case(
        When(Q(response__submitted_at__gte=F("reminded_at")), then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    rows = (
        Invitation.objects.filter(client=campaign.client_id, campaign=campaign, about_at__gte=start, about_at__lt=end)
        .filter(Exists(accepted.filter(is_reminder=False)))
        .exclude(response__exclusions__state="confirmed")
        .annotate(reminded_at=reminded_at, is_reminded=Q(reminded_at__isnull=False), is_after=answered_after)
        .order_by()
        .values_list("is_reminded", "is_after", "response__group")
        .annotate(number=Count("pk"))
    )
    return Counter({tuple(key): number for *key, number in rows})


def _groups(counts: Counter, is_after: bool) -> Groups:
    order = (Group.PROMOTER, Group.PASSIVE, Group.DETRACTOR)
    return tuple(sum(n for (_, late, group), n in counts.items() if (late, group) == (is_after, one)) for one in order)


def _score(kind: str, groups: Groups) -> Estimate | None:
    if sum(groups) < SHOWN_FROM:
        return None
    return scores.nps(*groups) if kind == Survey.Kind.NPS else scores.share(groups[0], sum(groups))


def _change(kind: str, before: Groups, after: Groups) -> Change | None:
    if kind == Survey.Kind.NPS:
        return scores.nps_change(before, after)
    return scores.share_change((before[0], sum(before)), (after[0], sum(after)))
