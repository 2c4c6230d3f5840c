import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from moderation.thresholds import DEFAULT_THRESHOLDS, LayerThresholds, ScoringLayer, Threshold
from moderation.verdict import STRICTNESS, Action, Category

LAYERS: tuple[ScoringLayer, ...] = get_args(ScoringLayer)
CATEGORIES: tuple[Category, ...] = get_args(Category)
LIMITS = st.none() | st.just("never") | st.floats(0, 1)
SCORES = st.dictionaries(st.sampled_from(CATEGORIES), st.floats(0, 1))


def test_every_layer_has_a_default_for_every_category_and_refuses_nobody_in_distress() -> None:
    for layer in LAYERS:
        assert DEFAULT_THRESHOLDS[layer].keys() == set(CATEGORIES)
        assert LayerThresholds.model_validate({layer: DEFAULT_THRESHOLDS[layer]}).of(layer, "hate").block_at is not None
        assert DEFAULT_THRESHOLDS[layer]["self_harm"].action(1.0) == "review"


@pytest.mark.parametrize(
    ("scores", "action"),
    [
        ({}, "allow"),
        ({"spam": 0.49}, "allow"),
        ({"spam": 0.5}, "review"),
        ({"spam": 0.8}, "block"),
        ({"spam": 0.1, "hate": 0.95}, "block"),
        ({"self_harm": 1.0}, "review"),
        ({"fraud": 1.0}, "allow"),
    ],
)
def test_scores_become_the_strictest_action_they_reach(scores: dict[Category, float], action: Action) -> None:
    thresholds = LayerThresholds(
        classifier={
            "fraud": Threshold(review_at="never", block_at="never"),
            "spam": Threshold(review_at=0.5, block_at=0.8),
        }
    )
    assert thresholds.action_for(scores, "classifier") == action


def test_a_site_changes_one_limit_of_one_layer_and_the_rest_stays() -> None:
    thresholds = LayerThresholds(classifier={"violence": Threshold(review_at=0.2)})
    usual = DEFAULT_THRESHOLDS["classifier"]["violence"]
    assert thresholds.of("classifier", "violence") == Threshold(review_at=0.2, block_at=usual.block_at)
    assert thresholds.of("classifier", "hate") == DEFAULT_THRESHOLDS["classifier"]["hate"]
    assert thresholds.of("model", "violence") == DEFAULT_THRESHOLDS["model"]["violence"]


def test_what_is_refused_need_not_have_been_reviewed_before() -> None:
    only_block = Threshold(review_at="never", block_at=0.5)
    thresholds = LayerThresholds(model={"spam": only_block})
    assert [thresholds.action_for({"spam": score}, "model") for score in (0.4, 0.5)] == ["allow", "block"]


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ('{"classifier": {"violence": {"review_at": 0.9, "block_at": 0.5}}}', "review_at = 0.9 above block_at = 0.5"),
        ('{"classifier": {"violence": {"review_at": 0.97}}}', "review_at = 0.97 above block_at = 0.95"),
        ('{"model": {"hate": {"block_at": 0.1}}}', "hate has review_at = 0.5 above block_at = 0.1"),
        ('{"model": {"self_harm": {"block_at": 0.99}}}', "self_harm has a block_at, but whoever writes of harming"),
        ('{"classifier": {"self_harm": {"block_at": 1}}}', "reaches a person and is never refused; leave it out"),
        *(
            (f'{{"model": {{"hate": {{"review_at": {limit}}}}}}}', 'write a score from 0 to 1, or "never"')
            for limit in ("1.1", "-0.1", "NaN", "Infinity", "true", '"always"', '"0.5"', "[0.5]", "{}")
        ),
        ('{"rules": {}}', "Extra inputs are not permitted"),
        ('{"violence": {"review_at": 0.5}}', "Extra inputs are not permitted"),
        ('{"model": {"rude": {}}}', "Input should be"),
    ],
)
def test_thresholds_that_cannot_be_meant_are_refused(raw: str, complaint: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(complaint)):
        LayerThresholds.model_validate_json(raw)


@given(st.sampled_from(LAYERS), st.sampled_from(CATEGORIES), LIMITS, LIMITS, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_is_never_treated_more_mildly(  # noqa: PLR0917 - one for each thing that varies
    layer: ScoringLayer, category: Category, review_at: object, block_at: object, low: float, high: float
) -> None:
    own = {layer: {category: {"review_at": review_at, "block_at": block_at}}}
    try:
        thresholds = LayerThresholds.model_validate(own)
    except ValidationError:
        thresholds = LayerThresholds()
    low, high = sorted((low, high))
    mild, strict = (thresholds.action_for({category: score}, layer) for score in (low, high))
    assert STRICTNESS[mild] <= STRICTNESS[strict]


@given(SCORES, st.dictionaries(st.sampled_from(CATEGORIES), st.fixed_dictionaries({"review_at": LIMITS})))
def test_no_policy_refuses_for_self_harm(scores: dict[Category, float], own: dict[Category, object]) -> None:
    for layer in LAYERS:
        try:
            thresholds = LayerThresholds.model_validate({layer: own})
        except ValidationError:
            continue
        assert thresholds.of(layer, "self_harm").action(1.0) != "block"


@given(LIMITS, LIMITS)
def test_thresholds_survive_being_written_and_read(review_at: object, block_at: object) -> None:
    threshold = Threshold.model_validate({"review_at": review_at, "block_at": block_at})
    assert Threshold.model_validate_json(threshold.model_dump_json()) == threshold


def test_every_field_describes_itself_for_the_scope_file() -> None:
    for model in (LayerThresholds, Threshold):
        assert all(field.description for field in model.model_fields.values())
