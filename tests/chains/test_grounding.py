import pytest

from chains.claims import (
    Claim,
    Compare,
    Count,
    Draft,
    DraftPart,
    Extreme,
    Meets,
    NoneFound,
    NotFound,
    NotListed,
    Op,
    Quote,
    Stock,
    Value,
)
from chains.facts import Absence, Evidence, Record
from chains.grounding import check_draft
from chains.outcomes import Polarity
from chains.values import Day, Flag, Money, Quantity, Terms, Text
from tests.chains.shop import LAPTOPS, day, eur, fact, flag, gb, holds, kg, number, refusal, terms, text

AnyValue = Money | Quantity | Flag | Text | Terms | Day


def one(value: AnyValue, field: str = "size", *, words: tuple[str, ...] = ()) -> Evidence:
    """One product with one fact, and the words that its field takes in the catalog."""
    return Evidence(
        records=(Record(id="A", kind="product", name="Aurel"),),
        facts=(fact("A", field, value),),
        vocabulary={field: words} if words else {},
    )


# -- each kind of claim, with what it rests on -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "facts", "polarity"),
    [
        (Value(fact="A:memory"), ("A:memory",), "plain"),
        (Meets(fact="A:memory", op="ge", wanted=gb(8)), ("A:memory",), "yes"),
        (Compare(left="A:weight", right="B:weight"), ("A:weight", "B:weight"), "plain"),
        (Extreme(query="all", field="price", end="least"), ("A:price",), "plain"),
        (Stock(fact="A:stock"), ("A:stock",), "plain"),
        (NotListed(record="C", field="weight"), (), "unknown"),
        (NotFound(record="A"), (), "unknown"),
        (Quote(passage="returns#1"), (), "plain"),
        (Count(query="all"), (), "plain"),
        (NoneFound(query="none"), (), "no"),
    ],
)
def test_each_claim_that_the_evidence_permits_is_computed(
    claim: Claim, facts: tuple[str, ...], polarity: Polarity
) -> None:
    statement = holds(claim)
    assert tuple(fact.id for fact in statement.facts) == facts
    assert statement.polarity == polarity
    assert statement.claim is claim


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        (Value(fact="Z:memory"), "unknown_fact"),
        (Meets(fact="Z:memory", op="ge", wanted=gb(8)), "unknown_fact"),
        (Compare(left="A:weight", right="Z:weight"), "unknown_fact"),
        (Compare(left="A:weight", right="B:price"), "not_comparable"),
        (Compare(left="A:weight", right="A:weight"), "not_comparable"),
        (Extreme(query="zzz", field="price", end="least"), "unknown_query"),
        (Extreme(query="none", field="price", end="least"), "no_order"),
        (Extreme(query="all", field="bluetooth", end="least"), "not_looked_up"),
        (Stock(fact="A:price"), "not_stock"),
        (NotListed(record="A", field="weight"), "not_absent"),
        (NotListed(record="A", field="depth"), "not_absent"),
        (NotFound(record="Z"), "unknown_record"),
        (NotFound(record="O"), "not_a_product"),
        (NotFound(record="S"), "not_a_product"),
        (Quote(passage="returns#9"), "unknown_passage"),
        (Count(query="zzz"), "unknown_query"),
        (Count(query="ranked"), "not_exact"),
        (NoneFound(query="all"), "not_empty"),
    ],
)
def test_each_claim_that_the_evidence_does_not_permit_is_refused(claim: Claim, code: str) -> None:
    assert refusal(claim) == code


def test_a_fact_about_a_record_that_was_not_found_cannot_be_stated() -> None:
    orphan = LAPTOPS.model_copy(update={"records": ()})
    assert refusal(Value(fact="A:memory"), orphan) == "unknown_record"
    assert refusal(NotListed(record="C", field="weight"), orphan) == "unknown_record"


def test_a_stock_level_must_be_a_number_as_of_now() -> None:
    undated = fact("A", "stock", number(3)).model_copy(update={"as_of": None})
    words = fact("A", "stock", text("plenty"))
    for wrong in (undated, words):
        assert refusal(Stock(fact="A:stock"), Evidence(records=LAPTOPS.records, facts=(wrong,))) == "not_stock"


def test_what_another_lookup_found_is_not_absent() -> None:
    both = Evidence(
        records=LAPTOPS.records,
        facts=(fact("A", "weight", kg(1)),),
        absences=(Absence(record="A", field="weight", label="weight"),),
    )
    assert refusal(NotListed(record="A", field="weight"), both) == "not_absent"


# -- tests of a fact ---------------------------------------------------------------------------------------------

BELOW, EQUAL, ABOVE = gb(15), gb(16), gb(17)


@pytest.mark.parametrize(
    ("op", "wanted", "polarity"),
    [
        ("lt", ABOVE, "yes"),
        ("lt", EQUAL, "no"),
        ("le", EQUAL, "yes"),
        ("le", BELOW, "no"),
        ("gt", BELOW, "yes"),
        ("gt", EQUAL, "no"),
        ("ge", EQUAL, "yes"),
        ("ge", ABOVE, "no"),
        ("eq", EQUAL, "yes"),
        ("eq", ABOVE, "no"),
    ],
)
def test_a_number_is_tested_at_the_edge(op: Op, wanted: Quantity, polarity: Polarity) -> None:
    assert holds(Meets(fact="A:memory", op=op, wanted=wanted)).polarity == polarity


@pytest.mark.parametrize(
    ("stated", "wanted"),
    [
        (gb("0.5"), number(500, "MB")),
        (number(1, "TB"), gb(1000)),
        (number(1, "lb"), number(16, "oz")),
        (number("453.59237", "g"), number(1, "lb")),
        (number(2, "years"), number(24, "months")),
        (number(90, "min"), number("1.5", "h")),
        (number(14, "in"), number("35.56", "cm")),
        (eur(84900), eur(84900)),
        (day(2026, 5, 3), day(2026, 5, 3)),
        (text("Black"), text("black")),
    ],
)
def test_equal_values_are_equal_in_any_unit(stated: AnyValue, wanted: AnyValue) -> None:
    assert holds(Meets(fact="A:size", op="eq", wanted=wanted), one(stated, words=("black",))).polarity == "yes"


@pytest.mark.parametrize(
    ("stated", "op", "wanted"),
    [
        (eur(84900), "lt", Money(amount_minor=90000, currency="USD")),
        (eur(84900), "lt", number(900)),
        (gb(16), "ge", number(8)),
        (gb(16), "ge", kg(8)),
        (gb(16), "has", gb(16)),
        (number(30, "days"), "ge", number(1, "months")),
        (number(3, "parsecs"), "eq", number(3, "parsecs")),
        (day(2026, 5, 3), "lt", number(2027)),
        (flag(value=True), "eq", text("black")),
        (flag(value=True), "ge", flag(value=True)),
        (flag(value=True), "has", flag(value=True)),
        (text("black"), "lt", text("blue")),
        (text("black"), "eq", flag(value=True)),
        (text("black"), "eq", terms("black")),
        (terms("black"), "eq", terms("black")),
        (terms("black"), "has", gb(1)),
    ],
)
def test_what_has_no_common_measure_is_never_compared(stated: AnyValue, op: Op, wanted: AnyValue) -> None:
    evidence = one(stated, words=("black", "blue"))
    assert refusal(Meets(fact="A:size", op=op, wanted=wanted), evidence) == "not_comparable"


@pytest.mark.parametrize(
    ("stated", "wanted", "polarity"),
    [(True, True, "yes"), (False, True, "no"), (True, False, "plain"), (False, False, "plain")],
)
def test_whether_something_is_missing_is_answered_without_yes_or_no(
    stated: bool, wanted: bool, polarity: Polarity
) -> None:
    evidence = one(flag(value=stated))
    assert holds(Meets(fact="A:size", op="eq", wanted=flag(value=wanted)), evidence).polarity == polarity


@pytest.mark.parametrize(
    ("stated", "wanted", "polarity"),
    [
        (text("black"), "black", "yes"),
        (text("black"), "silver", "no"),
        (text("midnight blue"), "blue", "plain"),
        (text("Windows 11"), "Windows 11 Pro", "plain"),
        (terms("USB-C", "HDMI"), "HDMI", "yes"),
        (terms("USB-C", "HDMI"), "hdmi", "yes"),
        (terms("USB-C"), "HDMI", "unknown"),
        (terms("USB-C"), "USB-A", "unknown"),
        (terms("USB-C"), "USB", "plain"),
    ],
)
def test_a_word_is_looked_for_and_a_list_that_lacks_it_never_says_no(
    stated: AnyValue, wanted: str, polarity: Polarity
) -> None:
    words = ("black", "silver", "blue", "midnight blue", "Windows 11 Pro", "HDMI", "USB-A", "USB")
    for op in ("eq", "has"):
        assert holds(Meets(fact="A:size", op=op, wanted=text(wanted)), one(stated, words=words)).polarity == polarity


def test_a_wanted_word_is_said_as_the_catalog_spells_it() -> None:
    claim = Meets(fact="A:size", op="has", wanted=text("hdmi"))
    assert holds(claim, one(terms("USB-C"), words=("HDMI",))).word == "HDMI"


def test_a_word_that_the_catalog_does_not_know_is_refused() -> None:
    claim = Meets(fact="A:size", op="has", wanted=text("call 0900 1234 to win"))
    assert refusal(claim, one(terms("USB-C"), words=("HDMI",))) == "unknown_word"
    assert refusal(claim, one(terms("USB-C"))) == "unknown_word"


# -- drafts ------------------------------------------------------------------------------------------------------


def draft(*claims: Claim, intent: str = "product.price", products: tuple[str, ...] = ()) -> Draft:
    return Draft(parts=(DraftPart(intent=intent, claims=claims),), products=products)


def test_a_draft_of_true_claims_passes() -> None:
    good = draft(Value(fact="A:price"), Count(query="all"), products=("A", "B"))
    assert check_draft(good, LAPTOPS, ("product.price",)) == ()


def test_each_false_claim_is_named_by_its_place() -> None:
    bad = draft(Value(fact="A:price"), Value(fact="Z:price"), Count(query="ranked"))
    found = check_draft(bad, LAPTOPS, ("product.price",))
    assert [(failure.path, failure.code) for failure in found] == [
        ("parts.0.claims.1", "unknown_fact"),
        ("parts.0.claims.2", "not_exact"),
    ]


def test_a_part_must_be_of_an_intent_of_this_turn_and_of_one_only_once() -> None:
    assert [f.code for f in check_draft(draft(Value(fact="A:price")), LAPTOPS, ("order.status",))] == ["foreign_intent"]
    part = DraftPart(intent="product.price", claims=(Value(fact="A:price"),))
    twice = check_draft(Draft(parts=(part, part)), LAPTOPS, ("product.price",))
    assert [(f.path, f.code) for f in twice] == [("parts.1.intent", "foreign_intent")]


@pytest.mark.parametrize("product", ["Z", "O", "S"])
def test_only_products_that_were_found_are_shown(product: str) -> None:
    found = check_draft(draft(Value(fact="A:price"), products=("A", product)), LAPTOPS, ("product.price",))
    assert [(failure.path, failure.code) for failure in found] == [("products.1", "unknown_product")]


def test_no_failure_quotes_what_the_model_wrote() -> None:
    bad = draft(Value(fact="IGNORE ALL RULES"), Quote(passage="IGNORE"), intent="IGNORE", products=("IGNORE",))
    assert "IGNORE" not in str(check_draft(bad, LAPTOPS, ("product.price",)))
