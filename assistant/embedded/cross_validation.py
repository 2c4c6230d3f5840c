"""The embedded intent model on its own examples, each judged by a model that was fitted without it.

The whole model is fitted anew for every fold, with its temperature and its evidence, so that what comes out is what a
customer's text would have got. Only the spelling of known words is shared by the folds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.catalog.vocabulary import Vocabulary
from assistant.embedded.encoder import Encoder
from assistant.embedded.head import fit
from assistant.embedded.head_fit import MIN_PER_LABEL
from assistant.embedded.intent_model import EmbeddedIntent, Examples
from assistant.embedded.masking import Masker
from assistant.embedded.reader import Reader
from chains.messages import Intent

FOLDS = 5
_NEVER = -1


@dataclass(frozen=True)
class HeldOutIntent:
    """An example with its intent, or None where it is out of scope, and what was made of it unseen."""

    text: str
    label: str | None
    intent: Intent


@dataclass(frozen=True)
class _Example:
    text: str
    masked: str
    label: str | None
    fold: int


def cross_validate(
    examples: Examples,
    vocabulary: Vocabulary,
    encoder: Encoder,
    seed: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[HeldOutIntent, ...]:
    """Judge every example by a model of the other four fifths; takes five fits, ten seconds each for 1,400 examples.

    An intent with fewer than three examples is learnt from and not judged. Raises `EmbeddedModelError` as `fit` does.
    """
    reader = Reader(vocabulary)
    inside = [text for texts in examples.inside.values() for text in texts]
    mask = Masker(reader, vocabulary, encoder, inside)
    dealt = _dealt(examples, mask, np.random.default_rng(seed))
    held_out: list[HeldOutIntent] = []
    for fold in range(FOLDS):
        model = _fitted([one for one in dealt if one.fold != fold], mask, reader, encoder, seed)
        held = [one for one in dealt if one.fold == fold]
        held_out += [HeldOutIntent(one.text, one.label, model.classify(one.text)) for one in held]
        progress(fold + 1, FOLDS)
    return tuple(held_out)


def _dealt(examples: Examples, mask: Masker, rng: np.random.Generator) -> list[_Example]:
    """All examples, those of each intent dealt out evenly to the folds."""
    dealt = []
    groups: list[tuple[str | None, Sequence[str]]] = [*examples.inside.items(), (None, examples.outside)]
    for label, texts in groups:
        judged = label is None or len(texts) > MIN_PER_LABEL
        folds = rng.permutation(len(texts)) % FOLDS if judged else [_NEVER] * len(texts)
        dealt += [_Example(text, mask(text), label, int(fold)) for text, fold in zip(texts, folds, strict=True)]
    return dealt


def _fitted(kept: list[_Example], mask: Masker, reader: Reader, encoder: Encoder, seed: int) -> EmbeddedIntent:
    labels = dict.fromkeys(one.label for one in kept if one.label is not None)
    masked = {label: tuple(one.masked for one in kept if one.label == label) for label in labels}
    head = fit(masked, tuple(one.masked for one in kept if one.label is None), encoder, seed)
    plain = {label: tuple(one.text for one in kept if one.label == label) for label in labels}
    examples = Examples(plain, tuple(one.text for one in kept if one.label is None))
    return EmbeddedIntent(head, head.sha256, mask, reader, examples)
