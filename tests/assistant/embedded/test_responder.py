"""The embedded responder: which claims a request and its evidence become, and that all of them may be made."""

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given, settings

from assistant.embedded.responder import EmbeddedResponder
from chains.claims import (
    Claim,
    Compare,
    Count,
    Draft,
    Extreme,
    Meets,
    NoneFound,
    NotFound,
    NotListed,
    Quote,
    Stock,
    Value,
)
from chains.facts import Evidence, Fact, Passage, Query, Record
from chains.grounding import check_draft
from chains.messages import ResponseInput
from chains.values import Flag, Quantity, Text
from chains.values import Value as FactValue
from tests.assistant.embedded.counter import Asked, Counter
from tests.assistant.embedded.texts import BUILT_IN_REQUESTS

PRICE = ("price",)


def number(value: int, unit: str = "") -> Quantity:
    return Quantity(value=Decimal(value), unit=unit)


CANCELS_NOISE = Meets(fact="HEA-2:noise_cancelling", op="eq", wanted=Flag(value=True))


class TestOneProduct:
    @pytest.mark.parametrize(
        ("text", "claims"),
        [
            ("how heavy is the nova 14", (Value(fact="LAP-1:weight"),)),
            ("memory and ports of the fjord 13", (Value(fact="LAP-2:memory"), Value(fact="LAP-2:ports"))),
            ("does the nova 14 have HDMI?", (Meets(fact="LAP-1:ports", op="has", wanted=Text(value="HDMI")),)),
            ("is the quill one black?", (Meets(fact="MOU-1:colour", op="eq", wanted=Text(value="black")),)),
            ("is the nova 14 under 2 kg?", (Meets(fact="LAP-1:weight", op="lt", wanted=number(2, "kg")),)),
            ("is the velm 900 noise cancelling", (CANCELS_NOISE,)),
            ("velm 900 noise cancelling?", (CANCELS_NOISE,)),
            ("a word on noise cancelling of the velm 900", (Value(fact="HEA-2:noise_cancelling"),)),
            ("is the quill one not silver?", (Value(fact="MOU-1:colour"),)),
            ("what is the battery life of the nova 14", (NotListed(record="LAP-1", field="battery_life"),)),
            ("how many of the nova 14 are in stock", (Stock(fact="LAP-1:stock"),)),
            ("is the nova 14 good for gaming", (NotFound(record="LAP-1"),)),
            ("can i recharge the velm 700 quickly", (Value(fact="HEA-1:charging_time"),)),
        ],
    )  # fmt: skip
    def test_what_is_asked_is_what_is_claimed(self, counter: Counter, text: str, claims: tuple[Claim, ...]) -> None:
        told = counter.tell(text, "get_product")
        assert told.claims == claims
        assert len(told.said) == len(claims)

    def test_a_wish_is_tested_before_what_is_only_told(self, counter: Counter) -> None:
        told = counter.tell("is the quill one lighter than 100 g, and what dpi has it?", "get_product")
        assert told.said == ["Yes, the Quill One weighs 90 g, which is under 100 g.", "Its dpi is 1600."]

    def test_no_is_said_as_well_as_yes(self, counter: Counter) -> None:
        assert counter.tell("is the velm 900 noise cancelling?", "get_product").said[0].startswith("No, ")
        assert counter.tell("is the velm 700 noise cancelling?", "get_product").said[0].startswith("Yes, ")

    def test_a_named_field_is_stated_where_nothing_was_asked_with_yes_or_no(self, counter: Counter) -> None:
        assert counter.tell("ports of the nova 14, such as HDMI", "get_product").claims[0].kind in {"value", "meets"}

    def test_a_product_without_a_question_is_summed_up(self, counter: Counter) -> None:
        claims = counter.tell("tell me about the fjord 13", "get_product").claims
        assert claims[0] == Value(fact="LAP-2:price")
        assert [claim.kind for claim in claims] == ["value", "value", "value"]  # its stock is not stated

    def test_a_summary_ends_with_the_stock(self, counter: Counter) -> None:
        claims = counter.tell("tell me about the nova 14", "get_product").claims
        assert (claims[0], claims[-1]) == (Value(fact="LAP-1:price"), Stock(fact="LAP-1:stock"))

    def test_few_facts_are_stated_whole(self, counter: Counter) -> None:
        claims = counter.tell("tell me about the cordel two", "get_product").claims
        assert set(claims) == {Value(fact="CAB-1:length"), Value(fact="CAB-1:braided")}

    @pytest.mark.parametrize(
        ("text", "claim"),
        [
            ("is the nova 14 in stock?", Stock(fact="LAP-1:stock")),
            ("is the fjord 13 in stock?", NotListed(record="LAP-2", field="stock")),
        ],
    )
    def test_a_stock_is_told_or_said_not_to_be_listed(self, counter: Counter, text: str, claim: Claim) -> None:
        assert counter.tell(text, "check_stock").claims == (claim,)

    def test_the_intents_own_fields_alone_are_told_where_it_has_some(self, counter: Counter) -> None:
        told = counter.tell("what does the nova 14 cost with HDMI, is it in stock?", "get_product", asks=PRICE)
        assert told.claims == (Value(fact="LAP-1:price"),)

    def test_two_products_are_told_one_after_the_other(self, counter: Counter) -> None:
        told = counter.tell("battery life of the velm 700 and of the velm 900", "get_product")
        assert told.claims == (Value(fact="HEA-1:battery_life"), NotListed(record="HEA-2", field="battery_life"))
        assert told.draft is not None
        assert told.draft.products == ("HEA-1", "HEA-2")


class TestVariants:
    def test_a_named_variant_is_the_one_meant(self, counter: Counter) -> None:
        told = counter.tell("what does the 32 gb nova 14 cost", "get_product", asks=PRICE)
        assert told.said == ["The Aurel Nova 14 (32 GB) costs 1,099 EUR."]
        assert told.draft is not None
        assert told.draft.products == ("LAP-1-32",)

    @pytest.mark.parametrize(
        ("text", "fact"),
        [
            ("what does it cost with 32 GB of memory?", "LAP-1-32:price"),
            ("what does it cost with 16 GB of memory?", "LAP-1:price"),
            ("what does it cost with 64 GB of memory?", "LAP-1:price"),
            ("what does it cost in midnight blue?", "LAP-1-BLUE:price"),
            ("what does it cost?", "LAP-1:price"),
        ],
    )
    def test_of_unnamed_ones_the_only_one_that_fits_the_conditions(
        self, counter: Counter, text: str, fact: str
    ) -> None:
        told = counter.tell(text, "get_product", page=("LAP-1",), asks=PRICE)
        assert told.claims[0] == Value(fact=fact)

    def test_a_variant_named_beside_its_product_is_the_one_meant(self, counter: Counter) -> None:
        told = counter.tell("price of the nova 14 and of its LAP-1-32", "get_product", asks=PRICE)
        assert told.claims == (Value(fact="LAP-1-32:price"),)

    def test_what_a_variant_states_is_not_said_to_be_unlisted(self, counter: Counter) -> None:
        told = counter.tell("is it sand?", "get_product", page=("HEA-1",))
        assert told.claims == (Meets(fact="HEA-1-SAND:colour", op="eq", wanted=Text(value="sand")),)

    def test_a_condition_that_no_variant_meets_is_tested_on_the_product(self, counter: Counter) -> None:
        told = counter.tell("is it black?", "get_product", page=("LAP-1",))
        assert told.claims == (Meets(fact="LAP-1:colour", op="eq", wanted=Text(value="black")),)


class TestComparison:
    def test_the_asked_field_is_compared(self, counter: Counter) -> None:
        told = counter.tell("which is lighter, the nova 14 or the fjord 13?", "compare_products")
        assert told.claims == (Compare(left="LAP-1:weight", right="LAP-2:weight"),)
        assert told.draft is not None
        assert told.draft.products == ("LAP-1", "LAP-2")

    def test_without_a_field_what_both_state_is_compared(self, counter: Counter) -> None:
        claims = counter.tell("difference between the nova 14 and the fjord 13", "compare_products").claims
        assert claims[0] == Compare(left="LAP-1:price", right="LAP-2:price")
        assert [claim.kind for claim in claims] == ["compare"] * 4

    @pytest.mark.parametrize("text", ["nova 14 or fjord 13: longer battery life?", "battery life: fjord 13 vs nova 14"])
    def test_a_field_that_one_lacks_is_told_of_the_other(self, counter: Counter, text: str) -> None:
        told = counter.tell(text, "compare_products")
        assert told.claims == (Value(fact="LAP-2:battery_life"), NotListed(record="LAP-1", field="battery_life"))

    def test_a_field_that_both_lack_is_not_listed(self, counter: Counter) -> None:
        told = counter.tell("compare the dpi of the nova 14 and the fjord 13", "compare_products")
        assert told.claims == (NotListed(record="LAP-1", field="dpi"), NotListed(record="LAP-2", field="dpi"))

    def test_stocks_are_told_and_not_compared(self, counter: Counter) -> None:
        told = counter.tell("which one is in stock, the nova 14 or the quill one?", "compare_products")
        assert told.claims == (Stock(fact="LAP-1:stock"), Stock(fact="MOU-1:stock"))

    def test_a_third_product_is_told_beside(self, counter: Counter) -> None:
        told = counter.tell("compare the weight of nova 14, fjord 13 and quill one", "compare_products")
        assert told.claims == (Compare(left="LAP-1:weight", right="LAP-2:weight"), Value(fact="MOU-1:weight"))

    def test_what_cannot_be_compared_is_left_out(self, counter: Counter) -> None:
        facts = [fact("A", "size", number(1, "kg")), fact("B", "size", number(1, "m")), fact("A", "price", number(1)),
                 fact("B", "price", number(2))]  # fmt: skip
        evidence = Evidence(records=(record("A"), record("B")), facts=tuple(facts))
        assert compose(counter, "compare", evidence) == (Compare(left="A:price", right="B:price"),)


class TestSearch:
    def test_an_exact_search_is_counted(self, counter: Counter) -> None:
        told = counter.tell("laptops under 800 euros", "search_products")
        assert told.said == ["I found one match among the laptops (price at most 800 EUR)."]
        assert told.draft is not None
        assert told.draft.products == ("LAP-2",)

    @pytest.mark.parametrize(
        ("text", "field", "end", "first"),
        [
            ("cheapest laptop", "price", "least", "LAP-2"),
            ("which laptop has the longest battery life", "battery_life", "most", "LAP-2"),
            ("lightest headphones", "weight", "least", "HEA-2"),
        ],
    )
    def test_a_superlative_is_named(self, counter: Counter, text: str, field: str, end: str, first: str) -> None:
        told = counter.tell(text, "search_products")
        [claim] = told.claims
        assert isinstance(claim, Extreme)
        assert (claim.field, claim.end) == (field, end)
        assert told.draft is not None
        assert told.draft.products[0] == first

    def test_a_superlative_of_nothing_that_is_stated_is_only_counted(self, counter: Counter) -> None:
        told = counter.tell("cable with the longest battery life", "search_products")
        assert isinstance(told.claims[0], Count)

    @pytest.mark.parametrize("text", ["laptops under 10 euros", "do you sell the Zephyrion Kallax"])
    def test_nothing_found_is_said(self, counter: Counter, text: str) -> None:
        told = counter.tell(text, "search_products")
        assert [type(claim) for claim in told.claims] == [NoneFound]
        assert told.draft is not None
        assert told.draft.products == ()

    def test_a_ranked_search_is_not_counted(self, counter: Counter) -> None:
        told = counter.tell("something with usb", "search_products")
        [claim] = told.claims
        assert isinstance(claim, Value)
        assert claim.fact.endswith(":price")


class TestOtherEvidence:
    def test_policies_are_quoted(self, counter: Counter) -> None:
        told = counter.tell("how long can i return things within days", "find_policy")
        assert told.claims[0] == Quote(passage="returns#time-limit.1")
        assert "You can return everything within 30 days." in told.said[0]

    def test_no_more_than_two_passages_are_quoted(self, counter: Counter) -> None:
        passages = tuple(Passage(id=f"p#{number}", title="P", text="A paragraph.") for number in range(3))
        claims = compose(counter, "returns", Evidence(passages=passages))
        assert claims == (Quote(passage="p#0"), Quote(passage="p#1"))

    def test_an_order_is_told_the_most_telling_first(self, counter: Counter) -> None:
        told = counter.tell("where is [ORDER_1]", "get_order")
        assert told.claims[:2] == (Value(fact="order_1:status"), Value(fact="order_1:expected_on"))
        assert len(told.claims) == 6
        assert told.said[0] == "Your order [ORDER_1] has been shipped."

    def test_the_range_is_told(self, counter: Counter) -> None:
        told = counter.tell("which laptops are there?", "list_categories")
        assert told.claims[0] == Value(fact="shop:laptops.count")

    def test_a_product_with_no_facts_to_choose_from_answers_nothing(self, counter: Counter) -> None:
        facts = (fact("A", "brand", Text(value="Aurel")),)
        assert compose(counter, "", Evidence(records=(record("A"),), facts=facts)) == (NotFound(record="A"),)

    def test_a_search_without_prices_or_an_exact_count_has_nothing_to_say(self, counter: Counter) -> None:
        query = Query(id="q:1", noun="laptops", records=("A",), total=1, exact=False)
        facts = (fact("B", "brand", Text(value="Aurel")),)
        evidence = Evidence(records=(record("A"), record("B")), facts=facts, queries=(query,))
        assert compose(counter, "", evidence) == (NotFound(record="B"),)

    def test_a_stock_without_a_time_is_only_a_value(self, counter: Counter) -> None:
        evidence = Evidence(records=(record("A"),), facts=(fact("A", "stock", number(3)),))
        assert compose(counter, "how many in stock", evidence) == (Value(fact="A:stock"),)


def record(name: str) -> Record:
    return Record(id=name, kind="product", name=name)


def fact(name: str, field: str, value: FactValue) -> Fact:
    """A fact as `compare_products` states it, but for the time of a stock."""
    return Fact(
        id=f"{name}:{field}", record=name, field=field, label=field, value=value, source="compare_products", version="1"
    )


def compose(counter: Counter, text: str, evidence: Evidence) -> tuple[Claim, ...]:
    """The claims of a draft on evidence made by hand, none of which may be refused."""
    given = ResponseInput(text=text, intents=("a.b",), evidence=evidence, found={"a.b": evidence.ids()})
    draft = EmbeddedResponder(counter.reader).compose(given)
    assert check_draft(draft, evidence, given.intents) == ()
    return draft.parts[0].claims


class TestTwoIntents:
    TOOLS = {"product.price": ("get_product",), "order.status": ("get_order",)}

    def test_each_intent_is_answered_from_what_its_own_calls_found(self, counter: Counter) -> None:
        told = counter.ask(Asked("price of the nova 14, and where is [ORDER_1]?", self.TOOLS))
        assert told.draft is not None
        assert [part.intent for part in told.draft.parts] == ["product.price", "order.status"]
        assert told.draft.parts[0].claims == (Value(fact="LAP-1:price"),)
        assert told.draft.parts[1].claims[0] == Value(fact="order_1:status")

    def test_what_was_said_for_the_first_is_not_said_again(self, counter: Counter) -> None:
        evidence = counter.tell("price and weight of the nova 14", "get_product").evidence
        price, both = ("LAP-1:price",), ("LAP-1:price", "LAP-1:weight")
        draft = self.compose(counter, "price and weight of the nova 14", evidence, price, both)
        assert [part.claims for part in draft.parts] == [(Value(fact="LAP-1:price"),), (Value(fact="LAP-1:weight"),)]

    def test_a_second_intent_with_nothing_else_to_say_repeats_its_first_claim(self, counter: Counter) -> None:
        evidence = counter.tell("price of the nova 14", "get_product").evidence
        draft = self.compose(counter, "price of the nova 14", evidence, ("LAP-1:price",), ("LAP-1:price",))
        assert [part.claims for part in draft.parts] == [(Value(fact="LAP-1:price"),)] * 2

    def test_an_intent_for_which_nothing_was_found_has_no_part(self, counter: Counter) -> None:
        evidence = counter.tell("price of the nova 14", "get_product").evidence
        draft = self.compose(counter, "price of the nova 14", evidence, ("LAP-1:price",), ())
        assert [part.intent for part in draft.parts] == ["a.b"]

    def compose(
        self, counter: Counter, text: str, evidence: Evidence, first: tuple[str, ...], second: tuple[str, ...]
    ) -> Draft:
        found = {"a.b": first} | ({"c.d": second} if second else {})
        return counter.responder.compose(
            ResponseInput(text=text, intents=("a.b", "c.d"), evidence=evidence, found=found)
        )


def test_the_draft_is_what_the_chain_takes(counter: Counter) -> None:
    told = counter.tell("weight of the nova 14", "get_product")
    given = ResponseInput(
        text="weight of the nova 14", intents=("a.b",), evidence=told.evidence, found={"a.b": told.evidence.ids()}
    )
    reply = asyncio.run(counter.responder.propose(given))
    assert Draft.model_validate_json(reply.raw) == told.draft
    assert (counter.responder.card.op, counter.responder.card.repairs) == ("compose", False)


@settings(deadline=None, max_examples=250)
@given(asked=BUILT_IN_REQUESTS)
def test_every_draft_on_what_the_tools_found_may_be_said(counter: Counter, asked: Asked) -> None:
    told = counter.ask(asked)
    if told.draft is not None:
        assert check_draft(told.draft, told.evidence, ("a.b", "c.d")) == ()
        assert len(told.said) == len(told.claims)
