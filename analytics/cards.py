"""Model cards: how well a reader of comments does, measured on labels that it never learned from.

A card is plain JSON. Shares lie between 0 and 1; what has an interval is [value, low, high] with its 95 % Wilson
interval, and None where there is nothing to measure. Its arithmetic is that of `learning.measures`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from .learning import Model, measures
from .readers import Reader

SHOWN_PAIRS = 20  # of themes taken for one another
SHOWN_COMMENTS = 50  # behind each pair


class Label(Protocol):
    """A comment that a person has judged: its answer, its words, and each theme with its sentiment."""

    answer: int
    text: str
    themes: Mapping[str, int]
    is_random: bool


def measured(reader: Reader, held_out: Sequence[Label], led: Mapping[str, str]) -> dict:
    """The card of a reader on these labels; of one that has a model with the probabilities behind its findings, too.

    `led` names the theme in use that each key leads to (a merged one's leads to what it became); what leads to none is
    not counted.
    """
    texts = [label.text for label in held_out]
    said = [_said(judgement, led) for judgement in reader.judge(texts)] if texts else []
    keys = sorted({key for label in held_out for key in label.themes} | {key for found in said for key in found})
    wanted = _table([label.themes for label in held_out], keys)
    found = _table(said, keys)
    met = wanted.any(axis=0) | found.any(axis=0)
    return {
        "version": reader.version,
        "n": len(held_out),
        "micro_f1": measures.micro_f1(wanted, found) if texts else None,
        "macro_f1": measures.macro_f1(wanted[:, met], found[:, met]) if texts else None,
        "coverage": measures.coverage(found) if texts else None,
        "themes": _themes(wanted, found, keys, _thresholds(reader.model, led)),
        "confusions": _confusions(held_out, said),
        "sentiment": _sentiment(held_out, said),
        "random": _random(held_out, wanted, found),
        **_calibration(held_out, keys, wanted, reader.model, led),
    }


def _said(judgement, led: Mapping[str, str]) -> dict[str, int]:
    """The themes found in one text, each with its sentiment."""
    return {led[finding.theme]: finding.sentiment for finding in judgement.findings if finding.theme in led}


def _table(themes: Sequence[Mapping[str, int]], keys: Sequence[str]) -> np.ndarray:
    return np.array([[key in named for key in keys] for named in themes], bool).reshape(len(themes), len(keys))


def _thresholds(model: Model | None, led: Mapping[str, str]) -> dict[str, float]:
    """The probability from which on each learned theme is named; above 1: never."""
    known = zip(model.keys, map(float, model.thresholds), strict=True) if model else ()
    return {led[key]: threshold for key, threshold in known if key in led}


def _themes(
    wanted: np.ndarray, found: np.ndarray, keys: Sequence[str], thresholds: Mapping[str, float]
) -> dict[str, dict]:
    figures = {}
    for key, one, other in zip(keys, wanted.T, found.T, strict=True):
        hits, carried, named = int((one & other).sum()), int(one.sum()), int(other.sum())
        threshold = thresholds.get(key)
        figures[key] = {
            "n": carried,
            "found": named,
            "right": hits,
            "precision": _spanned(measures.share_of(hits, named)),
            "recall": _spanned(measures.share_of(hits, carried)),
            "f1": _spanned(measures.f1_interval(hits, carried, named)),
            "threshold": threshold if threshold is not None and threshold <= 1 else None,
            "is_learned": key in thresholds,
        }
    return figures


def _spanned(interval: measures.Interval | None) -> list[float] | None:
    return [interval.value, interval.low, interval.high] if interval else None


def _confusions(held_out: Sequence[Label], said: Sequence[Mapping[str, int]]) -> list[dict]:
    """Themes that were missed where another was named in their place, most frequent first, with the comments."""
    pairs: dict[tuple[str, str], list[int]] = defaultdict(list)
    for label, found in zip(held_out, said, strict=True):
        for missed in sorted(label.themes.keys() - found.keys()):
            for wrong in sorted(found.keys() - label.themes.keys()):
                pairs[missed, wrong].append(label.answer)
    often = sorted(pairs.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:SHOWN_PAIRS]
    return [
        {"wanted": missed, "said": wrong, "n": len(answers), "answers": answers[:SHOWN_COMMENTS]}
        for (missed, wrong), answers in often
    ]


def _sentiment(held_out: Sequence[Label], said: Sequence[Mapping[str, int]]) -> dict | None:
    """Of the themes found rightly: how many with the sentiment that the person heard."""
    counts = Counter(
        found[key] == label.themes[key]
        for label, found in zip(held_out, said, strict=True)
        for key in found.keys() & label.themes.keys()
    )
    share = measures.share_of(counts[True], counts.total())
    return {"n": counts.total(), "right": counts[True], "share": _spanned(share)} if share else None


def _random(held_out: Sequence[Label], wanted: np.ndarray, found: np.ndarray) -> dict:
    """The same for the comments drawn by chance, the only ones that stand for all; findings of all themes together."""
    drawn = np.array([label.is_random for label in held_out], bool)
    one, other = wanted[drawn], found[drawn]
    hits, carried, named = int((one & other).sum()), int(one.sum()), int(other.sum())
    return {
        "n": int(drawn.sum()),
        "precision": _spanned(measures.share_of(hits, named)),
        "recall": _spanned(measures.share_of(hits, carried)),
        "f1": _spanned(measures.f1_interval(hits, carried, named)),
        "coverage": _spanned(measures.share_of(int(other.any(axis=1).sum()), int(drawn.sum()))),
    }


def _calibration(
    held_out: Sequence[Label],
    keys: Sequence[str],
    wanted: np.ndarray,
    model: Model | None,
    led: Mapping[str, str],
) -> dict:
    """How far the probabilities can be taken at their word; of a reader without a model nothing is known."""
    if model is None or not held_out:
        return {"calibration_error": None, "calibration": []}
    probabilities = model.probabilities([label.text for label in held_out])
    column = {key: place for place, key in enumerate(keys)}
    nowhere = np.zeros(len(held_out), bool)
    learned = [place for place, key in enumerate(model.keys) if key in led]
    truths = [led[model.keys[place]] for place in learned]
    came = np.column_stack([wanted[:, column[key]] if key in column else nowhere for key in truths] or [nowhere])
    said = probabilities[:, learned] if learned else np.zeros((len(held_out), 1))
    return {
        "calibration_error": measures.calibration_error(came, said),
        "calibration": [list(filled) for filled in measures.calibration_bins(came, said)],
    }
