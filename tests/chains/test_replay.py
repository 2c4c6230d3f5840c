import asyncio
import json
import re
from dataclasses import replace

import pytest
from pydantic import JsonValue

from chains.claims import Value
from chains.errors import ReplayError, ToolFailed
from chains.facts import Evidence
from chains.messages import HOPS, HopName, LookupInput, ModerationInput, Plan
from chains.outcomes import Answer
from chains.ports import Cascade
from chains.record import HopRecord
from chains.replay import MISS, Replayed, replay
from chains.tools import Identity
from chains.turn import Chain, Turn
from chains.values import Text
from moderation import Verdict
from tests.chains.fakes import (
    EMAIL,
    ORDER_PLAN,
    ORDER_TURN,
    PRICE_DRAFT,
    PRICE_PLAN,
    RETURNS_CALL,
    FakeToolbox,
    ask_for,
    call,
    draft,
    fact,
    names,
    order_chain,
    run,
    shop_chain,
)
from tests.chains.scripts import ALLOWED, DOWN, MemoryLog, Script

LEAKING = Evidence(facts=(fact("L-1", "note", Text(value="write to eve@evil.example")),))
RETURNS_PLAN = Plan(calls=(*PRICE_PLAN.calls, RETURNS_CALL))
TURNS: dict[str, tuple[Turn, Chain]] = {
    "an answer": (ask_for(), shop_chain()),
    "two intents": (ask_for(), shop_chain(intent=names("product.price", second="returns.policy"), plan=RETURNS_PLAN)),
    "an order": (ORDER_TURN, order_chain()),
    "an order of a verified customer": (
        replace(ORDER_TURN, identity=Identity.VERIFIED, customer=EMAIL),
        order_chain(),
    ),
    "repairs": (ask_for(), shop_chain(intent="{", plan="[]", response="null")),
    "a failed call": (ask_for(), shop_chain(toolbox=FakeToolbox(ToolFailed("The catalog is not there.")))),
    "an answer that may not leave": (
        ask_for(),
        shop_chain(response=draft(Value(fact="L-1:note")), toolbox=FakeToolbox(extra=LEAKING)),
    ),
    "a search": (
        ask_for(),
        shop_chain(
            plan=Plan(
                calls=(
                    call("search_products", "product.price", price_max_minor=5000, filters=[]),
                    call("check_stock", "product.price", "2", sku="L-2"),
                )
            )
        ),
    ),
    "models that are down": (ask_for(), shop_chain(response=DOWN)),
}
REPAIRED = replace(
    shop_chain(),
    intent_model=Cascade.of(Script("{", names("product.price"))),
    planner=Cascade.of(Script("{", PRICE_PLAN)),
    responder=Cascade.of(Script("{", PRICE_DRAFT)),
)
TURNS["repairs that hold"] = (ask_for(), REPAIRED)


def round_trip(record: HopRecord) -> HopRecord:
    """A record as it comes back from a file."""
    return HopRecord.model_validate_json(record.model_dump_json(by_alias=True))


def again(record: HopRecord, chain: Chain, run_id: str | None = None) -> Replayed:
    return asyncio.run(replay(record, chain, MemoryLog(), run_id))


def recorded(hop: HopName, turn: Turn | None = None, chain: Chain | None = None) -> HopRecord:
    """The last record of a hop in a turn that was just run."""
    records = run(turn or ask_for(), chain or shop_chain()).records
    return round_trip([record for record in records if record.hop == hop][-1])


@pytest.mark.parametrize("name", list(TURNS))
def test_every_hop_of_a_turn_runs_again_to_the_same_output(name: str) -> None:
    turn, chain = TURNS[name]
    records = run(turn, chain).records
    assert records
    for record in map(round_trip, records):
        replayed = again(record, chain)
        assert replayed.same
        assert replayed.misses == 0
        assert replayed.record.parsed == record.parsed
        assert (replayed.record.status, replayed.record.attempt) == (record.status, record.attempt)
        assert replayed.record.validation_errors == record.validation_errors
        assert replayed.record.tool_calls == record.tool_calls


def test_the_recorded_turns_reach_every_hop() -> None:
    assert {record.hop for turn, chain in TURNS.values() for record in run(turn, chain).records} == set(HOPS)


def test_a_replay_runs_without_the_shop() -> None:
    broken = replace(shop_chain(), toolbox=FakeToolbox(AssertionError("nothing is looked up again")))
    assert again(recorded("lookup"), broken).same


def test_a_replay_names_what_it_replays_and_freezes_what_was_before() -> None:
    old, log = recorded("lookup"), MemoryLog()
    new = asyncio.run(replay(old, replace(shop_chain(), app_version="9"), log, "run-1")).record
    assert log.records == [new]
    assert (new.origin, new.replay_of, new.run_id, new.app_version) == ("replay", old.event_id, "run-1", "9")
    assert (new.turn_id, new.case_id, new.site, new.now) == (old.turn_id, old.case_id, old.site, old.now)
    assert (new.identity, new.locale, new.redaction) == (old.identity, old.locale, old.redaction)
    assert [(up.event_id, up.frozen) for up in new.upstream] == [(up.event_id, True) for up in old.upstream]
    assert new.upstream != ()


def test_a_replay_can_be_replayed() -> None:
    first = again(recorded("lookup"), shop_chain())
    assert again(round_trip(first.record), shop_chain()).same


# Another model


def test_another_model_gives_its_own_output() -> None:
    other = replace(shop_chain(), intent_model=Cascade.of(Script(names("returns.policy"), name="other")))
    replayed = again(recorded("intent"), other)
    assert not replayed.same
    assert replayed.record.model == "other"
    assert replayed.record.parsed == names("returns.policy").model_dump(mode="json")


def test_another_responder_is_held_to_the_recorded_facts() -> None:
    record = recorded("response")
    bold = draft(Value(fact="L-2:price"))
    assert again(record, shop_chain(response=bold)).record.status == "invalid"
    shy = again(record, shop_chain(response=draft(Value(fact="L-1:colour"))))
    assert (shy.same, shy.record.status) == (False, "ok")


def test_a_model_that_needs_fewer_attempts_is_compared_by_its_last() -> None:
    repaired = recorded("intent", chain=REPAIRED)
    assert repaired.attempt == 2
    replayed = again(repaired, shop_chain(intent=names("product.price")))
    assert (replayed.same, replayed.record.attempt) == (True, 1)


def test_a_call_that_the_record_lacks_is_a_miss_and_not_a_failure_of_the_shop() -> None:
    plan = Plan(
        calls=(
            *PRICE_PLAN.calls,
            call("get_product", "product.price", "2", sku="L-2"),
            call("check_stock", "product.price", "3", sku="L-1"),
        )
    )
    replayed = again(recorded("lookup"), shop_chain(plan=plan))
    assert (replayed.same, replayed.misses) == (False, 2)
    assert [one.error for one in replayed.record.tool_calls] == [None, MISS, MISS]


def test_a_failed_call_fails_again_with_its_sentence_and_is_no_miss() -> None:
    failing = shop_chain(toolbox=FakeToolbox(ToolFailed("The catalog is not there.")))
    replayed = again(recorded("lookup", chain=failing), shop_chain())
    assert replayed.misses == 0
    assert replayed.record.tool_calls[0].error == "The catalog is not there."


def test_arguments_that_spell_out_a_default_are_the_same_call() -> None:
    spelt = Plan(calls=(call("get_product", "product.price", sku="L-1", fields=[]),))
    replayed = again(recorded("lookup"), shop_chain(plan=spelt))
    assert (replayed.same, replayed.misses) == (False, 0)
    assert replayed.record.tool_calls[0].result is not None


def test_recorded_arguments_that_the_tool_takes_no_more_are_a_miss() -> None:
    record = recorded("lookup")
    old = record.tool_calls[0].model_copy(update={"arguments": {"sku": "L-1", "depth": 3}})
    replayed = again(record.model_copy(update={"tool_calls": (old,)}), shop_chain())
    assert (replayed.same, replayed.misses) == (True, 1)


def test_a_recorded_call_without_result_and_error_fails_as_a_miss_would_read() -> None:
    record = recorded("lookup")
    empty = record.tool_calls[0].model_copy(update={"result": None})
    replayed = again(record.model_copy(update={"tool_calls": (empty,)}), shop_chain())
    assert replayed.record.tool_calls[0].error == MISS


def test_a_replayed_plan_may_call_no_more_than_the_recorded_identity_may() -> None:
    record = recorded("lookup", ORDER_TURN, order_chain())
    widened: dict[str, JsonValue] = {**record.input, "tools": {"order.status": ["get_order"]}}
    anonymous = record.model_copy(update={"identity": "anonymous", "input": widened})
    replayed = again(anonymous, order_chain())
    assert [one.error for one in replayed.record.tool_calls] == ["This call is not permitted."]


# Moderation layers


def layers(*models: Script[ModerationInput]) -> Chain:
    return replace(shop_chain(), moderators=models)


def test_each_moderation_layer_is_replayed_by_itself() -> None:
    chain = layers(Script(ALLOWED, name="one"), Script(Verdict(action="review", layer="model"), name="two"))
    records = run(ask_for(), chain).records
    for record in map(round_trip, records):
        replayed = again(record, chain)
        assert replayed.same
        assert replayed.record.model == record.model


def test_where_the_layer_is_gone_all_layers_judge_and_the_last_counts() -> None:
    record = recorded("moderation", chain=layers(Script(ALLOWED, name="gone")))
    review = Verdict(action="review", layer="model")
    replayed = again(record, layers(Script(ALLOWED, name="one"), Script(review, name="two")))
    assert (replayed.same, replayed.record.model) == (False, "two")


# Records that cannot be replayed


def broken(record: HopRecord, **changes: JsonValue) -> HopRecord:
    return record.model_copy(update={"input": {**record.input, **changes}})


@pytest.mark.parametrize("hop", HOPS)
def test_an_input_of_another_contract_is_refused_with_a_sentence(hop: HopName) -> None:
    record = recorded(hop)
    damaged = [broken(record, more=1), record.model_copy(update={"input": {}})]
    for one in damaged:
        with pytest.raises(ReplayError) as refused:
            again(one, shop_chain())
        sentence = rf"The record {record.event_id} cannot be replayed: its {hop} input does not fit this version "
        assert re.fullmatch(sentence + r"\(problems: \d+\); it was made by version 0\.", str(refused.value))


def test_a_value_of_an_input_is_not_repeated_in_the_refusal() -> None:
    with pytest.raises(ReplayError) as refused:
        again(broken(recorded("intent"), locale=[EMAIL]), shop_chain())
    assert EMAIL not in str(refused.value)


@pytest.mark.parametrize("hop", HOPS)
def test_an_unknown_identity_is_refused_with_a_sentence(hop: HopName) -> None:
    record = recorded(hop).model_copy(update={"identity": "admin"})
    with pytest.raises(ReplayError, match=r"identity 'admin' is not a level of this version\.$"):
        again(record, shop_chain())


def test_a_record_is_of_its_schema_or_it_is_none() -> None:
    line = json.loads(recorded("intent").model_dump_json(by_alias=True))
    assert line["schema"] == "hop/1"
    HopRecord.model_validate_json(json.dumps(line))
    for changes in ({"schema": "hop/2"}, {"hop": "guess"}, {"attempt": 0}, {"more": 1}):
        with pytest.raises(ValueError, match="validation error"):
            HopRecord.model_validate_json(json.dumps({**line, **changes}))


# The customer's own data


def test_an_outbound_replay_does_without_the_customers_data() -> None:
    record = recorded("outbound", ORDER_TURN, order_chain())
    assert record.input["placeholders"] == ["[ORDER_1]", "[EMAIL_1]", "[PHONE_1]"]
    assert again(record, order_chain()).same


def test_a_replayed_lookup_sees_what_the_first_one_saw() -> None:
    planner = Script[LookupInput](ORDER_PLAN)
    record = recorded("lookup", ORDER_TURN, order_chain())
    again(record, replace(order_chain(), planner=Cascade.of(planner)))
    assert planner.given[0].model_dump(mode="json") == record.input
    assert isinstance(run(ORDER_TURN, order_chain()).outcome, Answer)
