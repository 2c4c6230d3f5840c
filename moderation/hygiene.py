"""Text hygiene: what a customer's text must be before anything reads it, and the folded form that rules match."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from moderation.errors import ModerationError

HygieneCode = Literal["empty", "too_long", "binary", "surrogates"]
Change = Literal["line_endings", "control_characters", "invisible_characters", "composed", "whitespace"]

BINARY_SHARE = 0.10
"""Text with a larger share of control and replacement characters than this is somebody's file."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]")
_INVISIBLE = re.compile(
    "["
    "\xad\u034f\u180e\u200b-\u200d\u2060-\u2064\ufeff"  # soft hyphen, joiners, zero-width
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # bidi marks, embeddings, overrides, isolates
    "\u115f\u1160\u3164\uffa0"  # Hangul fillers: letters that show nothing
    "\ufe00-\ufe0f\U000e0100-\U000e01ef"  # variation selectors: one byte each can be smuggled in them
    "\U000e0000-\U000e007f"  # tag characters: invisible ASCII
    "]"
)
_BLANKS = re.compile(r"[^\S\n]+")
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

    At most one empty line stays between paragraphs. Cleaning a clean text changes nothing. `limit` counts the
    characters of the cleaned text. Raises HygieneError: `surrogates`, `binary`, `empty` or `too_long`; nothing is ever
    cut off.
    """
    _refuse_unreadable(text)
    changes: list[Change] = []
    steps: tuple[tuple[Change, str, re.Pattern[str]], ...] = (
        ("line_endings", "\n", _LINE_END),
        ("control_characters", "", _CONTROL),
        ("invisible_characters", "", _INVISIBLE),
    )
    for change, replacement, pattern in steps:
        text, count = pattern.subn(replacement, text)
        changes += [change] if count else []
    composed = unicodedata.normalize("NFC", text)
    changes += ["composed"] if composed != text else []
    collapsed = _collapse(composed)
    changes += ["whitespace"] if collapsed != composed else []
    if not collapsed:
        raise HygieneError("empty", "The message is empty; write what you would like to know.")
    if len(collapsed) > limit:
        msg = f"The message has {len(collapsed)} characters; shorten it to {limit} or fewer."
        raise HygieneError("too_long", msg)
    return CleanText(collapsed, tuple(changes))


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


# Cyrillic and Greek letters that look like Latin ones, after case folding (from Unicode's confusables.txt, abridged).
_LOOKALIKES = str.maketrans(
    "\u0430\u0432\u0435\u0456\u0458\u043a\u043c\u043d\u043e\u0440\u0441\u0455\u0442\u0443\u0445\u0501\u051b\u051d"
    "\u03b1\u03b5\u03b7\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u0131\u2018\u2019\u02bc\u2010\u2011\u2013\u2014",
    "abeijkmhopcstyxdqw" + "aenikvoptuxi" + "'''----",
)
_LEET = str.maketrans("013457@$", "oieastas")
_WORD_WITH_LEET = re.compile(r"(?<![\w@$])(?=[a-z0-9@$]*[a-z])[a-z0-9@$]+(?![\w@$])")


def matching_form(text: str) -> str:
    """Fold case, width, accents, look-alike letters and leet digits, so that a rule needs one spelling.

    For matching only: it is not shown, stored or sent. Line ends stay; digits in words without letters stay.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    bare = "".join(char for char in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(char))
    return _WORD_WITH_LEET.sub(lambda word: word[0].translate(_LEET), bare.translate(_LOOKALIKES))
