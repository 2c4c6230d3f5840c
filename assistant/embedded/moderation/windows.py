"""Cuts a long text into windows, so that its length neither hides a harm nor makes one."""

import re

# About 30 word pieces: a long sentence or two short ones, as in most of what the classifier is fitted on. Windows of
# 240 characters find a third as many harmful sentences in long honest messages (cross-validated).
WINDOW_CHARS = 120
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")
_PIECE = re.compile(rf"\S(?:.{{0,{WINDOW_CHARS - 2}}}\S)?(?=\s|$)|\S{{{WINDOW_CHARS}}}", re.DOTALL)


def windows(text: str) -> tuple[str, ...]:
    """Return the windows of a text, or nothing where all of it fits into one.

    A window holds neighbouring sentences, at most WINDOW_CHARS characters; a longer sentence is cut between words, and
    a longer word anywhere. Every sign of the text but blanks is in exactly one window.
    """
    if len(text) <= WINDOW_CHARS:
        return ()
    found: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        for piece in _PIECE.findall(sentence):
            if found and len(found[-1]) + 1 + len(piece) <= WINDOW_CHARS:
                found[-1] = f"{found[-1]} {piece}"
            else:
                found.append(piece)
    return tuple(found)
