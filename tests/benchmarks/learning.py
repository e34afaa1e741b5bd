"""How well and how fast themes are learnt: `python -m tests.benchmarks.learning DATA_DIRECTORY` prints JSON.

The directory holds one folder per set with a train.tsv, and a dev.tsv or test.tsv to be judged; without one, a fifth of
the rows, drawn by a fixed seed, is judged. The label column is `aspects` (separated by |) or `label` (one per text).
The bare limit is scikit-learn's own TF-IDF and LinearSVC with the same kinds of features, on the same texts in the same
run: its micro-F1 (or accuracy) and its texts per second, in processor time.
"""

import json
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC

from analytics.learning import Example, measures, train
from analytics.learning.evaluation import evaluate, likely_language
from analytics.learning.tables import read_table

PASSES = 3


def read(folder: Path) -> tuple[list[Example], list[Example], bool]:
    header = (folder / "train.tsv").read_text("utf-8").partition("\n")[0].split("\t")
    single = "aspects" not in header
    column = "label" if single else "aspects"
    known = read_table(folder / "train.tsv", "text", column, single)
    others = [folder / name for name in ("dev.tsv", "test.tsv") if (folder / name).exists()]
    if others:
        return known, read_table(others[0], "text", column, single), single
    order = np.random.default_rng(0).permutation(len(known))
    cut = len(known) // 5
    return [known[i] for i in order[cut:]], [known[i] for i in order[:cut]], single


def bare(known: list[Example], unseen: list[Example], single: bool) -> dict[str, float]:
    """Plain scikit-learn."""
    labels = MultiLabelBinarizer().fit([e.themes for e in known + unseen])
    machine = LinearSVC(C=0.2, class_weight="balanced")
    model = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        ),
        machine if single else OneVsRestClassifier(machine),
    )
    began = time.process_time()
    texts, wanted = [e.text for e in known], labels.transform([e.themes for e in known])
    model.fit(texts, wanted.argmax(axis=1) if single else wanted)
    seconds = time.process_time() - began
    texts = [e.text for e in unseen]
    rate, found = fastest(lambda: model.predict(texts), len(texts))
    guessed = np.eye(len(labels.classes_), dtype=bool)[found] if single else found
    score = measures.micro_f1(labels.transform([e.themes for e in unseen]), guessed)
    return {"micro_f1": round(score, 4), "train_seconds": round(seconds, 2), "texts_per_second": round(rate)}


def fastest(work, count: int):
    """Texts per second of the best of some passes, and what the last one gave."""
    best = float("inf")
    for _ in range(PASSES):
        began = time.process_time()
        result = work()
        best = min(best, time.process_time() - began)
    return count / best, result


def measure(folder: Path) -> dict:
    known, unseen, single = read(folder)
    figures = asdict(evaluate(known, unseen, single=single))
    began = time.process_time()
    model = train(known, likely_language([e.text for e in known]), single=single)
    figures["train_seconds"] = time.process_time() - began
    texts = [e.text for e in unseen]
    figures["texts_per_second"], _ = fastest(lambda: model.judge(texts), len(texts))
    began = time.process_time()
    for text in texts[:200]:
        model.judge([text])
    figures["milliseconds_for_one"] = 1000 * (time.process_time() - began) / len(texts[:200])
    figures["model_megabytes"] = len(model.to_bytes()) / 1e6
    limit = bare(known, unseen, single)
    rounded = {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}
    return rounded | {"bare": limit, "speed_ratio": round(figures["texts_per_second"] / limit["texts_per_second"], 2)}


def main() -> None:
    folders = sorted(path.parent for path in Path(sys.argv[1]).glob("*/train.tsv"))
    chosen = [folder for folder in folders if not sys.argv[2:] or folder.name in sys.argv[2:]]
    result = {folder.name: measure(folder) for folder in chosen}
    result["peak_memory_megabytes"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
