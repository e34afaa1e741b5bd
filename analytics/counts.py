"""The one way to read numbers of responses: how many gave which score, by period and by what else is known of them.

What counts: verified, not excluded, begun in the period; of one customer's answers of a kind the latest in that period,
whatever is filtered afterwards. An erased customer's answers stand each for a person of its own.

Two ways lead to the same numbers: by the answers alone (`from_rows`), and by tallies as far as they are right.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import add
from types import MappingProxyType

from django.db.models import QuerySet

from surveys.models import Client, Response, Survey
from surveys.models.answering import SCALES

from . import answers, look, tallied, tallies
from .answers import SCORES as SCORES
from .dimensions import By as By
from .dimensions import Where as Where
from .dimensions import as_written, attributes_of
from .dimensions import attribute as attribute
from .periods import Period
from .scores import Groups

Counts = tuple[int, ...]  # eleven: how many answers gave score 0 to 10; scores that the kind does not have stay 0

EVERYWHERE: Where = MappingProxyType({})
NOTHING: Counts = (0,) * len(SCORES)


def counts(
    client: Client, kind: str, run: Sequence[Period], by: str = "", where: Where = EVERYWHERE
) -> Mapping[tuple[int, str], Counts]:
    """(place in `run`, value of `by`) → how many gave which score; what nobody gave is missing. Exact at any moment.

    Without `by` the value is “”. An answer that names several themes counts under each, one that names none under “”.
    ValueError if periods of `run` overlap.
    """
    asked = "counts", client.pk, str(kind), tuple(run), str(by), frozenset(where.items())
    return look.once(asked, lambda: MappingProxyType(_counts(client, kind, run, by, where)))


def _counts(client: Client, kind: str, run: Sequence[Period], by: str, where: Where) -> dict[tuple[int, str], Counts]:
    found = tallied.read([client], kind, run, by, where)
    if found is not None:
        return {(place, value): numbers for (_client, place, value), numbers in found.items()}
    if By.THEME in (by, *where):
        return from_rows(client, kind, run, by, where)
    return _from_crossed(client, kind, run, by, where)


def _from_crossed(
    client: Client, kind: str, run: Sequence[Period], by: str, where: Where
) -> dict[tuple[int, str], Counts]:
    """From the very table that `disclosure` decides on: within one look it is read once for both."""
    attributes, sums = attributes_of([*where, by]), {}
    asked = {attributes.index(name): as_written(name, value) for name, value in where.items()}
    for place, found in enumerate(crossed(client, kind, run, attributes)):
        for values, numbers in found.items():
            if all(values[at] == value for at, value in asked.items()):
                key = place, values[attributes.index(by)] if by else ""
                sums[key] = tuple(map(add, sums.get(key, NOTHING), numbers))
    return sums


def crossed(
    client: Client, kind: str, run: Sequence[Period], attributes: Sequence[str]
) -> Sequence[Mapping[tuple[str, ...], Counts]]:
    """Place by place: the values of these attributes, themes not among them → how many gave which score. One query."""
    asked = "crossed", client.pk, str(kind), tuple(run), tuple(attributes)
    return look.once(asked, lambda: answers.crossed(counting(client, kind, run), len(run), attributes))


def of_each(clients: Iterable[Client], kind: str, run: Sequence[Period]) -> dict[tuple[int, int], Counts]:
    """(client's pk, place in `run`) → how many gave which score, as `counts`, each client in its own time zone.

    Clients whose tallies stand alike are read together: a few statements for all of them.
    """
    found: dict[tuple[int, int], Counts] = {}
    for zone, members in tallies.alike(list(clients)):
        own = [replace(period, zone=zone) for period in run]
        numbers = tallied.read(members, kind, own, "", EVERYWHERE)
        if numbers is None:
            numbers = {(one.pk, *key): n for one in members for key, n in from_rows(one, kind, own).items()}
        found |= {(pk, place): n for (pk, place, _value), n in numbers.items()}
    return found


def from_rows(
    client: Client, kind: str, run: Sequence[Period], by: str = "", where: Where = EVERYWHERE
) -> dict[tuple[int, str], Counts]:
    """As `counts`, from the answers alone."""
    rows = (row for part in answers.numbers(counting(client, kind, run, where), by) for row in part)
    return {(place, value): tuple(numbers) for _client, place, value, *numbers in rows}


def counting(client: Client, kind: str, run: Sequence[Period], where: Where = EVERYWHERE) -> QuerySet[Response]:
    """The responses behind the numbers, each with the `place` of its period in `run`; further filters narrow it."""
    return answers.latest([client], kind, run, where)


def groups(kind: str, counts: Counts) -> Groups:
    """Promoters, passives, detractors; of CSAT and CES the upper, the middle and the lower group."""
    first, middle, upper, last = SCALES[Survey.Kind(kind)]
    return sum(counts[upper : last + 1]), sum(counts[middle:upper]), sum(counts[first:middle])
