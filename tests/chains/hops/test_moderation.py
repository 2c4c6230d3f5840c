from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains.errors import ModelLate
from chains.hops.moderation import RULES_ALONE, UNDECIDED, moderate, rules_model
from chains.messages import ModerationInput
from chains.record import HopRecord, Op
from chains.trail import Trail
from moderation import Action, BlockedTerm, Category, Layer, ModerationError, ModerationPolicy, Verdict, combine
from moderation.verdict import STRICTNESS
from tests.chains.scripts import ALLOWED, DOWN, Hanging, MemoryLog, Script, Scripted, within
from tests.chains.trails import FRAME

REVIEW = Verdict(action="review", layer="model", categories={"fraud": 0.7}, reasons=("Looks odd.",))
BLOCK = Verdict(action="block", layer="model", categories={"fraud": 0.9})
GIVEN = ModerationInput(text="What does it cost?", locale="en")
Fallback = Literal["handoff", "rules"]


def moderated(fallback: Fallback, *layers: Script[ModerationInput]) -> tuple[Verdict, list[HopRecord]]:
    trail = Trail(FRAME, MemoryLog())
    return within(lambda allowance: moderate(GIVEN, layers, trail, allowance, fallback)), trail.records


def judged(*layers: Scripted, remote: bool = True) -> tuple[Verdict, list[HopRecord]]:
    named = (Script[ModerationInput](one, name=f"layer {place}", remote=remote) for place, one in enumerate(layers))
    return moderated("handoff", *named)


def test_a_text_passes_when_all_layers_let_it_pass() -> None:
    verdict, records = judged(ALLOWED, Verdict(action="redact", layer="model"))
    assert verdict.passes
    assert [record.model for record in records] == ["layer 0", "layer 1"]


@pytest.mark.parametrize("stop", [REVIEW, BLOCK])
def test_the_first_layer_elsewhere_that_stops_a_text_is_the_last_one_asked(stop: Verdict) -> None:
    verdict, records = judged(ALLOWED, stop, ALLOWED)
    assert (verdict.action, verdict.categories) == (stop.action, stop.categories)
    assert len(records) == 2


def test_every_layer_here_is_asked_since_one_alone_may_know_of_distress() -> None:
    distress = Verdict(action="review", layer="classifier", categories={"self_harm": 0.8})
    verdict, records = judged(BLOCK, distress, remote=False)
    assert (verdict.action, verdict.layer, len(records)) == ("review", "classifier", 2)


@pytest.mark.parametrize("silent", [DOWN, "{", '{"action": "pass", "layer": "model"}'])
def test_a_layer_without_a_verdict_sends_the_text_to_a_person(silent: Scripted) -> None:
    verdict, _ = judged(ALLOWED, silent)
    assert verdict.action == "review"
    assert verdict.reasons == UNDECIDED.reasons


# Silence: all layers, each with a verdict or failing in every way, under both policies

NAMES: tuple[Layer, ...] = ("rules", "classifier", "model")
OPS: dict[Layer, Op] = {"hygiene": "rules", "rules": "rules", "classifier": "classify", "model": "chat"}
LATE = ModelLate("The model was late.")
FAILURES: dict[str, Scripted] = {
    "hang": Hanging(),
    "timeout": TimeoutError(),
    "late": LATE,
    "error": DOWN,
    "defect": ValueError("text"),
    "not JSON": "{",
    "no verdict": '{"action": "pass", "layer": "model"}',
    "no score": '{"action": "allow", "layer": "model", "categories": {"hate": NaN}}',
}


@dataclass(frozen=True)
class Planned:
    """A layer with what it will say, None for nothing that can be used."""

    name: Layer
    says: Scripted
    verdict: Verdict | None

    def model(self) -> Script[ModerationInput]:
        return Script(self.says, op=OPS[self.name], name=self.name, remote=self.name == "model")


def failing(name: Layer, failure: str) -> Planned:
    return Planned(name, FAILURES[failure], None)


def saying(name: Layer, action: Action, *categories: Category) -> Planned:
    verdict = Verdict(action=action, layer=name, categories=dict.fromkeys(categories, 0.9))
    return Planned(name, verdict, verdict)


def check(layers: Sequence[Planned], fallback: Fallback) -> None:
    """What must hold of any layers: never milder than the healthy ones, no consent by silence, all of it recorded."""
    verdict, records = moderated(fallback, *(layer.model() for layer in layers))
    asked = {record.model for record in records}
    heard = [layer.verdict for layer in layers if layer.verdict and layer.name in asked]
    silent = {layer.name for layer in layers if layer.verdict is None and layer.name in asked}
    if heard:
        least = combine(heard).action
        assert STRICTNESS[verdict.action] >= STRICTNESS[least] or "self_harm" in verdict.categories
    if silent and (fallback == "handoff" or "rules" in silent):
        assert not verdict.passes
    if verdict.passes:
        assert asked == {layer.name for layer in layers}
        assert all(one.passes for one in heard)
        assert not silent or RULES_ALONE.reasons[0] in verdict.reasons
    assert [layer.name for layer in layers if layer.name in asked] == list(dict.fromkeys(r.model for r in records))
    for record in records:
        assert (record.parsed is None) == (record.model in silent) == (record.status in {"error", "invalid"})


@pytest.mark.parametrize("fallback", get_args(Fallback))
@pytest.mark.parametrize("count", [1, 2, 3])
def test_no_failure_of_any_layers_is_consent(count: int, fallback: Fallback) -> None:
    for ways in product((None, *FAILURES), repeat=count):
        check(
            [
                failing(name, way) if way else saying(name, "allow")
                for name, way in zip(NAMES[:count], ways, strict=True)
            ],
            fallback,
        )


ACTIONS = st.sampled_from(get_args(Action))
PLANS = st.tuples(
    *(
        st.builds(failing, st.just(name), st.sampled_from([*FAILURES]))
        | st.builds(saying, st.just(name), ACTIONS)
        | st.builds(saying, st.just(name), ACTIONS, st.sampled_from(get_args(Category)))
        for name in NAMES
    )
)


@given(PLANS, st.sets(st.sampled_from(NAMES), min_size=1), st.sampled_from(get_args(Fallback)))
def test_whatever_layers_say_or_fail_to_say_the_outcome_is_never_milder(
    plans: tuple[Planned, ...], named: set[Layer], fallback: Fallback
) -> None:
    check([plan for plan in plans if plan.name in named], fallback)


@pytest.mark.parametrize("name", ["classifier", "model"])
def test_the_rules_alone_decide_where_the_scope_says_so_and_the_rules_are_well(name: Layer) -> None:
    silent = failing(name, "timeout").model()
    well, ill = saying("rules", "allow").model(), failing("rules", "error").model()
    assert moderated("rules", well, silent)[0].passes
    assert moderated("handoff", well, silent)[0] == combine([ALLOWED, UNDECIDED])
    assert not moderated("rules", ill, silent)[0].passes


def test_no_layers_at_all_is_no_consent() -> None:
    with pytest.raises(ModerationError, match="no verdict to combine"):
        judged()


@pytest.mark.parametrize(("text", "action"), [("What does it cost?", "allow"), ("A banned word", "block")])
def test_the_rules_are_a_layer_like_any_other(text: str, action: str) -> None:
    policy = ModerationPolicy(blocked_terms=(BlockedTerm(term="banned word", category="spam"),))
    trail = Trail(FRAME, MemoryLog())
    given = ModerationInput(text=text, locale="en")
    assert within(lambda allowance: moderate(given, (rules_model(policy),), trail, allowance)).action == action
    assert (trail.records[0].provider, trail.records[0].op, trail.records[0].status) == ("hopdesk", "rules", "ok")
