"""Repetition: whether a text is a few words over and over, which a pattern cannot tell in linear time."""

import re
from dataclasses import dataclass
from typing import Protocol

_WORD = re.compile(r"\w+")


class Searching(Protocol):
    """Whatever can be searched for in a text as a compiled pattern can."""

    def search(self, text: str, /) -> object | None:
        """What was found, or None."""
        ...


@dataclass(frozen=True)
class SameWords:
    """A text of `least` words or more, each of which it holds `times` times on average: a pasted line or sentence."""

    least: int
    times: int

    def search(self, text: str, /) -> frozenset[str] | None:
        """The words that are repeated, or None; takes linear time."""
        words = _WORD.findall(text)
        different = frozenset(words)
        return different if len(words) >= max(self.least, self.times * len(different), 1) else None
