"""Running labelled cases, on the small shop of the chain's tests."""

import asyncio
from dataclasses import replace

import pytest

from assistant.web.warm_up import warm_up
from chains.errors import ModelBusy, ModelDown, ModelFailed, ModelLate, ModelRefused, ModelSilent
from chains.messages import IntentInput
from chains.outcomes import Answer
from chains.ports import Cascade
from chains.tools import Identity
from chains.turn import Chain
from evals.cases import Case, Expectation, Split
from evals.planning import case_jobs
from evals.results import CaseResult
from evals.running import NOW, CaseRun, WholeChain, run_case, run_cases
from tests.chains.fakes import EMAIL, ORDER_NUMBER, FakeToolbox, names, order_chain, shop_chain
from tests.chains.scripts import MemoryLog, Script
from tests.evals.runs import outcome_score, planned, some_cases


def case(text: str, *, page: str | None = None, customer: str | None = None, split: Split = "dev") -> Case:
    expect = (Expectation(intents=("product.price",), outcome="answer"),)
    return Case(id="c1", text=text, page=page, customer=customer, tags=("hard",), split=split, expect=expect)


def run(one: Case) -> CaseRun:
    return asyncio.run(run_case(one, shop_chain()))


def test_a_case_runs_as_its_turn_would_and_keeps_every_hop() -> None:
    done = run(case("What does the desk lamp cost?"))
    assert isinstance(done.outcome, Answer)
    hops = [record.hop for record in done.records]
    assert hops == ["moderation", "intent", "lookup", "response", "grounding", "outbound"]


def test_the_records_say_of_which_case_they_are_and_not_of_a_live_turn() -> None:
    for record in run(case("What does the desk lamp cost?", split="train")).records:
        assert (record.turn_id, record.case_id, record.eval_case_id) == ("c1", "c1", "c1")
        assert (record.origin, record.split, record.tags, record.now) == ("eval", "train", ("hard",), NOW)


def test_the_chains_own_log_is_left_alone() -> None:
    chain = shop_chain()
    asyncio.run(run_case(case("What does the desk lamp cost?"), chain))
    assert isinstance(chain.log, MemoryLog)
    assert chain.log.records == []


@pytest.mark.parametrize(("page", "on_product"), [("L-2", True), (None, False)])
def test_the_page_of_a_case_is_seen(page: str | None, on_product: bool) -> None:
    intent = Script[IntentInput](names("product.price"))
    chain = shop_chain()
    done = asyncio.run(run_case(case("What does it cost?", page=page), replace(chain, intent_model=Cascade.of(intent))))
    assert intent.given[0].on_product is on_product
    lookup = done.last("lookup")
    assert lookup is not None
    assert lookup.input["products"] == ([page] if page else [])


@pytest.mark.parametrize(
    ("text", "customer", "identity"),
    [
        ("Where is it?", None, Identity.ANONYMOUS),
        (f"Where is {ORDER_NUMBER}?", None, Identity.ANONYMOUS),
        (f"Where is {ORDER_NUMBER}? I am {EMAIL}", None, Identity.ORDER_PROOF),
        ("Where is it?", EMAIL, Identity.VERIFIED),
    ],
)
def test_a_case_proves_who_asks_by_what_it_holds(text: str, customer: str | None, identity: Identity) -> None:
    done = asyncio.run(run_case(case(text, customer=customer), shop_chain()))
    assert {record.identity for record in done.records} == {identity.name.lower()}


def test_personal_data_is_kept_beside_the_records_and_not_in_them() -> None:
    done = asyncio.run(run_case(case(f"Where is {ORDER_NUMBER}? I am {EMAIL}"), order_chain()))
    assert done.originals == {"[ORDER_1]": ORDER_NUMBER, "[EMAIL_1]": EMAIL}
    assert isinstance(done.outcome, Answer)
    assert not any(EMAIL in record.model_dump_json() for record in done.records)


def test_the_last_record_of_a_hop_is_one_that_held() -> None:
    done = asyncio.run(run_case(case("What does the desk lamp cost?"), shop_chain(plan="{")))
    assert done.last("intent") is not None
    assert any(record.hop == "lookup" for record in done.records)
    assert done.last("lookup") is None
    assert done.last("grounding") is None


def test_cases_run_one_after_the_other_in_their_order() -> None:
    tools = FakeToolbox()
    cases = [case("What does the desk lamp cost?"), case("And the floor lamp?")]
    runs = run_cases(iter(cases), shop_chain(toolbox=tools))
    assert [done.case for done in runs] == cases
    assert len(tools.ran) == 2


def result_of(chain: Chain, place: int = 0) -> CaseResult:
    plan = planned(repeats=2)
    whole = WholeChain(chain, plan.run.run_id, outcome_score)
    jobs = [*case_jobs(plan, [some_cases()[place]], whole)]
    assert len({job.key for job in jobs}) == 2
    asyncio.run(warm_up(()))
    results = [asyncio.run(whole.done(some_cases()[place], jobs[repeat].key, repeat)).result for repeat in (0, 1)]
    assert [one.repeat for one in results] == [0, 1]
    assert results[0] == results[1].model_copy(update={"key": results[0].key, "repeat": 0})
    return results[0]


def test_a_result_tells_how_the_case_ended_and_what_each_hop_did() -> None:
    result = result_of(shop_chain())
    assert result.error is None
    assert isinstance(result.outcome, dict)
    assert result.outcome["kind"] == "answer"
    assert [hop.hop for hop in result.hops] == ["moderation", "intent", "lookup", "response", "grounding", "outbound"]
    assert result.label("turn") == "pass"
    assert CaseResult.model_validate_json(result.model_dump_json(by_alias=True)) == result


def test_a_refused_case_is_a_result_like_any_other() -> None:
    result = result_of(shop_chain(), place=2)
    assert result.error is None
    assert {hop.hop for hop in result.hops} == {"moderation"}
    assert result.label("turn") == "fail"


def test_personal_data_is_not_in_the_result() -> None:
    case = some_cases(1)[0].model_copy(update={"text": "I am jo@example.org. What does the desk lamp cost?"})
    whole = WholeChain(shop_chain(), "r", outcome_score)
    done = asyncio.run(whole.done(case, "5" * 64, 0))
    assert done.result.text == "I am [EMAIL_1]. What does the desk lamp cost?"
    assert "jo@example.org" not in done.result.model_dump_json()


@pytest.mark.parametrize("failed", [ModelBusy("x"), ModelDown("x"), ModelLate("x")])
def test_a_model_that_was_not_reached_is_an_error_and_no_failure(failed: ModelFailed) -> None:
    result = result_of(shop_chain(intent=failed))
    assert result.error == f"The model script gave no reply at the hop intent ({type(failed).__name__})."
    assert (result.outcome, result.label("turn")) == (None, "error")


@pytest.mark.parametrize("failed", [ModelRefused("x"), ModelSilent("x")])
def test_a_model_that_would_not_reply_is_a_failure(failed: ModelFailed) -> None:
    result = result_of(shop_chain(intent=failed))
    assert (result.error, result.label("turn")) == (None, "fail")


def test_a_turn_that_broke_is_an_error() -> None:
    result = result_of(replace(shop_chain(), planner=None))  # type: ignore[arg-type]
    assert result.error == "The turn ended in a hand-off by a defect of our own."
