from chains.facts import Absence, Evidence, Passage, Query, Record, merge
from tests.chains.shop import LAPTOPS, eur, fact


def test_what_an_evidence_holds_is_found_by_id() -> None:
    found = LAPTOPS.fact("A:price")
    assert found is LAPTOPS.value_of("A", "price")
    assert found
    assert found.value == eur(84900)
    assert [one.id for one in (LAPTOPS.record("A"), LAPTOPS.query("all"), LAPTOPS.passage("returns#1")) if one] == [
        "A",
        "all",
        "returns#1",
    ]


def test_what_an_evidence_does_not_hold_is_none() -> None:
    assert LAPTOPS.fact("Z:price") is None
    assert LAPTOPS.value_of("A", "nothing") is None
    assert LAPTOPS.value_of("Z", "price") is None
    assert LAPTOPS.record("Z") is None
    assert LAPTOPS.query("Z") is None
    assert LAPTOPS.passage("Z") is None


def test_ids_name_facts_passages_searches_and_absences() -> None:
    ids = LAPTOPS.ids()
    assert {"A:price", "returns#1", "all", "C:weight"} <= set(ids)
    assert len(ids) == len(LAPTOPS.facts) + len(LAPTOPS.passages) + len(LAPTOPS.queries) + len(LAPTOPS.absences)


def test_only_some_of_an_evidence_keeps_its_records_and_words() -> None:
    some = LAPTOPS.only(("A:price", "C:weight", "all"))
    assert some.ids() == ("A:price", "all", "C:weight")
    assert some.passages == ()
    assert some.records == LAPTOPS.records
    assert some.vocabulary == LAPTOPS.vocabulary


def test_all_of_an_evidence_is_the_evidence() -> None:
    assert LAPTOPS.only(LAPTOPS.ids()) == LAPTOPS


def test_merging_keeps_the_order_and_the_first_of_what_is_stated_twice() -> None:
    a, b, c = (Record(id=name, kind="product", name=name) for name in "ABC")
    first = Evidence(records=(a, b), facts=(fact("A", "price", eur(1)), fact("B", "price", eur(2))))
    second = Evidence(records=(a.model_copy(update={"name": "other"}), c), facts=(fact("A", "price", eur(3)),))
    merged = merge((first, second))
    assert merged.records == (a, b, c)
    assert merged.facts == first.facts


def test_merging_joins_absences_passages_searches_and_vocabularies() -> None:
    lacking = Absence(record="A", field="weight", label="weight")
    passage = Passage(id="p", title="P", text="p")
    query = Query(id="q", noun="laptops", records=(), total=0, exact=True)
    one = Evidence(absences=(lacking,), passages=(passage,), vocabulary={"colour": ("black", "blue")})
    two = Evidence(absences=(lacking,), queries=(query,), vocabulary={"colour": ("silver", "black"), "ports": ("USB",)})
    assert merge((one, two)) == Evidence(
        absences=(lacking,),
        passages=(passage,),
        queries=(query,),
        vocabulary={"colour": ("black", "blue", "silver"), "ports": ("USB",)},
    )


def test_merging_nothing_is_nothing() -> None:
    assert merge(()) == Evidence()


def test_an_evidence_survives_its_json() -> None:
    assert Evidence.model_validate_json(LAPTOPS.model_dump_json()) == LAPTOPS
