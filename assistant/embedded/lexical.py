"""TF-IDF features of a text: which words and which pieces of words it uses.

They hold what an embedding blurs: product names, numbers, exact wording, and a word in spite of a typing error.
Written out here, because scikit-learn's vectoriser takes 0.5 ms for one short text and this takes a tenth of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# The encoder reads 128 word pieces, which is fewer characters than this; it bounds the time of one text as well.
MAX_CHARS = 1000
MIN_TEXTS = 2  # a term of one single example says nothing about other texts
WORD_SIZES = (1, 2)
PIECE_SIZES = (2, 3, 4)
# Weight of each kind beside a unit embedding; chosen on clinc150's validation part among 0.2 to 0.8.
KIND_WEIGHT = 0.5

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class LexicalFeatures:
    """A fitted vocabulary. Columns of `words` come first, then those of `pieces`; `idf` has one weight a column."""

    words: dict[str, int]
    pieces: dict[str, int]
    idf: NDArray[np.float32]

    @staticmethod
    def fit(texts: Sequence[str]) -> LexicalFeatures:
        """Learn the terms which at least two texts use, and how rare each is (smoothed inverse document frequency)."""
        word_texts = Counter(term for text in texts for term in set(_words(text)))
        piece_texts = Counter(term for text in texts for term in set(_pieces(text)))
        words = sorted(term for term, count in word_texts.items() if count >= MIN_TEXTS)
        pieces = sorted(term for term, count in piece_texts.items() if count >= MIN_TEXTS)
        counts = np.array([word_texts[term] for term in words] + [piece_texts[term] for term in pieces])
        idf = np.log((1 + len(texts)) / (1 + counts)) + 1
        return LexicalFeatures.of(words, pieces, idf.astype(np.float32))

    @staticmethod
    def of(words: Sequence[str], pieces: Sequence[str], idf: NDArray[np.float32]) -> LexicalFeatures:
        """Build from terms in the order of their columns."""
        word_columns = {term: column for column, term in enumerate(words)}
        piece_columns = {term: column for column, term in enumerate(pieces, start=len(words))}
        return LexicalFeatures(word_columns, piece_columns, idf)

    def row(self, text: str) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return the columns and values of one text's known terms: sublinear TF-IDF of norm KIND_WEIGHT a kind."""
        word_row = self._kind(Counter(_words(text)), self.words)
        piece_row = self._kind(Counter(_pieces(text)), self.pieces)
        return np.concatenate((word_row[0], piece_row[0])), np.concatenate((word_row[1], piece_row[1]))

    def _kind(self, terms: Counter[str], columns: dict[str, int]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        known = [(columns[term], count) for term, count in terms.items() if term in columns]
        where = np.array([column for column, _ in known], dtype=np.intp)
        values = (1 + np.log(np.array([count for _, count in known], dtype=np.float32))) * self.idf[where]
        norm = np.linalg.norm(values)
        return where, (values * (KIND_WEIGHT / norm) if known else values).astype(np.float32)


def _words(text: str) -> list[str]:
    found = _WORD.findall(text[:MAX_CHARS].lower())
    return [" ".join(found[start : start + size]) for size in WORD_SIZES for start in range(len(found) - size + 1)]


def _pieces(text: str) -> list[str]:
    padded = [f" {word} " for word in text[:MAX_CHARS].lower().split()]
    return [
        word[start : start + size] for word in padded for size in PIECE_SIZES for start in range(len(word) - size + 1)
    ]
