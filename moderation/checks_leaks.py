"""The outbound checks of leaks: nothing of a prompt gets out, not even disguised.

A text is read as it stands, backwards, in ROT13, and as base64 and hexadecimal whose blanks and marks were taken out.
Every reading is folded: case, accents, look-alike letters, leet digits, invisible characters, blanks and marks.
"""

import base64
import codecs
import re
from collections.abc import Iterator
from functools import lru_cache

from moderation.contract import Failure
from moderation.hygiene import matching_form
from moderation.outbound import OutboundContext, Outgoing, failed, prose_of

SHINGLE_WORDS = 8
"""So many words in a row are no chance: the usual size of shingles in finding copied text is 5 to 10."""

_LEAST_SHINGLE = 24  # letters and digits: eight words of two or three letters may be anybody's
_LEET = str.maketrans("013457", "oieast")  # those of `hygiene.matching_form`, which reads them inside words alone
_OF_ADDRESSES = str.maketrans("-_", "+/")  # base64url (RFC 4648, section 5)
_NO_LETTER = re.compile("[\\W_\u115f\u1160]+")
_LEAK = "The text repeats instructions; answer the customer only."


def no_canary(value: Outgoing, context: OutboundContext) -> tuple[Failure, ...]:
    """Nothing that only prompts hold gets out: blanks, case, look-alike letters and simple codes do not hide it."""
    marks = {folded for canary in context.canaries if (folded := _folded(canary))}
    return _leaks(value.text, frozenset(marks))


def no_prompt_text(value: Outgoing, context: OutboundContext) -> tuple[Failure, ...]:
    """No eight words in a row are a prompt's, unless they are sourced."""
    return _leaks(prose_of(value, context), _shingles(context.prompts))


def _leaks(text: str, marks: frozenset[str]) -> tuple[Failure, ...]:
    if marks and any(mark in reading for reading in _readings(text) for mark in marks):
        return failed("prompt_leak", _LEAK)
    return ()


@lru_cache(maxsize=16)
def _shingles(prompts: tuple[str, ...]) -> frozenset[str]:
    """Each run of eight words of the prompts, folded."""
    rows = [[folded for word in prompt.split() if (folded := _folded(word))] for prompt in prompts]
    runs = (
        "".join(row[start : start + SHINGLE_WORDS]) for row in rows for start in range(len(row) - SHINGLE_WORDS + 1)
    )
    return frozenset(run for run in runs if len(run) >= _LEAST_SHINGLE)


def _readings(text: str) -> Iterator[str]:
    for reading in (text, text[::-1], codecs.encode(text, "rot13"), *_decoded(text)):
        yield _folded(reading)


def _decoded(text: str) -> Iterator[str]:
    """The text as base64, of either alphabet, and as hexadecimal, from each place where a group may begin."""
    plain, of_addresses = re.sub(r"[^A-Za-z0-9+/]", "", text), re.sub(r"[^\w-]", "", text, flags=re.ASCII)
    for letters in (plain, of_addresses.translate(_OF_ADDRESSES)):
        for start in range(4):
            rest = letters[start:]
            # A lone letter at the end stands for no byte.
            whole = rest[:-1] if len(rest) % 4 == 1 else rest
            yield base64.b64decode(whole + "=" * (-len(whole) % 4)).decode("utf-8", "ignore")
    digits = re.sub(r"[^0-9A-Fa-f]", "", re.sub(r"0x|\\x", "", text))
    for start in range(2):
        rest = digits[start:]
        yield bytes.fromhex(rest[: len(rest) // 2 * 2]).decode("utf-8", "ignore")


def _folded(text: str) -> str:
    return _NO_LETTER.sub("", matching_form(text)).translate(_LEET)
