"""How well an intent model does on labelled texts that it had not seen: accuracy, calibration, and out of scope."""

from collections.abc import Callable, Iterable, Sequence

from assistant.catalog.vocabulary import Vocabulary
from assistant.embedded.cross_validation import HeldOutIntent, cross_validate
from assistant.embedded.encoder import Encoder
from assistant.embedded.intent_model import EmbeddedIntent, Examples
from chains.contract import Contract
from chains.scope import LabelledExample
from evals.calibration import reliability

SEED = 7
Progress = Callable[[int, int], None]


class HeadFigures(Contract):
    """Figures over `count` texts, of which `inside` are in scope.

    `accuracy` is the share of these whose best intent is right, `ece` the expected calibration error of the best
    intent's score (`evals.calibration`), and `auroc` the chance that a text out of scope has a higher out-of-scope
    score than one in scope. All are shares of 1, and None where there is nothing to work them out from.
    """

    count: int
    inside: int
    accuracy: float | None
    ece: float | None
    auroc: float | None


def figures_of(held_out: Iterable[HeldOutIntent]) -> HeadFigures:
    """The figures over texts that were judged by a model which had not seen them."""
    texts = [*held_out]
    inside = [one for one in texts if one.label is not None]
    right = [one.intent.ranked[0].intent == one.label for one in inside]
    scored = [(one.intent.ranked[0].score, is_right) for one, is_right in zip(inside, right, strict=True)]
    table = reliability(scored)
    return HeadFigures(
        count=len(texts),
        inside=len(inside),
        accuracy=sum(right) / len(right) if right else None,
        ece=table.ece if table else None,
        auroc=_auroc(texts),
    )


def _auroc(texts: Sequence[HeldOutIntent]) -> float | None:
    from sklearn.metrics import roc_auc_score

    is_outside = [one.label is None for one in texts]
    if len({*is_outside}) < 2:
        return None
    return float(roc_auc_score(is_outside, [one.intent.out_of_scope for one in texts]))


def before_and_after(
    incumbent: EmbeddedIntent,
    old: Examples,
    new: Sequence[LabelledExample],
    vocabulary: Vocabulary,
    *,
    encoder: Encoder,
    progress: Progress = lambda _done, _total: None,
) -> tuple[HeadFigures, HeadFigures]:
    """The figures of the model as it is and of the one with new examples, over the same texts: old and new ones.

    The old examples are cross-validated on either side, and so are the new ones after; before, the incumbent judges
    them, as it had not seen them. Takes ten fits. Raises `EmbeddedModelError` as `fit` does.
    """

    def steps(first: int) -> Progress:
        return lambda done, total: progress(first * total + done, 2 * total)

    before = cross_validate(old, vocabulary, encoder, SEED, steps(0))
    unseen = (HeldOutIntent(one.text, one.intent, incumbent.classify(one.text)) for one in new)
    after = cross_validate(_together(old, new), vocabulary, encoder, SEED, steps(1))
    return figures_of((*before, *unseen)), figures_of(after)


def _together(old: Examples, new: Sequence[LabelledExample]) -> Examples:
    inside = {
        intent: (*texts, *(one.text for one in new if one.intent == intent)) for intent, texts in old.inside.items()
    }
    return Examples(inside, (*old.outside, *(one.text for one in new if one.intent is None)))
