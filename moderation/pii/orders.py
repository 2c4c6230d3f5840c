"""Order numbers: whatever the site's own pattern says."""

from collections.abc import Iterator
from functools import cache

import regex  # type: ignore[import-untyped]

PATIENCE_S = 0.25
"""How long the operator's pattern may take for one text; an ordinary one takes some microseconds."""

_WORD_WITH_DIGITS = regex.compile(r"\w[\w-]*\d{3}[\w-]*")


def orders(text: str, pattern: str | None) -> Iterator[tuple[int, int]]:
    """Where the pattern matches and neither a letter nor a digit stands beside the match.

    A pattern that takes longer than `PATIENCE_S` for a text would hold all requests up. It is given up for that text,
    and every word with three digits in a row counts as an order number: too much is replaced rather than too little.
    """
    if pattern is None:
        return
    try:
        spans = [match.span() for match in _compiled(pattern).finditer(text, timeout=PATIENCE_S)]
    except TimeoutError:
        spans = [match.span() for match in _WORD_WITH_DIGITS.finditer(text)]
    for start, end in spans:
        if start < end and not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            yield start, end


@cache
def _compiled(pattern: str) -> "regex.Pattern[str]":
    return regex.compile(pattern)
