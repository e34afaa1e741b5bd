"""How often the drift watch cries wolf, and how often it sees one: `python -m tests.benchmarks.drift` prints JSON.

Simulated weeks of one reader: 8 before and one after, 22 themes with shares from 0.5 % to 18 %, a fifth unclassified.
*stable*: nothing moves. *swinging*: the shares of each week are drawn around the same mean (beta, with a spread that
makes weeks differ 1.6 times as much as chance alone), as campaigns and outages make them. *shifts*: one thing moves in
the last week. `alarms` are shares of weeks with any alert; `seen` of weeks in which the moved thing itself was named.
"""

import json
import sys

from numpy.random import Generator, default_rng

from analytics.moves import MARGIN, THEME, UNCLASSIFIED, UNSEEN, Sums, Week, moves

ROUNDS = 2_000
THEMES = [0.005, 0.005, 0.01, 0.01, 0.015, 0.015, 0.02, 0.02, 0.025, 0.03, 0.03, 0.035, 0.04, 0.045, 0.05, 0.05]
THEMES += [0.06, 0.07, 0.08, 0.10, 0.14, 0.18]
STABLE = {UNCLASSIFIED: 0.20, MARGIN: 0.30, UNSEEN: 0.08, THEME: 0.05}
SHIFTS = {UNCLASSIFIED: 0.32, MARGIN: 0.24, UNSEEN: 0.12, THEME: 0.12}
MOVED = THEMES.index(0.05)
SIZES = (60, 200, 1_000)


def week(draw: Generator, comments: int, swing: float = 0.0, **moved: float) -> Week:
    """One week; `swing` is how much further than by chance it lies from others (variance; 0: by chance alone)."""
    at = STABLE | moved
    shares = [at[THEME] if place == MOVED else share for place, share in enumerate(THEMES)]
    return Week(
        comments,
        _hits(draw, comments, at[UNCLASSIFIED], swing),
        _sums(draw, comments, at[MARGIN], 0.15, swing),
        _sums(draw, comments, at[UNSEEN], 0.10, swing),
        {place: _hits(draw, comments, share, swing) for place, share in enumerate(shares)},
    )


def _hits(draw: Generator, n: int, share: float, swing: float) -> int:
    if swing:
        size = (n - 1) / swing - 1  # of a beta-binomial whose variance is 1 + swing times the binomial one
        share = draw.beta(share * size, (1 - share) * size)
    return int(draw.binomial(n, share))


def _sums(draw: Generator, n: int, mean: float, deviation: float, swing: float) -> Sums:
    """Count, sum and squares of n normal values, whose mean is normal and whose variance is chi-square."""
    mean = draw.normal(mean, deviation * ((1 + swing) / n) ** 0.5)
    return Sums(n, n * mean, deviation**2 * draw.chisquare(n - 1) + n * mean**2)


def alarms(draw: Generator, comments: int, rounds: int, swing: float = 0.0) -> float:
    """The share of weeks with an alert though nothing has moved."""
    return sum(bool(_watched(draw, comments, swing)) for _ in range(rounds)) / rounds


def seen(draw: Generator, comments: int, rounds: int, kind: str, swing: float = 0.0) -> float:
    """The share of weeks in which what has moved is named."""
    theme = MOVED if kind == THEME else None
    found = (_watched(draw, comments, swing, **{kind: SHIFTS[kind]}) for _ in range(rounds))
    return sum(any((move.kind, move.theme) == (kind, theme) for move in each) for each in found) / rounds


def _watched(draw: Generator, comments: int, swing: float, **moved: float) -> list:
    before = [week(draw, comments, swing) for _ in range(8)]
    return moves(before, week(draw, comments, swing, **moved), range(len(THEMES)))


def main(rounds: int) -> dict:
    draw = default_rng(20261110)
    swing = 1.6**2 - 1
    return {
        "rounds": rounds,
        "compared": len(THEMES) + 3,
        "false alarms, stable": {n: alarms(draw, n, rounds) for n in SIZES},
        "false alarms, swinging": {n: alarms(draw, n, rounds, swing) for n in SIZES},
        "seen": {
            f"{kind} {STABLE[kind]} -> {SHIFTS[kind]}": {n: seen(draw, n, rounds // 4, kind) for n in SIZES}
            for kind in SHIFTS
        },
        "seen, swinging": {
            f"{kind} {STABLE[kind]} -> {SHIFTS[kind]}": {n: seen(draw, n, rounds // 4, kind, swing) for n in SIZES}
            for kind in SHIFTS
        },
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if sys.argv[1:] else ROUNDS), indent=1))
