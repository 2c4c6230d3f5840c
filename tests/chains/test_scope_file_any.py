"""Whatever stands in a scope file, reading it gives a scope or a `ScopeError`."""

import json
from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from chains.errors import ScopeError
from chains.scope_file import parse_scope
from tests.chains.test_scope_file import GOOD


def toml_of(table: dict[str, JsonValue]) -> str:
    """Any JSON object as TOML text, by inline tables; what TOML lacks (null) becomes an empty text."""
    return "\n".join(f"{json.dumps(key)} = {_inline(value)}" for key, value in table.items())


def _inline(value: JsonValue) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(key)} = {_inline(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(_inline(one) for one in value) + "]"
        case None:
            return '""'
        case _:
            return json.dumps(value)


KEYS = st.sampled_from(
    (
        *("site", "sources", "intents", "tools", "budget", "moderation", "thresholds", "pii", "id", "name", "products"),
        *("label", "description", "outcomes", "kind", "returns", "parameters", "type", "pattern", "order_pattern"),
        *("identity", "next", "origins", "usd", "deadline_ms", "examples", "asks", "violence", "block_at"),
    )
)
LEAVES: st.SearchStrategy[JsonValue] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ("a.b", "answer", "handoff", "get_product", "http", "text", "(", "a{99999999999}", "(?=a)", "verified")
    ),
)
TABLES: st.SearchStrategy[dict[str, JsonValue]] = st.dictionaries(
    KEYS,
    st.recursive(
        LEAVES,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
        max_leaves=8,
    ),
    max_size=5,
)
LINES = GOOD.splitlines()


def raises_nothing_else(text: str) -> None:
    with suppress(ScopeError):
        parse_scope(text, "scope.toml")


@settings(deadline=None)
@given(st.text())
def test_no_text_raises_anything_but_a_scope_error(text: str) -> None:
    raises_nothing_else(text)


@settings(deadline=None)
@given(TABLES)
@example({"moderation": {"pii": {"order_pattern": "a{99999999999}"}}})
@example({"moderation": {"pii": {"order_pattern": "(" * 5000 + ")" * 5000}}})
def test_no_table_raises_anything_but_a_scope_error(table: dict[str, JsonValue]) -> None:
    raises_nothing_else(toml_of(table))


@settings(deadline=None)
@given(st.data())
def test_no_small_change_to_a_good_scope_raises_anything_but_a_scope_error(data: st.DataObject) -> None:
    lines = list(LINES)
    place = data.draw(st.integers(0, len(lines) - 1))
    match data.draw(st.sampled_from(("drop", "double", "value", "swap"))):
        case "drop":
            del lines[place]
        case "double":
            lines.insert(place, lines[place])
        case "value":
            lines[place] = f"{lines[place].partition('=')[0] or 'x'} = {_inline(data.draw(LEAVES))}"
        case _:
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[place], lines[other] = lines[other], lines[place]
    raises_nothing_else("\n".join(lines))
