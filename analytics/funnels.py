"""Who could have been asked, who was, and who answered: the funnel of a client's surveys, with its losses.

An invitation counts in the period that it is about (`about_at`). What the stages are stands in `surveys.models.fates`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count, F, Q

from surveys.models import FATES, Client, Invitation, Stage, with_fate
from surveys.models.fates import STAGES, fates_from

from . import look
from .counts import EVERYWHERE
from .dimensions import Where, asked_matching
from .periods import Period


@dataclass(frozen=True)
class Funnel:
    """From those who could have been asked to those who answered; every loss with its reason, largest first.

    `not_asked` is keyed by Invitation.Reason, `not_delivered` by Fate. What the stages are stands in `models.fates`.
    """

    eligible: int
    asked: int
    delivered: int
    answered: int
    not_asked: tuple[tuple[str, int], ...]
    not_delivered: tuple[tuple[str, int], ...]

    @property
    def coverage(self) -> float | None:
        """Asked of eligible, in percent."""
        return 100 * self.asked / self.eligible if self.eligible else None

    @property
    def response_rate(self) -> float | None:
        """Answered of asked, in percent: AAPOR RR2, for whoever was asked was eligible."""
        return 100 * self.answered / self.asked if self.asked else None


def funnels(client: Client, period: Period, where: Where = EVERYWHERE) -> dict[str, Funnel]:
    """Per kind of survey: eligible, asked, delivered, answered; a kind without eligible ones is missing. One query.

    ValueError for a filter that only answers have.
    """
    numbers = {kind: Counter(counted) for kind, (counted, _complete) in fates(client, period, where).items()}
    found = {kind: _funnel(numbers[kind]) for kind in sorted(numbers)}
    return {kind: funnel for kind, funnel in found.items() if funnel.eligible}


def fates(client: Client, period: Period, where: Where = EVERYWHERE) -> Mapping[str, tuple[Mapping[str, int], int]]:
    """Per kind of survey: how many had which fate, as of the period's end; how many answers were sent to the end.

    One query, in one look once. ValueError as above.
    """
    asked = "fates", client.pk, period, frozenset(where.items())
    return look.once(asked, lambda: _fates(client, period, where))


def _fates(client: Client, period: Period, where: Where) -> dict[str, tuple[dict[str, int], int]]:
    about = Invitation.objects.filter(
        *(asked_matching(by, value) for by, value in where.items()),
        client=client,
        about_at__gte=period.start,
        about_at__lt=period.end,
    )
    rows = with_fate(about, period.end).annotate(kind=F("version__survey__kind")).order_by().values_list("kind", "fate")
    complete = Count("pk", filter=Q(is_asked=True, own_answer__completed_at__isnull=False))
    found: dict[str, tuple[dict[str, int], int]] = {}
    for kind, fate, number, whole in rows.annotate(Count("pk"), whole=complete):
        counted, sum_of_whole = found.get(kind, ({}, 0))
        found[kind] = {**counted, fate: number}, sum_of_whole + whole
    return found


def total(parts: Iterable[Funnel]) -> Funnel:
    """Several funnels in sum: people asked can be added up where scores cannot."""
    parts = list(parts)
    return Funnel(
        *(sum(getattr(part, step) for part in parts) for step in ("eligible", "asked", "delivered", "answered")),
        not_asked=_largest_first(pair for part in parts for pair in part.not_asked),
        not_delivered=_largest_first(pair for part in parts for pair in part.not_delivered),
    )


def _funnel(numbers: Counter) -> Funnel:
    """From fate → number."""
    steps = {stage: sum(numbers[fate] for fate in fates_from(stage)) for stage in STAGES}
    lost = {stage: [(fate, numbers[fate]) for fate in FATES[stage] if numbers[fate]] for stage in STAGES}
    return Funnel(
        eligible=steps[Stage.ELIGIBLE],
        asked=steps[Stage.ASKED],
        delivered=steps[Stage.DELIVERED],
        answered=steps[Stage.ANSWERED],
        not_asked=_largest_first(lost[Stage.ELIGIBLE]),
        not_delivered=_largest_first(lost[Stage.ASKED]),
    )


def _largest_first(pairs: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    sums = Counter()
    for key, number in pairs:
        sums[str(key)] += number
    return tuple(sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])))
