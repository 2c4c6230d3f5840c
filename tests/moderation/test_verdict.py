import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from moderation.errors import ModerationError
from moderation.verdict import STRICTNESS, Action, Verdict, combine

ACTIONS: list[Action] = ["allow", "redact", "review", "block"]


def test_the_strictest_action_wins_with_its_layer_and_everybody_keeps_reasons() -> None:
    combined = combine(
        [
            Verdict(action="redact", layer="rules", reasons=("a",)),
            Verdict(action="block", layer="classifier", categories={"spam": 0.4, "fraud": 0.2}, reasons=("b", "a")),
            Verdict(action="block", layer="model", categories={"spam": 0.9}, reasons=("c",)),
        ]
    )
    assert combined == Verdict(
        action="block", layer="classifier", categories={"spam": 0.9, "fraud": 0.2}, reasons=("a", "b", "c")
    )


@given(st.lists(st.sampled_from(ACTIONS), min_size=1))
def test_combining_never_softens(actions: list[Action]) -> None:
    combined = combine([Verdict(action=action, layer="rules") for action in actions])
    assert STRICTNESS[combined.action] == max(STRICTNESS[action] for action in actions)


@given(st.lists(st.sampled_from(ACTIONS)), st.lists(st.sampled_from(ACTIONS)), st.sampled_from(ACTIONS))
def test_whoever_writes_of_self_harm_meets_a_person_whatever_else_was_found(
    before: list[Action], after: list[Action], action: Action
) -> None:
    self_harm = Verdict(action=action, layer="model", categories={"self_harm": 0.4})
    others = [
        [Verdict(action=one, layer="rules", categories={"violence": 1.0}) for one in more] for more in (before, after)
    ]
    combined = combine([*others[0], self_harm, *others[1]])
    assert (combined.action, combined.layer) == ("review", "model")
    assert "self_harm" in combined.categories


def test_no_verdict_is_not_consent() -> None:
    with pytest.raises(ModerationError, match="no verdict to combine"):
        combine([])


@pytest.mark.parametrize(("action", "passes"), [("allow", True), ("redact", True), ("review", False), ("block", False)])
def test_only_allow_and_redact_let_the_turn_go_on(action: Action, passes: bool) -> None:
    assert Verdict(action=action, layer="rules").passes is passes


@pytest.mark.parametrize("score", ["-0.1", "1.1", "NaN", "Infinity", '"0.5"'])
def test_a_score_outside_0_to_1_is_refused(score: str) -> None:
    raw = f'{{"action": "allow", "layer": "rules", "categories": {{"spam": {score}}}}}'
    with pytest.raises(ValidationError):
        Verdict.model_validate_json(raw)
