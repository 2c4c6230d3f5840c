"""Text hygiene: what a customer's text must be before anything reads it, and the folded form that rules match."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from moderation.errors import ModerationError
from moderation.lookalikes import LOOKALIKES

HygieneCode = Literal["empty", "too_long", "binary", "surrogates"]
Change = Literal[
    "line_endings", "control_characters", "invisible_characters", "stacked_marks", "composed", "whitespace"
]

BINARY_SHARE = 0.10
"""Text with a larger share of control and replacement characters than this is somebody's file."""

MOST_MARKS = 4
"""Marks that may stand on one letter. Vietnamese has two, Hebrew with points and accents up to four; more are drawn
over the lines around them ("zalgo"), and normalising a long run takes quadratic time."""

MOST_RAW = 10
"""A text longer than this many times the limit, invisible characters and blanks included, is not even cleaned."""

_MARKS = frozenset({"Mn", "Mc", "Me"})
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]")
# The code points that Unicode calls default-ignorable (DerivedCoreProperties.txt), and those without a meaning: private
# use and noncharacters. Each can carry a hidden message past a reader.
_INVISIBLE = re.compile(
    "["
    "\xad\u034f\u180b-\u180f\u200b-\u200d\u2060-\u2065\ufeff\ufff0-\ufff8"  # soft hyphen, joiners, zero-width
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # bidi marks, embeddings, overrides, isolates
    "\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # letters that show nothing: Hangul fillers, Khmer vowels
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # controls of shorthand and of music
    "\ufe00-\ufe0f"  # variation selectors: one byte each can be smuggled in them; more of them in the next line
    "\U000e0000-\U000e0fff"  # tag characters: invisible ASCII
    "\ue000-\uf8ff\U000f0000-\U0010ffff"  # private use
    + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(1, 15))
    + "]"
)
_BLANKS = re.compile(r"(?:[^\S\n]|\u2800)+")  # with the braille pattern without dots
_AROUND_LINE_END = re.compile(r" ?\n ?")
_EMPTY_LINES = re.compile(r"\n{3,}")


class HygieneError(ModerationError):
    """The text cannot be accepted; the message is a sentence for the customer."""

    def __init__(self, code: HygieneCode, message: str) -> None:
        super().__init__(message)
        self.code: HygieneCode = code


@dataclass(frozen=True)
class CleanText:
    """A text that is safe to store, show and match. `changes` names what cleaning altered, in its order."""

    text: str
    changes: tuple[Change, ...] = ()


def clean(text: str, *, limit: int) -> CleanText:
    """Return `text` in NFC with plain line ends and blanks, and without characters that nobody can see.

    At most one empty line stays between paragraphs and at most `MOST_MARKS` marks on a letter. Cleaning a clean text
    changes nothing. `limit` counts the characters of the cleaned text. Takes linear time. Raises HygieneError:
    `surrogates`, `binary`, `empty` or `too_long`; nothing that can be read is ever cut off.
    """
    if len(text) > MOST_RAW * (limit + 100):
        raise _too_long(len(text), limit)
    _refuse_unreadable(text)
    changes: list[Change] = []
    for change, step in _STEPS:
        changed = step(text)
        changes += [change] if changed != text else []
        text = changed
    if not text:
        raise HygieneError("empty", "The message is empty; write what you would like to know.")
    if len(text) > limit:
        raise _too_long(len(text), limit)
    return CleanText(text, tuple(changes))


def tidy(text: str) -> str:
    """What cleaning makes of any text, without its refusals."""
    for _, step in _STEPS:
        text = step(text)
    return text


def _too_long(length: int, limit: int) -> HygieneError:
    return HygieneError("too_long", f"The message has {length} characters; shorten it to {limit} or fewer.")


def _unstack(text: str) -> str:
    """Keep the first `MOST_MARKS` of a run of marks."""
    if text.isascii():
        return text
    kept: list[str] = []
    run = 0
    for char in text:
        run = run + 1 if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me"} else 0
        if run <= MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def _compose(text: str) -> str:
    """NFC; some marks are written as two, so that a run may have grown."""
    return _unstack(unicodedata.normalize("NFC", text))


def _refuse_unreadable(text: str) -> None:
    if _SURROGATE.search(text):
        raise HygieneError("surrogates", "The message holds broken characters; type it again.")
    unreadable = len(_CONTROL.findall(text)) + text.count("\ufffd")
    if unreadable > BINARY_SHARE * len(text):
        raise HygieneError("binary", "The message is not readable text; write it as plain text.")


def _collapse(text: str) -> str:
    text = _BLANKS.sub(" ", text)
    text = _AROUND_LINE_END.sub("\n", text)
    return _EMPTY_LINES.sub("\n\n", text).strip()


_STEPS: tuple[tuple[Change, Callable[[str], str]], ...] = (
    ("line_endings", lambda text: _LINE_END.sub("\n", text)),
    ("control_characters", lambda text: _CONTROL.sub("", text)),
    ("invisible_characters", lambda text: _INVISIBLE.sub("", text)),
    ("stacked_marks", _unstack),
    ("composed", _compose),
    ("whitespace", _collapse),
)

_LEET = str.maketrans("013457@$", "oieastas")
_WORD_WITH_LEET = re.compile(r"(?<![\w@$])(?=[a-z0-9@$]*[a-z])[a-z0-9@$]+(?![\w@$])")


def matching_form(text: str) -> str:
    """Fold case, width, accents, look-alike letters and leet digits, so that a rule needs one spelling.

    For matching only: it is not shown, stored or sent. Line ends stay; digits in words without letters stay. What is
    folded is said in `moderation.lookalikes`.
    """
    folded = text.casefold() if text.isascii() else _fold(text)
    return _WORD_WITH_LEET.sub(lambda word: word[0].translate(_LEET), folded)


def _fold(text: str) -> str:
    """Fold before NFKC too, which spells letters in brackets out, and after NFKD, which takes letters from accents."""
    folded = unicodedata.normalize("NFKC", _unstack(text).translate(LOOKALIKES)).casefold()
    bare = "".join(char for char in unicodedata.normalize("NFKD", folded) if unicodedata.category(char) not in _MARKS)
    return bare.translate(LOOKALIKES).casefold()
