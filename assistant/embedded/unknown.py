"""Names of products that the catalog lacks."""

import re

from assistant.embedded.lexicon import Phrase
from assistant.embedded.names import Found
from assistant.embedded.tokens import Token, word_set
from assistant.embedded.wordlists import COMMON

# Well-known product lines of the trade: named, they are a product even without a number.
_FAMOUS = word_set(
    "iphone ipad macbook airpods imac galaxy pixel thinkpad surface kindle playstation xbox chromecast homepod "
    "alienware xperia redmi roomba thermomix oneplus"
)
_MODIFIERS = frozenset(["pro", "air", "max", "mini", "plus", "ultra", "lite", "se"])
# Standards which look like model numbers.
_STANDARDS = re.compile(
    r"(?:usb|hdmi|ipx?|ddr|mp|wifi|wi|fi|h|e|gu|pm|nvme|pcie|rtx|gtx|cat|bt|dp|ps|win|windows|android|ios|macos|ram|gb|"
    r"covid|co|tb|vesa|rj|aa+|cr|lr|type|f|ac|ax|r|no|nr|gen|rev|max|min|under|over|to|from)[0-9]+"
)
# The customer's own things, with which a product shall work.
_OWN = word_set("with to for my our an a from via on into charge fit fits like plus")
_PRODUCT_BEFORE = word_set("the this sell have carry stock of about is does got")


def unknown_model(tokens: list[Token], found: list[Found], phrases: list[Phrase], numeric: set[int]) -> range | None:
    """Return the tokens of a name that looks like a product which the catalog lacks, or None."""
    for part in found:
        if not part.mentions:
            return range(part.first, part.after)
    if any(part.mentions for part in found):
        return None
    explained = set(numeric)
    for phrase in phrases:
        if phrase.after - phrase.first > 1 or not _is_before_digits(tokens, phrase.first):
            explained |= set(range(phrase.first, phrase.after))
    for place in range(len(tokens)):
        famous = bool({tokens[place].word, tokens[place].word.removesuffix("s")} & _FAMOUS)
        if (famous or place not in explained) and (after := _model_end(tokens, place, explained)):
            first = _first(tokens, place, explained)
            before = tokens[first - 1].word if first else ""
            if before not in _OWN:
                return range(first, after)
    return None


def _is_before_digits(tokens: list[Token], place: int) -> bool:
    """Whether digits are joined to a word, as in "WH-1000" and "S24"."""
    return place + 1 < len(tokens) and tokens[place + 1].is_number and tokens[place + 1].gap in ("", "-")


def _model_end(tokens: list[Token], place: int, explained: set[int]) -> int | None:
    """The index after a model number such as "X9" or "WH-1000XM5", or a well-known name, that starts here."""
    token = tokens[place]
    if not token.word[0].isalpha():
        return None
    after = place + 1
    while after < len(tokens) and tokens[after].gap in ("", "-") and after not in explained and (
        tokens[after].word[0].isalnum()
    ):  # fmt: skip
        after += 1
    code = "".join(part.word for part in tokens[place:after])
    if token.word.removesuffix("s") in _FAMOUS:
        while after < len(tokens) and after not in explained and tokens[after].gap == " " and (
            tokens[after].is_number or tokens[after].word in _MODIFIERS or _is_before_digits(tokens, after)
        ):  # fmt: skip
            after += 1 + (_is_before_digits(tokens, after) and not tokens[after].is_number)
        return after
    is_code = after > place + 1 and any(part.is_number for part in tokens[place:after]) and len(token.word) <= 12
    return after if is_code and not _STANDARDS.fullmatch(code) and token.word not in COMMON else None


def _first(tokens: list[Token], place: int, explained: set[int]) -> int:
    """Where the name starts: with the unexplained uncommon word before the model number, "Soundmax X9"."""
    before = place - 1
    named = (
        before >= 0
        and before not in explained
        and tokens[place].gap == " "
        and tokens[before].word.isalpha()
        and tokens[before].word not in COMMON
        and len(tokens[before].word) > 3
    )
    return before if named else place
