"""The fitted moderation classifier: one logistic regression a category over the embedding and the TF-IDF terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.embedded.encoder import Encoder
from assistant.embedded.head_model import Floats, logistic
from assistant.embedded.lexical import LexicalFeatures
from assistant.embedded.moderation.windows import windows
from moderation.verdict import Category

# What a window alone falls short by, in logits: a sentence that is harmful for sure counts in the middle of an honest
# message, a doubtful one needs the rest of the text to agree. Chosen by cross-validation among 0, 1, 1.5 and 2.
LONE_WINDOW = 1.5


@dataclass(frozen=True)
class Classifier:
    """All that was fitted; `encoder_fingerprint` names the encoder that it was fitted with.

    `dense` is (384, categories), `lexical` (terms, categories), `bias` (categories,). `slope` and `middle`
    (categories,) are Platt's scaling of a text's logit to a score, from cross-validation.
    """

    encoder_fingerprint: str
    categories: tuple[Category, ...]
    terms: LexicalFeatures
    dense: NDArray[np.float32]
    lexical: NDArray[np.float32]
    bias: NDArray[np.float32]
    slope: Floats
    middle: Floats

    def scores(self, text: str, encoder: Encoder) -> dict[Category, float]:
        """Score one text for every category: 0 to 1, calibrated on the mixture of examples it was fitted on."""
        whole = self._logits(text, encoder)
        joined = joined_logits(whole, [self._logits(window, encoder) for window in windows(text)])
        scores = logistic(self.slope * (joined - self.middle))
        return dict(zip(self.categories, scores.tolist(), strict=True))

    def _logits(self, text: str, encoder: Encoder) -> Floats:
        columns, values = self.terms.row(text)
        logits = encoder.encode(text) @ self.dense + values @ self.lexical[columns] + self.bias
        return np.asarray(logits, dtype=np.float64)


def joined_logits(whole: Floats, parts: Sequence[Floats]) -> Floats:
    """One logit a category for a text, from the whole's and its windows' (each of shape (categories,)).

    It is the mean of the whole and the worst window, or the worst window less `LONE_WINDOW`, whichever is higher.
    """
    if not parts:
        return whole
    worst = np.max(parts, axis=0)
    return np.asarray(np.maximum((whole + worst) / 2, worst - LONE_WINDOW))
