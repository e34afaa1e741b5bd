"""Was the matter solved? The share of “yes” among those who were asked so, from the answers that count.

It separates the service from the offer: a customer whose matter was solved may still be unhappy with a rule or a price.
“Partly” is no yes. All three numbers are kept.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from surveys.models import Client, Question

from . import scores
from .counts import EVERYWHERE, counting
from .dimensions import Where
from .periods import Period
from .scores import Estimate

CHOICES = ("yes", "partly", "no")


@dataclass(frozen=True)
class Solved:
    """Of one period. An answer that leaves the question open is in none of the three."""

    yes: int = 0
    partly: int = 0
    no: int = 0

    @property
    def n(self) -> int:
        return self.yes + self.partly + self.no

    @property
    def share(self) -> Estimate | None:
        """Yes of all three, in percent, with Wilson's interval; None without answers."""
        return scores.share(self.yes, self.n)


def asked_in(client: Client) -> list[str]:
    """The kinds of survey in which the client's customers are asked. One query."""
    asking = Question.objects.filter(
        version__survey__client=client, version__published_at__isnull=False, kind=Question.Kind.SOLVED
    )
    return sorted(set(asking.order_by().values_list("version__survey__kind", flat=True)))


def solved(client: Client, kind: str, run: Sequence[Period], where: Where = EVERYWHERE) -> list[Solved]:
    """One for each period of `run`. One query."""
    said = counting(client, kind, run, where).filter(answers__question__kind=Question.Kind.SOLVED)
    found = [Counter() for _ in run]
    for place, choice, number in said.values_list("place", "answers__choice").annotate(Count("pk")):
        found[place][choice] += number
    return [Solved(*(count[choice] for choice in CHOICES)) for count in found]
