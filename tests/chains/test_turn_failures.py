import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from chains.allowance import Allowance
from chains.claims import Value
from chains.errors import ModelLate, ToolFailed
from chains.facts import Evidence, Record
from chains.messages import HopName, IntentInput, Plan
from chains.outcomes import Answer, Decline, Handoff
from chains.ports import Cascade, Repair, Reply
from chains.scope import Scope
from chains.turn import Chain, run_turn
from chains.values import Text
from tests.chains.fakes import (
    ALL_HOPS,
    EMAIL,
    HANDOFF,
    PRICE_DRAFT,
    PRICE_PLAN,
    PRODUCTS,
    FakeToolbox,
    ask_for,
    call,
    changed,
    draft,
    fact,
    names,
    pieces,
    run,
    shop_chain,
    shop_scope,
)
from tests.chains.scripts import ALLOWED, DOWN, Late, Script, Scripted


def permitting(scope: Scope, intent: str, *outcomes: str) -> Scope:
    """The scope with other outcome kinds for one intent."""
    intents = tuple(one.model_copy(update={"outcomes": outcomes}) if one.id == intent else one for one in scope.intents)
    return changed(scope, intents=intents)


# Outcomes are of a permitted kind


def test_a_question_that_the_intent_may_not_ask_goes_to_a_person() -> None:
    scope = permitting(shop_scope(), "product.price", "answer", "handoff")
    outcome = run(ask_for(), shop_chain(scope=scope, plan=Plan(needs="details"))).outcome
    assert outcome == Handoff(reason="unsure", text="I cannot do that here.")


FAILING: list[tuple[Scripted, Scripted, Exception | None]] = [
    (Plan(needs="details"), PRICE_DRAFT, None),
    (Plan(), PRICE_DRAFT, None),
    (DOWN, PRICE_DRAFT, None),
    (PRICE_PLAN, PRICE_DRAFT, ToolFailed("The catalog is not there.")),
]


@pytest.mark.parametrize(("plan", "response", "broken"), FAILING)
@pytest.mark.parametrize("clarified", [0, 2])
def test_an_intent_that_may_only_answer_or_decline_never_ends_otherwise(
    plan: Scripted, response: Scripted, broken: Exception | None, clarified: int
) -> None:
    scope = permitting(shop_scope(), "product.price", "answer", "decline")
    chain = shop_chain(scope=scope, plan=plan, response=response, toolbox=FakeToolbox(broken))
    outcome = run(replace(ask_for(), clarified=clarified), chain).outcome
    assert isinstance(outcome, Decline)
    assert outcome.reason == "not_permitted"


def test_an_answer_that_may_not_leave_is_declined_where_a_handoff_is_not_permitted() -> None:
    leaking = Evidence(facts=(fact("L-1", "note", Text(value="write to eve@evil.example")),))
    scope = permitting(shop_scope(), "product.price", "answer", "decline")
    chain = shop_chain(scope=scope, response=draft(Value(fact="L-1:note")), toolbox=FakeToolbox(extra=leaking))
    assert run(ask_for(), chain).outcome == Decline(reason="not_permitted", text=HANDOFF)


# Models that fail

GARBAGE = '{"ranked": [}'
WRONG: dict[HopName, str] = {
    "moderation": '{"action": "allow", "layer": "model", "extra": 1}',
    "intent": '{"ranked": [{"intent": "admin.all", "score": 1}], "out_of_scope": 0}',
    "lookup": '{"calls": [{"name": "get_order", "call_id": "1", "intent": "product.price", "arguments": {}}]}',
    "response": '{"parts": [{"intent": "product.price", "claims": [{"kind": "value", "fact": "L-9:price"}]}]}',
}
FAILURES: list[tuple[str, Scripted | None, str]] = [
    ("down", DOWN, "error"),
    ("defective", ZeroDivisionError("1/0"), "error"),
    ("late", Late(5), "error"),
    ("garbage", GARBAGE, "invalid"),
    ("wrong", None, "invalid"),
]
AFTER: dict[HopName, Handoff] = {
    "moderation": Handoff(reason="moderation", text=HANDOFF),
    "intent": Handoff(reason="unsure", text=HANDOFF),
    "lookup": Handoff(reason="unsure", text=HANDOFF),
}


def failing_at(hop: HopName, first: Scripted, second: Scripted | None = None) -> Chain:
    """The chain with a model at that hop which first replies so, and then so."""
    chain = shop_chain()
    match hop:
        case "moderation":
            return replace(chain, moderators=(Script(first, second),))
        case "intent":
            return replace(chain, intent_model=Cascade.of(Script(first, second)))
        case "lookup":
            return replace(chain, planner=Cascade.of(Script(first, second)))
        case _:
            return replace(chain, responder=Cascade.of(Script(first, second)))


@pytest.mark.parametrize("hop", list(AFTER))
@pytest.mark.parametrize(("_how", "reply", "status"), FAILURES)
def test_a_model_that_fails_costs_the_answer_and_nothing_else(
    hop: HopName, _how: str, reply: Scripted | None, status: str
) -> None:
    done = run(ask_for(), failing_at(hop, reply or WRONG[hop]))
    assert done.outcome == AFTER[hop]
    tried = [hop] if status == "error" else [hop, f"{hop} 2"]
    assert done.hops == [*ALL_HOPS[: ALL_HOPS.index(hop)], *tried]
    assert done.records[-1].status == status
    assert done.tools.ran == []


@pytest.mark.parametrize(("_how", "reply", "status"), FAILURES)
def test_a_responder_that_fails_costs_the_choice_of_facts_and_not_the_facts(
    _how: str, reply: Scripted | None, status: str
) -> None:
    done = run(ask_for(), failing_at("response", reply or WRONG["response"]))
    assert isinstance(done.outcome, Answer)
    assert "49 EUR" in done.said[0]
    assert [r.status for r in done.records if r.hop == "response"] == [status] * (1 if status == "error" else 2)


RIGHT: dict[HopName, Scripted] = {
    "moderation": ALLOWED,
    "intent": names("product.price"),
    "lookup": PRICE_PLAN,
    "response": PRICE_DRAFT,
}


@pytest.mark.parametrize("hop", list(RIGHT))
@pytest.mark.parametrize("how", ["garbage", "wrong"])
def test_a_reply_that_is_repaired_counts(hop: HopName, how: str) -> None:
    done = run(ask_for(), failing_at(hop, GARBAGE if how == "garbage" else WRONG[hop], RIGHT[hop]))
    assert isinstance(done.outcome, Answer)
    place = ALL_HOPS.index(hop)
    assert done.hops == [*ALL_HOPS[: place + 1], f"{hop} 2", *ALL_HOPS[place + 1 :]]
    assert done.records[place + 1].repaired


def test_the_error_types_of_models_are_recorded_without_their_messages() -> None:
    done = run(ask_for(), failing_at("intent", ValueError(f"the prompt was: {EMAIL}")))
    assert (done.records[-1].error_type, done.records[-1].error) == ("ValueError", None)
    assert EMAIL not in done.records[-1].model_dump_json()
    assert run(ask_for(), failing_at("intent", Late(5))).records[-1].error_type == "TimeoutError"


def test_what_a_model_says_of_its_reply_cannot_cost_the_turn_its_record() -> None:
    class Odd(Script[IntentInput]):
        async def propose(
            self, given: IntentInput, repair: Repair | None = None, allowance: Allowance | None = None
        ) -> Reply:
            reply = await super().propose(given, repair, allowance)
            return replace(reply, response_id=5)  # type: ignore[arg-type]

    done = run(ask_for(), shop_chain(intent=Cascade.of(Odd(names("product.price"), op="classify"))))
    assert isinstance(done.outcome, Answer)
    assert (done.records[1].hop, done.records[1].response_id, done.records[1].status) == ("intent", None, "ok")


def test_a_model_that_failed_says_why_in_its_record() -> None:
    done = run(ask_for(), failing_at("intent", ModelLate("The model took longer than 4 s.")))
    assert (done.records[-1].error_type, done.records[-1].error) == ("ModelLate", "The model took longer than 4 s.")


# Tools, checks and defects


def test_a_toolbox_that_is_down_is_a_failure_with_its_sentence_in_the_record() -> None:
    done = run(ask_for(), shop_chain(toolbox=FakeToolbox(ToolFailed("The catalog is not there."))))
    assert done.outcome == Handoff(reason="failure", text=HANDOFF)
    assert done.records[-1].tool_calls[0].error == "The catalog is not there."
    assert done.hops == ["moderation", "intent", "lookup"]


def test_one_failed_call_does_not_cost_what_the_others_found() -> None:
    plan = Plan(calls=(call("get_product", "product.price", "0", sku="L-9"), *PRICE_PLAN.calls))
    done = run(ask_for(), shop_chain(plan=plan))
    assert "49 EUR" in done.said[0]
    assert [one.error is None for one in done.records[2].tool_calls] == [False, True]


@pytest.mark.parametrize(
    ("leak", "code"),
    [
        ("write to eve@evil.example", "foreign_email"),
        ("see https://evil.example/", "foreign_link"),
        ("call [PHONE_3]", "placeholder"),
        ("turn \u202ethis", "control_characters"),
    ],
)
def test_an_answer_that_may_not_leave_goes_to_a_person(leak: str, code: str) -> None:
    leaking = Evidence(facts=(fact("L-1", "note", Text(value=leak)),))
    chain = shop_chain(response=draft(Value(fact="L-1:note")), toolbox=FakeToolbox(extra=leaking))
    done = run(ask_for(), chain)
    assert done.outcome == Handoff(reason="unsure", text=HANDOFF)
    assert done.hops == ALL_HOPS
    assert [failure.code for failure in done.records[-1].validation_errors] == [code]


def test_the_details_of_a_product_card_are_checked_before_they_leave() -> None:
    leaking = Evidence(facts=(fact("L-1", "note", Text(value="see https://evil.example/")),))
    chain = shop_chain(toolbox=FakeToolbox(extra=leaking))
    assert run(ask_for(), chain).outcome == Handoff(reason="unsure", text=HANDOFF)


def test_an_answer_without_any_claim_that_holds_goes_to_a_person() -> None:
    only_absences = Plan(calls=(call("compare_products", "product.compare", skus=["L-1", "L-2"]),))
    chain = shop_chain(intent=names("product.compare"), plan=only_absences, response=DOWN)
    chain = replace(chain, toolbox=AbsencesOnly())
    assert run(ask_for(), chain).outcome == Handoff(reason="unsure", text=HANDOFF)


class AbsencesOnly(FakeToolbox):
    """Knows only what is not there."""

    def _find(self, arguments: object, caller: object) -> Evidence:
        return Evidence(absences=PRODUCTS["L-1"].absences)


@pytest.mark.parametrize("error", [ValueError(EMAIL), TimeoutError(EMAIL), KeyError(EMAIL)])
def test_a_defect_inside_is_a_handoff_and_its_message_is_not_logged(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> None:
        raise error

    monkeypatch.setattr("chains.turn.look_up", broken)
    with capture_logs() as logs:
        done = run(ask_for(), shop_chain())
    assert done.outcome == Handoff(reason="failure", text=HANDOFF)
    assert done.hops == ["moderation", "intent"]
    assert [(line["event"], line["turn_id"], line["hops"]) for line in logs] == [("turn_failed", "turn-1", 2)]
    assert logs[0]["error"] == type(error).__name__
    assert logs[0]["at"].startswith("test_turn_failures.py:")
    assert EMAIL not in str(logs)


def test_a_card_that_would_link_elsewhere_costs_the_link_and_is_logged() -> None:
    own = Record(id="L-8", kind="product", name="Wall Lamp", url="/p/wall-lamp")
    foreign = Record(id="L-9", kind="product", name="Night Lamp", url="https://evil.example/p")
    facts = tuple(fact(one.id, "stock", pieces(3)) for one in (own, foreign))
    tools = FakeToolbox(extra=Evidence(records=(own, foreign), facts=facts))
    shown = draft(Value(fact="L-1:price"), products=("L-8", "L-9"))
    with capture_logs() as logs:
        outcome = run(ask_for(), shop_chain(response=shown, toolbox=tools)).outcome
    assert isinstance(outcome, Answer)
    assert [(card.sku, card.url) for card in outcome.products] == [("L-8", "/p/wall-lamp"), ("L-9", None)]
    told = {"event": "card_links_left_out", "log_level": "warning", "turn_id": "turn-1", "skus": ["L-9"]}
    assert logs == [told]


def test_an_intent_that_the_scope_has_no_more_is_a_handoff() -> None:
    outcome = run(replace(ask_for(), intent="product.gone"), shop_chain()).outcome
    assert outcome == Handoff(reason="failure", text=HANDOFF)


@pytest.mark.parametrize("hop", ["moderation", "intent", "lookup", "response"])
def test_a_turn_past_its_deadline_is_overdue_wherever_it_stands(hop: HopName) -> None:
    with capture_logs() as logs:
        done = run(ask_for(), failing_at(hop, Late(3600)))
    assert done.outcome == Handoff(reason="overdue", text=HANDOFF)
    assert done.hops == ALL_HOPS[: ALL_HOPS.index(hop) + 1]
    assert [r.error_type for r in done.records] == [*[None] * ALL_HOPS.index(hop), "Cancelled"]
    assert [line["event"] for line in logs] == ["turn_overdue"]


def test_a_turn_that_is_cancelled_stays_cancelled() -> None:
    async def cancel() -> None:
        task = asyncio.create_task(run_turn(ask_for(), failing_at("intent", Late())))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())
