"""Finds the field that a question is about by meaning, where none of its words names one."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assistant.catalog.vocabulary import FieldWords, Vocabulary
from assistant.embedded.encoder import Encoder

# Cosine of a masked question to a field's description. Chosen on the demo shop's dev cases: from here on the best
# field was mostly the right one.
NEAR = 0.40


class FieldFinder:
    """The fields of a catalog by meaning, each described by its label, its synonyms and how it is said."""

    def __init__(self, vocabulary: Vocabulary, encoder: Encoder) -> None:
        self._encoder = encoder
        self._fields = [field for field in vocabulary.fields.values() if field.key not in {"price", "stock", "brand"}]

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        """One row for each field; worked out when the first question needs them, because that loads the model."""
        return self._encoder.encode_many([_description(field) for field in self._fields])

    def nearest(self, text: str, category: str | None) -> str | None:
        """The key of the field of a category's products that a text is nearest to, if it is near at all."""
        if not self._fields:
            return None
        cosine = self._vectors @ self._encoder.encode(text)
        has = np.array([category is None or category in field.categories for field in self._fields])
        best = int(np.argmax(np.where(has, cosine, -1.0)))
        return self._fields[best].key if has[best] and cosine[best] >= NEAR else None


def _description(field: FieldWords) -> str:
    said = field.wording.yes or (field.wording.phrase or "").replace("{value}", "some")
    return ". ".join(part for part in (field.label, ", ".join(field.synonyms[:6]), said) if part)
