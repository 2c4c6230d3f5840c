"""Fits the moderation classifier: features of texts and windows, a regression a category, cross-validated scaling.

All choices were made by cross-validation on the examples; the folds share the vocabulary of terms alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assistant.embedded.encoder import DIMENSIONS, Encoder
from assistant.embedded.head_model import Floats
from assistant.embedded.lexical import LexicalFeatures
from assistant.embedded.moderation.classifier import Classifier, joined_logits
from assistant.embedded.moderation.examples import CATEGORIES, Example
from assistant.embedded.moderation.openai_samples import KIND as OPENAI
from assistant.embedded.moderation.windows import windows

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

# Chosen among 0.3 to 30, with the weight of terms beside the embedding among 1 to 3.
C = 0.5
TERMS_WEIGHT = 2.0
# How much one of OpenAI's samples counts beside a written text, among 1 to 8: they are fewer, and nobody wrote them to
# be told apart.
OPENAI_WEIGHT = 4.0
# How much of what tells any harm from none goes into every category, among 0 to 0.5: what is harmful in one way shares
# its tone with what is harmful in another, and each category alone has few texts to learn that from.
ANY_HARM = 0.25
MIN_TEXTS = 5  # that a term is in; rarer ones change nothing but the size of the file
FOLDS = 5
YES, NO, UNKNOWN = 1, 0, -1

Labels = NDArray[np.int8]


@dataclass(frozen=True)
class Texts:
    """Examples and their windows as rows of one matrix: the examples come first, in their order.

    `owner` (rows,) is the example that a row belongs to; `labels` is (examples, categories) of YES, NO, UNKNOWN;
    `weight` (examples,) is how much an example counts.
    """

    terms: LexicalFeatures
    matrix: csr_matrix
    owner: NDArray[np.intp]
    labels: Labels
    weight: Floats

    @property
    def count(self) -> int:
        """How many examples there are."""
        return len(self.labels)


@dataclass(frozen=True)
class Fitted:
    """A classifier, and the score (0..1) that one fitted without it gave each example: (examples, categories)."""

    classifier: Classifier
    held_out: Floats


def fit(examples: Sequence[Example], encoder: Encoder) -> Fitted:
    """Fit all categories; deterministic. Every category needs examples in two or more groups."""
    texts = _read(examples, encoder)
    held_out = _cross_validate(texts, folds(examples))
    columns, bias = _linear(texts, np.ones(texts.count, dtype=np.bool_))
    scalings = [_platt(held_out[:, category], texts.labels[:, category]) for category in range(len(CATEGORIES))]
    # Rounded, because the last bits of a sum depend on how many threads added it up.
    slope, middle = np.round(np.array(scalings).T, 6)
    classifier = Classifier(
        encoder_fingerprint=encoder.fingerprint,
        categories=CATEGORIES,
        terms=texts.terms,
        dense=np.ascontiguousarray(columns[:DIMENSIONS], dtype=np.float32),
        lexical=np.ascontiguousarray(columns[DIMENSIONS:] * TERMS_WEIGHT, dtype=np.float32),
        bias=bias.astype(np.float32),
        slope=slope,
        middle=middle,
    )
    return Fitted(classifier, 1 / (1 + np.exp(-slope * (held_out - middle))))


def folds(examples: Sequence[Example]) -> NDArray[np.intp]:
    """The fold of every example: groups stay together, and are dealt out largest first."""
    sizes = Counter(example.group for example in examples)
    fold_of = {group: place % FOLDS for place, (group, _) in enumerate(sizes.most_common())}
    return np.array([fold_of[example.group] for example in examples], dtype=np.intp)


def _read(examples: Sequence[Example], encoder: Encoder) -> Texts:
    from scipy.sparse import csr_matrix, hstack

    parts = [windows(example.text) for example in examples]
    rows = [*(example.text for example in examples), *(window for found in parts for window in found)]
    owner = np.concatenate((np.arange(len(parts)), np.repeat(np.arange(len(parts)), [len(found) for found in parts])))
    terms = _common_terms([example.text for example in examples])
    found = [terms.row(text) for text in rows]
    starts = np.cumsum([0, *(len(columns) for columns, _ in found)])
    values = np.concatenate([values for _, values in found]) * TERMS_WEIGHT
    columns = np.concatenate([columns for columns, _ in found])
    lexical = csr_matrix((values, columns, starts), shape=(len(rows), len(terms.idf)))
    dense = csr_matrix(np.stack([encoder.encode(text) for text in rows]))
    weight = np.array([OPENAI_WEIGHT if example.kind == OPENAI else 1.0 for example in examples])
    # In double precision, for the optimiser stops early on single.
    matrix = hstack([dense, lexical], format="csr", dtype=np.float64)
    return Texts(terms, matrix, owner, _labels(examples), weight)


def _common_terms(texts: Sequence[str]) -> LexicalFeatures:
    """The terms that at least MIN_TEXTS texts use; the rarity of a term tells in how many it is."""
    every = LexicalFeatures.fit(texts)
    common = every.idf <= np.float32(np.log((1 + len(texts)) / (1 + MIN_TEXTS)) + 1)
    words = [term for term, column in every.words.items() if common[column]]
    pieces = [term for term, column in every.pieces.items() if common[column]]
    return LexicalFeatures.of(words, pieces, every.idf[common])


def _labels(examples: Sequence[Example]) -> Labels:
    labels = np.full((len(examples), len(CATEGORIES)), NO, dtype=np.int8)
    for row, example in enumerate(examples):
        for column, category in enumerate(CATEGORIES):
            if category in example.categories:
                labels[row, column] = YES
            elif category in example.unknown:
                labels[row, column] = UNKNOWN
    return labels


def _linear(texts: Texts, used: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Weights (features, categories) and biases (categories,), fitted to whole examples, to those that are used."""
    any_harm = (texts.labels == YES).any(axis=1).astype(np.int8)
    models = [_regression(texts, labels, used) for labels in (*texts.labels.T, any_harm)]
    weights = np.concatenate([model.coef_ for model in models]).T
    bias = np.concatenate([model.intercept_ for model in models])
    return weights[:, :-1] + ANY_HARM * weights[:, -1:], bias[:-1] + ANY_HARM * bias[-1]


def _regression(texts: Texts, labels: Labels, used: NDArray[np.bool_]) -> LogisticRegression:
    """A regression of one column of labels (examples,), over the examples that tell something of it."""
    from sklearn.linear_model import LogisticRegression

    rows = np.flatnonzero(used & (labels != UNKNOWN))
    model = LogisticRegression(C=C, class_weight="balanced", max_iter=1000)
    return model.fit(texts.matrix[rows], labels[rows], sample_weight=texts.weight[rows])


def _cross_validate(texts: Texts, fold: NDArray[np.intp]) -> Floats:
    """The logits (examples, categories) of whole texts and windows joined, each by a model fitted without its group."""
    row_logits = np.empty((len(texts.owner), len(CATEGORIES)))
    for held in range(FOLDS):
        judged = fold[texts.owner] == held
        weights, bias = _linear(texts, fold != held)
        row_logits[judged] = texts.matrix[judged] @ weights + bias
    parts: list[list[Floats]] = [[] for _ in range(texts.count)]
    for row in range(texts.count, len(texts.owner)):
        parts[texts.owner[row]].append(row_logits[row])
    return np.stack([joined_logits(row_logits[row], parts[row]) for row in range(texts.count)])


def _platt(logits: Floats, labels: Labels) -> tuple[float, float]:
    """Slope and middle of the logistic curve from logit to score: Platt's scaling, on what is known."""
    from sklearn.linear_model import LogisticRegression

    known = labels != UNKNOWN
    curve = LogisticRegression(C=1e6).fit(logits[known][:, None], labels[known])
    slope = float(curve.coef_[0, 0])
    return slope, -float(curve.intercept_[0]) / slope
