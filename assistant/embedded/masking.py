"""Replaces names by what they name, so that the intent model sees the question and not the catalog.

"can u dim the fjellys nomad" and "is the Aurel Nova 14 in stock" become "can u dim the lamp" and "is the laptop in
stock": what the examples teach about one product then holds for all of them, and a name that no example holds is no
riddle.
"""

import re

from assistant.catalog.vocabulary import Vocabulary
from assistant.embedded.reader import Reader

_PLACEHOLDERS = {"ORDER": "my order", "EMAIL": "my e-mail address", "PHONE": "my phone number", "CARD": "my card"}
_PLACEHOLDER = re.compile(r"\[([A-Z]+)_\d+\]")


class Masker:
    """Masks the product names and placeholders of a text; a text without any comes back as it is."""

    def __init__(self, reader: Reader, vocabulary: Vocabulary) -> None:
        self._reader = reader
        self._nouns = {product.sku: vocabulary.categories[product.category].singular for product in vocabulary.products}

    def __call__(self, text: str) -> str:
        """The text with each named product as its category and each placeholder as what it stands for."""
        spans = {mention.span: self._nouns[mention.sku] for mention in self._reader.read(text).products}
        end = len(text)
        for (start, stop), noun in sorted(spans.items(), reverse=True):
            if stop <= end:  # overlapping mentions are one name
                text = text[:start] + noun + text[stop:]
                end = start
        return _PLACEHOLDER.sub(lambda match: _PLACEHOLDERS.get(match[1], "my number"), text)
