"""Superlatives and comparisons: which field a word such as "cheapest", "longer battery" or "more powerful" is about."""

from dataclasses import dataclass

from assistant.catalog.vocabulary import Vocabulary
from assistant.embedded.lexicon import Lexicon, Phrase
from assistant.embedded.reading import End, Mention
from assistant.embedded.tokens import Token, word_set
from assistant.embedded.wordlists import (
    COMPARATIVES,
    COMPARING_DEGREES,
    DEGREES,
    GOOD,
    LESS_IS_BETTER,
    SUPERLATIVES,
)

_COMPARING_WORDS = word_set(
    "compare comparing comparison compared vs versus difference differences differ"
)
_NOT_COMPARING = frozenset(["no", "any", "much", "even", "more"])


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
        return self._first(tokens, phrases, taken, categories, (self._superlatives, SUPERLATIVES, DEGREES))

    def comparative(
        self, tokens: list[Token], phrases: list[Phrase], taken: set[int], categories: frozenset[str]
    ) -> Ranking | None:
        """The first comparative whose field the catalog has."""
        return self._first(tokens, phrases, taken, categories, (self._own_comparatives, COMPARATIVES, COMPARING_DEGREES))

    def _first(
        self, tokens: list[Token], phrases: list[Phrase], taken: set[int], categories: frozenset[str],
        words: tuple[dict[str, list[tuple[str, End]]], dict[str, tuple[str, End]], dict[str, End]],
    ) -> Ranking | None:  # fmt: skip
        for first in range(len(tokens)):
            if first in taken or (first and tokens[first - 1].word in ("at", "no")):
                continue
            for length in (3, 2, 1):
                said = " ".join(token.word for token in tokens[first : first + length]).replace(" - ", "-")
                after = first + length
                if after <= len(tokens) and (ranking := self._meant(said, tokens, first, after, phrases, categories,
                                                                    words)):  # fmt: skip
                    return ranking
        return None

    def _meant(
        self, said: str, tokens: list[Token], first: int, after: int, phrases: list[Phrase], categories: frozenset[str],
        words: tuple[dict[str, list[tuple[str, End]]], dict[str, tuple[str, End]], dict[str, End]],
    ) -> Ranking | None:  # fmt: skip
        own, common, degrees = words
        own_ends = own.get(said) or own.get(said.replace(" ", "-"), [])
        if not own_ends and said not in common and said not in degrees:
            return None
        if said in degrees and (beside := self._beside(tokens, first, after, phrases, categories)):
            key, phrase_after = beside
            end = degrees[said]
            if said in GOOD and any(word in key for word in LESS_IS_BETTER):
                end = "least"
            return Ranking(first, max(after, phrase_after), key, end)
        options = [*own_ends]
        if said in common:
            concept, end = common[said]
            options += [(key, end) for key in self._concepts[concept]]
        options = [option for option in options if self._is_ranked(option[0])]
        fitting = [option for option in options if self._fields[option[0]].categories & categories]
        chosen = fitting or ([] if categories and said not in ("cheapest", "cheaper") else options)
        return Ranking(first, after, *chosen[0]) if chosen else None

    def _beside(
        self, tokens: list[Token], first: int, after: int, phrases: list[Phrase], categories: frozenset[str]
    ) -> tuple[str, int] | None:
        """The numeric field named right after a degree ("most memory"), or before "more than" ("weigh more")."""
        for phrase in phrases:
            follows = 0 <= phrase.first - after <= 1 and not any(
                sign in tokens[place].gap for place in range(after, phrase.first + 1) for sign in ".,;!?"
            )
            if follows or (phrase.after == first and tokens[first].word in ("more", "less", "better", "longer")):
                keys = [meaning.key for meaning in phrase.of("field") if self._is_ranked(meaning.key)]
                fitting = [key for key in keys if self._fields[key].categories & categories]
                if keys:
                    return (fitting or keys)[0], phrase.after
        return None

    def _is_ranked(self, key: str) -> bool:
        return key in self._fields and self._fields[key].kind in ("money", "quantity")


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
