"""The distributions behind the intervals and tests: normal, Student's t, chi-squared, binomial, beta-binomial.

Own lines: the statistics of the standard library stop at the normal curve, and importing a library for five functions
would cost every process more memory than all our figures. Tests hold them against scipy.
"""

import math
from functools import lru_cache
from statistics import NormalDist

SIGNIFICANCE = 0.05
NORMAL = NormalDist()
Z = NORMAL.inv_cdf(1 - SIGNIFICANCE / 2)

TINY = 1e-300
STEPS = 100_000  # of the continued fraction: it needs about the root of the larger parameter


def two_sided(z: float) -> float:
    """The p value of a z score."""
    return math.erfc(abs(z) / math.sqrt(2))


def t_two_sided(t: float, df: float) -> float:
    """The p value of Student's t with `df` degrees of freedom, which need not be whole."""
    return beta_share(df / (df + t * t), df / 2, 0.5)


@lru_cache(maxsize=4096)
def t_quantile(df: float, significance: float = SIGNIFICANCE) -> float:
    """How many standard errors an interval reaches to either side: the t whose two-sided p value is `significance`."""
    low, high = 0.0, 1.0
    while t_two_sided(high, df) > significance:
        high *= 2
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if t_two_sided(middle, df) > significance else (low, middle)
    return (low + high) / 2


def chi_square_above(statistic: float, df: int) -> float:
    """The chance of a larger chi-squared, by the finite sum for whole degrees of freedom (DLMF 8.4.9-8.4.12)."""
    half, odd = statistic / 2, df % 2
    if half <= 0:
        return 1.0
    powers = (k + odd / 2 for k in range((df - odd) // 2))
    terms = (math.exp(k * math.log(half) - half - math.lgamma(k + 1)) for k in powers)
    return min(1.0, (math.erfc(math.sqrt(half)) if odd else 0.0) + math.fsum(terms))


def binomial(k: int, n: int, p: float) -> float:
    """The chance of exactly `k` hits among `n`, each with chance `p` strictly between 0 and 1."""
    return math.exp(_choose(n, k) + k * math.log(p) + (n - k) * math.log1p(-p))


def binomial_up_to(k: int, n: int, p: float) -> float:
    """The chance of at most `k` hits among `n`."""
    if k < 0:
        return 0.0
    return 1.0 if k >= n else beta_share(1 - p, n - k, k + 1)


def beta_binomial(k: int, n: int, a: float, b: float) -> float:
    """The chance of `k` hits among `n` where the chance of a hit is itself uncertain: Beta(a, b)."""
    return math.exp(_choose(n, k) + _log_beta(k + a, n - k + b) - _log_beta(a, b))


def beta_share(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22, Lentz's method)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_share(1 - x, b, a)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - _log_beta(a, b)) / a
    return front * _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    value = c = 1.0
    d = 1 / _kept_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / _kept_from_zero(1 + step * d)
            c = _kept_from_zero(1 + step / c)
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            return value
    raise ArithmeticError(f"no incomplete beta for {x}, {a}, {b}")


def _kept_from_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY


def _choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
