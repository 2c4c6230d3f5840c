"""What a text says without naming it: products seen before, the stock, and how many products are wanted."""

from dataclasses import dataclass

from assistant.embedded.lexicon import Phrase
from assistant.embedded.numerals import Measure
from assistant.embedded.reading import Mention
from assistant.embedded.tokens import Token, word_set
from assistant.embedded.wordlists import NEGATORS

_ORDINALS = {
    "first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "fifth": 4, "5th": 4,
    "former": 0, "latter": 1, "last": -1, "other": 1,
}  # fmt: skip
_AFTER_ORDINAL = word_set(
    "one ones is has does have in or and vs weigh weighs cost costs product item model option come comes"
)
_NOT_PRODUCTS = word_set(
    "week weekend month year time order morning evening afternoon purchase shop store site website page day "
    "company order's parcel package delivery summer winter december january friday monday"
)
_PLURALS = frozenset(["these", "those", "them", "they", "they're", "both"])
_DUMMY_AFTER = word_set("possible true ok okay a an for my our allowed true because that says said to not")
_DUMMY_BEFORE = frozenset(["keep", "make", "made", "get", "do", "about", "hear", "forget"])
_INDEFINITE = frozenset(["a", "an", "any", "some", "another"])
_STOCK_PAIRS = frozenset(
    [("in", "stock"), ("sold", "out"), ("available", "now"), ("available", "today"), ("available", "immediately"),
     ("currently", "available"), ("out", "of"), ("on", "stock"), ("immediately", "available"), ("in", "store"),
     ("the", "shelf"), ("still", "available"), ("still", "have"), ("on", "hand"), ("currently", "have"),
     ("in", "stocks"), ("right", "now"), ("back", "in")]
)  # fmt: skip
_SHOWING = word_set("show give list top recommend suggest see want name find me the best send")
_SEARCHING = frozenset(("something", "anything", "only", "everything", "what", "which"))
_COUNTED = word_set(
    "options option choices products product items suggestions recommendations alternatives cheapest best ones "
    "most lightest models top results examples ideas good"
)


@dataclass(frozen=True)
class Reference:
    """What "it", "these" or "the second one" points at; `index` is a place in the context, or None."""

    index: int | None = None
    plural: bool = False
    refers: bool = False
    places: frozenset[int] = frozenset()


def reference(tokens: list[Token], phrases: list[Phrase], products: tuple[Mention, ...], seen: int) -> Reference:
    """Return what the text points at among `seen` products."""
    categories = {phrase.first: phrase for phrase in phrases if phrase.of("category")}
    for place, token in enumerate(tokens):
        if token.word in _ORDINALS and _is_ordinal(tokens, place, categories):
            index = _ORDINALS[token.word]
            index = seen - 1 if index < 0 else index
            index = index if 0 <= index < seen else -1
            return Reference(None if index < 0 else index, refers=True, places=frozenset((place, place + 1)))
    if any(_is_plural(tokens, place) for place in range(len(tokens))):
        return Reference(None, plural=True, refers=True)
    for place in range(len(tokens)):
        if _is_pronoun(tokens, place, categories) and not _is_bound(tokens, place, categories, products):
            return Reference(0 if seen else None, refers=True)
    return Reference()


def _is_ordinal(tokens: list[Token], place: int, categories: dict[int, Phrase]) -> bool:
    before, following = _word(tokens, place - 1), _word(tokens, place + 1)
    if before != "the" and following not in ("one", "ones"):
        return False
    ends = place + 1 == len(tokens) or any(sign in tokens[place + 1].gap for sign in ".,?!;")
    if tokens[place].word in ("other", "last"):
        return following == "one" or (place + 1 in categories)
    return ends or following in _AFTER_ORDINAL or place + 1 in categories


def _is_plural(tokens: list[Token], place: int) -> bool:
    word, following = tokens[place].word, _word(tokens, place + 1)
    if word in _PLURALS:
        return following not in _NOT_PRODUCTS and following not in ("days", "who")
    return word == "the" and following == "two" and _word(tokens, place - 1) in ("of", "are", "between", "do", "is")


def _is_pronoun(tokens: list[Token], place: int, categories: dict[int, Phrase]) -> bool:
    word, before, following = tokens[place].word, _word(tokens, place - 1), _word(tokens, place + 1)
    if word in ("it", "its", "it's"):
        return following not in _DUMMY_AFTER and before not in _DUMMY_BEFORE
    if word == "this":
        return following not in _NOT_PRODUCTS
    if word == "that":
        return following == "one" or place + 1 in categories or before in ("is", "does", "about")
    return word == "one" and before == "the" and following in ("on", "i'm", "here", "above", "shown", "i")


def _is_bound(tokens: list[Token], place: int, categories: dict[int, Phrase], products: tuple[Mention, ...]) -> bool:
    """Whether "it" stands for something that the text itself named before: a product, or "a laptop"."""
    start = tokens[place].start
    if any(mention.span[1] <= start for mention in products):
        return True
    if tokens[place].word not in ("it", "its", "it's"):
        return False
    return any(
        first < place and _INDEFINITE & {token.word for token in tokens[max(0, first - 3) : first]}
        for first in categories
    )


def stock(tokens: list[Token], *, named: bool, category: bool) -> tuple[bool, bool, set[int]]:
    """Return whether only what is in stock is wanted, whether the text asks about stock, and the tokens that say so."""
    said: set[int] = set()
    gone = False
    for place, token in enumerate(tokens):
        pair = token.word, _word(tokens, place + 1)
        if pair in _STOCK_PAIRS and pair not in (("out", "of"), ("still", "have"), ("right", "now"), ("back", "in")):
            said |= {place, place + 1}
            gone = gone or (pair == ("sold", "out") and not _is_denied(tokens, place))
        elif pair == ("out", "of") and _word(tokens, place + 2) == "stock":
            said |= {place, place + 1, place + 2}
            gone = gone or not _is_denied(tokens, place)
        elif (pair == ("still", "have") and _word(tokens, place - 1) in ("you", "we", "they")) or (
            pair == ("how", "many") and _counts_stock(tokens, place)
        ):
            return False, True, {place, place + 1}
        elif token.word in ("restock", "restocked", "restocking"):
            return False, True, {place}
        elif token.word in ("available", "availability", "instock") and (
            named or token.word != "available" or place + 1 == len(tokens)
        ):
            said.add(place)
    if not said:
        return False, False, said
    shows = any(token.word in _SHOWING or token.word in _SEARCHING for token in tokens)
    first = tokens[0].word
    asks = named or gone or first in ("when", "available", "availability") or not (category or shows)
    return not asks, asks, said


def _is_denied(tokens: list[Token], place: int) -> bool:
    return any(token.word in NEGATORS for token in tokens[max(0, place - 3) : place])


def _counts_stock(tokens: list[Token], place: int) -> bool:
    words = [token.word for token in tokens[place + 2 :]]
    return any(word in ("left", "stock", "remaining", "available") for word in words) or words[-3:] == [
        "do",
        "you",
        "have",
    ]


def limit(tokens: list[Token], found: list[Measure], phrases: list[Phrase]) -> tuple[int | None, set[int]]:
    """Return how many products the text asks to see ("top 5", "show me three lamps"), and the tokens that say so."""
    categories = {place for phrase in phrases if phrase.of("category") for place in range(phrase.first, phrase.after)}
    for measure in found:
        before = _word(tokens, measure.first - 1)
        bare = not measure.units and not measure.currency and measure.value == int(measure.value)
        if not bare or not 1 <= measure.value <= 20 or before not in _SHOWING:
            continue
        counted = any(
            tokens[place].word in _COUNTED for place in range(measure.after, min(measure.after + 2, len(tokens)))
        )
        is_category = bool(categories & set(range(measure.after, measure.after + 3)))
        if before == "top" or counted or (before != "the" and (is_category or measure.after == len(tokens))):
            return int(measure.value), set(range(measure.first, measure.after))
    return None, set()


def is_past(tokens: list[Token], phrase: Phrase) -> bool:
    """Whether a lone "last" is a time ("last week") or an ordinal, and not how long a battery lasts."""
    if phrase.after - phrase.first > 1 or tokens[phrase.first].word != "last":
        return False
    return _word(tokens, phrase.after) in _NOT_PRODUCTS | {"night", "one"} or (
        _word(tokens, phrase.first - 1) in ("the", "my", "your", "at")
    )


def _word(tokens: list[Token], place: int) -> str:
    return tokens[place].word if 0 <= place < len(tokens) else ""
