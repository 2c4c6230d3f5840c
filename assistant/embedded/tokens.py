"""Words, numbers and signs of a text, each with its place, and the stems by which words are compared."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

# Longer texts are cut here: a request of 400 words has said what it wants, and time stays bounded.
MAX_TOKENS = 400

_TOKEN = re.compile(
    r"\[[A-Za-z]+_[0-9]{1,4}\]"  # a placeholder of personal data
    r"|(?<!\w)[wW]/(?:[oO](?![^\W\d_]))?"  # w/ and w/o
    r"|[0-9]+(?:[.,][0-9]+)*"
    r"|[^\W\d_]+(?:['’ʼ][^\W\d_]+)*"
    r"|<=|>=|''|[<>≤≥~€$£¥%+\"″”“=°×²³]"
)

_SPELLINGS = {
    "color": "colour", "colors": "colour", "colored": "coloured", "gray": "grey", "aluminum": "aluminium",
    "mice": "mouse", "w/": "with", "w/o": "without", "lite": "lite", "feet": "foot", "liter": "litre",
    "liters": "litre", "meter": "metre", "meters": "metre", "center": "centre", "vacum": "vacuum",
    "vaccum": "vacuum", "vaccuum": "vacuum", "fiber": "fibre", "thru": "through", "ur": "your", "u": "you",
    "cheep": "cheap", "cheepest": "cheapest", "chepest": "cheapest", "lightes": "lightest", "bigest": "biggest",
    "≤": "<=", "≥": ">=", "″": '"', "”": '"', "“": '"', "''": '"', "thats": "that's",
    "whats": "what's", "hows": "how's",
    "isnt": "isn't", "arent": "aren't", "doesnt": "doesn't", "dont": "don't", "wont": "won't", "cant": "can't",
    "didnt": "didn't", "havent": "haven't", "hasnt": "hasn't", "shouldnt": "shouldn't", "wouldnt": "wouldn't",
    "cannot": "can't", "yrs": "years", "leds": "led", "pls": "please", "plz": "please", "avaliable": "available",
    "availible": "available", "availabe": "available", "stok": "stock", "gb": "gb",
}  # fmt: skip
_CONTRACTIONS = frozenset(("it's", "what's", "that's", "let's", "how's", "there's", "who's", "where's", "here's"))
_WHOLE = frozenset(("corded", "wired", "bagged", "does", "this", "series", "lighting"))
_VOWEL = re.compile("[aeiouy]")


def word_set(words: str) -> frozenset[str]:
    """Return the words of a string with spaces between, as long lists of words are written here."""
    return frozenset(words.split())


class Token(NamedTuple):
    """One word, number, sign or placeholder: `word` in lower case and common spelling, `text[start:end]` as written.

    `gap` is what stands before it, back to the previous token; `stem` is `word` without its ending.
    """

    word: str
    stem: str
    start: int
    end: int
    gap: str

    @property
    def is_number(self) -> bool:
        """Whether it is written in digits."""
        return "0" <= self.word[0] <= "9"

    @property
    def glued(self) -> bool:
        """Whether it follows the previous token without a space, or with no more than a hyphen or a slash."""
        return self.gap in ("", "-", "/", "‑", "_")


def ends_clause(token: Token) -> bool:
    """Whether a clause ends before a token."""
    return any(sign in token.gap for sign in ".,;!?\n")


def tokenise(text: str) -> list[Token]:
    """Return the tokens of a text in order, at most MAX_TOKENS of them."""
    tokens: list[Token] = []
    end = 0
    for found in _TOKEN.finditer(text):
        word = _plain(found[0])
        tokens.append(Token(word, stem(word), found.start(), found.end(), text[end : found.start()]))
        end = found.end()
        if len(tokens) == MAX_TOKENS:
            break
    return tokens


def stems(phrase: str) -> tuple[str, ...]:
    """Return the stems of a name or label, as its words would be found in a text."""
    return tuple(token.stem for token in tokenise(phrase))


def joined(phrase: str) -> str:
    """Return the key of a phrase: "USB-C", "usb c" and "usbc" have the same one."""
    return "".join(stems(phrase))


def _plain(written: str) -> str:
    word = written.lower()
    if not word.isascii():
        word = word.replace("’", "'").replace("ʼ", "'")
        word = "".join(sign for sign in unicodedata.normalize("NFD", word) if not unicodedata.combining(sign)) or word
    if word.endswith("'s") and word not in _CONTRACTIONS:
        word = word[:-2]
    return _SPELLINGS.get(word, word)


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return the word without plural and verb endings: "cancelling", "cancellation" and "cancels" are "cancel"."""
    if len(word) < 4 or not word.isalpha() or word in _WHOLE:
        return word.removesuffix("'s")
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if word.endswith("ly") and len(word) > 6:
        word = word[:-2]
    for ending in ("ation", "ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= 4 and _VOWEL.search(root) and root[-1] != "e":
            word = root[:-1] if root[-1] == root[-2] and root[-1] != "s" else root
            break
    return word[:-1] if word.endswith("e") and len(word) > 4 else word
