import pytest

from chains.facets import Facets, FieldFacet
from chains.prompted.catalog_words import CatalogWords, field_line
from tests.chains.prompted.lookups import FACETS

WORDS = CatalogWords(FACETS)


def kept(text: str, hinted: tuple[str, ...] = (), tokens: int = 60) -> list[str]:
    return [field.key for field in WORDS.within(text, hinted, tokens)[0].fields]


def test_all_fields_are_told_where_there_is_room() -> None:
    facets, cut = WORDS.within("anything", (), 10_000)
    assert {field.key for field in facets.fields} == {field.key for field in FACETS.fields}
    assert cut == 0
    assert (facets.categories, facets.brands) == (FACETS.categories, FACETS.brands)


def test_what_does_not_fit_is_left_out_and_counted() -> None:
    facets, cut = WORDS.within("anything", (), 60)
    assert cut == len(FACETS.fields) - len(facets.fields) > 0
    assert WORDS.within("anything", (), 0)[1] == len(FACETS.fields)


@pytest.mark.parametrize(
    ("text", "hinted", "second"),
    [
        ("how much memory?", (), "memory"),
        ("made of OAK please", (), "material"),
        ("coffee machine", (), "coffee_types"),
        ("one", ("coffee_machines", "table_lamps"), "coffee_types"),
        ("a table lamp", ("coffee_machines",), "power"),
        ("", (), "power"),
    ],
)
def test_the_price_goes_first_and_then_what_the_text_may_mean(text: str, hinted: tuple[str, ...], second: str) -> None:
    assert kept(text, hinted)[:2] == ["price", second]


@pytest.mark.parametrize(
    ("field", "line"),
    [
        (FieldFacet("memory", "RAM", "quantity", "GB", "8", "64"), "memory: RAM, a number in GB, 8 to 64"),
        (FieldFacet("cores", "cores", "quantity"), "cores: cores, a number"),
        (FieldFacet("dimmable", "dimmable", "flag"), "dimmable: dimmable, yes or no"),
        (FieldFacet("ports", "ports", "terms", values=("A", "B")), "ports: ports, a list of words such as A | B"),
        (FieldFacet("colour", "col\nour", "text", values=("red",)), "colour: col our, a word such as red"),
    ],
)
def test_a_field_is_one_line(field: FieldFacet, line: str) -> None:
    assert field_line(field) == line


def test_a_catalog_of_nothing_tells_nothing() -> None:
    assert CatalogWords(Facets("EUR")).within("x", ("gone",), 100) == (Facets("EUR"), 0)
