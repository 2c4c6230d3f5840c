"""How well the text classifier does on clinc150 (150 intents and out of scope), beside TF-IDF + logistic regression.

    HOPDESK_BENCH_DATA=<folder with clinc150/data_full.json> python -m tests.benchmarks.bench_clinc

Both are fitted on the first 30 training utterances of every intent; Hopdesk's head also on `oos_train`. The threshold
is chosen on the validation part alone: the one with the highest mean of in-scope accuracy and out-of-scope recall.
Everything printed is measured on the test part; Hopdesk's own threshold, for which it needs no validation data, is a
row of its own. Times are for one text on one thread, warm, with the embedding computed afresh.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

DATA_VARIABLE = "HOPDESK_BENCH_DATA"
PER_INTENT = 30
TIMED_TEXTS = 500

Judge = Callable[[str], tuple[str, float]]  # text -> (label, out-of-scope score)


@dataclass(frozen=True)
class Clinc:
    """The parts of the data set that the benchmark reads; labelled parts are (text, intent)."""

    examples: dict[str, list[str]]
    validation: list[tuple[str, str]]
    test: list[tuple[str, str]]
    oos_train: list[str]
    oos_validation: list[str]
    oos_test: list[str]


@dataclass(frozen=True)
class Judged:
    """One part judged: which in-scope texts were labelled rightly, and all out-of-scope scores."""

    right: NDArray[np.bool_]
    inside: NDArray[np.float64]
    outside: NDArray[np.float64]

    def auroc(self) -> float:
        """The chance that an out-of-scope text scores higher than an in-scope one."""
        from sklearn.metrics import roc_auc_score

        is_outside = np.repeat([0, 1], [len(self.inside), len(self.outside)])
        return float(roc_auc_score(is_outside, np.concatenate((self.inside, self.outside))))

    def at(self, threshold: float) -> tuple[float, float]:
        """In-scope accuracy and out-of-scope recall where scores from the threshold on are turned away."""
        accepted_and_right = self.right & (self.inside < threshold)
        return float(accepted_and_right.mean()), float((self.outside >= threshold).mean())

    def best_threshold(self) -> float:
        """The score with the highest mean of in-scope accuracy and out-of-scope recall."""
        seen = np.unique(np.concatenate((self.inside, self.outside)))
        return float(max(seen, key=lambda threshold: sum(self.at(threshold))))


def main() -> None:
    """Fit, measure and print; without the data say so and stop."""
    console = Console()
    folder = os.environ.get(DATA_VARIABLE)
    if not folder or not (path := Path(folder) / "clinc150" / "data_full.json").exists():
        console.print(f"Set {DATA_VARIABLE} to a folder with clinc150/data_full.json to run this benchmark.")
        return
    data = load(path)
    table = Table(title=f"clinc150 test, {PER_INTENT} examples an intent")
    for heading in (
        "model",
        "in scope",
        "OOS AUROC",
        "threshold",
        "in scope at it",
        "OOS recall",
        "ms p50 / p95",
        "fit s",
    ):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    _add_baseline(table, data)
    _add_head(table, data)
    console.print(table)


def load(path: Path) -> Clinc:
    """Read the data set, of the training utterances the first 30 of each intent."""
    raw: dict[str, list[tuple[str, str]]] = json.loads(path.read_text(encoding="utf-8"))
    examples: dict[str, list[str]] = {}
    for text, intent in raw["train"]:
        known = examples.setdefault(intent, [])
        if len(known) < PER_INTENT:
            known.append(text)
    outside = {part: [text for text, _ in raw[part]] for part in ("oos_train", "oos_val", "oos_test")}
    return Clinc(examples, raw["val"], raw["test"], outside["oos_train"], outside["oos_val"], outside["oos_test"])


def _add_baseline(table: Table, data: Clinc) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    started = time.perf_counter()
    model = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        ),
        LogisticRegression(C=30.0, max_iter=1000),
    )
    labelled = [(text, intent) for intent, texts in data.examples.items() for text in texts]
    model.fit([text for text, _ in labelled], [intent for _, intent in labelled])
    fit_s = time.perf_counter() - started

    def judge(text: str) -> tuple[str, float]:
        probabilities = model.predict_proba([text])[0]
        return str(model.classes_[probabilities.argmax()]), 1 - float(probabilities.max())

    _add_row(table, "TF-IDF + logistic regression", judge, data, fit_s, own_threshold=None)


def _add_head(table: Table, data: Clinc) -> None:
    from assistant.embedded.encoder import Encoder
    from assistant.embedded.head import fit

    encoder = Encoder(threads=1)
    started = time.perf_counter()
    head = fit(data.examples, data.oos_train, encoder, seed=0)
    fit_s = time.perf_counter() - started

    def judge(text: str) -> tuple[str, float]:
        prediction = head.predict(text)
        return prediction.label, prediction.out_of_scope

    _add_row(table, "Hopdesk's head", judge, data, fit_s, own_threshold=head.suggested_oos_threshold)


def _add_row(table: Table, name: str, judge: Judge, data: Clinc, fit_s: float, *, own_threshold: float | None) -> None:
    threshold = _judge(judge, data.validation, data.oos_validation)[0].best_threshold()
    test, times_ms = _judge(judge, data.test, data.oos_test)
    accuracy, recall = test.at(threshold)
    p50, p95 = np.quantile(times_ms[:TIMED_TEXTS], (0.5, 0.95))
    table.add_row(
        name,
        f"{test.right.mean():.1%}",
        f"{test.auroc():.3f}",
        f"{threshold:.3f}",
        f"{accuracy:.1%}",
        f"{recall:.1%}",
        f"{p50:.1f} / {p95:.1f}",
        f"{fit_s:.0f}",
    )
    if own_threshold is not None:
        accuracy, recall = test.at(own_threshold)
        table.add_row(
            "  at its own threshold", "", "", f"{own_threshold:.3f}", f"{accuracy:.1%}", f"{recall:.1%}", "", ""
        )


def _judge(
    judge: Judge, inside: Sequence[tuple[str, str]], outside: Sequence[str]
) -> tuple[Judged, NDArray[np.float64]]:
    right, scores, times_ms = [], [], []
    for text, intent in [*inside, *((text, "") for text in outside)]:
        started = time.perf_counter()
        label, score = judge(text)
        times_ms.append((time.perf_counter() - started) * 1000)
        right.append(label == intent)
        scores.append(score)
    split = len(inside)
    return Judged(np.array(right[:split]), np.array(scores[:split]), np.array(scores[split:])), np.array(times_ms)


if __name__ == "__main__":
    main()
