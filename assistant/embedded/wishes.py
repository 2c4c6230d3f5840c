"""What the phrases of a text say: the category, brands, wished and unwished values, and fields asked about."""

from dataclasses import dataclass, field
from typing import Literal

from assistant.catalog.vocabulary import FieldWords, Vocabulary
from assistant.embedded.lexicon import Lexicon, Meaning, Phrase
from assistant.embedded.reading import Condition
from assistant.embedded.tokens import Token, ends_clause, stems, word_set
from assistant.embedded.wordlists import INDIFFERENT, INVERTED, NEGATION_FILLERS, NEGATORS, TWO_WORD_NEGATORS
from chains.facts import FilterOp
from chains.values import Flag, Text

Polarity = Literal["plain", "negated", "indifferent"]
# These are read by rules of their own and are never conditions here.
_OWN_RULES = frozenset(("brand", "category", "stock"))
_REACH = 5  # tokens between a negation and what it negates
_SIZE_WORDS = frozenset(["size", "big", "large", "small", "resolution", "diagonal", "bright", "sharp"])
_OWNERS = word_set("my our his her their your the a an")
_OWNED = 3
_PURPOSES = frozenset(["for", "with", "to", "on", "fits", "fit", "charge", "into"])
_BEFORE_ADJECTIVE = word_set("be is are it's very so too how really super and quite pretty really as fairly not")


@dataclass
class Wishes:
    """What the phrases of one text came to; `used` are the indexes of phrases that say something."""

    category: str | None = None
    excluded_categories: list[str] = field(default_factory=list)
    brands: list[str] = field(default_factory=list)
    excluded_brands: list[str] = field(default_factory=list)
    fields: list[tuple[int, str]] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    used: set[Phrase] = field(default_factory=set)


class Wisher:
    """Reads the phrases of a text; one per catalog."""

    def __init__(self, vocabulary: Vocabulary, lexicon: Lexicon) -> None:
        self._fields = vocabulary.fields
        self._lexicon = lexicon
        self._ports = frozenset(lexicon.concepts["ports"][:1])
        self._labels = {key: frozenset(stems(words.label)) for key, words in vocabulary.fields.items()}

    def category(self, tokens: list[Token], phrases: list[Phrase]) -> tuple[str | None, Phrase | None, list[str]]:
        """The category in question, its phrase, and the categories that the text rules out."""
        polarity = polarities(tokens, phrases)
        named: list[tuple[Phrase, str]] = []
        excluded: list[str] = []
        for phrase in phrases:
            key = self._category_of(tokens, phrase)
            if key and polarity[phrase] == "negated" and phrase.of("category"):
                excluded.append(key)
            elif key:
                named.append((phrase, key))
        order = [phrase for phrase, _ in named]
        remoteness = [_remoteness(tokens, order, place) for place in range(len(named))]
        ranked = sorted((far, place) for place, far in enumerate(remoteness) if far < _OWNED)
        if not ranked:
            return None, None, list(dict.fromkeys(excluded))
        place = ranked[0][1]
        while place + 1 < len(named) and named[place][0].after == named[place + 1][0].first:
            if tokens[named[place + 1][0].first].gap.strip() not in ("", "-"):
                break
            place += 1  # "laptop charger" is a charger
        phrase, key = named[place]
        return key, phrase, [other for other in dict.fromkeys(excluded) if other != key]

    def _category_of(self, tokens: list[Token], phrase: Phrase) -> str | None:
        meanings = phrase.of("category")
        if not meanings:
            if phrase.after - phrase.first > 1 and phrase.of("value"):
                return self._lexicon.category_named(tokens[phrase.after - 1].stem)
            return None
        before = tokens[phrase.first - 1].word if phrase.first else ""
        if tokens[phrase.first].word == "light" and phrase.after - phrase.first == 1 and before in _BEFORE_ADJECTIVE:
            return None
        if any(self._fields[meaning.key].kind == "quantity" for meaning in phrase.of("field")) and any(
            token.word in _SIZE_WORDS for token in tokens[max(0, phrase.first - 4) : phrase.after + 2]
        ):
            return None
        return meanings[0].key

    def read(
        self,
        tokens: list[Token],
        phrases: list[Phrase],
        claimed: set[Phrase],
        categories: frozenset[str],
        *,
        has_numbers: bool = False,
    ) -> Wishes:
        """Return what the phrases say.

        `claimed` ones belong to numbers, `categories` are those in question; `has_numbers` is whether the text sets
        conditions on numbers.
        """
        wishes = Wishes()
        polarity = polarities(tokens, phrases)
        wishes.category, head, wishes.excluded_categories = self.category(tokens, phrases)
        in_question = frozenset((wishes.category,)) if wishes.category else categories
        text = _Text(tokens, phrases, in_question, head, has_numbers)
        for phrase in phrases:
            keys = {meaning.key for meaning in phrase.of("category")}
            if wishes.category in keys or (keys and polarity[phrase] == "negated"):
                wishes.used.add(phrase)
            for brand in phrase.of("brand"):
                (wishes.excluded_brands if polarity[phrase] == "negated" else wishes.brands).append(brand.key)
                wishes.used.add(phrase)
            if phrase not in claimed and not phrase.of("brand"):
                self._read_phrase(text, phrase, polarity[phrase], wishes)
        return wishes

    def _read_phrase(self, text: "_Text", phrase: Phrase, polarity: Polarity, wishes: Wishes) -> None:
        span = text.tokens[phrase.first].start, text.tokens[phrase.after - 1].end
        value = self._value(text, phrase)
        meaning = self._field(phrase, text.categories)
        if value and meaning and self._fields[meaning.key].kind == "flag" and meaning.rank <= value.rank:
            value = None
        if value:
            wishes.used.add(phrase)
            if polarity != "indifferent":
                op = _op(self._fields[value.key], negated=polarity == "negated")
                _append(wishes.conditions, Condition(value.key, op, Text(value=value.value), span))
        elif meaning and phrase != text.head and self._is_field(text, phrase, meaning):
            wishes.used.add(phrase)
            if self._fields[meaning.key].kind == "flag" and polarity != "indifferent":
                wanted = (polarity == "plain") != (meaning.value == "no")
                _append(wishes.conditions, Condition(meaning.key, "eq", Flag(value=wanted), span))
            if polarity != "indifferent" and not self._is_general(phrase, text.phrases):
                keys = self._all_dimensions(phrase, text.categories) or [meaning.key]
                wishes.fields += [(phrase.first, key) for key in keys]

    def _is_field(self, text: "_Text", phrase: Phrase, meaning: Meaning) -> bool:
        """Whether a phrase that may be a field is one here: "cable" is, of a kettle, and "phones" is not.

        Common English names of fields count only where the category in question has the field, and an operator's
        synonyms of other categories' fields only where the text says nothing else.
        """
        fits = not text.categories or bool(self._fields[meaning.key].categories & text.categories)
        if phrase.of("category") and self._category_of(text.tokens, phrase):
            return bool(text.categories) and fits
        others = (other for other in text.phrases if other != phrase and (other.of("field") or other.of("value")))
        alone = not text.has_numbers and next(others, None) is None
        return fits or meaning.rank == 0 or (meaning.rank == 1 and alone)

    def _is_general(self, phrase: Phrase, phrases: list[Phrase]) -> bool:
        """Whether "how big" goes on with what it is about: "how big is the screen"."""
        if self._is_price_of_field(phrase, phrases):
            return True
        return bool(self._all_dimensions(phrase, frozenset())) and any(
            0 <= other.first - phrase.after <= 3 and other.of("field") and not other.of("value") for other in phrases
        )

    def _is_price_of_field(self, phrase: Phrase, phrases: list[Phrase]) -> bool:
        """Whether "how much" asks for another field: "how much memory", "how much does it weigh"."""
        money = any(self._fields[meaning.key].kind == "money" for meaning in phrase.of("field"))
        return money and phrase.said == "how much" and any(
            0 <= other.first - phrase.after <= 5
            and any(self._fields[meaning.key].kind != "money" for meaning in other.of("field"))
            and not other.of("value")
            for other in phrases
        )  # fmt: skip

    def _all_dimensions(self, phrase: Phrase, categories: frozenset[str]) -> list[str]:
        keys = [meaning.key for meaning in phrase.of("field") if meaning.value == "all"]
        if len(keys) < len(phrase.of("field")):
            return []
        fitting = [key for key in keys if not categories or self._fields[key].categories & categories]
        return fitting[:3]

    def _value(self, text: "_Text", phrase: Phrase) -> Meaning | None:
        """The value that a phrase means; where several fields have it, that of the field which fits best."""
        options = [meaning for meaning in phrase.of("value") if meaning.key not in _OWN_RULES]
        if phrase.of("category"):
            options = [
                option
                for option in options
                if phrase == text.head
                and self._fields[option.key].kind == "text"
                and self._fields[option.key].categories & text.categories
            ]
        if text.categories:  # a colour that only phones have says nothing of a kettle
            options = [option for option in options if self._fields[option.key].categories & text.categories]
        if not options:
            return None
        around = {token.stem for token in text.tokens[max(0, phrase.first - 4) : phrase.first]}
        around |= {token.stem for token in text.tokens[phrase.after : phrase.after + 2]}

        def fit(option: Meaning) -> tuple[bool, float, bool, int, int, int]:
            label, known = self._labels[option.key], self._fields[option.key]
            named = len(label & around) / max(1, len(label))
            in_place = bool(known.categories & text.categories)
            return in_place, named, option.key in self._ports, -option.rank, -len(label), len(known.categories)

        return max(options, key=fit)

    def _field(self, phrase: Phrase, categories: frozenset[str]) -> Meaning | None:
        """The field that a phrase names: one of the categories in question, by its own name before a synonym."""
        options = [meaning for meaning in phrase.of("field") if meaning.key in self._fields]

        def fit(option: Meaning) -> tuple[bool, int]:
            return not (self._fields[option.key].categories & categories), option.rank

        best = min(options, key=fit, default=None)
        return (best and fit(best)[0] and self._namesake(phrase, categories)) or best

    def _namesake(self, phrase: Phrase, categories: frozenset[str]) -> Meaning | None:
        """The only field of the categories in question whose label has the phrase in it: "camera" of a phone."""
        words = set(stems(phrase.said))
        keys = [
            key for key, label in self._labels.items() if words <= label and self._fields[key].categories & categories
        ]
        return Meaning("field", keys[0], rank=1) if len(keys) == 1 else None


@dataclass(frozen=True)
class _Text:
    """One text with its phrases, the categories in question, and the phrase that names the one it is about."""

    tokens: list[Token]
    phrases: list[Phrase]
    categories: frozenset[str]
    head: Phrase | None
    has_numbers: bool


def polarities(tokens: list[Token], phrases: list[Phrase]) -> dict[Phrase, Polarity]:
    """Return whether each phrase is wished, ruled out, or said not to matter."""
    found: dict[Phrase, Polarity] = {}
    previous: Phrase | None = None
    for phrase in phrases:
        polarity = _polarity(tokens, phrase)
        if polarity == "plain" and previous and found[previous] != "plain" and _continues(tokens, previous, phrase):
            polarity = found[previous]
        found[phrase], previous = polarity, phrase
    return found


def _polarity(tokens: list[Token], phrase: Phrase) -> Polarity:
    after = phrase.after
    if after < len(tokens) and tokens[after].word == "free" and tokens[after].gap in ("-", " ") and (
        after + 1 == len(tokens) or tokens[after + 1].word not in ("shipping", "delivery", "returns")
    ):  # fmt: skip
        return "negated"
    passed: list[str] = []
    for place in range(phrase.first - 1, max(-1, phrase.first - 2 - _REACH), -1):
        if ends_clause(tokens[place + 1]) or ":" in tokens[place + 1].gap:
            return "plain"
        word = tokens[place].word
        if place and (tokens[place - 1].word, word) in TWO_WORD_NEGATORS:
            return "negated"
        if word in NEGATORS:
            return _negated(tokens, place, passed)
        if word not in NEGATION_FILLERS and word not in INDIFFERENT:
            return "plain"
        passed.append(word)
    return "plain"


def _negated(tokens: list[Token], place: int, passed: list[str]) -> Polarity:
    """What a negation at a place does, given the words between it and the phrase, nearest first."""
    word = tokens[place].word
    following = tokens[place + 1].word if place + 1 < len(tokens) else ""
    if any(between in INDIFFERENT for between in passed) or ("have" in passed and "to" in passed):
        return "indifferent"
    opens = place == 0 or ends_clause(tokens[place]) or tokens[place - 1].word in ("so", "and")
    if word in INVERTED and opens and following in ("it", "they", "the", "this", "these", "that", "you"):
        return "plain"  # "isn't it waterproof?"
    return "plain" if word in ("not", "no") and following in ("only", "just", "problem") else "negated"


def _continues(tokens: list[Token], previous: Phrase, phrase: Phrase) -> bool:
    """Whether a negation goes on over "or" and "nor": "no black or white ones"."""
    between = [token.word for token in tokens[previous.after : phrase.first]]
    links = {"or", "nor", "and", "/"}
    fillers = links | {"a", "an", "any", "the", "ones", "one"}
    if not between or any(sign in tokens[phrase.first].gap for sign in ".;!?"):
        return False
    if "and" in between and {m.kind for m in previous.meanings}.isdisjoint({m.kind for m in phrase.meanings}):
        return False
    return all(word in fillers for word in between) and any(word in links for word in between)


def _remoteness(tokens: list[Token], named: list[Phrase], place: int) -> int:
    """How far a category is from being what the text is about.

    0 for "this kettle" and the kettle in "the cable of the kettle", 1 for a plain mention, 2 for what the wanted
    thing is only for ("a cable for a laptop"), _OWNED for what the customer has already ("a case for my laptop").
    """
    phrase = named[place]
    words = [""] * 2 + [token.word for token in tokens[: phrase.first]]
    whole = place > 0 and words[-2] in ("of", "on", "in") and words[-1] in _OWNERS and named[place - 1].of("field")
    if words[-1] in ("this", "these", "those") or whole:
        return 0
    if phrase.first < 2 or words[-2] not in _PURPOSES or words[-1] not in _OWNERS:
        return 1
    return 2 if words[-1] in ("a", "an", "the", "your") else _OWNED


def _op(words: FieldWords, *, negated: bool) -> FilterOp:
    if words.kind == "terms":
        return "has_not" if negated else "has"
    return "ne" if negated else "eq"


def _append(conditions: list[Condition], condition: Condition) -> None:
    same = (condition.field, condition.op, condition.value)
    if not any((other.field, other.op, other.value) == same for other in conditions):
        conditions.append(condition)
