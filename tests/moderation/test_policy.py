import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from moderation.policy import ModerationPolicy, PiiPolicy, Threshold
from moderation.verdict import Action, Category


def test_the_default_policy_redacts_everything_and_limits_a_request_to_2000_characters() -> None:
    policy = ModerationPolicy.model_validate_json("{}")
    assert policy.text_limit_chars == 2000
    assert policy.pii == PiiPolicy(region="DE", order_pattern=None, kinds=("email", "phone", "card", "iban", "order"))


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ('{"region": "Germany"}', "region"),
        ('{"order_pattern": "LO-(\\\\d"}', "not a regular expression"),
        ('{"order_pattern": "\\\\d*"}', "matches the empty text"),
        ('{"kinds": ["name"]}', "kinds"),
        ('{"regions": "DE"}', "regions"),
    ],
)
def test_a_bad_pii_policy_is_refused_with_its_key_or_reason(raw: str, complaint: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(complaint)):
        PiiPolicy.model_validate_json(raw)


def test_thresholds_that_leave_no_room_for_a_person_are_refused() -> None:
    with pytest.raises(ValidationError, match="review_at is above block_at"):
        Threshold(review_at=0.9, block_at=0.5)


@pytest.mark.parametrize(
    ("scores", "action"),
    [
        ({}, "allow"),
        ({"spam": 0.59}, "allow"),
        ({"spam": 0.6}, "review"),
        ({"spam": 0.9}, "block"),
        ({"spam": 0.1, "hate": 0.95}, "block"),
        ({"self_harm": 1.0}, "review"),
        ({"fraud": 1.0}, "allow"),
    ],
)
def test_scores_become_the_strictest_action_they_reach(scores: dict[Category, float], action: Action) -> None:
    policy = ModerationPolicy(thresholds={"fraud": Threshold(review_at=None, block_at=None)})
    assert policy.action_for(scores) == action


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_is_never_treated_more_mildly(low: float, high: float) -> None:
    order: list[Action] = ["allow", "redact", "review", "block"]
    low, high = sorted((low, high))
    policy = ModerationPolicy()
    assert order.index(policy.action_for({"hate": low})) <= order.index(policy.action_for({"hate": high}))


def test_every_field_describes_itself_for_the_scope_file() -> None:
    for model in (ModerationPolicy, PiiPolicy, Threshold):
        assert all(field.description for field in model.model_fields.values())
