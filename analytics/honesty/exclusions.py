"""The score as it counts, and as it would be with the answers that two people took out."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet

from surveys.models import Client, Exclusion, FlaggedSheet, Response

from ..counts import NOTHING, counts, groups
from ..periods import Period
from ..queries import latest
from ..scores import Estimate, Groups
from .figure import estimate, groups_of


@dataclass(frozen=True)
class WithAndWithout:
    """Of one kind of survey in one period: without the excluded answers (what counts everywhere), and with them.

    Estimates are None below five answers. `excluded`: answers of the period that do not count; `awaiting`: proposals on
    which nobody has decided, whose answers count so far. `reasons`: `Exclusion.Reason` → number.
    """

    kind: str
    without: Estimate | None
    groups: Groups
    with_them: Estimate | None
    groups_with: Groups
    excluded: int
    awaiting: int
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Flagged:
    """Sheets with the marks of a machine that came in a period: kept apart, or let count by a person."""

    kept: int
    restored: int


def are_any(client: Client, kind: str, period: Period) -> bool:
    """Whether answers of the period do not count because two people took them out. One query."""
    return _decided(client, kind, period).filter(state=Exclusion.State.CONFIRMED).exists()


def with_and_without(client: Client, kind: str, period: Period) -> WithAndWithout:
    """One query beside what `counts` needs; three more where answers are excluded."""
    rows = _decided(client, kind, period).values_list("state", "reason").annotate(n=Count("pk"))
    reasons, awaiting = {}, 0
    for state, reason, number in rows:
        if state == Exclusion.State.CONFIRMED:
            reasons[reason] = reasons.get(reason, 0) + number
        awaiting += number if state == Exclusion.State.PROPOSED else 0
    without = groups(kind, counts(client, kind, [period]).get((0, ""), NOTHING))
    with_them = _with_excluded(without, client, kind, period) if reasons else without
    return WithAndWithout(
        kind=kind,
        without=estimate(kind, without),
        groups=without,
        with_them=estimate(kind, with_them),
        groups_with=with_them,
        excluded=sum(reasons.values()),
        awaiting=awaiting,
        reasons=tuple(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def flagged(client: Client, period: Period) -> Flagged:
    """One query each."""
    sheets = FlaggedSheet.objects.filter(client=client, submitted_at__gte=period.start, submitted_at__lt=period.end)
    restored = sheets.filter(restored_at__isnull=False).count()
    return Flagged(FlaggedSheet.objects.standing(period.start, period.end).filter(client=client).count(), restored)


def _decided(client: Client, kind: str, period: Period) -> QuerySet[Exclusion]:
    """Or still to be decided on."""
    return Exclusion.objects.filter(
        response__client=client,
        response__kind=kind,
        response__submitted_at__gte=period.start,
        response__submitted_at__lt=period.end,
    ).order_by()


def _with_excluded(without: Groups, client: Client, kind: str, period: Period) -> Groups:
    """Only of those customers whose answers were taken out may another answer be the latest."""
    excluded = _decided(client, kind, period).filter(state=Exclusion.State.CONFIRMED)
    theirs = Response.objects.filter(client=client, kind=kind, customer__in=excluded.values("response__customer"))
    erased = excluded.filter(response__customer=None).values_list("response__group").annotate(Count("pk"))
    sides = without, _groups(theirs.counting(), period), _groups(theirs.verified(), period), groups_of(dict(erased))
    return tuple(
        all_ones - counting + latest_ones + alone for all_ones, counting, latest_ones, alone in zip(*sides, strict=True)
    )


def _groups(answers: QuerySet[Response], period: Period) -> Groups:
    latest_ones = Response.objects.filter(pk__in=latest(answers, [period]).values("pk")).order_by()
    return groups_of(dict(latest_ones.values_list("group").annotate(Count("pk"))))
