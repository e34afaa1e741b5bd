"""What came of those who could have been asked, in the rates of AAPOR, per kind of survey."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from surveys.models import Client, Fate

from .. import scores
from ..funnels import fates
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
    found = {kind: (_of_asked(numbers), whole) for kind, (numbers, whole) in fates(client, period).items()}
    return {kind: _outcome(*found[kind]) for kind in sorted(found) if found[kind][0]}


def _of_asked(numbers: Mapping[str, int]) -> Counter:
    return Counter({fate: number for fate, number in numbers.items() if fate in Fate.values})


def _outcome(fates: Counter, complete: int) -> Outcome:
    refused, other, unknown = (sum(fates[fate] for fate in group) for group in (REFUSED, OTHER, UNKNOWN))
    answered = fates[Fate.ANSWERED]
    return Outcome(
        complete=complete,
        partial=answered - complete,
        refused=refused,
        silent=fates.total() - answered - refused - other - unknown,
        other=other,
        unknown=unknown,
    )
