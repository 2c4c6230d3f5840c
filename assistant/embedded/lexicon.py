"""The phrases of one catalog, found in a text: categories, brands, fields and values, with misspellings repaired."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rapidfuzz import process
from rapidfuzz.distance import OSA

from assistant.catalog.vocabulary import FieldWords, Vocabulary
from assistant.embedded.english import english_words
from assistant.embedded.numerals import NUMBER_WORDS
from assistant.embedded.tokens import Token, joined, stem, stems, tokenise
from assistant.embedded.wordlists import (
    ANTONYMS,
    CALLED,
    COLOURS,
    COMMON,
    CONCEPTS,
    EXACT_CONCEPTS,
    OWN_WORDS,
    STOPWORDS,
    VALUE_NAMES,
)

Kind = Literal["category", "brand", "field", "value"]
# Gaps that may stand inside a phrase: "usb-c", "black/white" and "wi fi" are phrases, "black. White" is not.
_INNER_GAPS = frozenset(("", "-", "/", "&", "'", "’", "_", "‑", "–"))
_MAX_PHRASE = 8
_ABLE = re.compile(r"([a-z]{3,})[ai]ble")


@dataclass(frozen=True)
class Meaning:
    """What a phrase stands for: `key` is a category's or field's key or a brand; `value` a value of that field.

    `rank` is 0 for its own name, 1 for the operator's synonyms, 2 for common English and 3 for a part of a value.
    A flag's field meaning with the value "no" says that the flag is false ("wired" for wireless); with the value
    "all" the phrase names several fields at once ("dimensions").
    """

    kind: Kind
    key: str
    value: str = ""
    rank: int = 0


@dataclass(frozen=True)
class Phrase:
    """A phrase of the catalog at the tokens `first:after` of a text, with all that it may mean."""

    first: int
    after: int
    meanings: tuple[Meaning, ...]
    said: str

    def of(self, kind: Kind) -> tuple[Meaning, ...]:
        """Its meanings of one kind."""
        return tuple(meaning for meaning in self.meanings if meaning.kind == kind)


class Lexicon:
    """Finds phrases by their joined stems, so that plurals, hyphens and spaces do not matter."""

    def __init__(self, vocabulary: Vocabulary, names: Iterable[str]) -> None:
        self._meanings: dict[str, dict[Meaning, None]] = {}
        self._words_of: dict[str, int] = {}
        self._surfaces: dict[str, set[str]] = {}
        self._spelled: dict[tuple[str, int], dict[str, str]] = {}
        self._english = english_words()
        self._known: set[str] = {stem(word) for word in COMMON | OWN_WORDS}
        self._counted = {f.key for f in vocabulary.fields.values() if f.kind == "quantity" and not f.unit}
        self.concepts = {
            concept: _fields_of(anchors, vocabulary, loose=concept not in EXACT_CONCEPTS)
            for concept, anchors in CONCEPTS.items()
        }
        category_words = {
            joined(name)
            for category in vocabulary.categories.values()
            for name in (category.name, category.singular, *category.synonyms)
        }
        for phrase, meaning in _phrases(vocabulary, self.concepts):
            if meaning.kind == "value" and _is_about(phrase, category_words, vocabulary.fields[meaning.key]):
                continue
            self._add(phrase, meaning)
        for phrase, meaning in _parts(vocabulary):
            kinds = {known.kind for known in self._meanings.get(joined(phrase), ())}
            if not kinds & {"category", "brand"} and (phrase not in COMMON or phrase in COLOURS):
                self._add(phrase, meaning)
        for name in (*names, *OWN_WORDS):
            self._learn(name)
        self._longest = max((len(key) for key in self._meanings), default=0)
        self._correct: Callable[[str], str] = lru_cache(maxsize=4096)(self._nearest)

    def __contains__(self, stem_of_word: str) -> bool:
        return stem_of_word in self._meanings

    def category_named(self, stem_of_word: str) -> str | None:
        """The category that a single word names, or None."""
        return next((m.key for m in self._meanings.get(stem_of_word, ()) if m.kind == "category"), None)

    def counts(self, stem_of_word: str) -> bool:
        """Whether a word names a field that holds plain numbers, so that a number before it counts: "8 cores"."""
        return any(m.kind == "field" and m.key in self._counted for m in self._meanings.get(stem_of_word, ()))

    def corrected(self, tokens: list[Token]) -> list[Token]:
        """Return the tokens with misspelt words replaced by the nearest word of the catalog."""
        return [
            token._replace(word=right, stem=stem(right))
            if (right := self._right(token)) and not _is_in_code(tokens, place)
            else token
            for place, token in enumerate(tokens)
        ]

    def find(self, tokens: list[Token], taken: list[bool], *, digits: bool | None = None) -> list[Phrase]:
        """Return the longest phrases among tokens that are not taken, left to right, none overlapping another.

        With `digits`, only phrases with (or without) a number in them.
        """
        found: list[Phrase] = []
        index = 0
        while index < len(tokens):
            phrase = None if taken[index] else self._longest_at(tokens, taken, index)
            if phrase and digits is not None:
                has_digits = any(
                    token.is_number or token.word in NUMBER_WORDS for token in tokens[phrase.first : phrase.after]
                )
                phrase = phrase if has_digits == digits else None
            if phrase:
                found.append(phrase)
            index = phrase.after if phrase else index + 1
        return found

    def _longest_at(self, tokens: list[Token], taken: list[bool], first: int) -> Phrase | None:
        best, key, glued = None, "", True
        for after in range(first + 1, min(len(tokens), first + _MAX_PHRASE) + 1):
            token = tokens[after - 1]
            if taken[after - 1] or (after > first + 1 and token.gap.strip() not in _INNER_GAPS):
                break
            glued = glued and (after == first + 1 or token.glued)
            key += token.stem
            if len(key) > self._longest:
                break
            meanings = self._meanings.get(key)
            if (
                meanings
                and (glued or self._is_split(tokens[first:after], key))
                and self._is_meant(token, key, first, after)
            ):
                said = " ".join(part.word for part in tokens[first:after])
                best = Phrase(first, after, tuple(meanings), said)
        return best

    def _is_split(self, tokens: list[Token], key: str) -> bool:
        """Whether words apart may be the phrase: "blue tooth" is, "in k" for "ink" is not."""
        return len(tokens) <= self._words_of[key] or all(len(token.word) > 2 for token in tokens)

    def _is_meant(self, token: Token, key: str, first: int, after: int) -> bool:
        """Whether a grammatical word is the catalog's word letter by letter: "can" is not the "cans" of a headset."""
        return after > first + 1 or token.word not in STOPWORDS or token.word in self._surfaces[key]

    def _add(self, phrase: str, meaning: Meaning) -> None:
        parts = stems(phrase)
        if key := "".join(parts):
            self._surfaces.setdefault(key, set()).add(phrase.lower())
            known = self._meanings.setdefault(key, {})
            if not any((other.kind, other.key, other.value) == (meaning.kind, meaning.key, meaning.value)
                       for other in known):  # fmt: skip
                known[meaning] = None
            self._words_of[key] = max(len(parts), self._words_of.get(key, 0))
            self._learn(phrase)

    def _learn(self, phrase: str) -> None:
        for token in tokenise(phrase):
            if token.stem.isalpha():
                self._known.add(token.stem)
                if len(token.stem) > 3 and token.word not in STOPWORDS:
                    spelled = _sound(token.stem)
                    self._spelled.setdefault((spelled[0], len(spelled)), {})[spelled] = token.word

    def _right(self, token: Token) -> str:
        word = token.word
        if len(word) < 4 or len(word) > 30 or not word.isalpha() or token.stem in self._known or word in self._english:
            return ""
        if token.stem in self._meanings:
            return ""
        return self._correct(token.stem)

    def _nearest(self, written: str) -> str:
        """The word of the catalog within 1 edit (2 from seven letters on), with the same first letter, or ""."""
        spelled = _sound(written)
        size = len(spelled)
        allowed = 2 if size >= 7 else 1
        best, distance = "", allowed + 1
        for length in range(max(4, size - allowed), size + allowed + 1):
            if size == 4 and length == 4:
                continue  # a change of one letter in four makes another word
            if distance == 0:
                break
            bucket = self._spelled.get((spelled[0], length), {})
            found = process.extractOne(spelled, bucket.keys(), scorer=OSA.distance, score_cutoff=distance - 1)
            if found:
                best, distance = bucket[found[0]], int(found[1])
        return best


def _is_about(value: str, category_words: set[str], field: FieldWords) -> bool:
    """Whether a value speaks of a category, as "monitors with USB-C" does: as a phrase it would hide the category."""
    words = stems(value)
    return field.kind == "terms" and len(words) > 1 and bool({words[0], words[-1]} & category_words)


def _is_in_code(tokens: list[Token], place: int) -> bool:
    """Whether digits touch a word, so that it belongs to a model number and no letter of it may change."""
    following = tokens[place + 1] if place + 1 < len(tokens) else None
    if following and following.is_number and following.gap == "":
        return True
    return place > 0 and tokens[place - 1].is_number and tokens[place].gap == ""


def _sound(word: str) -> str:
    return word.replace("ph", "f")


def _fields_of(anchors: tuple[str, ...], vocabulary: Vocabulary, *, loose: bool = True) -> tuple[str, ...]:
    """The keys of the fields that a concept names, best first: by the order of the concept's words."""
    found: dict[str, None] = {}
    for exact in (True, False) if loose else (True,):
        for anchor in anchors:
            wanted = stems(anchor)
            for field in vocabulary.fields.values():
                names = (stems(field.key.replace("_", " ")), stems(field.label))
                if wanted in names or (not exact and any(_ends_with(name, wanted) for name in names)):
                    found[field.key] = None
    return tuple(found)


def _ends_with(name: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether a field's name is the wanted one with something before it: "energy consumption", "motor power"."""
    return len(wanted) < len(name) and name[-len(wanted) :] == wanted


def _phrases(vocabulary: Vocabulary, concepts: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, Meaning]]:
    for category in vocabulary.categories.values():
        for rank, names in enumerate(((category.name, category.singular, _spaced(category.key)), category.synonyms)):
            for name in names:
                yield name, Meaning("category", category.key, rank=rank)
    for brand in vocabulary.brands:
        yield brand, Meaning("brand", brand)
    for field in vocabulary.fields.values():
        yield from _field_phrases(field)
    for concept, names in CALLED.items():
        several = "all" if concept == "dimensions" else ""
        exact = _fields_of(CONCEPTS[concept], vocabulary, loose=False)
        for name in names:
            for key in (exact or concepts[concept])[:4]:
                yield name, Meaning("field", key, several, rank=2)
    for concept, names in ANTONYMS.items():
        for key in _fields_of((concept,), vocabulary) if concept not in concepts else concepts[concept]:
            if vocabulary.fields[key].kind == "flag":
                yield from ((name, Meaning("field", key, "no", rank=2)) for name in names)


def _field_phrases(field: FieldWords) -> Iterator[tuple[str, Meaning]]:
    for name in (field.label, _spaced(field.key)):
        yield name, Meaning("field", field.key)
    for name in field.synonyms:
        yield name, Meaning("field", field.key, rank=1)
    counted = field.label.lower().removeprefix("number of ")
    if field.kind == "quantity" and counted != field.label.lower():
        yield counted, Meaning("field", field.key, rank=2)
    if field.kind == "flag":
        for name in (field.label, *field.synonyms):
            if (verb := _ABLE.fullmatch(name.lower())) and verb[1] not in COMMON:
                root = verb[1][:-1] if verb[1][-1] == verb[1][-2] else verb[1]
                yield root, Meaning("field", field.key, rank=2)
    names_of = {joined(value): names for value, names in VALUE_NAMES.items()}
    for value in field.values:
        for name in (value, *names_of.get(joined(value), ())):
            yield name, Meaning("value", field.key, value)


def _parts(vocabulary: Vocabulary) -> Iterator[tuple[str, Meaning]]:
    """Parts that stand for only one value of their field: "windows" for "Windows 11", "grey" for "space grey"."""
    for field in (field for field in vocabulary.fields.values() if field.kind == "text"):
        owners: dict[str, set[str]] = {}
        for value in field.values:
            for part in _parts_of(value):
                owners.setdefault(part, set()).add(value)
        for part, values in owners.items():
            if len(values) == 1 and len(part) > 3:
                yield part, Meaning("value", field.key, values.pop(), rank=3)


def _parts_of(value: str) -> set[str]:
    words = [token.word for token in tokenise(value)]
    letters = [word for word in words if word.isalpha()]
    pieces = {piece.strip().lower() for piece in re.split(r"[,(]", value)} if "," in value else set()
    if len(words) < 2 or any(len(word) == 1 and word != "x" for word in words) or "x" in words:
        return pieces
    return pieces | {letters[0], letters[-1]} if letters else pieces


def _spaced(key: str) -> str:
    return key.replace("_", " ").replace("-", " ")
