import pytest

from chains.claims import Claim, Compare, Count, Extreme, Meets, NotListed, Quote, Stock, Value
from chains.facts import Condition, Evidence, FilterOp, Passage, Query, Record, Wording
from chains.outcomes import ProductCard
from chains.rendering import say, say_card, say_condition
from chains.values import Day, Flag, Money, Quantity, Terms, Text
from tests.chains.saying import statements, texts, wordings
from tests.chains.shop import LAPTOPS, day, eur, fact, flag, gb, kg, number, terms, text

AnyValue = Money | Quantity | Flag | Text | Terms | Day


def told(
    value: AnyValue, label: str, field: str = "size", *, kind: str = "product", wording: Wording | None = None
) -> Evidence:
    names = {"product": "Aurel Nova 14", "order": "your latest order", "shop": "Lumen & Oak", "variant": "The One"}
    record = Record.model_validate({"id": "A", "kind": kind, "name": names[kind]})
    return Evidence(records=(record,), facts=(fact("A", field, value, label=label, wording=wording or Wording()),))


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (
            told(eur(490), "price", "price"),
            {"The Aurel Nova 14 costs 4.90 EUR.", "The Aurel Nova 14’s price is 4.90 EUR."},
        ),
        (told(flag(value=True), "NFC"), {"The Aurel Nova 14’s details say “yes” for NFC."}),
        (told(flag(value=False), "NFC"), {"The Aurel Nova 14’s details say “no” for NFC."}),
        (told(terms("a", "b"), "parts", kind="shop"), {"Lumen & Oak’s parts: a and b."}),
        (told(number(8), "processor cores", kind="order"), {"Your latest order’s processor cores: 8."}),
        (told(text("shipped"), "status", kind="order"), {"Your latest order’s status is shipped."}),
        (told(terms("a"), "address", kind="shop"), {"Lumen & Oak’s address is a."}),
        (told(kg(1), "weight", kind="variant"), {"The One’s weight is 1 kg.", "The One’s listed weight is 1 kg."}),
        (
            told(number(14, "h"), "battery life", wording=Wording(phrase="The battery lasts {value}.")),
            {"The Aurel Nova 14: the battery lasts 14 h."},
        ),
        (
            told(flag(value=True), "USB", wording=Wording(yes="USB-C charging works.")),
            {"The Aurel Nova 14: USB-C charging works."},
        ),
    ],
)
def test_a_field_without_a_wording_of_its_own_still_reads_well(evidence: Evidence, said: set[str]) -> None:
    assert wordings(Value(fact=evidence.facts[0].id), evidence) == said


def test_names_and_words_keep_their_capitals_after_yes() -> None:
    usb = told(flag(value=True), "USB", wording=Wording(yes="USB-C charging works."))
    claim = Meets(fact="A:size", op="eq", wanted=flag(value=True))
    assert texts(claim, claim, evidence=usb) == [
        "Yes, the Aurel Nova 14: USB-C charging works.",
        "Yes, USB-C charging works.",
    ]
    shop = told(flag(value=True), "NFC", kind="shop")
    assert texts(claim, evidence=shop) == ["Yes, Lumen & Oak’s details say “yes” for NFC."]


def test_the_first_sentence_names_the_record_and_the_next_say_it() -> None:
    assert texts(
        Value(fact="A:price"),
        Meets(fact="A:weight", op="le", wanted=kg("1.2")),
        Meets(fact="A:ports", op="has", wanted=text("USB-A")),
        Value(fact="A:memory"),
    ) == [
        "The Aurel Nova 14 costs 849 EUR.",
        "Yes, it weighs 1 kg, which is at most 1.2 kg.",
        "Its page does not list USB-A. It has these ports: USB-C and HDMI.",
        "It has 16 GB of memory.",
    ]


def test_it_follows_an_extreme_that_names_one_record() -> None:
    extreme = Extreme(query="all", field="price", end="least")
    assert texts(extreme, Value(fact="A:memory"))[1] == "It has 16 GB of memory."
    assert texts(extreme, Value(fact="B:memory"))[1] == "The Bergen 15 has 16 GB of memory."


@pytest.mark.parametrize(
    "between",
    [
        Value(fact="B:price"),
        Count(query="all"),
        Quote(passage="returns#1"),
        Compare(left="A:weight", right="B:weight"),
        Extreme(query="all", field="memory", end="most"),
    ],
)
def test_after_anything_else_the_record_is_named_again(between: Claim) -> None:
    said = texts(Value(fact="A:price"), between, Value(fact="A:memory"))
    assert said[2] == "The Aurel Nova 14 has 16 GB of memory."


def test_the_same_seed_always_picks_the_same_wordings() -> None:
    claims: list[Claim] = [
        Stock(fact="A:stock"),
        Count(query="all"),
        NotListed(record="C", field="weight"),
        Count(query="all"),
    ]
    assert texts(*claims, seed="turn:0") == texts(*claims, seed="turn:0")
    assert len({tuple(texts(*claims, seed=str(seed))) for seed in range(40)}) > 8


def test_a_sentence_names_its_claim_its_polarity_and_its_facts() -> None:
    claims: list[Claim] = [
        Meets(fact="A:price", op="lt", wanted=eur(1)),
        Compare(left="A:weight", right="B:weight"),
        Count(query="all"),
    ]
    assert [(one.claim, one.polarity, one.facts) for one in say(statements(claims), "s")] == [
        ("meets", "no", ("A:price",)),
        ("compare", "plain", ("A:weight", "B:weight")),
        ("count", "plain", ()),
    ]


def pair(left: AnyValue, right: AnyValue, label: str = "year", wording: Wording | None = None) -> Evidence:
    return Evidence(
        records=LAPTOPS.records,
        facts=tuple(
            fact(one, "size", value, label=label, wording=wording or Wording())
            for one, value in (("A", left), ("B", right))
        ),
    )


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (
            pair(number(2026), number(2025), wording=Wording(more="newer", less="older")),
            "The Aurel Nova 14 is newer than the Bergen 15 (2026 against 2025).",
        ),
        (
            pair(number(4), number(8), "number of ports"),
            "The number of ports of the Aurel Nova 14 is lower than that of the Bergen 15 (4 against 8).",
        ),
        (
            pair(number(1, "TB"), gb(1000), "storage"),
            "The Aurel Nova 14 and the Bergen 15 have the same storage: 1 TB.",
        ),
        (
            pair(flag(value=True), flag(value=True), "NFC"),
            "NFC: yes for both the Aurel Nova 14 and the Bergen 15.",
        ),
        (
            pair(kg(2), number(1, "lb"), "weight", Wording(more="heavier")),
            "The Aurel Nova 14 is about 1.55 kg heavier than the Bergen 15 (2 kg against 1 lb).",
        ),
    ],
)
def test_a_comparison_without_a_difference_worth_saying_leaves_it_out(evidence: Evidence, said: str) -> None:
    assert texts(Compare(left="A:size", right="B:size"), evidence=evidence) == [said]


def searched(total: int, *records: str) -> Evidence:
    query = Query(id="q", noun="lamps", records=records, total=total, exact=True, in_stock=True, sort_by="released")
    return LAPTOPS.model_copy(update={"queries": (query,)})


def test_one_match_and_many_matches_are_counted_in_words_that_fit() -> None:
    assert texts(Count(query="q"), evidence=searched(1, "A")) == ["I found one match among the lamps in stock."]
    assert wordings(Count(query="q"), searched(12000)) == {
        "I found 12,000 lamps in stock.",
        "There are 12,000 lamps in stock.",
    }


def test_the_extremes_of_days_are_early_and_late() -> None:
    for end, said in (
        ("least", "Of the lamps in stock, the one with the earliest release date is the Aurel Nova 14 (3 May 2026)."),
        ("most", "Of the lamps in stock, the one with the latest release date is the Bergen 15 (1 June 2026)."),
    ):
        claim = Extreme.model_validate({"query": "q", "field": "released", "end": end})
        assert texts(claim, evidence=searched(2, "A", "B")) == [said]


def test_several_of_a_longer_result_are_among_the_best() -> None:
    evidence = searched(9, "A", "B")
    same = tuple(fact(one, "released", day(2026, 5, 3)) for one in "AB")
    claim = Extreme(query="q", field="released", end="least")
    assert texts(claim, evidence=evidence.model_copy(update={"facts": same})) == [
        (
            "Of the lamps in stock, the Aurel Nova 14 and the Bergen 15 are among the ones with the "
            "earliest release date (3 May 2026 each)."
        )
    ]


def test_stock_below_zero_is_no_stock() -> None:
    evidence = Evidence(records=LAPTOPS.records, facts=(fact("A", "stock", number(-3)),))
    assert wordings(Stock(fact="A:stock"), evidence) == {
        "The Aurel Nova 14 is out of stock at the moment.",
        "The Aurel Nova 14 is not in stock right now.",
    }


@pytest.mark.parametrize(
    ("label", "op", "value", "said"),
    [
        ("price", "le", eur(90000), "price at most 900 EUR"),
        ("price", "lt", eur(90000), "price under 900 EUR"),
        ("memory", "ge", gb(16), "memory at least 16 GB"),
        ("memory", "gt", gb(16), "memory over 16 GB"),
        ("memory", "eq", gb(16), "memory: 16 GB"),
        ("memory", "ne", gb(16), "memory: not 16 GB"),
        ("ports", "has", text("HDMI"), "ports: HDMI"),
        ("ports", "has_not", text("HDMI"), "ports: not HDMI"),
        ("Bluetooth", "eq", flag(value=True), "Bluetooth: yes"),
        ("Bluetooth", "eq", flag(value=False), "Bluetooth: no"),
        ("Bluetooth", "ne", flag(value=True), "Bluetooth: no"),
        ("Bluetooth", "ne", flag(value=False), "Bluetooth: yes"),
        ("release date", "lt", day(2026, 5, 3), "release date before 3 May 2026"),
        ("release date", "ge", day(2026, 5, 3), "release date no earlier than 3 May 2026"),
    ],
)
def test_a_condition_reads_like_this(label: str, op: FilterOp, value: AnyValue, said: str) -> None:
    assert say_condition(Condition(field="f", label=label, op=op, value=value)) == said


def test_several_conditions_stand_in_a_row() -> None:
    conditions = (
        Condition(field="price", label="price", op="le", value=eur(90000)),
        Condition(field="bluetooth", label="Bluetooth", op="eq", value=flag(value=True)),
    )
    query = Query(id="q", noun="lamps", records=(), total=7, exact=True, in_stock=True, conditions=conditions)
    evidence = Evidence(queries=(query,))
    assert "There are 7 lamps in stock (price at most 900 EUR; Bluetooth: yes)." in wordings(Count(query="q"), evidence)


def test_a_whole_paragraph_is_quoted_however_long() -> None:
    passage = Passage(id="p", title="T" * 200, text="x" * 4000)
    assert texts(Quote(passage="p"), evidence=Evidence(passages=(passage,))) == [f"{'T' * 200}: “{'x' * 4000}”"]


def test_a_card_shows_price_stock_and_four_details() -> None:
    record = LAPTOPS.record("A")
    assert record
    assert say_card(record, LAPTOPS) == ProductCard(
        sku="A",
        name="Aurel Nova 14",
        price_minor=84900,
        currency="EUR",
        in_stock=True,
        url="/p/aurel-nova-14",
        details=(("weight", "1 kg"), ("memory", "16 GB"), ("Bluetooth", "yes"), ("colour", "midnight blue")),
    )


def test_a_card_says_nothing_of_what_was_not_found() -> None:
    record = Record(id="Z", kind="product", name="Zed")
    assert say_card(record, LAPTOPS) == ProductCard(sku="Z", name="Zed")
    odd = Evidence(records=(record,), facts=(fact("Z", "price", text("ask us")), fact("Z", "stock", text("plenty"))))
    assert say_card(record, odd) == ProductCard(sku="Z", name="Zed")


def test_a_card_of_what_is_sold_out_says_so() -> None:
    record = LAPTOPS.record("B")
    assert record
    assert say_card(record, LAPTOPS).in_stock is False
