"""No model can get out of the scope: any scope, any replies at every hop."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import to_json
from structlog.testing import capture_logs

from chains.facts import Evidence, merge
from chains.hops.grounding import ground_and_say
from chains.hops.intent import Decision, decide
from chains.messages import GroundingInput, HopName, Intent, LookupInput, ModerationInput
from chains.outcomes import Answer, AnswerPart, Clarify, Decline, Handoff, Outcome, Sentence
from chains.ports import HopModel
from chains.record import HopRecord
from chains.rendering import say_card
from chains.tools import Identity
from chains.turn import Chain, Turn
from moderation import Verdict
from tests.chains.fakes import EMAIL, ORDER_NUMBER, Done, FakeToolbox, ask_for, run
from tests.chains.hostile import EVIL, Hostile, cascades, drafts, hostiles, intents, plans, scopes, verdicts
from tests.chains.scripts import MemoryLog

SLOW_DRAWING = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


def _hostile_turn(data: st.DataObject) -> tuple[Turn, Chain]:
    """A turn of any customer on a chain all of whose models are hostile."""
    scope = data.draw(scopes())

    def judging(seen: ModerationInput) -> str:
        return data.draw(verdicts(seen))

    layers: tuple[Hostile[ModerationInput], ...] = (data.draw(hostiles("rules", judging, local=True)),)
    if data.draw(st.sampled_from([False, False, True])):
        layers = (*layers, data.draw(hostiles("provider", judging, local=False)))
    chain = Chain(
        scope=scope,
        scope_sha256="0",
        catalog_version="1",
        app_version="0",
        moderators=layers,
        intent_model=data.draw(cascades("intent", lambda seen: data.draw(intents(seen, scope)))),
        planner=data.draw(cascades("planner", lambda seen: data.draw(plans(seen, scope)))),
        responder=data.draw(cascades("responder", lambda seen: data.draw(drafts(seen, scope)))),
        toolbox=FakeToolbox(),
        log=MemoryLog(),
    )
    text = data.draw(st.sampled_from([f"Where is {ORDER_NUMBER}? I am {EMAIL}.", "What does the lamp cost?"]))
    turn = replace(
        ask_for(text),
        identity=data.draw(st.sampled_from(Identity)),
        intent=data.draw(st.sampled_from([None, None, *scope.by_id])),
        clarified=data.draw(st.sampled_from([0, 0, 1, 2])),
    )
    return turn, chain


def _hold_to_the_scope(turn: Turn, chain: Chain) -> Done:
    """Run the turn and hold every promise about scope against what happened."""
    with capture_logs() as logs:
        done = run(turn, chain)  # which holds the trail to its order and its two attempts
    assert logs == [], "a reply made the chain itself fail"
    _nothing_after_a_stop(done)
    _only_permitted_calls(done, turn)
    _only_a_permitted_outcome(done, turn)
    _only_facts_are_said(done)
    assert EVIL not in done.outcome.model_dump_json()
    _asked_no_more_than_needed(chain)
    return done


def _attempts(done: Done, hop: HopName) -> list[HopRecord]:
    return [record for record in done.records if record.hop == hop]


def _asked_no_more_than_needed(chain: Chain) -> None:
    """Each model once at its hop and once more to repair; a planner also for a guess and for a second round."""
    for hop, rounds in ((chain.intent_model, 1), (chain.planner, 3), (chain.responder, 1)):
        for model in [*(tier.model for tier in hop.tiers), hop.last]:
            assert not isinstance(model, Hostile) or model.asked <= rounds * (2 if model.card.repairs else 1)


def _nothing_after_a_stop(done: Done) -> None:
    """What a layer does not let through gets no answer; what the first one stops is read by no other hop."""
    rules, *others = done.chain.moderators
    if not _passes(done, rules):
        assert {record.model for record in done.records} == {"rules"}
    elif all(_passes(done, layer) for layer in others):
        return
    assert {record.hop for record in done.records} <= {"moderation", "intent", "lookup"}
    assert done.tools.ran == []
    assert isinstance(done.outcome, Handoff | Decline)
    assert done.outcome.reason == "moderation"


def _passes(done: Done, layer: HopModel[ModerationInput]) -> bool:
    """Whether a layer let the text pass, or failed where the scope then lets the rules decide."""
    said = [record for record in done.records if record.model == layer.card.name]
    if not said[-1].valid:
        return not layer.card.is_local and done.chain.scope.fallback.moderation == "rules"
    return Verdict.model_validate_json(to_json(said[-1].parsed)).passes


def _only_permitted_calls(done: Done, turn: Turn) -> None:
    """What reached the toolbox is what was recorded, and each call is one that its intent may make."""
    scope = done.chain.scope
    recorded = [one for record in done.records for one in record.tool_calls]
    assert [ran.name for ran in done.tools.ran] == [one.name for one in recorded]
    assert len(recorded) <= scope.budget.calls
    for one, ran in zip(recorded, done.tools.ran, strict=True):
        assert one.name in scope.permitted(one.intent, turn.identity)
        assert one.intent in _served(done, turn)
        assert type(ran.arguments) is scope.specs[one.name].arguments
        assert (ran.caller.identity, ran.caller.site) == (turn.identity, "shop")
        assert ran.name != "get_order" or turn.identity >= Identity.ORDER_PROOF
        assert ran.name != "points" or turn.identity is Identity.VERIFIED
        topics = scope.by_id[one.intent].topics
        assert ran.name != "find_policy" or not topics or one.arguments["topics"] == [*topics]
    for record in _attempts(done, "lookup"):
        seen = LookupInput.model_validate_json(to_json(record.input))
        assert seen.tools == {intent: scope.permitted(intent, turn.identity) for intent in seen.intents}


def _decision(done: Done, turn: Turn) -> Decision:
    """What follows from the intent that was chosen, or from the one output of the intent hop that decides."""
    if turn.intent:
        return Decision("serve", (turn.intent,))
    deciding = [record.parsed for record in _attempts(done, "intent") if record.decides]
    assert len(deciding) <= 1
    if not deciding:
        return Decision("unsure")
    return decide(Intent.model_validate_json(to_json(deciding[0])), done.chain.scope)


def _served(done: Done, turn: Turn) -> set[str]:
    """The intents that may be served."""
    decision = _decision(done, turn)
    return set(decision.intents) if decision.kind == "serve" else set()


def _only_a_permitted_outcome(done: Done, turn: Turn) -> None:
    scope, outcome, served = done.chain.scope, done.outcome, _served(done, turn)
    match outcome:
        case Handoff(reason="moderation" | "language") | Decline(reason="moderation" | "out_of_scope"):
            assert done.tools.ran == []  # the turn ended before anything was decided on
        case Handoff(reason="unsure") | Clarify(reason="intent" | "details") if not served:
            assert done.tools.ran == []
        case _:
            assert any(outcome.kind in scope.by_id[intent].outcomes for intent in served)
    if isinstance(outcome, Clarify):
        assert turn.clarified < scope.limits.clarify_rounds
    for part in _parts(outcome):
        assert part.intent in served
        assert "answer" in scope.by_id[part.intent].outcomes
    if isinstance(outcome, Answer | Clarify):
        offered = {choice.effect.intent for choice in outcome.choices}
        assert offered <= set(scope.by_id)


def _parts(outcome: Outcome) -> Iterable[AnswerPart]:
    match outcome:
        case Answer(parts=parts) | Clarify(answered=parts) | Handoff(answered=parts):
            return parts
        case _:
            return ()


def _only_facts_are_said(done: Done) -> None:
    """Sentences are the scope's own, or what code computes from what the toolbox really returned."""
    outcome, scope = done.outcome, done.chain.scope
    returned = merge(tuple(done.tools.returned))
    computed = _computed(done, returned)
    for part in _parts(outcome):
        for sentence in part.sentences:
            if sentence.claim == "fixed":
                assert sentence.text == scope.by_id[part.intent].reply
            else:
                assert (part.intent, sentence) in computed
                assert {fact.id for fact in returned.facts} >= set(sentence.facts)
    if isinstance(outcome, Answer | Clarify | Handoff):
        assert len(outcome.products) <= scope.limits.products_shown
        for card in outcome.products:
            record = returned.record(card.sku)
            assert record is not None
            assert card == say_card(record, returned)
    if isinstance(outcome, Clarify):
        assert all(c.effect.product is None or returned.record(c.effect.product) for c in outcome.choices)


def _computed(done: Done, returned: Evidence) -> list[tuple[str, Sentence]]:
    """The sentences of the accepted draft, computed once more over the toolbox's own evidence."""
    said = []
    for record in _attempts(done, "grounding"):
        given = GroundingInput.model_validate_json(to_json(record.input)).model_copy(update={"evidence": returned})
        said += [(part.intent, sentence) for part in ground_and_say(given).parts for sentence in part.sentences]
    return said


@settings(max_examples=120, deadline=None, suppress_health_check=SLOW_DRAWING)
@given(st.data())
def test_hostile_models_stay_in_the_scope(data: st.DataObject) -> None:
    _hold_to_the_scope(*_hostile_turn(data))


@pytest.mark.soak
@settings(max_examples=5000, deadline=None, suppress_health_check=SLOW_DRAWING)
@given(st.data())
def test_hostile_models_stay_in_the_scope_for_long(data: st.DataObject) -> None:
    _hold_to_the_scope(*_hostile_turn(data))
