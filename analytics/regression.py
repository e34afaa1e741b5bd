"""A linear regression that says how sure it is. Pure arithmetic in numpy, without Django.

Least squares with the heteroskedasticity-consistent errors HC3 (MacKinnon and White 1985, Journal of Econometrics 29,
305-325; recommended for all sizes by Long and Ervin 2000, The American Statistician 54, 217-224): scores of a few steps
do not spread equally, and HC3 does not ask them to.
"""

import math
from dataclasses import dataclass

import numpy as np

from .scores import Z

MOST_SHARED = 0.9  # of a column's variance that those before it may explain (a variance inflation of 10)


@dataclass(frozen=True)
class Effect:
    """What one more of a column goes with, all other columns held equal: in units of the outcome, at 95 %."""

    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Fit:
    """`explained`: adjusted share of the outcome's variance in percent, 0 to 100."""

    effects: tuple[Effect, ...]
    explained: float


def independent(columns: np.ndarray) -> tuple[list[int], dict[int, int]]:
    """Which columns tell something of their own, and for each other one the column before it that it moves with most.

    From the first on, a column stays unless those before it explain more than `MOST_SHARED` of its variance. No column
    may be constant.
    """
    shared = np.atleast_2d(np.corrcoef(columns, rowvar=False))
    kept: list[int] = []
    left_out: dict[int, int] = {}
    for place in range(columns.shape[1]):
        with_kept = shared[kept, place]
        explained = with_kept @ np.linalg.solve(shared[np.ix_(kept, kept)], with_kept) if kept else 0.0
        if explained > MOST_SHARED:
            left_out[place] = kept[int(np.abs(with_kept).argmax())]
        else:
            kept.append(place)
    return kept, left_out


def fit(outcome: np.ndarray, columns: np.ndarray) -> Fit:
    """Regress an outcome (n) on columns (n × k), with a constant; intervals and p by the normal distribution.

    Columns must be independent (see `independent`), and n greater than k + 1.
    """
    n, k = columns.shape
    design = np.column_stack([np.ones(n), columns])
    inverse = np.linalg.inv(design.T @ design)
    estimates = inverse @ (design.T @ outcome)
    residuals = outcome - design @ estimates
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design, optimize=True)
    weighted = design * (residuals / np.maximum(1 - leverage, 1e-9))[:, None]
    errors = np.sqrt(np.diag(inverse @ (weighted.T @ weighted) @ inverse))
    unexplained = residuals @ residuals / ((outcome - outcome.mean()) ** 2).sum()
    explained = 1 - unexplained * (n - 1) / (n - k - 1)
    effects = tuple(_effect(*pair) for pair in zip(estimates[1:].tolist(), errors[1:].tolist(), strict=True))
    return Fit(effects, 100 * max(0.0, float(explained)))


def _effect(value: float, error: float) -> Effect:
    p = math.erfc(abs(value) / error / math.sqrt(2)) if error else float(not value)
    return Effect(value, value - Z * error, value + Z * error, p)
