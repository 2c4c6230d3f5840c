import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from moderation.policy import ModerationPolicy
from moderation.scores import LEAST_SCORE, judge_by_scores
from moderation.thresholds import LayerThresholds, ScoringLayer, Threshold
from moderation.verdict import Category, Verdict, combine

LAYERS: tuple[ScoringLayer, ...] = get_args(ScoringLayer)
CATEGORIES: tuple[Category, ...] = get_args(Category)
POLICY = ModerationPolicy()
SCORES = st.dictionaries(st.sampled_from(CATEGORIES), st.floats(0, 1))


def test_a_verdict_names_what_was_found_the_surest_first_and_why_somebody_has_to_look() -> None:
    scores: dict[Category, float] = {"spam": 0.05, "harassment": 0.3, "violence": 0.85, "self_harm": 0.75}
    assert judge_by_scores(scores, "classifier", POLICY) == Verdict(
        action="review",
        layer="classifier",
        categories={"violence": 0.85, "self_harm": 0.75, "harassment": 0.3},
        reasons=(
            "Reads like a threat of violence, or praise of it (score 0.85).",
            (
                "Reads like somebody who may harm themselves: answer as a person, and name the emergency and crisis "
                "lines (score 0.75)."
            ),
        ),
    )


def test_a_mere_suspicion_of_self_harm_does_not_soften_a_refusal() -> None:
    verdict = judge_by_scores({"self_harm": 0.2, "hate": 0.99}, "model", POLICY)
    assert (verdict.action, verdict.categories) == ("block", {"hate": 0.99})
    assert combine([verdict]).action == "block"


def test_low_limits_hold_for_scores_that_are_not_worth_naming_otherwise() -> None:
    policy = ModerationPolicy(thresholds=LayerThresholds(model={"self_harm": Threshold(review_at=0.01)}))
    assert judge_by_scores({"self_harm": 0.02}, "model", policy).categories == {"self_harm": 0.02}


@pytest.mark.parametrize("score", [math.nan, math.inf, -0.5, 1.5])
def test_what_is_no_score_is_no_verdict(score: float) -> None:
    with pytest.raises(ValidationError):
        judge_by_scores({"hate": score, "spam": 0.2}, "model", POLICY)


@given(SCORES, st.sampled_from(LAYERS))
def test_every_score_is_named_or_harmless(scores: dict[Category, float], layer: ScoringLayer) -> None:
    verdict = judge_by_scores(scores, layer, POLICY)
    assert verdict.layer == layer
    assert verdict.passes == (not verdict.reasons)
    for name, score in scores.items():
        if name not in verdict.categories:
            assert score < LEAST_SCORE or name == "self_harm"
            assert POLICY.thresholds.of(layer, name).action(score) == "allow"
