"""The figures of an intent model on texts that it had not seen."""

import pytest

from assistant.embedded.cross_validation import HeldOutIntent
from assistant.embedded.encoder import Encoder
from assistant.embedded.intent_model import EmbeddedIntent, Examples
from assistant.wiring import Site
from chains.messages import Intent, IntentScore
from chains.scope import LabelledExample
from evals.head_figures import before_and_after, figures_of
from evals.pairs import embedded_alone


def judged(label: str | None, best: str = "a", score: float = 0.9, out_of_scope: float = 0.1) -> HeldOutIntent:
    intent = Intent(ranked=(IntentScore(intent=best, score=score),), confidence=score, out_of_scope=out_of_scope)
    return HeldOutIntent("text", label, intent)


def test_accuracy_is_that_of_the_texts_in_scope() -> None:
    figures = figures_of([judged("a"), judged("a"), judged("a", best="b"), judged(None)])
    assert (figures.count, figures.inside) == (4, 3)
    assert figures.accuracy == pytest.approx(2 / 3)


def test_the_calibration_error_is_the_gap_between_score_and_accuracy() -> None:
    assert figures_of([judged("a", score=0.7)] * 7 + [judged("b", score=0.7)] * 3).ece == pytest.approx(0)
    assert figures_of([judged("b", score=0.7)] * 10).ece == pytest.approx(0.7)


def test_the_auroc_is_1_where_all_out_of_scope_texts_score_higher() -> None:
    inside = [judged("a", out_of_scope=score) for score in (0.1, 0.4)]
    assert figures_of([*inside, judged(None, out_of_scope=0.5)]).auroc == 1
    assert figures_of([*inside, judged(None, out_of_scope=0.2)]).auroc == 0.5


def test_of_nothing_there_are_no_figures() -> None:
    figures = figures_of([])
    assert (figures.accuracy, figures.ece, figures.auroc) == (None, None, None)
    assert figures_of([judged("a")]).auroc is None
    assert figures_of([judged(None)]).accuracy is None


def test_both_sides_are_judged_on_the_same_texts_which_neither_had_seen(demo_site: Site, encoder: Encoder) -> None:
    model = embedded_alone(demo_site.chain).intent_model.tiers[0].model
    assert isinstance(model, EmbeddedIntent)
    scope = demo_site.loaded.scope
    few = Examples({one.id: one.examples[:6] for one in scope.intents[:3]}, scope.out_of_scope.examples[:6])
    intent = scope.intents[0].id
    new = [
        *(LabelledExample(intent=intent, text=f"florble number {n}", source="s", split="train") for n in range(9)),
        *(LabelledExample(intent=None, text=f"zork number {n}", source="s", split="train") for n in range(2)),
    ]
    told: list[tuple[int, int]] = []
    before, after = before_and_after(
        model, few, new, demo_site.catalog.vocabulary, encoder=encoder, progress=lambda *step: told.append(step)
    )
    assert before.count == after.count == 3 * 6 + 6 + 11
    assert before.inside == after.inside == 3 * 6 + 9
    assert before.accuracy is not None
    assert after.accuracy is not None
    assert after.accuracy > before.accuracy
    assert told == [(done, 10) for done in range(1, 11)]
