"""Splits a message into clauses that could be requests of their own."""

import re

MAX_SEGMENTS = 3
_MIN_WORDS = 2
_VERB = (
    r"(?:what|which|how|where|when|who|why|is|are|does|do|can|could|will|would|should|has|have|show|tell|find|compare|"
    r"check|track|cancel|list|give|send)"
)
_BREAK = re.compile(
    r"(?<=[?!])\s*(?=\S)"
    r"|(?<=[a-z0-9)\]]{2})\.\s+(?=\S)"
    r"|\s*[;\n]+\s*"
    r"|[,.]?\s+(?:and\s+also|also|by\s+the\s+way|btw|another\s+(?:thing|question)[:,]?|one\s+more\s+(?:thing|question)[:,]?)[,:]?\s+"
    rf"|,?\s+(?:and|plus|then)\s+(?={_VERB}\s)",
    re.IGNORECASE,
)


def segments(text: str) -> tuple[str, ...]:
    """Return one to three clauses of a text, trimmed; the last one holds all that is left. Empty text gives ()."""
    parts: list[str] = []
    start = 0
    for found in _BREAK.finditer(text):
        part = text[start : found.start()].strip()
        rest = text[found.end() :].strip()
        if len(parts) == MAX_SEGMENTS - 1 or len(rest.split()) < _MIN_WORDS:
            break
        if len(part.split()) >= _MIN_WORDS:
            parts.append(part)
            start = found.end()
    if rest := text[start:].strip():
        parts.append(rest)
    return tuple(parts)
