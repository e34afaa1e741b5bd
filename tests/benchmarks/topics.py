"""How many topics that no model was taught emerge: `python -m tests.benchmarks.topics DATA_DIRECTORY` prints JSON.

Of `banking77` (77 intents) and `clinc150` (150), five are withheld: a plain linear model learns the others from 60 % of
the texts and judges the rest. Its 400 smallest margins are what `clusters` gets, with the rest as texts that have a
theme. A withheld intent has surfaced if it makes up half of a cluster of five or more. The bare limit, in the same run:
withheld intents with five texts among the 400. The seeds are not those by which the method was chosen (0 to 5).
"""

import csv
import json
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import mean

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_union
from sklearn.svm import LinearSVC

from analytics.learning import topics

SETS = ("banking77", "clinc150")
SEEDS = range(10, 16)
WITHHELD, LOWEST, LEARNED = 5, 400, 0.6


def run(texts: np.ndarray, labels: np.ndarray, seed: int) -> dict[str, float]:
    """One draw of five withheld intents."""
    chance = np.random.default_rng(seed)
    withheld = chance.choice(np.unique(labels), WITHHELD, replace=False)
    order = chance.permutation(len(texts))
    cut = int(len(texts) * LEARNED)
    learned, stream = order[:cut][~np.isin(labels[order[:cut]], withheld)], order[cut:]
    margins = margins_of(texts[learned], labels[learned], texts[stream])
    by_margin = stream[np.argsort(margins, kind="stable")]
    lowest, rest = by_margin[:LOWEST], np.sort(by_margin[LOWEST:])
    began = time.perf_counter()
    found = topics.clusters(list(texts[lowest]), list(texts[chance.permutation(rest)]), "en")
    seconds = time.perf_counter() - began
    intents = [Counter(labels[lowest[list(cluster.members)]]).most_common(1)[0] for cluster in found]
    pure = [name for (name, n), c in zip(intents, found, strict=True) if name in withheld and 2 * n >= len(c.members)]
    return {
        "novel_by_margin_auroc": roc_auc_score(np.isin(labels[stream], withheld), -margins),
        "surfaced": len(set(pure)),
        "bare_limit": sum(int(np.count_nonzero(labels[lowest] == name) >= topics.LEAST) for name in withheld),
        "clusters": len(found),
        "clusters_of_withheld": len(pure),
        "seconds": seconds,
    }


def margins_of(learned: np.ndarray, labels: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """How far the likeliest intent is ahead of the second."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    parts = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
    features = make_union(words, parts)
    model = LinearSVC(C=0.2, class_weight="balanced").fit(features.fit_transform(learned), labels)
    scores = np.sort(model.decision_function(features.transform(texts)), axis=1)
    return scores[:, -1] - scores[:, -2]


def read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    with (folder / "train.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return np.array([row["text"] for row in rows], object), np.array([row["label"] for row in rows])


def main(directory: str) -> None:
    measured = {}
    for name in SETS:
        runs = [run(*read(Path(directory) / name), seed) for seed in SEEDS]
        measured[name] = {figure: round(mean(one[figure] for one in runs), 3) for figure in runs[0]}
        measured[name]["surfaced_of_limit"] = round(measured[name]["surfaced"] / measured[name]["bare_limit"], 3)
    print(json.dumps({"withheld": WITHHELD, "draws": len(SEEDS), **measured}, indent=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
