"""How a period will end: the chance that its target is met once the answers still expected have come.

The predictive distribution of Bayes' rule: what the answers so far leave open about the customers, and what chance
leaves open about those still to answer. It takes these to be like those that came; who knows of a change in between
knows more than this number. Before any answer there is no chance to state.
"""

import math
from collections.abc import Sequence

from .curves import beta_binomial, beta_share
from .estimates import NPS_WORTH, Counts, Groups, Worth, checked
from .parts import worth_of

EXACT_UP_TO = 60  # answers still expected for which every outcome is added up; tests compare both ways at the seam


def chance_of_meeting(groups: Groups, target: float, expected: int, worth: Worth = NPS_WORTH) -> float | None:
    """Chance (0..1) that the unrounded score reaches `target` (points, percent) after `expected` more answers.

    Before the first answer, each group is believed in as much as the intervals do that stand beside the score: NPS with
    3/4, 3/2 and 3/4 of an answer (Rocks), a share with one hit and one miss (Agresti and Caffo). Up to `EXACT_UP_TO`
    answers all outcomes of the Dirichlet-multinomial are added up; above, by its mean and variance on a beta curve.
    """
    n = sum(checked(*groups, expected)) - expected
    if not n:
        return None
    is_nps = worth[2] < 0
    points = sum(value * count for value, count in zip(worth, groups, strict=True))
    missing = _whole((target * (n + expected) - points) / 100)
    before = (0.75, 1.5, 0.75) if is_nps else (1, 0.5, 0.5)
    believed = [count + added for count, added in zip(groups, before, strict=True)]
    if expected > EXACT_UP_TO:
        return _by_beta(believed, [value / 100 for value in worth], missing, expected)
    return min(1.0, (_exact_nps if is_nps else _exact_share)(*believed, missing, expected))


def chance_of_meeting_mean(
    counts: Counts, target: float, expected: int, first: int = 0, last: int = 10
) -> float | None:
    """The same for a mean score on a scale from `first` to `last`, on a beta curve throughout.

    Before the first answer, one answer's worth is spread evenly over the scale.
    """
    n = sum(checked(*counts, expected)) - expected
    if not n:
        return None
    scale = range(first, last + 1)
    missing = _whole(target * (n + expected) - sum(score * counts[score] for score in scale))
    if not expected:
        return float(missing <= 0)
    return _by_beta([counts[score] + 1 / len(scale) for score in scale], scale, missing, expected)


def _exact_share(hits: float, between: float, misses: float, missing: int, expected: int) -> float:
    found = range(max(0, missing), expected + 1)
    return math.fsum(beta_binomial(more, expected, hits, between + misses) for more in found)


def _exact_nps(up: float, level: float, down: float, missing: int, expected: int) -> float:
    """First how many answer at either end, then how many of them at the upper: both beta-binomial."""
    chances = []
    for moved in range(expected + 1):
        upwards = range(max(0, math.ceil((missing + moved) / 2)), moved + 1)
        among = math.fsum(beta_binomial(more, moved, up, down) for more in upwards)
        chances.append(among * beta_binomial(moved, expected, up + down, level))
    return math.fsum(chances)


def _by_beta(believed: Sequence[float], values: Sequence[float], missing: int, expected: int) -> float:
    """The chance that `expected` answers bring `missing` or more; sums are whole, so half a step is allowed for.

    A Dirichlet-multinomial sum has the variance m·σ²·(A + m)/(A + 1), with A the answers believed in. A beta curve with
    this mean and variance ends where the scale does and leans as the answers do.
    """
    one, first, width = worth_of(believed, values), min(values), max(values) - min(values)
    middle = (one.mean - first) / width
    variance = one.variance * (one.n + expected) / (one.n + 1) / expected / width**2
    strength = middle * (1 - middle) / variance - 1
    enough = ((missing - 0.5) / expected - first) / width
    return 1 - beta_share(enough, middle * strength, (1 - middle) * strength)


def _whole(steps: float) -> int:
    """The fewest whole steps that are enough; noise of a float is no step."""
    return math.ceil(steps - 1e-9)
