"""What came of those who could have been asked, in the rates of AAPOR, per kind of survey."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from django.db.models import Count, F, Q

from surveys.models import Client, Fate, Invitation, with_fate

from .. import scores
from ..periods import Period
from ..scores import ResponseRates

REFUSED = (Fate.UNOPENED_UNSUBSCRIBED, Fate.UNANSWERED_UNSUBSCRIBED)
OTHER = (Fate.UNANSWERED, Fate.UNANSWERED_EXPIRED, Fate.UNANSWERED_WITHDRAWN)
UNKNOWN = (Fate.BOUNCED, Fate.FAILED, Fate.UNKNOWN)


@dataclass(frozen=True)
class Outcome:
    """Everybody who was asked, in the words of AAPOR's Standard Definitions.

    complete: sent to the end; partial: a score only; refused: objected by that mail; silent: nothing came back, or it
    never left; other: opened and not answered; unknown: returned, refused by the receiving side, or uncertain.
    """

    complete: int
    partial: int
    refused: int
    silent: int
    other: int
    unknown: int

    @property
    def asked(self) -> int:
        return self.complete + self.partial + self.refused + self.silent + self.other + self.unknown

    @property
    def rates(self) -> ResponseRates:
        return scores.response_rates(self.complete, self.partial, self.refused, self.silent, self.other, self.unknown)


def outcomes(client: Client, period: Period) -> dict[str, Outcome]:
    """Per kind of survey with somebody asked, as of the end of the period (what came since counts, too). One query."""
    asked = Invitation.objects.filter(client=client, is_asked=True, about_at__gte=period.start, about_at__lt=period.end)
    whole = Count("pk", filter=Q(response__completed_at__isnull=False))
    rows = with_fate(asked, period.end).annotate(kind=F("version__survey__kind")).order_by()
    found: dict[str, Counter] = defaultdict(Counter)
    for kind, fate, number, complete in rows.values_list("kind", "fate").annotate(n=Count("pk"), whole=whole):
        found[kind].update({fate: number, "complete": complete})
    return {kind: _outcome(found[kind]) for kind in sorted(found)}


def _outcome(fates: Counter) -> Outcome:
    refused, other, unknown = (sum(fates[fate] for fate in group) for group in (REFUSED, OTHER, UNKNOWN))
    asked, answered = fates.total() - fates["complete"], fates[Fate.ANSWERED]
    return Outcome(
        complete=fates["complete"],
        partial=answered - fates["complete"],
        refused=refused,
        silent=asked - answered - refused - other - unknown,
        other=other,
        unknown=unknown,
    )
