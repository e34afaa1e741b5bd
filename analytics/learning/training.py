"""Examples in, a Model out: one linear verdict per theme, calibrated and thresholded on texts it was not fitted on.

A support vector machine per theme (Fan and others 2008, LIBLINEAR); what is rare weighs more, by half. All that is
promised is measured out of fold: on examples that the model at hand had not seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, sparse

from analytics.learning import measures
from analytics.learning.examples import Example
from analytics.learning.features import Features, beside, spoken
from analytics.learning.knowledge import Knowledge
from analytics.learning.model import Calibration, Embed, Linear, Model, how_long, sentences, strongest_others

FEW_A_CLASS, SOFT_COST = 30, 5.0  # examples a class below which a softmax learns, and its cost of an error
COST = 0.2  # of an example on the wrong side
TOLERANCE = 0.2  # where the fitting stops: sooner than usual, and no worse out of fold
FOLDS = ((80_000, 10), (200_000, 5))  # up to so many examples times themes, so many folds
FOLDS_OF_MUCH = 4  # above; then one of them is measured, which is enough
FELT = 4_000  # examples from which feelings are learnt
EVEN = 0.5  # of a feature's weight, whatever it tells of a theme; the rest goes by how much it tells
DOUBT = 0.1  # of a text on either side, for each feature, before any text has been read
KEYWORD_WEIGHT = 0.5  # of a keyword, taken as a text of its theme, beside a labelled text
NEARNESS = 1.0  # how strongly a theme's calibration is held to the one that all themes share
FARNESS = 5.0  # and how strongly it is held from listening to other themes
USUAL_CUT, CUT_AFTER = 0.42, 200  # the probability to name a theme from; labels that weigh as much as this habit
LEAST, LEAST_OF_MANY = 0.35, 0.25  # probability of what is named, however easily the promise is kept
ENOUGH = 30  # examples of a theme, from which on its own promise can be measured
CAUTION, OWN_CAUTION = 0.5, 0.2  # standard errors by which the promise is kept: where few are measured, and else
ONE_OF_MANY = 4.0  # how much more a missed example of a class costs than a false one, where each text has one class
MOST_WEIGHTS = 4_000_000  # above, features of a single text are left out
MOST_TIMES = 255  # that a feature counts in one text: a byte each
WORTH_IT = 0.002  # of micro-F1 out of fold that vectors must find more: less is chance, and they cost time
AT_A_TIME = 100_000  # numbers weighed
SENTIMENTS = (-1, 0, 1)


def train(
    examples: Sequence[Example],
    language: str,
    *,
    keywords: Mapping | None = None,
    single: bool = False,
    promise: float = 0.90,
    embeds: Mapping[str, Embed] | None = None,
    seed: int = 0,
) -> Model:
    """Learn the themes that at least two examples carry and one does not.

    `promise` is the precision (0 to 1) that the thresholds keep on unseen texts. Of `embeds`, one after the other is
    kept by its name if it finds more than what is kept already. ValueError where there is nothing to learn.
    """
    keys = learnable(examples)
    if not keys:
        raise ValueError("No theme has two examples and a text without it: there is nothing to learn.")
    said = _Said.of(examples, keys, Knowledge(language, keywords))
    scores, wanted, long = _out_of_fold(said, single, seed)
    kept: dict[str, Embed] = {}
    for name, embed in (embeds or {}).items():
        richer = said.beside(embed, [example.text for example in examples])
        richer_scores, _, _ = _out_of_fold(richer, single, seed)
        if _found(richer_scores, wanted, single) > _found(scores, wanted, single) + WORTH_IT:
            said, scores, kept[name] = richer, richer_scores, embed
    calibration = _calibrated(scores, wanted, long, single)
    probabilities = calibration.probabilities(scores, long)
    themes = said.fitted(np.ones(len(examples), bool), single, seed)
    thresholds, reached = _promised(probabilities, wanted, promise, single)
    cuts = _cuts(probabilities, wanted, single)
    mute = Linear(np.zeros((themes.weights.shape[0], len(SENTIMENTS)), np.float32), np.zeros(len(SENTIMENTS)))
    model = Model(
        tuple(keys), language, promise, reached, thresholds, cuts, said.features, said.knowledge, themes, calibration,
        mute, kept,
    )  # fmt: skip
    return replace(model, polarity=_polarity(model, examples, seed))


@dataclass(frozen=True)
class _Said:
    """The examples as counts, and the keywords beside them: each is a short text of its theme."""

    knowledge: Knowledge
    features: Features
    counts: sparse.csr_matrix
    long: np.ndarray
    wanted: np.ndarray
    words: list[str]
    word_counts: sparse.csr_matrix
    word_wanted: np.ndarray
    vectors: tuple[np.ndarray, ...] = ()
    word_vectors: tuple[np.ndarray, ...] = ()

    @classmethod
    def of(cls, examples: Sequence[Example], keys: Sequence[str], knowledge: Knowledge) -> "_Said":
        by_theme = {key: {word.strip("*~") for word in knowledge.keywords.get(key, ())} for key in keys}
        words = sorted(set().union(*by_theme.values()))
        said, given = [spoken(example.text) for example in examples], [spoken(word) for word in words]
        features = Features.of([*said, *given], knowledge.of_word)
        if len(features.names) * len(keys) > MOST_WEIGHTS:
            features = Features.of([*said, *given], knowledge.of_word, least=2)
        wanted = np.array([[key in example.themes for key in keys] for example in examples])
        carried = np.array([[word in by_theme[key] for key in keys] for word in words], bool).reshape(-1, len(keys))
        counts = features.counts(said)
        counts.data = np.minimum(counts.data, MOST_TIMES).astype(np.uint8)
        return cls(knowledge, features, counts, how_long(said), wanted, words, features.counts(given), carried)

    def rows(self, chosen: np.ndarray) -> sparse.csr_matrix:
        rows = self.features.weighted(self.counts if chosen.all() else self.counts[chosen])
        return beside(rows, *(vectors[chosen] for vectors in self.vectors))

    def beside(self, embed: Embed, texts: Sequence[str]) -> "_Said":
        """The same with the vectors of the examples' texts, and of the keywords, beside it."""
        word_vectors = [embed(self.words)] if self.words else []
        return replace(self, vectors=(*self.vectors, embed(texts)), word_vectors=(*self.word_vectors, *word_vectors))

    def fitted(self, chosen: np.ndarray, single: bool, seed: int) -> Linear:
        """Verdicts learnt from the chosen examples, and from the keywords."""
        self.features.learn_rarity(self.counts[chosen])
        rows = self.rows(chosen)
        if not self.words:
            return _fitted(rows, self.wanted[chosen], np.ones(rows.shape[0]), single, seed)
        given = beside(self.features.weighted(self.word_counts), *self.word_vectors)
        weight = np.repeat([1.0, KEYWORD_WEIGHT], [rows.shape[0], given.shape[0]])
        wanted = np.vstack([self.wanted[chosen], self.word_wanted])
        return _fitted(sparse.vstack([rows, given]).tocsr(), wanted, weight, single, seed)


def _found(scores: np.ndarray, wanted: np.ndarray, single: bool) -> float:
    if single:
        return float(wanted[np.arange(len(scores)), scores.argmax(axis=1)].mean())
    return measures.micro_f1(wanted, scores > 0)


def learnable(examples: Sequence[Example]) -> list[str]:
    """Themes with at least two examples for and one against, in alphabetical order."""
    counts: dict[str, int] = {}
    for example in examples:
        for key in example.themes:
            counts[key] = counts.get(key, 0) + 1
    return sorted(key for key, count in counts.items() if 2 <= count < len(examples))


def _folds(wanted: np.ndarray, seed: int) -> np.ndarray:
    """A fold per example; those that share their rarest theme are dealt out evenly."""
    count = next((folds for cells, folds in FOLDS if wanted.size <= cells), FOLDS_OF_MUCH)
    often = np.append(wanted.sum(axis=0), len(wanted) + 1)
    carried = np.hstack([wanted, np.ones((len(wanted), 1), bool)])
    rarest = np.where(carried, often, len(wanted) + 2).argmin(axis=1)
    order = np.lexsort((np.random.default_rng(seed).random(len(wanted)), rarest))
    folds = np.empty(len(wanted), int)
    folds[order] = np.arange(len(wanted)) % count
    return folds


def _out_of_fold(said: _Said, single: bool, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores of examples by models that have not seen them, what was wanted, and how long the texts are."""
    folds = _folds(said.wanted, seed)
    measured = [0] if said.wanted.size > FOLDS[-1][0] else np.unique(folds)
    parts = [folds == fold for fold in measured]
    scores = [said.fitted(~part, single, seed).scores(said.rows(part)) for part in parts]
    return (
        np.vstack(scores),
        np.vstack([said.wanted[part] for part in parts]),
        np.vstack([said.long[part] for part in parts]),
    )


def _fitted(rows: sparse.csr_matrix, wanted: np.ndarray, weight: np.ndarray, single: bool, seed: int) -> Linear:
    """A theme without an example on either side keeps a verdict of "no" (or "yes") and no weights.

    It takes the rows over, in the numbers that the machines want: each of them would make its own copy of others.
    """
    from sklearn.svm import LinearSVC

    rows.data = rows.data.astype(np.float64)
    weights = np.zeros((rows.shape[1], wanted.shape[1]), np.float32)
    bias = np.where(wanted.all(axis=0), 1.0, -1.0)
    often = weight @ wanted
    if single and (often > 0).sum() > 2:
        known = wanted.any(axis=1)
        machine = _machine_of_many(often, weight[known].sum(), seed)
        fit = machine.fit(rows[known], wanted[known].argmax(axis=1), weight[known])
        weights[:, fit.classes_], bias[fit.classes_] = fit.coef_.T, fit.intercept_
        return Linear(weights, bias)
    said, weighed = np.asarray(rows.sum(axis=0)).ravel(), np.ones(rows.shape[1])
    for theme in np.flatnonzero((often > 0) & (often < weight.sum())):
        carried = wanted[:, theme]
        even = weight * np.sqrt(weight.sum() / 2 / np.where(carried, often[theme], weight.sum() - often[theme]))
        inside = (carried @ rows) / weighed
        telling = _telling(inside, said - inside)
        _weigh(rows, telling / weighed)
        weighed = telling
        fit = LinearSVC(C=COST, tol=TOLERANCE, random_state=seed).fit(rows, carried, even)
        weights[:, theme], bias[theme] = fit.coef_[0] * telling, fit.intercept_[0]
    return Linear(weights, bias)


def _telling(inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """What each feature weighs before a machine weighs it, 1 in the mean: by how often it stands in the texts that
    carry a theme, and in the others.

    Half of it is alike for all; half goes by how unlike the two shares are (Wang and Manning 2012, "Baselines and
    Bigrams", ACL, 90-94).
    """
    part = inside.sum() / (inside.sum() + outside.sum())
    inside, outside = np.maximum(inside, 0) + DOUBT * part, np.maximum(outside, 0) + DOUBT * (1 - part)
    ratio, said = np.abs(np.log(inside / outside * (1 - part) / part)), inside + outside
    return EVEN + (1 - EVEN) * ratio / (ratio @ said / said.sum())


def _weigh(rows: sparse.csr_matrix, weights: np.ndarray) -> None:
    """In place and by parts: another copy of the rows is what the memory of a large training would grow by."""
    for first in range(0, len(rows.data), AT_A_TIME):
        here = slice(first, first + AT_A_TIME)
        rows.data[here] *= weights[rows.indices[here]]


def _machine_of_many(often: np.ndarray, total: float, seed: int):
    """For texts of one class each: with few examples a class, one softmax over all learns more than a verdict each."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    classes = np.flatnonzero(often)
    if total < FEW_A_CLASS * len(classes):
        return LogisticRegression(C=SOFT_COST, max_iter=50, tol=1e-3, random_state=seed)
    even = {place: ONE_OF_MANY * total / len(classes) / often[place] for place in classes}
    return LinearSVC(C=COST, class_weight=even, tol=TOLERANCE, random_state=seed)


def _calibrated(scores: np.ndarray, wanted: np.ndarray, long: np.ndarray, single: bool) -> Calibration:
    """How scores become probabilities.

    A theme hears the others, too: praise of the whole is rarer where something in it was praised, and certain where
    nothing else was named.
    """
    count = wanted.shape[1]
    if single:
        return _softmax(scores, wanted)
    slope, shift = _logistic(np.reshape(scores, (-1, 1)), np.ravel(wanted), np.array([1.0, 0.0]), 0.0)
    start = np.vstack([slope * np.eye(count), np.zeros((2, count)), np.full(count, shift)])
    pull = np.vstack([np.where(np.eye(count), NEARNESS, FARNESS), np.full((3, count), NEARNESS)])
    heard = (np.column_stack([scores, other, long]) for other in strongest_others(scores).T)
    curves = np.array([_logistic(*own) for own in zip(heard, wanted.T, start.T, pull.T, strict=True)]).T
    return Calibration(curves[:-3], *curves[-3:], single=False)


def _logistic(scores: np.ndarray, carried: np.ndarray, start: np.ndarray, pull: np.ndarray | float) -> np.ndarray:
    """Slopes, and last the shift, of the logistic curve, with Platt's (1999) smoothed targets.

    Each stays near its `start`, by as much as it is pulled, until the examples say otherwise.
    """
    yes, no = carried.sum(), (~carried).sum()
    target = np.where(carried, (yes + 1) / (yes + 2), 1 / (no + 2))

    def loss(curve):
        raised = scores @ curve[:-1] + curve[-1]
        error = 1 / (1 + np.exp(-np.clip(raised, -30, 30))) - target
        away = pull * (curve - start)
        slope = np.append(error @ scores, error.sum()) + 2 * away
        return np.sum(np.logaddexp(0, raised) - target * raised) + away @ (curve - start), slope

    return optimize.minimize(loss, start, jac=True, method="L-BFGS-B").x


def _softmax(scores: np.ndarray, wanted: np.ndarray) -> Calibration:
    """One slope for all classes (temperature; Guo and others 2017)."""
    known = wanted.any(axis=1)
    right = wanted[known].argmax(axis=1)

    doubt = 1 / (len(right) + 2)  # as in Platt's targets: no class is certain after so few examples

    def loss(slope: float) -> float:
        raised = slope * (scores[known] - scores[known].max(axis=1, keepdims=True))
        surprise = np.log(np.exp(raised).sum(axis=1, keepdims=True)) - raised
        return float((1 - doubt) * surprise[np.arange(len(right)), right].mean() + doubt * surprise.mean())

    slope = optimize.minimize_scalar(loss, bounds=(0.1, 30), method="bounded").x
    count = wanted.shape[1]
    return Calibration(slope * np.eye(count), *np.zeros((3, count)), single=True)


def _promised(probabilities, wanted, promise: float, single: bool) -> tuple[np.ndarray, float | None]:
    """Thresholds that keep the promise, and the precision they reached out of fold.

    A theme with enough examples has its own; the others share one, and so do classes of which each text has one.
    """
    rows, best = np.arange(len(wanted)), probabilities.argmax(axis=1)
    judged = (wanted[rows, best], probabilities[rows, best]) if single else (wanted, probabilities)
    least = LEAST_OF_MANY if single else LEAST
    thresholds = np.full(wanted.shape[1], max(least, measures.threshold_for(*judged, promise, CAUTION)))
    if not single:
        for theme in np.flatnonzero(wanted.sum(axis=0) >= ENOUGH):
            own = measures.threshold_for(wanted[:, theme], probabilities[:, theme], promise, OWN_CAUTION)
            thresholds[theme] = max(least, own)
    found = probabilities >= thresholds
    if single:
        found &= np.eye(wanted.shape[1], dtype=bool)[best]
    return thresholds, measures.precision(wanted, found)


def _cuts(probabilities: np.ndarray, wanted: np.ndarray, single: bool) -> np.ndarray:
    """Where micro-F1 is best out of fold, the same for all themes; near the usual place while examples are few."""
    if single:
        return np.zeros(wanted.shape[1])
    steps = np.linspace(0.2, 0.6, 41)
    best = max(steps, key=lambda step: measures.micro_f1(wanted, probabilities >= step))
    trust = wanted.sum() / (wanted.sum() + CUT_AFTER)
    return np.full(wanted.shape[1], trust * best + (1 - trust) * USUAL_CUT)


def _polarity(model: Model, examples: Sequence[Example], seed: int) -> Linear:
    """Bad, neither or good: learnt from the sentence of each example that speaks for the theme."""
    column = {key: place for place, key in enumerate(model.keys)}
    examples = examples[:: len(examples) // FELT + 1]
    spans = [[example.text[start:end] for start, end in sentences(example.text)] for example in examples]
    rows = model.plain_rows([part for own in spans for part in own])
    scores = model.themes.scores(rows)
    chosen, felt = [], []
    for example, end, own in zip(examples, np.cumsum([len(own) for own in spans]), spans, strict=True):
        for key, sentiment in example.themes.items():
            if key in column:
                chosen.append(end - len(own) + int(scores[end - len(own) : end, column[key]].argmax()))
                felt.append([sentiment == feeling for feeling in SENTIMENTS])
    return _fitted(rows[chosen], np.array(felt), np.ones(len(chosen)), True, seed)
