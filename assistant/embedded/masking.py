"""Prepares a text for the intent model: names become what they name, and misspelled words are mended.

"can u dim the fjellys nomad" and "is the Aurel Nova 14 in stock" become "can u dim the lamp" and "is the laptop in
stock": what the examples teach about one product then holds for all of them, and a name that no example holds is no
riddle.
"""

import re
from collections import Counter
from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

from assistant.catalog.vocabulary import Vocabulary
from assistant.embedded.encoder import Encoder
from assistant.embedded.reader import Reader

_PLACEHOLDERS = {
    "ORDER": "my order",
    "EMAIL": "my e-mail address",
    "PHONE": "my phone number",
    "CARD": "my card",
    "ADDRESS": "my address",
}
_PLACEHOLDER = re.compile(r"\[([A-Z]+)_\d+\]")
_WORD = re.compile(r"[a-z]{4,}")
_SHORTEST_NAME = 4
_ENDING = re.compile(r"(?:s|es|ed|d|er|est|ing|ly|able|ness|ish|less|ful)$")
_NEAR = 5
_SIMILAR = 0.7  # one slip in four letters, two in seven


class Masker:
    """Masks the product names and placeholders of a text and mends its spelling.

    Words are mended towards `known` (the words of the scope's examples) where the encoder's own vocabulary does not
    hold them: an ordinary English word is left alone, whether the examples have it or not.
    """

    def __init__(self, reader: Reader, vocabulary: Vocabulary, encoder: Encoder, known: Iterable[str]) -> None:
        self._reader = reader
        self._encoder = encoder
        self._nouns = {product.sku: vocabulary.categories[product.category].singular for product in vocabulary.products}
        uses = Counter(word for text in known for word in _WORD.findall(text.casefold()))
        self._uses = {word: count for word, count in uses.items() if encoder.is_word(word)}
        self._words = sorted(self._uses)

    def __call__(self, text: str) -> str:
        """The text with each named product as its category, each placeholder as what it stands for, and mended."""
        spans = {mention.span: self._nouns[mention.sku] for mention in self._reader.read(text).products}
        for (start, stop), noun in sorted(spans.items(), reverse=True):  # mentions of different spans never overlap
            text = text[:start] + noun + text[stop:]
        text = _PLACEHOLDER.sub(lambda match: _PLACEHOLDERS.get(match[1], "my number"), text)
        return _WORD.sub(lambda match: self._mended(match[0]), text.casefold())

    def is_strange(self, word: str) -> bool:
        """Whether a word is neither ordinary English nor a misspelling of a word of the examples: perhaps a name."""
        word = word.casefold()
        if len(word) < _SHORTEST_NAME or not word.isalpha():
            return False
        stems = (word, *(_ENDING.sub(end, word) for end in ("", "e")))
        return not any(self._encoder.is_word(stem) for stem in stems) and self._mended(word) == word

    def _mended(self, word: str) -> str:
        if self._encoder.is_word(word):
            return word
        near = process.extract(word, self._words, scorer=OSA.normalized_similarity, score_cutoff=_SIMILAR, limit=_NEAR)
        # of equally near words, one with the same letters ("logn": long, not loan), then the one used most
        return (
            max(near, key=lambda hit: (hit[1], sorted(hit[0]) == sorted(word), self._uses[hit[0]]))[0] if near else word
        )
