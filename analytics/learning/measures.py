"""How well a model reads: pure functions over plain lists and arrays, each with the source of its formula.

`wanted` and `found` are tables of truth values, one row per text and one column per theme; `probabilities` has the same
shape. All figures are shares from 0 to 1; None means "no data", which is not zero.
"""

from dataclasses import dataclass

import numpy as np

from analytics.scores import share

BINS = 10  # of the calibration error


@dataclass(frozen=True)
class Interval:
    """A share with its 95 % Wilson interval and the count behind it."""

    value: float
    low: float
    high: float
    n: int


def micro_f1(wanted, found) -> float:
    """2·hits / (wanted + found) over all cells (Van Rijsbergen 1979, chapter 7); 1 where nothing was to be found."""
    return _f1(*_counts(wanted, found))


def macro_f1(wanted, found) -> float:
    """The mean of the themes' F1, each theme counting the same; a theme neither wanted nor found counts as 0."""
    wanted, found = _tables(wanted, found)
    themes = [_f1(*_counts(wanted[:, [k]], found[:, [k]]), nothing=0.0) for k in range(wanted.shape[1])]
    return float(np.mean(themes)) if themes else 0.0


def jaccard(wanted, found) -> float:
    """Mean over texts of what both name / what either names (Jaccard 1901); 1 where neither names anything."""
    wanted, found = _tables(wanted, found)
    both, either = (wanted & found).sum(1), (wanted | found).sum(1)
    return float(np.where(either, both / np.maximum(either, 1), 1.0).mean()) if len(wanted) else 0.0


def exact_match(wanted, found) -> float:
    """The share of texts whose themes were all found and no other; with one label each, the plain accuracy."""
    wanted, found = _tables(wanted, found)
    return float((wanted == found).all(axis=1).mean()) if len(wanted) else 0.0


def precision(wanted, found) -> float | None:
    hits, _, named = _counts(wanted, found)
    return hits / named if named else None


def recall(wanted, found) -> float | None:
    hits, carried, _ = _counts(wanted, found)
    return hits / carried if carried else None


def coverage(found) -> float:
    """The share of texts on which the machine did not abstain."""
    found = np.asarray(found, bool)
    return float(found.any(axis=1).mean()) if len(found) else 0.0


def f1_interval(hits: int, carried: int, named: int) -> Interval | None:
    """F1 with a 95 % interval: 2s / (1 + s) of the share s that both name among the texts that either names.

    Hand, Christen and Kirielle 2021, Machine Learning 110, 451-456 (F*); that share has a Wilson interval, and F1 rises
    with it.
    """
    share_of_both = share_of(hits, carried + named - hits)
    if share_of_both is None:
        return None
    value, low, high = (2 * s / (1 + s) for s in (share_of_both.value, share_of_both.low, share_of_both.high))
    return Interval(value, low, high, share_of_both.n)


def calibration_bins(truths, probabilities, bins: int = BINS) -> list[tuple[float, float, int]]:
    """For each filled bin of equal width: mean probability, share that was true, count."""
    truths, probabilities = np.ravel(truths).astype(float), np.ravel(probabilities).astype(float)
    which = np.minimum((probabilities * bins).astype(int), bins - 1)
    filled = [which == b for b in range(bins)]
    return [(float(probabilities[b].mean()), float(truths[b].mean()), int(b.sum())) for b in filled if b.any()]


def calibration_error(truths, probabilities, bins: int = BINS) -> float:
    """Expected calibration error: the bins' |mean probability - share true|, by count (Guo and others 2017)."""
    filled = calibration_bins(truths, probabilities, bins)
    total = sum(count for _, _, count in filled)
    return sum(abs(said - came) * count for said, came, count in filled) / total if total else 0.0


def threshold_for(truths, probabilities, promise: float, caution: float = 0.0) -> float:
    """The lowest probability from which on at least `promise` of the findings are right; above 1 where none is.

    With `caution`, by so many standard errors of a share more. Probabilities that are equal stand or fall together.
    """
    truths, probabilities = np.ravel(truths).astype(bool), np.ravel(probabilities).astype(float)
    order = np.argsort(-probabilities, kind="stable")
    named = np.arange(1, len(order) + 1)
    right = np.cumsum(truths[order]) / named
    ends = np.append(np.diff(probabilities[order]) < 0, True)
    kept = ends & (right >= promise + caution * np.sqrt(promise * (1 - promise) / named))
    return float(probabilities[order][np.flatnonzero(kept)[-1]]) if kept.any() else 2.0


def _tables(wanted, found) -> tuple[np.ndarray, np.ndarray]:
    wanted, found = np.asarray(wanted, bool), np.asarray(found, bool)
    if wanted.shape != found.shape:
        raise ValueError(f"Tables of different shape: {wanted.shape} and {found.shape}")
    return wanted, found


def _counts(wanted, found) -> tuple[int, int, int]:
    """Hits, wanted, found."""
    wanted, found = _tables(wanted, found)
    return int((wanted & found).sum()), int(wanted.sum()), int(found.sum())


def _f1(hits: int, carried: int, named: int, nothing: float = 1.0) -> float:
    return 2 * hits / (carried + named) if carried + named else nothing


def share_of(hits: int, n: int) -> Interval | None:
    """A share from 0 to 1 with its 95 % Wilson interval (Wilson 1927); None of nothing."""
    estimate = share(hits, n)
    return Interval(estimate.value / 100, estimate.low / 100, estimate.high / 100, n) if estimate else None
