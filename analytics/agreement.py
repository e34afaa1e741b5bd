"""How far two people agree who read the same comments without seeing each other's judgement, and where they do not.

A model cannot be asked to agree with people more than they agree among themselves.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import pvariance

from surveys.models import Client, Login, reach_of

from . import corrections, themes
from .desks import within
from .models import Correction, SecondReading, Theme
from .scores import Estimate, Z, share

ENOUGH = 30  # comments read twice, below which nothing can be said
LISTED = 20  # disagreements on a page

Pair = tuple[Collection[str], Collection[str]]
"""The themes that the first and the second reader named in one comment."""
Count = tuple[int, int, int]
"""Comments in which both name a theme, only the first reader, only the second."""
TINY = 1e-12


@dataclass(frozen=True)
class Agreement:
    """Cohen's kappa (-1 to 1) with its 95 % interval over `n` comments read twice: pooled, and for each theme's key.

    None where both said the same of every comment, so that chance explains it all; also in what is not `is_enough`.
    """

    n: int
    pooled: Estimate | None
    themes: dict[str, Estimate | None]

    @property
    def is_enough(self) -> bool:
        return self.n >= ENOUGH


@dataclass(frozen=True)
class Disagreement:
    """A comment on which two people differ, until somebody has judged it once more."""

    reading: SecondReading
    first_by: Login | None
    first: tuple[tuple[Theme, int], ...]
    second: tuple[tuple[Theme, int], ...]


def kappa(pairs: Sequence[Pair], names: Collection[str]) -> Estimate | None:
    """Agreement beyond chance on one theme (Cohen 1960), or pooled over several (De Vries and others 2008).

    (agreed - expected) / (1 - expected), each summed over the themes; Field Methods 20, 272-282. The interval leaves
    out one comment at a time (Fleiss and Davies 1982, American Journal of Epidemiology 115, 841-845), so that verdicts
    on one comment may hang together. Where the readers agree on all, it allows for one theme taken for another in as
    many comments as Wilson's interval (1927) still does; where one comment decides everything, it is the whole scale.
    None without comments, or where chance explains everything.
    """
    n, counts = len(pairs), [_count(name, pairs) for name in names]
    value = _pooled(counts, n)
    if value is None:
        return None
    named = [count for count in counts if any(count)]
    if not any(one or other for _both, one, other in named):
        allowed = 1 - share(n, n).low / 100
        return Estimate(value, max(-1.0, 1 - allowed * min(2, len(named)) / _beyond_chance(named, n)), 1.0, n)
    without = [_pooled(_less(counts, pair, names), n - 1) for pair in pairs]
    if None in without:
        return Estimate(value, -1.0, 1.0, n)
    reach = Z * math.sqrt((n - 1) * pvariance(without))
    return Estimate(value, max(-1.0, value - reach), min(1.0, value + reach), n)


def of(client: Client, language: str) -> Agreement:
    """Over all second readings of the client's comments in this language, by the themes that are in use."""
    rows = SecondReading.objects.filter(answer__response__client=client, answer__reading__language=language)
    in_use = {key: theme.key for key, theme in themes.in_use(client).items()}
    pairs = [
        tuple({in_use[key] for key in judgement if key in in_use} for judgement in pair)
        for pair in rows.order_by("pk").values_list("first", "second")
    ]
    names = sorted(set(in_use.values()))
    return Agreement(len(pairs), kappa(pairs, names), {name: kappa(pairs, [name]) for name in names})


def disagreements(client: Client, language: str, login: Login) -> list[Disagreement]:
    """The newest comments on which two people differ, in themes or sentiments, and nobody has settled it since."""
    rows = SecondReading.objects.filter(
        within(reach_of(login), "answer__"), answer__response__client=client, answer__reading__language=language
    ).select_related("answer__response__client", "answer__reading", "by")
    differing = [row for row in rows.order_by("-at", "-pk") if row.first != row.second]
    judged: dict[int, list[Correction]] = {}
    for one in Correction.objects.filter(answer__in=[row.answer_id for row in differing]).select_related("by"):
        judged.setdefault(one.answer_id, []).append(one)
    own = {theme.key: theme for theme in Theme.objects.filter(client=client)}
    found = []
    for row in differing:
        ones = judged.get(row.answer_id, [])
        if any(one.at > row.at for one in ones):
            continue
        first, second = corrections.named(row.first, own), corrections.named(row.second, own)
        found.append(Disagreement(row, ones[0].by if ones else None, first, second))
    return found[:LISTED]


def _count(name: str, pairs: Sequence[Pair]) -> Count:
    return (
        sum(name in one and name in other for one, other in pairs),
        sum(name in one and name not in other for one, other in pairs),
        sum(name not in one and name in other for one, other in pairs),
    )


def _less(counts: Sequence[Count], pair: Pair, names: Collection[str]) -> list[Count]:
    """The counts without this comment."""
    return [
        (both - (n in pair[0] and n in pair[1]), one - (n in pair[0] and n not in pair[1]),
         other - (n not in pair[0] and n in pair[1]))
        for (both, one, other), n in zip(counts, names, strict=True)
    ]  # fmt: skip


def _pooled(counts: Sequence[Count], n: int) -> float | None:
    beyond = _beyond_chance(counts, n) if n else 0
    return 1 - sum(one + other for _both, one, other in counts) / n / beyond if beyond > TINY else None


def _beyond_chance(counts: Sequence[Count], n: int) -> float:
    """1 - expected, over all themes: how often two would differ who named each as often, but at random."""
    shares = (((both + one) / n, (both + other) / n) for both, one, other in counts)
    return sum(first + second - 2 * first * second for first, second in shares)
