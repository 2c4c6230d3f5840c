import pytest
from hypothesis import given

from chains.claims import Count, Draft, NoneFound, Quote, Stock, Value
from chains.facts import Evidence, Query, merge
from chains.grounding import check_draft
from chains.hops.response import compose, plain_draft
from chains.messages import ResponseInput
from chains.ports import Cascade
from chains.trail import Trail
from tests.chains.fakes import ORDER, PRODUCTS, RETURNS, draft
from tests.chains.scripts import DOWN, MemoryLog, Script, Scripted, within
from tests.chains.strategies import evidences
from tests.chains.trails import FRAME

LAMP = PRODUCTS["L-1"]


def asked(evidence: Evidence = LAMP) -> ResponseInput:
    return ResponseInput(text="How much?", intents=("product.price",), evidence=evidence)


def composed(reply: Scripted, evidence: Evidence = LAMP) -> tuple[Draft | None, Trail]:
    trail = Trail(FRAME, MemoryLog())
    return within(lambda allowance: compose(asked(evidence), Cascade.of(Script(reply)), trail, allowance)), trail


def searched(total: int, *, exact: bool = True) -> Evidence:
    records = tuple(PRODUCTS)[:total]
    query = Query(id="q:1", noun="lamps", records=records, total=total, exact=exact)
    return merge((Evidence(queries=(query,)), *(PRODUCTS[sku] for sku in records)))


def test_a_draft_that_holds_is_the_models_own() -> None:
    chosen = draft(Value(fact="L-1:colour"))
    assert composed(chosen)[0] == chosen


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (draft(Value(fact="L-2:price")), "unknown_fact"),
        (draft(Value(fact="L-1:price"), intent="order.status"), "foreign_intent"),
        (draft(Value(fact="L-1:price"), products=("L-2",)), "unknown_product"),
    ],
)
def test_a_draft_that_does_not_hold_is_replaced_by_the_plain_facts(wrong: Draft, code: str) -> None:
    said, trail = composed(wrong)
    assert said == plain_draft(asked())
    assert [[failure.code for failure in record.validation_errors] for record in trail.records] == [[code], [code]]


def test_a_model_that_is_down_is_replaced_by_the_plain_facts() -> None:
    assert composed(DOWN)[0] == plain_draft(asked())


def test_with_nothing_to_say_there_is_no_draft() -> None:
    assert composed(DOWN, Evidence())[0] is None
    assert plain_draft(asked(Evidence(absences=LAMP.absences))) is None


# The plain facts


def claims(evidence: Evidence) -> tuple[object, ...]:
    plain = plain_draft(asked(evidence))
    assert plain is not None
    return plain.parts[0].claims


def test_the_plain_facts_are_those_of_the_first_record() -> None:
    expected = (Value(fact="L-1:price"), Stock(fact="L-1:stock"), Value(fact="L-1:colour"))
    assert claims(merge((LAMP, PRODUCTS["L-2"]))) == expected


@pytest.mark.parametrize(
    ("evidence", "first"),
    [
        (searched(2), Count(query="q:1")),
        (searched(2, exact=False), Value(fact="L-1:price")),
        (searched(0), NoneFound(query="q:1")),
        (searched(0, exact=False), NoneFound(query="q:1")),
        (Evidence(passages=(RETURNS,)), Quote(passage="returns#1")),
    ],
)
def test_searches_and_policies_are_said_plainly(evidence: Evidence, first: object) -> None:
    assert claims(evidence)[0] == first


def test_a_stock_level_that_is_not_as_of_now_is_a_plain_value() -> None:
    old = LAMP.facts[1].model_copy(update={"as_of": None})
    assert claims(LAMP.model_copy(update={"facts": (old,)})) == (Value(fact="L-1:stock"),)


def test_products_are_shown_and_orders_are_not() -> None:
    plain = plain_draft(asked(merge((ORDER, LAMP, PRODUCTS["L-2"]))))
    assert plain is not None
    assert plain.products == ("L-1", "L-2")


@given(evidences())
def test_the_plain_facts_of_any_evidence_may_be_said(evidence: Evidence) -> None:
    given = asked(evidence)
    plain = plain_draft(given)
    assert plain is None or check_draft(plain, evidence, given.intents) == ()
