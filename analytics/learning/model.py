"""One trained version: texts in, judgements out; as bytes that hold numbers and names, never code.

Each text is judged by itself: what stands in one changes nothing for another.
"""

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

import numpy as np
from scipy import sparse

from analytics.learning.features import Features, beside, spoken
from analytics.learning.knowledge import Knowledge
from analytics.rules import Finding

FORMAT = 3  # 2 did not hear the strongest of the other themes, 1 had parts of words of two letters, too
BATCH = 2_000  # texts judged at a time: bounds the memory
_SENTENCE = re.compile(r"[^\s.!?;…\n][^.!?;…\n]*[.!?;…]*")

Embed = Callable[[Sequence[str]], np.ndarray]


class MissingEmbeddings(ValueError):
    """What a model was trained with is not at hand, or is another one by now."""


@dataclass(frozen=True)
class Judgement:
    """What the model dares to say of one text.

    `margin` is how far the theme nearest to its threshold is from it, in probability (0: ask a person); `unknown` the
    share of words that no example contained.
    """

    outcome: Literal["themes", "unclassified"]
    findings: tuple[Finding, ...]
    margin: float
    unknown: float


@dataclass(frozen=True)
class Linear:
    """Weights of some verdicts over the features; scores are rows @ weights + bias."""

    weights: np.ndarray
    bias: np.ndarray

    def scores(self, rows) -> np.ndarray:
        return np.asarray(rows @ self.weights) + self.bias


@dataclass(frozen=True)
class Calibration:
    """Scores to probabilities: a logistic curve per theme (Platt 1999), or one softmax where a text has one theme.

    A theme hears all scores, by its column of `weights`; the strongest of the others, by `rivals`; and how long the
    text is, by `lengths`: the same words say less in a long one.
    """

    weights: np.ndarray
    rivals: np.ndarray
    lengths: np.ndarray
    shift: np.ndarray
    single: bool

    def probabilities(self, scores: np.ndarray, long: np.ndarray) -> np.ndarray:
        heard = np.einsum("ij,jk->ik", scores, self.weights)  # as "@" would add up differently in other company
        heard += strongest_others(scores) * self.rivals + long * self.lengths
        raised = np.clip(heard + self.shift, -30, 30)
        if not self.single:
            return 1 / (1 + np.exp(-raised))
        powers = np.exp(raised - raised.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


def how_long(said: Sequence[Sequence[str]]) -> np.ndarray:
    """A column of how long each text is: the logarithm of its words."""
    return np.log1p([[len(line)] for line in said]).reshape(-1, 1)


def strongest_others(scores: np.ndarray) -> np.ndarray:
    """For each theme of each text the highest score that another theme has; 0 where there is no other."""
    if scores.shape[1] < 2:
        return np.zeros_like(scores)
    second, first = (place[:, None] for place in np.partition(scores, (-2, -1), axis=1)[:, -2:].T)
    return np.where(scores < first, first, second)


@dataclass(frozen=True)
class Model:
    """`thresholds` keep the promised precision, `cuts` find the most (best F1); both are probabilities per theme."""

    keys: tuple[str, ...]
    language: str
    promise: float
    precision_reached: float | None
    thresholds: np.ndarray
    cuts: np.ndarray
    features: Features
    knowledge: Knowledge
    themes: Linear
    calibration: Calibration
    polarity: Linear
    embeds: Mapping[str, Embed] = field(default_factory=dict)  # by the name under which the model remembers them

    @property
    def single(self) -> bool:
        return self.calibration.single

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """One row per text, one column per key."""
        parts = [self._probabilities(texts[i : i + BATCH]) for i in range(0, len(texts), BATCH)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.keys)))

    def guesses(self, texts: Sequence[str]) -> np.ndarray:
        """The themes that are likelier than not to be worth naming, without the promise."""
        return self.decide(self.probabilities(texts), self.cuts)

    def decide(self, probabilities: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
        reached = probabilities >= thresholds
        if self.single and len(probabilities):
            likeliest = np.zeros_like(reached)
            likeliest[np.arange(len(reached)), probabilities.argmax(axis=1)] = True
            reached &= likeliest
        return reached

    def judge(self, texts: Sequence[str], at_hand: Mapping[str, np.ndarray] | None = None) -> list[Judgement]:
        """What reaches its threshold, with its sentiment and the sentence that decided.

        `at_hand` are vectors of the texts that the caller has already, by the name of what makes them.
        """
        judged = []
        for start in range(0, len(texts), BATCH):
            batch = slice(start, start + BATCH)
            judged += self._judge(texts[batch], {name: rows[batch] for name, rows in (at_hand or {}).items()})
        return judged

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray:
        said = [spoken(text) for text in texts]
        return self.calibration.probabilities(self.themes.scores(self._rows(texts, said, {})), how_long(said))

    def rows(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """The texts as the linear verdicts read them."""
        return self._rows(texts, [spoken(text) for text in texts], {})

    def plain_rows(self, parts: Sequence[str]) -> sparse.csr_matrix:
        """Parts of texts by their words alone: what is known of a whole text is not asked again of each sentence."""
        rows = self.features.weighted(self.features.counts([spoken(part) for part in parts]))
        missing = self.themes.weights.shape[0] - rows.shape[1]
        return sparse.hstack([rows, sparse.csr_matrix((rows.shape[0], missing))], format="csr") if missing else rows

    def _rows(self, texts: Sequence[str], said: Sequence[Sequence[str]], at_hand: Mapping) -> sparse.csr_matrix:
        rows = self.features.weighted(self.features.counts(said))
        vectors = (at_hand[name] if name in at_hand else embed(texts) for name, embed in self.embeds.items())
        return beside(rows, *vectors)

    def _judge(self, texts: Sequence[str], at_hand: Mapping[str, np.ndarray]) -> list[Judgement]:
        said = [spoken(text) for text in texts]
        rows = self._rows(texts, said, at_hand)
        probabilities = self.calibration.probabilities(self.themes.scores(rows), how_long(said))
        found = self.decide(probabilities, self.thresholds)
        found[[not any(word[0].isalpha() for word in line) for line in said]] = False
        margins = np.abs(probabilities - self.thresholds).min(axis=1, initial=1.0)
        findings = self._findings(texts, rows, found, probabilities)
        return [
            Judgement("themes" if here else "unclassified", tuple(here), float(margin), self.features.unknown(line))
            for here, margin, line in zip(findings, margins, said, strict=True)
        ]

    def _findings(self, texts, rows, found: np.ndarray, probabilities: np.ndarray) -> list[list[Finding]]:
        """Each finding points to the sentence that speaks most for it, and feels as that sentence does."""
        findings: list[list[Finding]] = [[] for _ in texts]
        named = np.flatnonzero(found.any(axis=1)).tolist()
        spans = [sentences(texts[place]) for place in named]
        parts = self._parts(texts, rows, named, spans)
        by_theme, feelings = self.themes.scores(parts), self.polarity.scores(parts).argmax(axis=1) - 1
        starts = dict(zip(named, accumulate(map(len, spans), initial=0), strict=False))
        of = dict(zip(named, spans, strict=True))
        for place, theme in np.argwhere(found).tolist():
            first, own = starts[place], of[place]
            best = int(by_theme[first : first + len(own), theme].argmax()) if len(own) > 1 else 0
            sentiment, sure = int(feelings[first + best]), float(probabilities[place, theme])
            findings[place].append(Finding(self.keys[theme], sentiment, sure, *own[best]))
        return findings

    def _parts(self, texts, rows, named, spans) -> sparse.csr_matrix:
        """A row for each sentence of the named texts; a text of one sentence has its row already."""
        several = [(place, own) for place, own in zip(named, spans, strict=True) if len(own) > 1]
        cut = [texts[place][start:end] for place, own in several for start, end in own]
        stacked = sparse.vstack([rows, self.plain_rows(cut)]).tocsr()
        order, following = [], rows.shape[0]
        for place, own in zip(named, spans, strict=True):
            order.extend(range(following, following + len(own)) if len(own) > 1 else [place])
            following += len(own) if len(own) > 1 else 0
        return stacked[order]

    def to_bytes(self) -> bytes:
        """Numbers and names in numpy's npz without pickle, and a JSON header; the caller signs it."""
        header = {
            "format": FORMAT,
            "keys": self.keys,
            "language": self.language,
            "promise": self.promise,
            "precision_reached": self.precision_reached,
            "single": self.single,
            "embeds": list(self.embeds),
            "knowledge": self.knowledge.keywords,
        }
        themes, theme_scale = _packed(self.themes.weights)
        polarity, polarity_scale = _packed(self.polarity.weights)
        file = io.BytesIO()
        np.savez_compressed(
            file,
            header=_letters(json.dumps(header)),
            names=_letters("\n".join(self.features.names)),
            idf=self.features.idf,
            thresholds=self.thresholds,
            cuts=self.cuts,
            hears=self.calibration.weights,
            rivals=self.calibration.rivals,
            lengths=self.calibration.lengths,
            shift=self.calibration.shift,
            themes=themes,
            theme_scale=theme_scale,
            theme_bias=self.themes.bias,
            polarity=polarity,
            polarity_scale=polarity_scale,
            polarity_bias=self.polarity.bias,
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, embeds: Mapping[str, Embed] | None = None) -> "Model":
        """ValueError for a file that is not one of ours or of a newer format. Check its signature first.

        `embeds` are those at hand, by name; MissingEmbeddings if one that it was trained with is not among them.
        """
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            header = json.loads(_text(file["header"]))
            if header.get("format") != FORMAT:
                raise ValueError(f"Unknown model format: {header.get('format')!r}")
            at_hand = embeds or {}
            if missing := [name for name in header["embeds"] if name not in at_hand]:
                raise MissingEmbeddings(f"it was trained with embeddings that are not at hand: {', '.join(missing)}")
            knowledge = Knowledge(header["language"], header["knowledge"])
            features = Features(_text(file["names"]).split("\n"), file["idf"], knowledge.of_word)
            return cls(
                tuple(header["keys"]),
                header["language"],
                header["promise"],
                header["precision_reached"],
                file["thresholds"],
                file["cuts"],
                features,
                knowledge,
                Linear(file["themes"] * file["theme_scale"], file["theme_bias"]),
                Calibration(file["hears"], file["rivals"], file["lengths"], file["shift"], header["single"]),
                Linear(file["polarity"] * file["polarity_scale"], file["polarity_bias"]),
                {name: at_hand[name] for name in header["embeds"]},
            )


def sentences(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence; of a text without letters, the text itself."""
    spans = [match.span() for match in _SENTENCE.finditer(text)]
    return spans or [(0, len(text))]


def _packed(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row in 255 steps of its own size."""
    scale = np.maximum(np.abs(weights).max(axis=1, keepdims=True, initial=0), 1e-12) / 127
    return np.round(weights / scale).astype(np.int8), scale.astype(np.float32)


def _letters(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-8"), np.uint8)


def _text(letters: np.ndarray) -> str:
    return letters.tobytes().decode("utf-8")
