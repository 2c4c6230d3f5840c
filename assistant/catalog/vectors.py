"""Vectors of texts: the encoder that a catalog needs, and which short text stands for a product."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.catalog.lexicon import STOP_WORDS, words_of
from assistant.catalog.products import Product
from chains.values import Text

Vectors = NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""

DIMENSIONS = 384
_DESCRIPTION_WORDS = 8
_CHUNK = 512


def silent(done: int, total: int) -> None:
    """Show no progress."""


class TextEncoder(Protocol):
    """Turns texts into unit vectors (float32, 384) whose dot product is their similarity in meaning."""

    @property
    def fingerprint(self) -> str:
        """Which model it is: vectors of different fingerprints cannot be compared."""
        ...

    def encode(self, text: str) -> Vectors:
        """Return the vector (384,) of one text."""
        ...

    def encode_many(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors (len(texts), 384) in the order of the texts."""
        ...


def product_text(product: Product, singular: str) -> str:
    """Return the short text that is embedded for a product, about 20 word pieces.

    Name, what it is, its words (a colour, a material) and how its description starts, without what is said already:
    numbers are left to the filters, and every further word costs time at import.
    """
    said = set(words_of(f"{product.name} {singular}")) | STOP_WORDS
    attributes = [value.value for value in product.attributes.values() if isinstance(value, Text)]
    fresh: list[str] = []
    for raw in " ".join((product.description, *attributes)).split():
        words = words_of(raw)
        if words and not said.issuperset(words) and not raw[0].isdigit():
            said.update(words)
            fresh.append(raw.strip(".,;:!?()"))
    brand = "" if product.brand.casefold() in product.name.casefold() else f"{product.brand} "
    return f"{brand}{product.name}, {singular}: {' '.join(fresh[:_DESCRIPTION_WORDS])}"


def embed(
    texts: Sequence[str], encoder: TextEncoder, known: Mapping[str, Vectors], threads: int, progress: Progress
) -> Vectors:
    """Return the vectors (len(texts), 384) of texts; each distinct text that is not `known` is encoded once.

    Work is shared by `threads` threads, because onnxruntime is faster with two calls at once than with two threads
    in one call. `progress` counts distinct texts.
    """
    fresh = sorted({text for text in texts if text not in known}, key=len)
    chunks = [fresh[start : start + _CHUNK] for start in range(0, len(fresh), _CHUNK)]
    done, lock = 0, Lock()

    def encode(chunk: Sequence[str]) -> Vectors:
        nonlocal done
        vectors = encoder.encode_many(chunk)
        with lock:
            done += len(chunk)
            progress(done, len(fresh))
        return vectors

    with ThreadPoolExecutor(threads) as pool:
        encoded = list(pool.map(encode, chunks))
    vector_of = dict(known)
    for chunk, vectors in zip(chunks, encoded, strict=True):
        vector_of.update(zip(chunk, vectors, strict=True))
    return np.array([vector_of[text] for text in texts], dtype=np.float32).reshape(len(texts), DIMENSIONS)
