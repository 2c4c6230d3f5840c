"""Words of a catalog as a model may have written them, found by a look-up and never by going through all of them."""

import re
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from chains.facets import Facets

_LONGEST = 200  # characters; a longer text is no word of a catalog


class Known:
    """Some words, found whatever their case and whether they have blanks, hyphens or underscores."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._alike: dict[str, list[str]] = {}
        for word in self._words:
            self._alike.setdefault(_folded(word), []).append(word)

    def spelled(self, value: JsonValue) -> JsonValue:
        """A word as it is known; any other value as it is, also one that is like several words."""
        if not isinstance(value, str) or value in self._words or len(value) > _LONGEST:
            return value
        alike = self._alike.get(_folded(value), ())
        return alike[0] if len(alike) == 1 else value


class Spelling:
    """How one catalog spells its keys, what kind each of its fields is, and its currency; made once for a catalog."""

    def __init__(self, facets: Facets) -> None:
        self.currency = facets.currency
        self.kinds: Mapping[str, str] = {field.key: field.kind for field in facets.fields}
        self.keys = Known(self.kinds)
        self.categories = Known(key for key, _ in facets.categories)


def _folded(word: str) -> str:
    return re.sub(r"[\s_-]+", "_", word.strip().casefold())
