"""A turn on a chain all of whose models and records are hostile, and what must hold of it whatever they say."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from hypothesis import HealthCheck
from hypothesis import strategies as st
from pydantic import JsonValue
from pydantic_core import to_json, to_jsonable_python
from structlog.testing import capture_logs

from chains.claims import Draft, Meets
from chains.facts import Evidence, merge
from chains.hops.grounding import ground_and_say
from chains.hops.intent import Decision, decide
from chains.hops.outbound import with_own_links
from chains.messages import HOPS, GroundingInput, HopName, Intent, LookupInput, ModerationInput
from chains.outcomes import Answer, AnswerPart, Clarify, Decline, Handoff, Outcome, Sentence
from chains.ports import HopModel
from chains.record import HopRecord
from chains.rendering import say_card
from chains.scope import Scope
from chains.tools import Identity
from chains.turn import Chain, Turn
from chains.values import Money
from moderation import Verdict, checks_alone
from tests.chains.fakes import EMAIL, ORDER_NUMBER, Done, ask_for, run
from tests.chains.hostile import EVIL, Hostile, cascades, drafts, hostiles, intents, plans, scopes, verdicts
from tests.chains.hostile_marks import is_in
from tests.chains.hostile_shop import FOREIGN, OTHERS_NUMBER, OWN_ADDRESSES, HostileShop, wares
from tests.chains.scripts import MemoryLog

SLOW_DRAWING = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
TEXTS = (
    f"Where is {ORDER_NUMBER}? I am {EMAIL}.",
    f"Where are {ORDER_NUMBER} and {OTHERS_NUMBER}? I am {EMAIL}.",
    f"Where is {OTHERS_NUMBER}? I am {EMAIL}.",
    "What does the lamp cost?",
)
_SKU = re.compile(r"\b[A-Z]-\d+\b")
_PRICE = re.compile(r"(\d[\d,]*(?:\.\d+)?) (?:EUR|USD)\b")
_HOST = re.compile(r"(?:https?://|\bwww\.)([^\s/?#]*)", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def hostile_turn(data: st.DataObject, *, careless: bool = False) -> tuple[Turn, Chain]:
    """A turn of any customer on a chain all of whose models are hostile, over records that hold anything."""
    scope = data.draw(scopes())

    def judging(seen: ModerationInput) -> str:
        return data.draw(verdicts(seen))

    beside = data.draw(st.sampled_from([(), (), ("provider",), ("classifier",), ("classifier", "provider")]))
    layers = tuple(data.draw(hostiles(name, judging, local=name != "provider")) for name in ("rules", *beside))
    chain = Chain(
        scope=scope,
        scope_sha256="0",
        catalog_version="1",
        app_version="0",
        moderators=layers,
        intent_model=data.draw(cascades("intent", lambda seen: data.draw(intents(seen, scope)))),
        planner=data.draw(cascades("planner", lambda seen: data.draw(plans(seen, scope)))),
        responder=data.draw(cascades("responder", lambda seen: data.draw(drafts(seen, scope)))),
        toolbox=HostileShop(data.draw(wares()), careless=careless),
        log=MemoryLog(),
    )
    turn = replace(
        ask_for(data.draw(st.sampled_from(TEXTS))),
        identity=data.draw(st.sampled_from(Identity)),
        intent=data.draw(st.sampled_from([None, None, *scope.by_id])),
        clarified=data.draw(st.sampled_from([0, 0, 1, 2])),
    )
    return turn, chain


def hold_to_the_scope(turn: Turn, chain: Chain) -> Done:
    """Run the turn and hold every promise about scope against what happened."""
    with capture_logs() as logs, checks_alone():
        done = run(turn, chain)  # which holds the trail to its order and its two attempts
    failures = [line for line in logs if line["event"] != "card_links_left_out"]
    assert failures == [], "a reply made the chain itself fail"
    _nothing_after_a_stop(done)
    _no_hop_skipped(done, turn)
    _only_permitted_calls(done, turn)
    _only_a_permitted_outcome(done, turn)
    _only_facts_are_said(done)
    _only_what_has_a_source(done)
    _nothing_foreign(done, turn)
    _asked_no_more_than_needed(chain)
    return done


def _attempts(done: Done, hop: HopName) -> list[HopRecord]:
    return [record for record in done.records if record.hop == hop]


def _asked_no_more_than_needed(chain: Chain) -> None:
    """Each model once at its hop and once more to repair; a planner also for a guess and for a second round."""
    for hop, rounds in ((chain.intent_model, 1), (chain.planner, 3), (chain.responder, 1)):
        for model in [*(tier.model for tier in hop.tiers), hop.last]:
            assert not isinstance(model, Hostile) or model.asked <= rounds * (2 if model.card.repairs else 1)


# Hops


def _nothing_after_a_stop(done: Done) -> None:
    """What a layer does not let through gets no answer; what stops it here is read by no other hop."""
    layers = done.chain.moderators
    here = [layer for layer in layers if layer.card.is_local]
    assert [record.hop for record in done.records][:1] == ["moderation"]
    if not all(_passes(done, layer) for layer in here):
        assert {record.model for record in done.records} == {layer.card.name for layer in here}
    elif all(_passes(done, layer) for layer in layers):
        return
    assert {record.hop for record in done.records} <= {"moderation", "intent", "lookup"}
    assert done.tools.ran == []
    assert isinstance(done.outcome, Handoff | Decline)
    assert done.outcome.reason == "moderation"


def _passes(done: Done, layer: HopModel[ModerationInput]) -> bool:
    """Whether a layer let the text pass, or failed where the scope then lets the rules decide, and is not the rules."""
    said = [record for record in done.records if record.model == layer.card.name]
    if not said[-1].valid:
        return layer.card.op != "rules" and done.chain.scope.fallback.moderation == "rules"
    verdict = Verdict.model_validate_json(to_json(said[-1].parsed))
    return verdict.passes and "self_harm" not in verdict.categories  # who speaks of it is read by a person


def _no_hop_skipped(done: Done, turn: Turn) -> None:
    """What is shown of records has been through every hop, last of all through outbound, which let it pass."""
    shown = [one for part in parts_of(done.outcome) for one in part.sentences if one.claim != "fixed"]
    if not shown and not (isinstance(done.outcome, Answer | Clarify | Handoff) and done.outcome.products):
        return
    passed = {record.hop for record in done.records if record.decides}
    by_choice, plain = {"intent"} if turn.intent else set(), {"response"}  # the plain facts are said where none decides
    assert passed >= set(HOPS) - by_choice - plain
    assert "response" in {record.hop for record in done.records} or done.chain.scope.fallback.response == "facts"
    assert (done.records[-1].hop, done.records[-1].valid) == ("outbound", True)


# Tools


def may_call(scope: Scope, intent: str, identity: Identity) -> set[str]:
    """The tools of an intent for an identity, worked out beside `Scope.permitted`."""
    needed = {"anonymous": 0, "order_proof": 1, "verified": 2}
    own = {tool.name: needed[tool.identity] for tool in scope.tools} | {"get_order": 1}
    (meant,) = (one for one in scope.intents if one.id == intent)
    return {name for name in meant.tools if identity >= max(needed[meant.identity], own.get(name, 0))}


def _only_permitted_calls(done: Done, turn: Turn) -> None:
    """What reached the toolbox is what was recorded, and each call is one that its intent may make."""
    scope = done.chain.scope
    recorded = [one for record in done.records for one in record.tool_calls]
    assert [ran.name for ran in done.tools.ran] == [one.name for one in recorded]
    assert len(recorded) <= scope.budget.calls
    for one, ran in zip(recorded, done.tools.ran, strict=True):
        assert one.name in may_call(scope, one.intent, turn.identity)
        assert one.intent in _served(done, turn)
        assert type(ran.arguments) is scope.specs[one.name].arguments
        assert (ran.caller.identity, ran.caller.site) == (turn.identity, "shop")
        topics = scope.by_id[one.intent].topics
        assert ran.name != "find_policy" or not topics or one.arguments["topics"] == [*topics]
    for record in _attempts(done, "lookup"):
        seen = LookupInput.model_validate_json(to_json(record.input))
        for intent in seen.intents:
            assert set(seen.tools[intent]) == may_call(scope, intent, turn.identity)


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


# What is said


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
    for part in parts_of(outcome):
        assert part.intent in served
        assert "answer" in scope.by_id[part.intent].outcomes
    if isinstance(outcome, Answer | Clarify):
        offered = {choice.effect.intent for choice in outcome.choices}
        assert offered <= set(scope.by_id)


def parts_of(outcome: Outcome) -> Iterable[AnswerPart]:
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
    for part in parts_of(outcome):
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
            assert (card,) == with_own_links([say_card(record, returned)], scope)
            assert card.url in {None, *OWN_ADDRESSES}
    if isinstance(outcome, Clarify):
        assert all(c.effect.product is None or returned.record(c.effect.product) for c in outcome.choices)


def _computed(done: Done, returned: Evidence) -> list[tuple[str, Sentence]]:
    """The sentences of the accepted draft, computed once more over the toolbox's own evidence."""
    said = []
    for record in _attempts(done, "grounding"):
        given = GroundingInput.model_validate_json(to_json(record.input)).model_copy(update={"evidence": returned})
        said += [(part.intent, sentence) for part in ground_and_say(given).parts for sentence in part.sentences]
    return said


def leaves(value: JsonValue) -> Iterator[str]:
    """Every string of a JSON value, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)


def _only_what_has_a_source(done: Done) -> None:
    """No SKU and no price that no record states; no address, link or hidden character that outbound would refuse."""
    returned = merge(tuple(done.tools.returned))
    sourced = "\n".join(leaves(to_jsonable_python(returned)))
    amounts = _amounts(done, returned) | {*_PRICE.findall(sourced)}
    texts = [*leaves(to_jsonable_python(done.outcome))]
    published = {one for passage in returned.passages for one in _MAIL.findall(passage.text)}
    for text in texts:
        assert set(_SKU.findall(text)) <= {*_SKU.findall(sourced)}, text
        assert set(_PRICE.findall(text)) <= amounts, text
        assert set(_HOST.findall(text)) <= done.chain.scope.hosts, text
        assert set(_MAIL.findall(text)) <= published, text
        assert not any(unicodedata.category(sign) in {"Cf", "Cc"} for sign in text if sign not in "\n\t"), text


def _amounts(done: Done, returned: Evidence) -> set[str]:
    """Every amount that may be said: the facts', their differences, and what a claim held one against."""
    minor = [fact.value.amount_minor for fact in returned.facts if isinstance(fact.value, Money)]
    minor += [abs(one - other) for one in minor for other in minor]
    for record in _attempts(done, "grounding"):
        draft = Draft.model_validate_json(to_json(record.input["draft"]))
        wanted = [claim.wanted for part in draft.parts for claim in part.claims if isinstance(claim, Meets)]
        minor += [value.amount_minor for value in wanted if isinstance(value, Money)]
    return {f"{Decimal(one) / 100:,}" for one in minor} | {f"{Decimal(one) / 100:,.2f}" for one in minor}


def _nothing_foreign(done: Done, turn: Turn) -> None:
    """Nothing of a model's own, of another site or customer gets out or is found, and no record holds personal data."""
    shown = done.outcome.model_dump_json()
    assert not is_in(shown, EVIL)
    found = "".join(one.model_dump_json() for one in done.tools.returned)
    for mark in FOREIGN:
        assert not is_in(shown, mark), mark
        assert mark not in found, mark
    stored = shown + "".join(record.model_dump_json() for record in done.records)
    for original in turn.originals.values():
        assert not is_in(stored, original)
