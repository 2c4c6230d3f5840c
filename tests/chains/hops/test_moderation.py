import pytest

from chains.hops.moderation import UNDECIDED, moderate, rules_model
from chains.messages import ModerationInput
from chains.trail import Trail
from moderation import BlockedTerm, ModerationError, ModerationPolicy, Verdict
from tests.chains.scripts import ALLOWED, DOWN, MemoryLog, Script, Scripted, within
from tests.chains.trails import FRAME

REVIEW = Verdict(action="review", layer="model", categories={"fraud": 0.7}, reasons=("Looks odd.",))
BLOCK = Verdict(action="block", layer="model", categories={"fraud": 0.9})


def judged(*layers: Scripted, text: str = "What does it cost?") -> tuple[Verdict, Trail]:
    trail = Trail(FRAME, MemoryLog())
    models = tuple(Script[ModerationInput](layer, name=f"layer {place}") for place, layer in enumerate(layers))
    given = ModerationInput(text=text, locale="en")
    return within(lambda allowance: moderate(given, models, trail, allowance)), trail


def test_a_text_passes_when_all_layers_let_it_pass() -> None:
    verdict, trail = judged(ALLOWED, Verdict(action="redact", layer="model"))
    assert verdict.passes
    assert [record.model for record in trail.records] == ["layer 0", "layer 1"]


@pytest.mark.parametrize("stop", [REVIEW, BLOCK])
def test_the_first_layer_that_stops_a_text_ends_the_asking(stop: Verdict) -> None:
    verdict, trail = judged(ALLOWED, stop, ALLOWED)
    assert (verdict.action, verdict.categories) == (stop.action, stop.categories)
    assert len(trail.records) == 2


@pytest.mark.parametrize("silent", [DOWN, "{", '{"action": "pass", "layer": "model"}'])
def test_a_layer_without_a_verdict_sends_the_text_to_a_person(silent: Scripted) -> None:
    verdict, _ = judged(ALLOWED, silent)
    assert verdict.action == "review"
    assert verdict.reasons == UNDECIDED.reasons


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
