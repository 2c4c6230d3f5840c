import pytest
from pydantic import JsonValue

from chains.prompted.spelling import Known, Spelling
from tests.chains.prompted.lookups import FACETS

WORDS = Known(("coffee_machines", "table_lamps", "a_b", "a-b"))


@pytest.mark.parametrize("written", ["coffee_machines", "Coffee Machines", " COFFEE-machines ", "coffee _- machines"])
def test_a_word_is_known_however_it_is_written(written: str) -> None:
    assert WORDS.spelled(written) == "coffee_machines"


@pytest.mark.parametrize("value", ["coffee", "A B", "", 7, None, ["table_lamps"], "table" + " " * 300 + "lamps"])
def test_what_is_no_word_or_like_two_is_left_alone(value: JsonValue) -> None:
    assert WORDS.spelled(value) == value


def test_a_word_that_is_spelled_exactly_needs_no_likeness() -> None:
    assert WORDS.spelled("a-b") == "a-b"


def test_a_catalog_has_its_keys_kinds_and_currency() -> None:
    spelling = Spelling(FACETS)
    assert spelling.keys.spelled("Coffee Types") == "coffee_types"
    assert spelling.categories.spelled("Table Lamps") == "table_lamps"
    assert (spelling.currency, spelling.kinds["memory"]) == ("EUR", "quantity")
