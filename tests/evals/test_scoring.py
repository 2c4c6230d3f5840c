"""How right a run of a case was: on a real run of the small shop, and on records made for the finer points."""

import asyncio
from dataclasses import replace

import pytest
from pydantic import JsonValue, TypeAdapter

from chains.claims import (
    Claim,
    Compare,
    Count,
    Draft,
    DraftPart,
    Extreme,
    Meets,
    NoneFound,
    NotListed,
    Quote,
    Stock,
    Value,
)
from chains.facts import Absence, Evidence, Query, Record
from chains.messages import GroundingInput, Plan
from chains.outcomes import Clarify, Decline, ProductCard
from chains.values import Text
from evals.cases import AbsentFact, Case, Expectation, ExpectedCall, ExpectedFact
from evals.running import CaseRun, run_case
from evals.scoring import Score, intents_of, score_run
from tests.chains.fakes import (
    EMAIL,
    ORDER_NUMBER,
    PRICE_PLAN,
    RETURNS_CALL,
    FakeToolbox,
    draft,
    euros,
    fact,
    names,
    order_chain,
    pieces,
    shop_chain,
    shop_scope,
)

SCOPE = shop_scope()
_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


def answer(*facts: ExpectedFact, tools: tuple[ExpectedCall, ...] = (), intent: str = "product.price") -> Expectation:
    return Expectation(intents=(intent,), tools=tools, facts=facts, outcome="answer")


def case(*expect: Expectation, text: str = "What does the desk lamp cost?") -> Case:
    return Case(id="c1", text=text, split="dev", expect=expect or (answer(),))


def called(name: str, **arguments: JsonValue) -> ExpectedCall:
    return ExpectedCall(name=name, arguments=arguments)


def score(run: CaseRun, *expect: Expectation, parents: dict[str, str] | None = None) -> Score:
    """The score of a run, had its case expected this."""
    return score_run(replace(run, case=run.case.model_copy(update={"expect": expect})), SCOPE, parents or {})


@pytest.fixture(scope="module")
def price() -> CaseRun:
    """A run in which price and stock of the desk lamp were told, and its card was shown."""
    return asyncio.run(run_case(case(), shop_chain()))


class TestWholeRun:
    def test_what_was_expected_is_right(self, price: CaseRun) -> None:
        expected = answer(ExpectedFact(record="L-1", field="price"), tools=(called("get_product", sku="L-1"),))
        judged = score(price, expected)
        assert judged == Score("c1", intents=True, tools=True, facts=True, outcome=True)
        assert judged.right

    @pytest.mark.parametrize(
        ("expected", "wrong"),
        [
            (answer(intent="returns.policy"), "intents"),
            (Expectation(intents=("product.price", "order.status"), outcome="answer"), "intents"),
            (answer(tools=(called("get_product", sku="L-2"),)), "tools"),
            (answer(tools=(called("check_stock", sku="L-1"),)), "tools"),
            (answer(tools=(called("get_product", sku="L-1"), called("find_policy"))), "tools"),
            (answer(ExpectedFact(record="L-1", field="colour")), "facts"),
            (answer(ExpectedFact(record="L-1", field="price"), ExpectedFact(none_found=True)), "facts"),
            (Expectation(intents=("product.price",), outcome="clarify"), "outcome"),
        ],
    )
    def test_each_hop_is_judged_by_itself(self, price: CaseRun, expected: Expectation, wrong: str) -> None:
        judged = score(price, expected)
        assert [hop for hop in ("intents", "tools", "facts", "outcome") if not getattr(judged, hop)] == [wrong]
        assert not judged.right

    def test_the_best_of_the_acceptable_results_counts(self, price: CaseRun) -> None:
        half_right = answer(ExpectedFact(record="L-1", field="colour"))
        assert score(price, half_right, answer()).right
        all_wrong = Expectation(
            intents=(), tools=(called("a"),), facts=(ExpectedFact(none_found=True),), outcome="decline"
        )
        assert score(price, all_wrong, half_right) == score(price, half_right)

    def test_cards_are_the_products_shown(self, price: CaseRun) -> None:
        assert score(price, answer(ExpectedFact(products=("L-1", "L-2")))).facts
        assert not score(price, answer(ExpectedFact(products=("L-2",)))).facts
        assert score(price, answer(ExpectedFact(all_products=("L-1",)))).facts
        assert not score(price, answer(ExpectedFact(all_products=("L-1", "L-2")))).facts

    def test_a_variant_counts_as_its_product(self, price: CaseRun) -> None:
        parents = {"L-1": "L", "L-1-RED": "L"}
        expected = answer(
            ExpectedFact(record="L-1-RED", field="price"),
            ExpectedFact(products=("L",)),
            tools=(called("get_product", sku="L-1-RED"),),
        )
        assert score(price, expected, parents=parents).right
        assert not score(price, expected).right

    def test_an_order_is_the_order_whatever_its_record_is_called(self) -> None:
        text = f"Where is {ORDER_NUMBER}? I am {EMAIL}"
        done = asyncio.run(run_case(case(text=text), order_chain()))
        spelled = {"order_number": ORDER_NUMBER.replace("-", " ").lower(), "email": EMAIL}
        expected = answer(
            ExpectedFact(record="order_latest", field="status"),
            tools=(ExpectedCall(name="get_order", arguments={**spelled}),),
            intent="order.status",
        )
        assert score(done, expected).right
        other = answer(tools=(called("get_order", order_number="LO-99999"),), intent="order.status")
        assert not score(done, other).tools

    def test_a_quoted_paragraph_is_one_of_the_acceptable(self) -> None:
        plan = Plan(calls=(RETURNS_CALL,))
        quote = draft(Quote(passage="returns#1"), intent="returns.policy")
        done = asyncio.run(run_case(case(), shop_chain(intent=names("returns.policy"), plan=plan, response=quote)))
        assert score(done, answer(ExpectedFact(passage=("returns#9", "returns#1")), intent="returns.policy")).right
        assert not score(done, answer(ExpectedFact(passage=("returns#9",)), intent="returns.policy")).facts


class TestIntents:
    def test_a_turn_that_ended_before_its_intent_served_none(self) -> None:
        done = asyncio.run(run_case(case(), shop_chain(intent="{")))
        assert intents_of(done, SCOPE) == ()

    def test_a_turn_that_asked_back_about_the_intent_served_none(self) -> None:
        done = asyncio.run(run_case(case(), shop_chain(intent=names("product.price", "order.status", score=0.4))))
        assert intents_of(done, SCOPE) == ()
        assert isinstance(done.outcome, Clarify)
        assert score(done, Expectation(intents=(), outcome="clarify")).right

    def test_a_turn_that_was_declined_shows_nothing(self) -> None:
        done = replace(
            asyncio.run(run_case(case(), shop_chain(intent="{"))), outcome=Decline(reason="out_of_scope", text="no")
        )
        assert score(done, Expectation(intents=(), outcome="decline")).right
        assert not score(
            done, Expectation(intents=(), facts=(ExpectedFact(products=("L-1",)),), outcome="decline")
        ).right

    def test_both_intents_count_in_any_order(self) -> None:
        chain = shop_chain(intent=names("product.price", second="returns.policy"), plan=PRICE_PLAN)
        done = asyncio.run(run_case(case(), chain))
        assert set(intents_of(done, SCOPE)) == {"product.price", "returns.policy"}
        both = Expectation(intents=("returns.policy", "product.price"), outcome="answer")
        assert score(done, both).intents


EVIDENCE = Evidence(
    records=tuple(Record(id=sku, kind="product", name=sku) for sku in ("L-1", "L-2")),
    facts=tuple(
        fact(sku, field, value)
        for sku in ("L-1", "L-2")
        for field, value in (("price", euros(49)), ("stock", pieces(1)), ("colour", Text(value="black")))
    ),
    absences=(Absence(record="L-1", field="weight", label="weight"),),
    queries=(
        Query(id="q:2", noun="lamps", records=("L-1", "L-2"), total=2, exact=True),
        Query(id="q:0", noun="lamps", records=(), total=0, exact=True),
    ),
)


def claiming(run: CaseRun, *claims: Claim) -> CaseRun:
    """The run with a draft of these claims in place of its own."""
    parts = (DraftPart(intent="product.price", claims=claims),)
    given = GroundingInput(draft=Draft(parts=parts), evidence=EVIDENCE, locale="en", seed="1")
    return _with(run, "grounding", input=_json(given))


def calling(run: CaseRun, name: str, **arguments: JsonValue) -> CaseRun:
    """The run with this call in place of its own."""
    record = run.last("lookup")
    assert record is not None
    [call] = record.tool_calls
    return _with(run, "lookup", tool_calls=(call.model_copy(update={"name": name, "arguments": arguments}),))


def _with(run: CaseRun, hop: str, **changes: object) -> CaseRun:
    records = (record.model_copy(update=changes) if record.hop == hop else record for record in run.records)
    return replace(run, records=tuple(records))


def _json(given: GroundingInput) -> JsonValue:
    return _JSON.validate_json(given.model_dump_json())


class TestClaims:
    @pytest.mark.parametrize(
        ("claim", "used"),
        [
            (Value(fact="L-1:price"), [("L-1", "price")]),
            (Meets(fact="L-1:colour", op="eq", wanted=Text(value="black")), [("L-1", "colour")]),
            (Stock(fact="L-2:stock"), [("L-2", "stock")]),
            (Compare(left="L-1:price", right="L-2:price"), [("L-1", "price"), ("L-2", "price")]),
            (Extreme(query="q:2", field="price", end="least"), [("L-1", "price"), ("L-2", "price")]),
            (Extreme(query="q:9", field="price", end="least"), []),
            (Count(query="q:2"), []),
        ],
    )
    def test_the_facts_that_a_claim_rests_on_are_used(
        self, price: CaseRun, claim: Claim, used: list[tuple[str, str]]
    ) -> None:
        run = claiming(price, claim)
        every = [(record, field) for record in ("L-1", "L-2") for field in ("price", "stock", "colour")]
        found = [one for one in every if score(run, answer(ExpectedFact(record=one[0], field=one[1]))).facts]
        assert found == used

    def test_an_absence_must_be_said(self, price: CaseRun) -> None:
        expected = answer(ExpectedFact(absent=AbsentFact(record="L-1", field="weight")))
        assert score(claiming(price, NotListed(record="L-1", field="weight")), expected).facts
        assert not score(claiming(price, Value(fact="L-1:price")), expected).facts

    def test_that_nothing_was_found_must_be_said(self, price: CaseRun) -> None:
        expected = answer(ExpectedFact(none_found=True))
        assert score(claiming(price, NoneFound(query="q:0")), expected).facts
        assert not score(claiming(price, Count(query="q:2")), expected).facts


MEMORY: dict[str, JsonValue] = {"field": "memory", "op": "ge", "value": 16, "unit": "GB"}


class TestArguments:
    @pytest.mark.parametrize(
        ("wanted", "made", "same"),
        [
            ({}, {"query": "x"}, True),
            ({"fields": ["price"]}, {"fields": ["price", "weight"]}, True),
            ({"fields": ["price", "weight"]}, {"fields": ["price"]}, False),
            ({"skus": ["A", "B"]}, {"skus": ["B", "A"]}, True),
            ({"skus": ["A", "B"]}, {"skus": ["A", "C"]}, False),
            ({"sku": "A"}, {"sku": "B"}, False),
            ({"sku": "A"}, {}, False),
            ({"category": "desk-lamps"}, {"category": "desk_lamps"}, True),
            ({"category": "lamps"}, {"category": "chairs"}, False),
            ({"brand": "Aurel"}, {"brand": "aurel"}, True),
            ({"brand": "Aurel"}, {}, False),
            ({"order": "asc"}, {}, True),
            ({"order": "desc"}, {}, False),
            ({"in_stock": False}, {}, True),
            ({"in_stock": True}, {}, False),
            ({"in_stock": True}, {"in_stock": True}, True),
            ({"price_max_minor": 90000}, {"price_max_minor": 90000}, True),
            ({"price_max_minor": 90000}, {"price_max_minor": 89999}, False),
            ({"filters": [MEMORY]}, {"filters": [MEMORY]}, True),
            ({"filters": [MEMORY]}, {"filters": []}, False),
            ({"filters": [MEMORY]}, {"filters": [MEMORY, {**MEMORY, "op": "lt"}]}, False),
            ({"filters": []}, {"filters": [MEMORY]}, False),
            ({"filters": ["memory"]}, {"filters": [MEMORY]}, False),
        ],
    )
    def test_a_call_is_right_where_it_has_the_expected_arguments(
        self, price: CaseRun, wanted: dict[str, JsonValue], made: dict[str, JsonValue], same: bool
    ) -> None:
        run = calling(price, "search_products", **made)
        assert score(run, answer(tools=(called("search_products", **wanted),))).tools is same

    @pytest.mark.parametrize(
        ("wanted", "made", "same"),
        [
            (MEMORY, {**MEMORY, "value": 16.0}, True),
            (MEMORY, {**MEMORY, "value": 0.016, "unit": "TB"}, True),
            (MEMORY, {**MEMORY, "value": 16, "unit": "kg"}, False),
            (MEMORY, {**MEMORY, "field": "storage"}, False),
            (MEMORY, {**MEMORY, "op": "gt"}, False),
            ({"field": "n", "op": "ge", "value": 3}, {"field": "n", "op": "ge", "value": 3, "unit": ""}, True),
            ({"field": "c", "op": "eq", "value": "Black"}, {"field": "c", "op": "has", "value": "black"}, True),
            ({"field": "c", "op": "ne", "value": "black"}, {"field": "c", "op": "has_not", "value": "black"}, True),
            ({"field": "c", "op": "eq", "value": "black"}, {"field": "c", "op": "eq", "value": "red"}, False),
            ({"field": "f", "op": "eq", "value": True}, {"field": "f", "op": "ne", "value": False}, True),
            ({"field": "f", "op": "eq", "value": False}, {"field": "f", "op": "ne", "value": True}, True),
            ({"field": "f", "op": "eq", "value": True}, {"field": "f", "op": "eq", "value": False}, False),
            ({"field": "f", "op": "eq", "value": True}, {"field": "f", "op": "eq", "value": "yes"}, False),
            ({"field": "f", "op": "eq", "value": 1}, {"field": "f", "op": "eq", "value": "1"}, False),
        ],
    )  # fmt: skip
    def test_two_filters_are_the_same_where_they_mean_the_same(
        self, price: CaseRun, wanted: dict[str, JsonValue], made: dict[str, JsonValue], same: bool
    ) -> None:
        run = calling(price, "search_products", filters=[made])
        assert score(run, answer(tools=(called("search_products", filters=[wanted]),))).tools is same


def test_a_turn_without_a_lookup_called_nothing() -> None:
    done = asyncio.run(run_case(case(), shop_chain(plan="{", toolbox=FakeToolbox())))
    assert not score(done, answer(tools=(called("get_product"),))).tools
    assert [record.valid for record in done.records if record.hop == "lookup"] == [False, False]


def test_the_products_of_a_question_back_are_shown_too(price: CaseRun) -> None:
    cards = (ProductCard(sku="L-2", name="Floor Lamp"),)
    done = replace(price, outcome=Clarify(reason="product", question="Which one?", products=cards))
    assert score(done, answer(ExpectedFact(products=("L-2",)))).facts
