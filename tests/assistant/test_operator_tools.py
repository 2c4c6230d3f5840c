import asyncio
import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from assistant.operator_tools import OperatorCall, _value
from chains.errors import ScopeError, ToolFailed
from chains.facts import Evidence
from chains.scope import OperatorTool, Parameter, Scope
from chains.tools import Caller, Identity
from chains.values import Day, Flag, Quantity, Terms, Text
from tests.assistant.http_shop import json_answer, serving

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
CALLER = Caller(site="lumen", identity=Identity.ANONYMOUS, now=NOW, originals={})
RETURNS = {"opens": "opening time", "staff": "staff", "cafe": "café", "languages": "languages", "since": "opened on"}
CITY = Parameter(name="city", type="text")


def declared(
    source: str, kind: Literal["sql", "http"] = "http", query: str | None = None, parameters: tuple[Parameter, ...] = ()
) -> OperatorTool:
    return OperatorTool(
        name="store_hours", description="Opening times.", kind=kind, source=source, query=query, returns=RETURNS,
        parameters=parameters,
    )  # fmt: skip


def run(tool: OperatorTool, arguments: Mapping[str, str] = {}, base: Path = Path()) -> Evidence:
    scope = Scope.model_validate_json(
        json.dumps(
            {
                "site": {"id": "lumen", "name": "Lumen & Oak"},
                "sources": {"products": "p.jsonl"},
                "intents": [{"id": "store.hours", "label": "hours", "description": "x", "outcomes": ["answer"]}],
                "tools": [tool.model_dump(mode="json")],
            }
        )
    )
    call = OperatorCall(scope.tools[0], scope.site.name, base)
    return asyncio.run(call.run(scope.specs[tool.name].arguments.model_validate(arguments), CALLER))


def answered(body: object, arguments: Mapping[str, str] = {}) -> Evidence:
    parameters = (CITY,) if arguments else ()
    with serving(json_answer(json.dumps(body).encode())) as shop:
        return run(declared(shop.base + ("/{city}" if arguments else "/hours"), parameters=parameters), arguments)


def test_the_declared_fields_of_an_answer_become_facts() -> None:
    found = answered(
        {
            "opens": "9:00",
            "staff": 4.5,
            "cafe": True,
            "languages": ["German", "Dutch"],
            "since": "2019-05-04",
            "till": 1,
        }
    )

    assert [(record.id, record.kind, record.name) for record in found.records] == [
        ("store_hours", "shop", "Lumen & Oak")
    ]
    assert {fact.id: fact.value for fact in found.facts} == {
        "store_hours:opens": Text(value="9:00"),
        "store_hours:staff": Quantity(value=Decimal("4.5")),
        "store_hours:cafe": Flag(value=True),
        "store_hours:languages": Terms(values=("German", "Dutch")),
        "store_hours:since": Day(value=date(2019, 5, 4)),
    }
    first = found.facts[0]
    assert (first.label, first.source, first.as_of) == ("opening time", "store_hours", NOW)
    assert found.absences == ()


def test_what_is_absent_null_or_empty_is_not_listed() -> None:
    found = answered({"opens": None, "cafe": False, "languages": [], "since": ""})
    assert [fact.field for fact in found.facts] == ["cafe"]
    assert [absence.field for absence in found.absences] == ["opens", "staff", "languages", "since"]


@pytest.mark.parametrize(
    "body",
    [
        [],
        "open",
        {"opens": "x" * 201},
        {"opens": {"at": 9}},
        {"staff": 1e300},
        {"staff": 10**30},
        {"languages": [1, "x"]},
    ],
)
def test_what_cannot_be_stated_is_a_sentence(body: object) -> None:
    with pytest.raises(ToolFailed, match=r"^The tool 'store_hours' answered with something"):
        answered(body)


def test_calls_with_different_arguments_have_facts_of_their_own() -> None:
    berlin, again, bonn = (answered({"opens": "9:00"}, {"city": city}) for city in ("Berlin", "Berlin", "Bonn"))
    assert berlin == again
    assert berlin.records[0].id != bonn.records[0].id
    assert berlin.facts[0].id != bonn.facts[0].id


def test_nothing_found_is_an_empty_evidence() -> None:
    with serving(json_answer(b"", status=404)) as shop:
        assert run(declared(shop.base + "/hours")) == Evidence()


def test_a_select_with_named_parameters_becomes_facts(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute("CREATE TABLE hours (city, opens, staff)")
    connection.execute("INSERT INTO hours VALUES ('Berlin', '9:00', 4)")
    connection.commit()
    connection.close()
    tool = declared(
        "sqlite:///shop.db", "sql", "SELECT opens, staff FROM hours WHERE city = :city", parameters=(CITY,)
    )  # fmt: skip

    found = run(tool, {"city": "Berlin"}, tmp_path)

    assert [fact.value for fact in found.facts] == [Text(value="9:00"), Quantity(value=Decimal(4))]
    assert run(tool, {"city": "' OR 1=1 --"}, tmp_path) == Evidence()


@pytest.mark.parametrize(
    ("kind", "source", "query"),
    [
        ("sql", "sqlite:///shop.db", "DELETE FROM hours WHERE city = :city"),
        ("sql", "sqlite:///shop.db", "SELECT opens FROM hours"),
        ("sql", "sqlite:///shop.db", "SELECT opens FROM hours WHERE city = :city AND day = :day"),
        ("http", "https://shop.example/hours", None),
        ("http", "http://shop.example/{city}", None),
        ("http", "https://shop.example/{city}/{day}", None),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused(
    tmp_path: Path, kind: Literal["sql", "http"], source: str, query: str | None
) -> None:
    (tmp_path / "shop.db").touch()
    with pytest.raises(ScopeError, match="The tool 'store_hours'"):
        OperatorCall(declared(source, kind, query, (CITY,)), "Lumen & Oak", tmp_path)


def test_a_day_that_does_not_exist_stays_a_text() -> None:
    assert _value("2026-02-30") == Text(value="2026-02-30")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_any_json_value_is_a_typed_value_nothing_or_refused(raw: JsonValue) -> None:
    try:
        value = _value(raw)
    except (ValueError, ArithmeticError, TypeError):
        return
    assert value is None or isinstance(value, Day | Flag | Quantity | Terms | Text)
