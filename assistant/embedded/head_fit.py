"""Fit a head: features, one regression, and cross-validation on the examples alone to learn what its numbers mean.

The temperature that makes the probabilities honest and the out-of-scope score both come from predictions on examples
which the predicting model had not seen. Only the vocabulary of terms is shared by the folds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assistant.embedded.encoder import DIMENSIONS, Encoder
from assistant.embedded.head_model import Calibration, Floats, HeadParts, HeldOutArrays, Weights, log_softmax, logistic
from assistant.embedded.lexical import LexicalFeatures
from chains.errors import EmbeddedModelError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Chosen on clinc150's validation part with 30 examples an intent, among 3 to 30 and 1 to 100; both optima are flat.
LABEL_C = 30.0
GATE_C = 1.0
FOLDS = 5
MIN_LABELS = 2
MIN_PER_LABEL = 2  # one example to learn from while the other is held out
MIN_OUT_OF_SCOPE = 5  # fewer teach a gate nothing, so they are left aside
# Without out-of-scope examples the threshold turns away this share of the held-out examples, and the score falls from
# one half to 12% within one standard deviation of their evidence.
BLIND_REJECTED_SHARE = 0.05
BLIND_SLOPE = 2.0

Labels = NDArray[np.intp]


@dataclass(frozen=True)
class Features:
    """Texts as the model reads them: embeddings (n, 384), and the same beside the terms as one sparse matrix."""

    vectors: NDArray[np.float32]
    matrix: csr_matrix

    def __getitem__(self, rows: NDArray[np.bool_]) -> Features:
        return Features(self.vectors[rows], self.matrix[rows])


def fit_parts(
    examples: Mapping[str, Sequence[str]], out_of_scope: Sequence[str], encoder: Encoder, seed: int
) -> HeadParts:
    """Fit all parts of a head; see `head.fit`."""
    labels = tuple(examples)
    texts = [text for label in labels for text in examples[label]]
    y = np.repeat(np.arange(len(labels)), [len(examples[label]) for label in labels])
    _check(examples)
    outside_texts = out_of_scope if len(out_of_scope) >= MIN_OUT_OF_SCOPE else ()

    terms = LexicalFeatures.fit(texts)
    inside, outside = _features(texts, terms, encoder), _features(outside_texts, terms, encoder)
    logits, evidence, outside_evidence = _cross_validate(inside, y, outside, np.random.default_rng(seed))
    return HeadParts(
        encoder_fingerprint=encoder.fingerprint,
        labels=labels,
        terms=terms,
        weights=_fit_weights(inside, y, outside),
        calibration=_calibrate(logits, evidence, y, outside_evidence),
        held_out=HeldOutArrays(tuple(texts), tuple(y.tolist()), logits, evidence),
    )


def _check(examples: Mapping[str, Sequence[str]]) -> None:
    if len(examples) < MIN_LABELS:
        message = f"The embedded model needs examples of at least {MIN_LABELS} labels; it was given {len(examples)}."
        raise EmbeddedModelError(message)
    for label, texts in examples.items():
        if len(texts) < MIN_PER_LABEL:
            message = f"The label {label!r} has {len(texts)} examples; give it at least {MIN_PER_LABEL}, better 30."
            raise EmbeddedModelError(message)


def _features(texts: Sequence[str], terms: LexicalFeatures, encoder: Encoder) -> Features:
    from scipy.sparse import csr_matrix, hstack

    vectors = encoder.encode_many(texts)
    rows = [terms.row(text) for text in texts]
    starts = np.cumsum([0, *(len(columns) for columns, _ in rows)])
    columns = np.concatenate([columns for columns, _ in rows] or [np.empty(0, dtype=np.intp)])
    values = np.concatenate([values for _, values in rows] or [np.empty(0, dtype=np.float32)])
    lexical = csr_matrix((values, columns, starts), shape=(len(texts), len(terms.idf)))
    # In double precision, for the optimiser stops early on single.
    return Features(vectors, hstack([csr_matrix(vectors), lexical], format="csr", dtype=np.float64))


def _cross_validate(
    inside: Features, y: Labels, outside: Features, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Return held-out logits and evidence of the in-scope examples, and held-out evidence of those out of scope."""
    inside_fold, outside_fold = _folds(y, rng), _folds(np.zeros(len(outside.vectors), dtype=np.intp), rng)
    logits = np.empty((len(y), y.max() + 1))
    evidence, outside_evidence = np.empty((len(y), 3)), np.empty((len(outside.vectors), 3))
    for fold in range(inside_fold.max() + 1):
        held, held_outside = inside_fold == fold, outside_fold == fold
        weights = _fit_weights(inside[~held], y[~held], outside[~held_outside])
        logits[held], evidence[held] = _judge(weights, inside[held])
        outside_evidence[held_outside] = _judge(weights, outside[held_outside])[1]
    return logits, evidence, outside_evidence


def _folds(y: Labels, rng: np.random.Generator) -> Labels:
    """Deal every label's examples out to the folds, so that none of them loses all its examples at once."""
    fold = np.empty(len(y), dtype=np.intp)
    for label in np.unique(y):
        members = np.flatnonzero(y == label)
        fold[rng.permutation(members)] = np.arange(len(members)) % FOLDS
    return fold


def _fit_weights(inside: Features, y: Labels, outside: Features) -> Weights:
    from scipy.sparse import vstack
    from sklearn.linear_model import LogisticRegression

    def regression(c: float, class_weight: str | None) -> LogisticRegression:
        return LogisticRegression(C=c, class_weight=class_weight, max_iter=1000, tol=1e-4)

    by_label = regression(LABEL_C, None).fit(inside.matrix, y)
    coef, bias = by_label.coef_, by_label.intercept_
    if len(coef) == 1:  # two labels: one row says how much the second is preferred to the first
        coef, bias = np.concatenate((-coef, coef)) / 2, np.concatenate((-bias, bias)) / 2
    gate_coef, gate_bias = np.zeros((1, coef.shape[1])), np.zeros(1)
    if len(outside.vectors):
        both = vstack([inside.matrix, outside.matrix], format="csr")
        is_inside = np.repeat([1, 0], [len(inside.vectors), len(outside.vectors)])
        gate = regression(GATE_C, "balanced").fit(both, is_inside)
        gate_coef, gate_bias = gate.coef_, gate.intercept_
    columns = np.concatenate((coef, gate_coef)).T.astype(np.float32)
    means = np.stack([inside.vectors[y == label].mean(axis=0) for label in range(y.max() + 1)])
    return Weights(
        dense=np.ascontiguousarray(columns[:DIMENSIONS]),
        lexical=np.ascontiguousarray(columns[DIMENSIONS:]),
        bias=np.concatenate((bias, gate_bias)).astype(np.float32),
        centroids=means / np.linalg.norm(means, axis=1, keepdims=True),
    )


def _judge(weights: Weights, features: Features) -> tuple[Floats, Floats]:
    raw = features.matrix @ np.concatenate((weights.dense, weights.lexical)) + weights.bias
    return weights.judge(raw, features.vectors)


def _calibrate(logits: Floats, evidence: Floats, y: Labels, outside_evidence: Floats) -> Calibration:
    scale = evidence.std(axis=0)
    scale[scale == 0] = 1.0  # a gate that was never fitted says nothing
    standard = Calibration(_temperature(logits, y), evidence.mean(axis=0), scale, 1.0, 0.0, 0.5)
    inside_sum = standard.in_scope_sum(evidence)
    if not len(outside_evidence):
        middle = float(np.quantile(inside_sum, BLIND_REJECTED_SHARE))
        return _with_oos(standard, BLIND_SLOPE / max(float(inside_sum.std()), 1e-6), middle, threshold=0.5)
    outside_sum = standard.in_scope_sum(outside_evidence)
    slope, middle = _platt(inside_sum, outside_sum)
    cut = _best_cut(inside_sum, logits.argmax(axis=1) == y, outside_sum)
    return _with_oos(standard, slope, middle, threshold=float(logistic(np.array(slope * (middle - cut)))))


def _with_oos(standard: Calibration, slope: float, middle: float, *, threshold: float) -> Calibration:
    return Calibration(standard.temperature, standard.centre, standard.scale, slope, middle, threshold)


def _temperature(logits: Floats, y: Labels) -> float:
    """Return the temperature (0.05 to 20) under which the held-out examples are likeliest (Guo et al. 2017)."""
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logits / np.exp(log_temperature))[np.arange(len(y)), y].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded").x))


def _platt(inside_sum: Floats, outside_sum: Floats) -> tuple[float, float]:
    """Return slope and middle of the logistic curve from in-scope sum to out-of-scope score, both kinds equally heavy.

    It is Platt's scaling. The slope is kept positive: where the examples say otherwise they are too few to be believed.
    """
    from sklearn.linear_model import LogisticRegression

    both = np.concatenate((inside_sum, outside_sum))
    is_outside = np.repeat([0, 1], [len(inside_sum), len(outside_sum)])
    curve = LogisticRegression(class_weight="balanced").fit(both[:, None], is_outside)
    slope = max(-float(curve.coef_[0, 0]), 1e-3)
    return slope, float(curve.intercept_[0]) / slope


def _best_cut(inside_sum: Floats, right: NDArray[np.bool_], outside_sum: Floats) -> float:
    """Return the in-scope sum below which to turn away: highest mean of in-scope accuracy and out-of-scope recall."""
    seen = np.unique(np.concatenate((inside_sum, outside_sum)))
    cuts = (seen[:-1] + seen[1:]) / 2
    accepted_and_right = (inside_sum[right][:, None] >= cuts).sum(axis=0) / len(right)
    turned_away = (outside_sum[:, None] < cuts).mean(axis=0)
    return float(cuts[(accepted_and_right + turned_away).argmax()])
