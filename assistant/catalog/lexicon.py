"""Full-text search in memory: which documents hold the words of a query, and how well (BM25).

Postings are kept as numpy arrays with their BM25 share computed beforehand, so that a query costs one addition
per word and document. SQLite's FTS5 was measured first: 20 to 60 ms for common words among 50,000 products.
"""

import json
import re
import unicodedata
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assistant.catalog.units import unit_of

# The usual constants of BM25 (Robertson and Zaragoza, 2009), those of SQLite's bm25() too.
K1, B = 1.2, 0.75

STOP_WORDS = frozenset(
    "a an and any anything are as at be but by can could do does for from get give got has have hello help hi i if in "  # noqa: SIM905
    "is it its like looking me much my need not of on one or please recommend sell show some something that the their "
    "them there these this to want was what which will with would you your".split()
)
_WORD = re.compile(r"[^\W_]+")
_NUMBER_WITH_UNIT = re.compile(r"([0-9]+)([a-z]+)")


@dataclass(frozen=True)
class Section:
    """A part of a document; `named` says that it names what the document is about, as its title does."""

    text: str
    weight: float = 1.0
    named: bool = True


@dataclass(frozen=True)
class Matches:
    """What a query finds, per document.

    `scores` is BM25 (float32, 0 where no word is found); `all_words` (bool) tells the documents of which the named
    sections hold every word of the query.
    """

    scores: NDArray[np.float32]
    all_words: NDArray[np.bool_]


@dataclass(frozen=True)
class Lexicon:
    """The words of a set of documents. `starts[t]:starts[t + 1]` are the postings of term t."""

    terms: Mapping[str, int]
    starts: NDArray[np.int64]
    documents: NDArray[np.int32]
    impacts: NDArray[np.float32]
    named: NDArray[np.bool_]
    size: int

    def find(self, query: str) -> Matches:
        """Score all documents for a text; words that say nothing ("the", "looking") are left out."""
        words = tuple(dict.fromkeys(word for word in words_of(query) if word not in STOP_WORDS))
        scores = np.zeros(self.size, dtype=np.float32)
        held = np.zeros(self.size, dtype=np.int32)
        for word in words:
            if (term := self.terms.get(word)) is not None:
                part = slice(self.starts[term], self.starts[term + 1])
                scores[self.documents[part]] += self.impacts[part]
                held[self.documents[part]] += self.named[part]
        return Matches(scores, (held == len(words)) if words else np.zeros(self.size, dtype=np.bool_))

    def arrays(self, prefix: str) -> dict[str, NDArray[np.generic]]:
        """Return all of it as arrays to keep; `from_arrays` is the way back."""
        terms = np.frombuffer(json.dumps(list(self.terms)).encode(), dtype=np.uint8)
        size = np.array([self.size], dtype=np.int64)
        return {
            f"{prefix}.terms": terms,
            f"{prefix}.starts": self.starts,
            f"{prefix}.documents": self.documents,
            f"{prefix}.impacts": self.impacts,
            f"{prefix}.named": self.named,
            f"{prefix}.size": size,
        }

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Mapping[str, NDArray[np.generic]]) -> "Lexicon":
        """Return what `arrays` was made from; raises KeyError or ValueError where it is not whole."""
        words: list[str] = json.loads(arrays[f"{prefix}.terms"].tobytes())
        return cls(
            terms={word: term for term, word in enumerate(words)},
            starts=arrays[f"{prefix}.starts"].astype(np.int64, copy=False),
            documents=arrays[f"{prefix}.documents"].astype(np.int32, copy=False),
            impacts=arrays[f"{prefix}.impacts"].astype(np.float32, copy=False),
            named=arrays[f"{prefix}.named"].astype(np.bool_, copy=False),
            size=int(arrays[f"{prefix}.size"][0]),
        )


class _Postings:
    """Words counted so far: one entry per pair of word and document."""

    def __init__(self) -> None:
        self.terms: dict[str, int] = {}
        self.term, self.document = array("i"), array("i")
        self.count, self.named = array("f"), array("b")
        self.lengths = array("f")

    def add(self, sections: Iterable[Section]) -> None:
        counts: defaultdict[int, float] = defaultdict(float)
        named: set[int] = set()
        for section in sections:
            ids = [self.terms.setdefault(word, len(self.terms)) for word in words_of(section.text)]
            for term in ids:
                counts[term] += section.weight
            if section.named:
                named.update(ids)
        self.term.extend(counts)
        self.document.extend([len(self.lengths)] * len(counts))
        self.count.extend(counts.values())
        self.named.extend(term in named for term in counts)
        self.lengths.append(sum(counts.values()))


def build_lexicon(documents: Iterable[Iterable[Section]]) -> Lexicon:
    """Count the words of all documents; a word counts as often as it occurs times its section's weight."""
    postings = _Postings()
    for sections in documents:
        postings.add(sections)
    size = len(postings.lengths)
    term, document = np.array(postings.term, dtype=np.int32), np.array(postings.document, dtype=np.int32)
    count, length = np.array(postings.count, dtype=np.float64), np.array(postings.lengths, dtype=np.float64)
    frequency = np.bincount(term, minlength=len(postings.terms))
    # ln(1 + (N - n + 0.5) / (n + 0.5)): never negative, unlike the first form of the formula
    rarity = np.log1p((size - frequency + 0.5) / (frequency + 0.5))
    relative = length / max(float(length.mean()) if size else 0.0, 1.0)
    impacts = rarity[term] * count * (K1 + 1) / (count + K1 * (1 - B + B * relative[document]))
    order = np.argsort(term, kind="stable")
    return Lexicon(
        terms=postings.terms,
        starts=np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64),
        documents=document[order],
        impacts=impacts[order].astype(np.float32),
        named=np.array(postings.named, dtype=np.bool_)[order],
        size=size,
    )


def words_of(text: str) -> list[str]:
    """Return the words of a text as they are compared: small plain letters, singular, "16gb" as "16" and "gb"."""
    return [word for raw in _WORD.findall(plain_letters(text)) for word in _normal(raw)]


def plain_letters(text: str) -> str:
    """Return a text in small letters without accents: "Café" becomes "cafe"."""
    if text.isascii():
        return text.lower()
    # once more after folding, because letters of other styles have capitals only once they are plain
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(letter for letter in folded if not unicodedata.combining(letter))


@lru_cache(maxsize=65536)
def _normal(raw: str) -> tuple[str, ...]:
    if (parts := _NUMBER_WITH_UNIT.fullmatch(raw)) and unit_of(parts[2]):
        return parts[1], _singular(parts[2])
    return (_singular(raw),)


def _singular(word: str) -> str:
    """Return a word without its English plural ending: the S stemmer (Harman, 1991), with "watches" as "watch"."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("us", "ss")):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1]
