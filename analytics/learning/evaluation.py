"""The product's own pipeline on anybody's labelled texts: train on one part, judge another, say how well."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.learning import measures
from analytics.learning.examples import Example
from analytics.learning.model import Embed, Model
from analytics.learning.training import train
from analytics.text import language_of

LANGUAGES = ("de", "en")  # told apart where none is given: those of which we know classes of words
SAMPLE = 200  # texts looked at for the language


@dataclass(frozen=True)
class Figures:
    """All shares from 0 to 1, None where there is nothing to measure; texts per second of processor time.

    `only_in_test` are labels that no training text carries, `too_few` those with one, or on every text; `macro_f1` is
    over the labels that the test texts carry or were given.
    """

    train: int
    test: int
    labels: int
    language: str
    micro_f1: float
    macro_f1: float
    jaccard: float
    accuracy: float
    promise: float
    precision_at_promise: float | None
    recall_at_promise: float | None
    coverage: float
    calibration_error: float
    train_seconds: float
    texts_per_second: float
    only_in_test: tuple[str, ...]
    too_few: tuple[str, ...]
    keywords_unused: tuple[str, ...]


def evaluate(
    known: Sequence[Example],
    unseen: Sequence[Example],
    language: str | None = None,
    *,
    keywords: Mapping | None = None,
    single: bool = False,
    embed: Embed | None = None,
) -> Figures:
    """Train on `known`, measure on `unseen`. A label that could not be learnt counts as missed wherever it stands."""
    language = language or likely_language([example.text for example in known])
    counts = Counter(key for example in known for key in example.themes)
    keywords = _by_label(keywords or {}, counts)
    began = time.perf_counter()
    model = train(known, language, keywords=keywords, single=single, embeds={"embeddings": embed} if embed else None)
    trained = time.perf_counter() - began
    texts = [example.text for example in unseen]
    model.judge(texts[:1])  # what is loaded once is not counted
    began = time.process_time()
    model.judge(texts)
    judged = time.process_time() - began
    strangers = sorted({key for example in unseen for key in example.themes} - counts.keys())
    return Figures(
        train=len(known),
        test=len(unseen),
        labels=len(model.keys),
        language=language,
        promise=model.promise,
        train_seconds=trained,
        texts_per_second=len(texts) / max(judged, 1e-9),
        only_in_test=tuple(strangers),
        too_few=tuple(sorted(counts.keys() - set(model.keys))),
        keywords_unused=tuple(sorted(keywords.keys() - set(model.keys))),
        **_quality(model, texts, unseen),
    )


def likely_language(texts: Sequence[str]) -> str:
    """The language of most of the first texts."""
    found = Counter(language_of(text, LANGUAGES, "") for text in texts[:SAMPLE])
    found.pop("", None)
    return found.most_common(1)[0][0] if found else LANGUAGES[0]


def _by_label(keywords: Mapping, labels: Iterable[str]) -> dict:
    """The keywords under the labels' own spelling: people write "Service" for SERVICE."""
    spelt = {label.casefold(): label for label in labels}
    return {spelt.get(name.casefold(), name): words for name, words in keywords.items()}


def _quality(model: Model, texts: Sequence[str], unseen: Sequence[Example]) -> dict[str, float | None]:
    probabilities = model.probabilities(texts)
    keys = [*model.keys, *sorted({key for example in unseen for key in example.themes} - set(model.keys))]
    wanted = np.array([[key in example.themes for key in keys] for example in unseen])
    guessed = _widened(model.decide(probabilities, model.cuts), len(keys))
    promised = _widened(model.decide(probabilities, model.thresholds), len(keys))
    met = (wanted | guessed).any(axis=0)
    return {
        "micro_f1": measures.micro_f1(wanted, guessed),
        "macro_f1": measures.macro_f1(wanted[:, met], guessed[:, met]),
        "jaccard": measures.jaccard(wanted, guessed),
        "accuracy": measures.exact_match(wanted, guessed),
        "precision_at_promise": measures.precision(wanted, promised),
        "recall_at_promise": measures.recall(wanted, promised),
        "coverage": measures.coverage(promised),
        "calibration_error": _calibration_error(model, wanted[:, : len(model.keys)], probabilities),
    }


def _calibration_error(model: Model, wanted: np.ndarray, probabilities: np.ndarray) -> float:
    """Of every theme of every text; with one label each, of the likeliest."""
    if not model.single:
        return measures.calibration_error(wanted, probabilities)
    rows, best = np.arange(len(wanted)), probabilities.argmax(axis=1)
    return measures.calibration_error(wanted[rows, best], probabilities[rows, best])


def _widened(found: np.ndarray, width: int) -> np.ndarray:
    return np.pad(found, ((0, 0), (0, width - found.shape[1])))
