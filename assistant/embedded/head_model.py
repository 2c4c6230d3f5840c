"""What a fitted head consists of, and the arithmetic from features to probabilities and an out-of-scope score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.embedded.lexical import LexicalFeatures

Floats = NDArray[np.float64]

EVIDENCE = ("energy", "centroid", "gate")
# Chosen on clinc150's validation part; a logistic regression stacked on the three does no better (AUROC .983 both).
EVIDENCE_WEIGHTS = np.array([1.0, 1.0, 0.6])


@dataclass(frozen=True)
class Weights:
    """A fitted linear model over (embedding, terms): one column a label and, last, one for the gate."""

    dense: NDArray[np.float32]  # (384, labels + 1)
    lexical: NDArray[np.float32]  # (terms, labels + 1)
    bias: NDArray[np.float32]  # (labels + 1,)
    centroids: NDArray[np.float32]  # (labels, 384), unit vectors

    def judge(self, raw: Floats, vectors: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """Split raw outputs (n, labels + 1) of texts with these embeddings into logits and evidence (n, 3)."""
        logits, gate = raw[:, :-1], raw[:, -1]
        highest = logits.max(axis=1)
        energy = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
        nearest = (vectors @ self.centroids.T).max(axis=1)
        return logits, np.column_stack((energy, nearest, gate))


@dataclass(frozen=True)
class Calibration:
    """What cross-validation says about the meaning of the raw numbers.

    `centre` and `scale` (3,) standardise the evidence; `oos_slope` and `oos_middle` map its weighted sum to 0..1.
    `threshold` is the out-of-scope score (0..1) from which on a text is better turned away.
    """

    temperature: float
    centre: Floats
    scale: Floats
    oos_slope: float
    oos_middle: float
    threshold: float

    def probabilities(self, logits: Floats) -> Floats:
        """Return probabilities which add up to 1 along the last axis."""
        return np.asarray(np.exp(log_softmax(logits / self.temperature)))

    def oos_scores(self, evidence: Floats) -> Floats:
        """Return the out-of-scope score (0..1) for evidence (..., 3)."""
        return logistic(self.oos_slope * (self.oos_middle - self.in_scope_sum(evidence)))

    def in_scope_sum(self, evidence: Floats) -> Floats:
        """Return the weighted sum of standardised evidence: higher speaks for in scope."""
        return np.asarray((evidence - self.centre) / self.scale @ EVIDENCE_WEIGHTS)


@dataclass(frozen=True)
class HeldOutArrays:
    """The in-scope examples with what a head fitted without them computed: logits (n, labels), evidence (n, 3)."""

    texts: tuple[str, ...]
    labels: tuple[int, ...]
    logits: Floats
    evidence: Floats


@dataclass(frozen=True)
class HeadParts:
    """All of a fitted head but the encoder, which it names by its fingerprint."""

    encoder_fingerprint: str
    labels: tuple[str, ...]
    terms: LexicalFeatures
    weights: Weights
    calibration: Calibration
    held_out: HeldOutArrays


def log_softmax(logits: Floats) -> Floats:
    """Return log probabilities along the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def logistic(values: Floats) -> Floats:
    """Return 1 / (1 + exp(-values)) without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(values / 2)))
