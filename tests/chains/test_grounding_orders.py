from typing import Literal

import pytest

from chains.claims import (
    Compare,
    Extreme,
)
from chains.facts import Absence, Evidence, Query, Record
from chains.values import Day, Flag, Money, Quantity, Terms, Text
from tests.chains.shop import LAPTOPS, day, eur, fact, flag, gb, holds, kg, number, refusal, terms, text

AnyValue = Money | Quantity | Flag | Text | Terms | Day


def ranking(
    *values: AnyValue | None, total: int | None = None, sort_by: str | None = None, unlisted: int = 0
) -> Evidence:
    """A search whose records state these sizes; None is neither stated nor known to be absent."""
    names = [f"R{place}" for place in range(len(values))]
    return Evidence(
        records=tuple(Record(id=name, kind="product", name=name) for name in names),
        facts=tuple(fact(name, "size", value) for name, value in zip(names, values, strict=True) if value),
        queries=(
            Query(
                id="q",
                noun="things",
                records=tuple(names),
                total=len(values) if total is None else total,
                exact=True,
                sort_by=sort_by,
                unlisted=unlisted,
            ),
        ),
    )


def size(end: Literal["least", "most"] = "least") -> Extreme:
    return Extreme(query="q", field="size", end=end)


# -- comparisons -------------------------------------------------------------------------------------------------


def pair(left: AnyValue, right: AnyValue) -> Evidence:
    return Evidence(records=LAPTOPS.records, facts=(fact("A", "size", left), fact("B", "size", right)))


@pytest.mark.parametrize(
    ("left", "right", "sign"),
    [
        (kg(1), number(1320, "g"), -1),
        (number(1320, "g"), kg(1), 1),
        (kg(1), number(1000, "g"), 0),
        (eur(1), eur(2), -1),
        (day(2026, 5, 4), day(2026, 5, 3), 1),
        (flag(value=True), flag(value=False), None),
        (text("black"), text("blue"), None),
        (terms("USB-C"), terms("USB-C", "HDMI"), None),
    ],
)
def test_two_values_are_ordered_where_they_have_an_order(left: AnyValue, right: AnyValue, sign: int | None) -> None:
    statement = holds(Compare(left="A:size", right="B:size"), pair(left, right))
    assert statement.sign == sign
    assert [record.id for record in statement.records] == ["A", "B"]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (eur(1), Money(amount_minor=2, currency="USD")),
        (kg(1), gb(1)),
        (kg(1), text("heavy")),
        (number(1, "months"), number(30, "days")),
        (number(1, "parsecs"), kg(1)),
    ],
)
def test_values_of_different_currencies_or_dimensions_are_never_compared(left: AnyValue, right: AnyValue) -> None:
    assert refusal(Compare(left="A:size", right="B:size"), pair(left, right)) == "not_comparable"


# -- extremes ----------------------------------------------------------------------------------------------------


def test_an_extreme_of_a_whole_result_is_computed_in_any_units() -> None:
    evidence = ranking(kg(2), number(900, "g"), kg(1))
    assert [fact.record for fact in holds(size("least"), evidence).facts] == ["R1"]
    assert [fact.record for fact in holds(size("most"), evidence).facts] == ["R0"]


def test_all_that_tie_share_the_place() -> None:
    statement = holds(size(), ranking(kg(1), number(1000, "g"), kg(2)))
    assert [record.id for record in statement.records] == ["R0", "R1"]
    assert not statement.beyond


def test_a_part_of_a_result_has_no_extreme_unless_it_is_sorted_by_it() -> None:
    assert refusal(size(), ranking(kg(1), kg(2), total=9)) == "truncated"
    assert refusal(size(), ranking(kg(1), kg(2), total=9, sort_by="price")) == "truncated"
    assert refusal(size("most"), ranking(kg(1), kg(2), total=9, sort_by="size")) == "truncated"
    assert [fact.record for fact in holds(size(), ranking(kg(1), kg(2), total=9, sort_by="size")).facts] == ["R0"]


def test_the_other_end_leads_where_the_result_is_sorted_downwards() -> None:
    evidence = ranking(kg(2), kg(1), total=9, sort_by="size")
    query = evidence.queries[0].model_copy(update={"order": "desc"})
    evidence = evidence.model_copy(update={"queries": (query,)})
    assert holds(size("most"), evidence).facts[0].record == "R0"
    assert refusal(size("least"), evidence) == "truncated"


def test_more_may_tie_beyond_what_is_shown() -> None:
    assert holds(size(), ranking(kg(1), kg(1), total=9, sort_by="size")).beyond
    assert holds(size(), ranking(kg(1), total=9, sort_by="size")).beyond
    assert not holds(size(), ranking(kg(1), kg(2), total=9, sort_by="size")).beyond


def test_a_part_of_a_result_in_another_order_than_asked_for_is_refused() -> None:
    assert refusal(size(), ranking(kg(2), kg(1), total=9, sort_by="size")) == "not_sorted"
    assert refusal(size(), ranking(None, kg(1), total=9, sort_by="size", unlisted=1)) == "not_sorted"


def test_a_field_that_was_not_looked_up_for_all_has_no_extreme() -> None:
    assert refusal(size(), ranking(kg(1), None)) == "not_looked_up"
    assert refusal(size(), ranking(kg(1), None, total=9, sort_by="size")) == "not_looked_up"


def test_those_that_do_not_list_a_field_are_left_out_and_it_is_said() -> None:
    evidence = ranking(kg(1), None)
    absent = evidence.model_copy(update={"absences": (Absence(record="R1", field="size", label="size"),)})
    assert holds(size(), absent).among
    assert holds(size(), ranking(kg(1), None, sort_by="size", unlisted=1)).among
    assert holds(size(), ranking(kg(1), kg(2), total=9, sort_by="size", unlisted=3)).among
    assert not holds(size(), ranking(kg(1), kg(2))).among


def test_a_ranked_search_has_no_extreme() -> None:
    assert refusal(Extreme(query="ranked", field="price", end="least")) == "truncated"


@pytest.mark.parametrize(
    "values", [(kg(1), gb(1)), (eur(1), Money(amount_minor=1, currency="USD")), (kg(1), text("heavy")), (text("a"),)]
)
def test_values_without_a_common_order_have_no_extreme(values: tuple[AnyValue, ...]) -> None:
    assert refusal(size(), ranking(*values)) == "no_order"
