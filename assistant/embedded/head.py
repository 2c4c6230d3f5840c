"""The text classifier ("head") on top of the shared encoder: which label, how sure, and is it out of scope at all.

One multinomial logistic regression reads the embedding and the TF-IDF terms together. Cross-validation on the
examples alone gives the temperature that makes its scores mean what they say. The out-of-scope score adds up three
pieces of evidence that a text is in scope, each measured in standard deviations among the held-out examples:

- the energy (logsumexp of the logits): some label claims the text strongly, not merely more than the others do;
- the cosine to the nearest label's centroid: the text is near something that was seen;
- the gate: a logistic regression of the in-scope against the out-of-scope examples, where there are some.

All hyperparameters were chosen on the validation part of clinc150 (150 intents with 30 examples each) and carry over
to other label sets; `tests/benchmarks/bench_clinc.py` measures them on its test part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from assistant.embedded import head_file
from assistant.embedded.encoder import Encoder
from assistant.embedded.head_fit import fit_parts
from assistant.embedded.head_model import Floats, HeadParts


@dataclass(frozen=True)
class Prediction:
    """What the head thinks of a text.

    `scores` holds every label with its calibrated probability, best first, adding up to 1: the probability that the
    label is right if the text is in scope at all. `out_of_scope` (0..1) is higher the surer the text belongs to none.
    """

    scores: tuple[tuple[str, float], ...]
    out_of_scope: float

    @property
    def label(self) -> str:
        """The best label."""
        return self.scores[0][0]

    @property
    def score(self) -> float:
        """The best label's probability (0..1)."""
        return self.scores[0][1]


@dataclass(frozen=True)
class HeldOut:
    """An example with its own label, and what a head that had not seen it thought of it."""

    text: str
    label: str
    prediction: Prediction


class Head:
    """A fitted classifier: `fit` makes one, `Head.load` brings one back. Safe to share between threads."""

    def __init__(self, encoder: Encoder, parts: HeadParts) -> None:
        self._encoder = encoder
        self._parts = parts

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order in which they were given."""
        return self._parts.labels

    @cached_property
    def sha256(self) -> str:
        """The sha256 (hex) of all that the head has learnt: it names the model in records."""
        return head_file.content_sha256(self._parts)

    @property
    def suggested_oos_threshold(self) -> float:
        """The out-of-scope score (0..1) from which on to turn a text away, from the cross-validated scores.

        With out-of-scope examples: where the mean of in-scope accuracy and out-of-scope recall is highest. Without:
        where 5% of the examples would be turned away.
        """
        return self._parts.calibration.threshold

    def predict(self, text: str) -> Prediction:
        """Classify one text; every string has an answer, the empty one too."""
        vector = self._encoder.encode(text)
        columns, values = self._parts.terms.row(text)
        weights = self._parts.weights
        raw = vector @ weights.dense + values @ weights.lexical[columns] + weights.bias
        logits, evidence = weights.judge(raw[None].astype(np.float64), vector[None])
        return self._prediction(logits[0], evidence[0])

    def cross_validated(self) -> tuple[HeldOut, ...]:
        """Return every in-scope example with its prediction by a head fitted without it.

        Examples of one label that land on another with a high score show labels that overlap.
        """
        held = self._parts.held_out
        return tuple(
            HeldOut(text, self.labels[label], self._prediction(logits, evidence))
            for text, label, logits, evidence in zip(held.texts, held.labels, held.logits, held.evidence, strict=True)
        )

    def save(self, path: Path) -> None:
        """Write the head to one file, atomically; the caller names it after everything that went into the fit."""
        head_file.write(path, self._parts)

    @staticmethod
    def load(path: Path, encoder: Encoder) -> Head:
        """Bring back a saved head, which predicts exactly what the original did.

        Raises EmbeddedModelError where the file is missing, damaged, foreign or made with another encoder: fit again.
        """
        return Head(encoder, head_file.read(path, encoder.fingerprint))

    def _prediction(self, logits: Floats, evidence: Floats) -> Prediction:
        probabilities = self._parts.calibration.probabilities(logits)
        best_first = np.argsort(-probabilities, kind="stable")
        scores = tuple((self.labels[label], float(probabilities[label])) for label in best_first)
        return Prediction(scores, float(self._parts.calibration.oos_scores(evidence)))


def fit(examples: Mapping[str, Sequence[str]], out_of_scope: Sequence[str], encoder: Encoder, seed: int) -> Head:
    """Fit a head to `examples` (label -> texts) and to texts that belong to no label. The seed deals out the folds.

    30 examples a label are good, 5 work. Fewer than 5 out-of-scope texts are left aside: the score then comes from
    the examples alone. Takes seconds: six regressions beside the encoding.

    Raises EmbeddedModelError for fewer than two labels, or a label with fewer than two examples.
    """
    return Head(encoder, fit_parts(examples, out_of_scope, encoder, seed))
