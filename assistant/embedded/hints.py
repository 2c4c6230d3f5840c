"""Superlatives and comparisons: which field a word such as "cheapest", "longer battery" or "more powerful" is about."""

from dataclasses import dataclass

from assistant.catalog.vocabulary import Vocabulary
from assistant.embedded.lexicon import Lexicon, Phrase
from assistant.embedded.reading import End, Mention
from assistant.embedded.tokens import Token, ends_clause, word_set
from assistant.embedded.wordlists import (
    COMPARATIVES,
    COMPARING_DEGREES,
    DEGREES,
    GOOD,
    LESS_IS_BETTER,
    SUPERLATIVES,
)

_Words = tuple[dict[str, list[tuple[str, End]]], dict[str, tuple[str, End]], dict[str, End]]
"""The catalog's own words with their fields, common words with their concepts, and words that need a field."""
_COMPARING_WORDS = word_set("compare comparing comparison compared vs versus diff difference differences differ")


@dataclass(frozen=True)
class Ranking:
    """A field and the end of it that is meant, said by the tokens `first:after`."""

    first: int
    after: int
    field: str
    end: End


class Ranker:
    """Finds superlatives and comparatives, with the catalog's own words before common English ones."""

    def __init__(self, vocabulary: Vocabulary, lexicon: Lexicon) -> None:
        self._fields = vocabulary.fields
        self._concepts = lexicon.concepts
        self._superlatives: dict[str, list[tuple[str, End]]] = {}
        self.comparatives: dict[str, tuple[str, End]] = {}
        self._own_comparatives: dict[str, list[tuple[str, End]]] = {}
        for key, words in vocabulary.fields.items():
            said = words.wording
            ends: tuple[tuple[str | None, str | None, End], ...] = (
                (said.most, said.more, "most"), (said.least, said.less, "least"))  # fmt: skip
            for superlative, comparative, end in ends:
                if superlative:
                    self._superlatives.setdefault(superlative.lower(), []).append((key, end))
                if comparative:
                    self._own_comparatives.setdefault(comparative.lower(), []).append((key, end))
        for word, owners in self._own_comparatives.items():
            if len(owners) == 1 and word not in COMPARATIVES:
                self.comparatives[word] = owners[0]

    def superlative(
        self, tokens: list[Token], phrases: list[Phrase], taken: set[int], categories: frozenset[str]
    ) -> Ranking | None:
        """The first superlative whose field the catalog has; tokens of bounds ("at most 5") are `taken`."""
        words = (self._superlatives, SUPERLATIVES, DEGREES)
        return self._first(_Text(tokens, phrases, categories), taken, words)

    def comparative(
        self, tokens: list[Token], phrases: list[Phrase], taken: set[int], categories: frozenset[str]
    ) -> Ranking | None:
        """The first comparative whose field the catalog has."""
        words = (self._own_comparatives, COMPARATIVES, COMPARING_DEGREES)
        return self._first(_Text(tokens, phrases, categories), taken, words)

    def _first(self, text: "_Text", taken: set[int], words: _Words) -> Ranking | None:
        tokens = text.tokens
        for first in range(len(tokens)):
            if first in taken or (first and tokens[first - 1].word in ("at", "no")):
                continue
            for length in (3, 2, 1):
                said = " ".join(token.word for token in tokens[first : first + length]).replace(" - ", "-")
                after = first + length
                if after <= len(tokens) and (ranking := self._meant(text, said, first, words)):
                    return ranking
        return None

    def _meant(self, text: "_Text", said: str, first: int, words: _Words) -> Ranking | None:
        """The field and end that words starting at `first` mean, or None where they rank nothing."""
        own, common, degrees = words
        after = first + said.count(" ") + 1
        own_ends = own.get(said) or own.get(said.replace(" ", "-"), [])
        if not own_ends and said not in common and said not in degrees:
            return None
        if said in degrees and (beside := self._beside(text, first, after)):
            key, phrase_after = beside
            end = degrees[said]
            if said in GOOD and any(word in key for word in LESS_IS_BETTER):
                end = "least"
            return Ranking(first, max(after, phrase_after), key, end)
        if said in degrees and any(phrase.first == after and phrase.of("field") for phrase in text.phrases):
            return None  # "highest resolution", which is no number
        options = self._options(said, own_ends, common)
        options = [option for option in options if self._is_ranked(option[0])]
        fitting = [option for option in options if self._fields[option[0]].categories & text.categories]
        chosen = fitting or ([] if text.categories and common is SUPERLATIVES else options)
        return Ranking(first, after, *chosen[0]) if chosen else None

    def _options(
        self, said: str, own: list[tuple[str, End]], common: dict[str, tuple[str, End]]
    ) -> list[tuple[str, End]]:
        """The fields that a word may rank: the catalog's own first, among them the most usual first."""
        if said not in common:
            return own
        concept, end = common[said]
        usual = [(key, end) for key in self._concepts[concept]]
        return [*(option for option in usual if option in own), *own, *usual]

    def _beside(self, text: "_Text", first: int, after: int) -> tuple[str, int] | None:
        """The numeric field named right after a degree ("most memory"), or before "more than" ("weigh more")."""
        for phrase in text.phrases:
            follows = 0 <= phrase.first - after <= 1 and not any(
                ends_clause(text.tokens[place]) for place in range(after, phrase.first + 1)
            )
            if follows or (phrase.after == first and text.tokens[first].word in ("more", "less", "better", "longer")):
                keys = [meaning.key for meaning in phrase.of("field") if self._is_ranked(meaning.key)]
                fitting = [key for key in keys if self._fields[key].categories & text.categories]
                if keys:
                    return (fitting or keys)[0], phrase.after
        return None

    def _is_ranked(self, key: str) -> bool:
        return key in self._fields and self._fields[key].kind in ("money", "quantity")


@dataclass(frozen=True)
class _Text:
    tokens: list[Token]
    phrases: list[Phrase]
    categories: frozenset[str]


def wants_comparison(
    tokens: list[Token], products: tuple[Mention, ...], compare: Ranking | None, *, plural: bool
) -> bool:
    """Whether the text asks for two things side by side."""
    words = {token.word for token in tokens}
    spans = sorted({mention.span for mention in products})
    if words & _COMPARING_WORDS:
        return True
    if compare and ("than" in words or len(spans) > 1 or plural or "which" in words):
        return True
    if len(spans) < 2:
        return False
    between = {token.word for token in tokens if spans[0][1] <= token.start < spans[-1][0]}
    return "or" in between or bool(words & {"better", "which"})
