"""Which of a catalog's fields a lookup's prompt tells of: those that a request may mean, within a number of tokens."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chains.facets import Facets, FieldFacet
from chains.prompted.functions import plain
from chains.prompted.trimming import estimate_tokens

_WORD = re.compile(r"[^\W_]+")
_LEAST_CHARS = 3  # shorter words of a label, such as "of", say nothing
_LINE_CHARS = 160
_LISTED = 3  # a field's key stands in the enumerations of up to three arguments

Words = frozenset[str]


@dataclass(frozen=True)
class _Field:
    """A field with what it costs to tell of it."""

    facet: FieldFacet
    tokens: int


class CatalogWords:
    """The facets of a catalog, ready to be cut to what a request may mean; nothing changes after construction.

    `lines` tells each field by its key in one line.
    """

    def __init__(self, facets: Facets) -> None:
        self._facets = facets
        self.lines = {facet.key: field_line(facet) for facet in facets.fields}
        self._fields = tuple(_Field(facet, _cost(facet)) for facet in facets.fields)
        self._named_by: dict[str, list[tuple[Words, str]]] = {}
        for facet in facets.fields:
            for words in _names(facet):
                self._named_by.setdefault(min(words), []).append((words, facet.key))
        self._categories = tuple((key, (_words(key), _words(name))) for key, name in facets.categories)

    def within(self, text: str, hinted: Sequence[str], tokens: int) -> tuple[Facets, int]:
        """The facets with as many fields as these tokens hold, likeliest first, and how many were left out.

        The price goes first, then fields whose words occur in the text, then those of the categories that it names,
        then those of the categories of products that it may mean (`hinted`, likeliest first).
        """
        said = _words(text)
        named = {key for word in said for words, key in self._named_by.get(word, ()) if words <= said}
        likely = {key: 2.0 for key, names in self._categories if any(name and name <= said for name in names)}
        for place, category in enumerate(hinted):
            likely[category] = likely.get(category, 0) + 2.0 ** -(place + 1)

        def rank(field: _Field) -> tuple[bool, bool, float]:
            return (
                field.facet.key != "price",
                field.facet.key not in named,
                -max((likely.get(category, 0) for category in field.facet.categories), default=0),
            )

        kept: list[FieldFacet] = []
        for field in sorted(self._fields, key=rank):
            tokens -= field.tokens
            if tokens < 0:
                break
            kept.append(field.facet)
        return replace(self._facets, fields=tuple(kept)), len(self._fields) - len(kept)


def field_line(field: FieldFacet) -> str:
    """What a field is and which values it takes, in one line: `memory: memory, a number in GB, 8 to 64`."""
    return plain(f"{field.key}: {', '.join((field.label, *_kind(field)))}", _LINE_CHARS)


def _kind(field: FieldFacet) -> Iterator[str]:
    match field.kind:
        case "flag":
            yield "yes or no"
        case "money" | "quantity":
            yield f"a number in {field.unit}" if field.unit else "a number"
            if field.low is not None and field.high is not None:
                yield f"{field.low} to {field.high}"
        case "terms":
            yield "a list of words such as " + " | ".join(field.values)
        case _:
            yield "a word such as " + " | ".join(field.values)


def _cost(field: FieldFacet) -> int:
    return estimate_tokens(field_line(field)) + _LISTED * estimate_tokens(field.key)


def _names(field: FieldFacet) -> Iterator[Words]:
    """The words by which a text names a field, all of one of these: each of its label's, and each of its values."""
    yield from (frozenset({word}) for word in _words(f"{field.key} {field.label}"))
    yield from {words for value in field.values if (words := _words(value))}


def _words(text: str) -> Words:
    """The words of a text that say something, in one case and number."""
    words = (word.casefold() for word in _WORD.findall(text.replace("_", " ")))
    return frozenset(word.removesuffix("s") for word in words if len(word) >= _LEAST_CHARS)
