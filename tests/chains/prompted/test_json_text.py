import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from chains.contract import Contract
from chains.prompted import json_text
from chains.prompted.json_text import changed, json_of, without_reasoning


class Sum(Contract):
    n: int


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=5)
DEEP = '{"a":' * 5000 + "1" + "}" * 5000
HUGE = '{"a":' + "9" * 6000 + "}"
LONE = '{"a":"\\ud800"}'
TWICE = '{"n":1,"reasoning":"a","reasoning":"b","n":2}'


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ('{"n":1}', '{"n":1}'),
        ('  {"n": 1}\n', '{"n": 1}'),
        ('```json\n{"n":1}\n```', '{"n":1}'),
        ('Sure! Here it is:\n```\n{"n":{"m":"}"}}\n```\nDoes {that} help?', '{"n":{"m":"}"}}'),
        ('<think>maybe {"n":1}?</think> {"n":2}', '{"n":2}'),
        ('the set {1, 2} is not {"n":"a \\" } b"}', '{"n":"a \\" } b"}'),
        ("no JSON at all", "no JSON at all"),
        ("[1, 2]", "[1, 2]"),
        ('{"n":1', '{"n":1'),
        ("", ""),
        ("{" * 100 + '{"n":1}', "{" * 100 + '{"n":1}'),
        ('x {"n":"never closed, {"n":1}', '{"n":1}'),
        ('x {"n":1} and "a \\', '{"n":1}'),
    ],
)
def test_the_object_is_found_in_a_reply(reply: str, found: str) -> None:
    assert json_of(reply) == found


@pytest.mark.parametrize(
    "hostile",
    [
        "{" * 65000,
        '{"' * 32000,
        "{a}" * 21000,
        "{}" * 32000,
        "{{{{" + "{}" * 32000,
        '{{{{"' + '\\"' * 32000,
        "x" + DEEP,
    ],
)
def test_only_so_much_of_a_hostile_reply_is_looked_at(hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    brace = json_text._BRACE

    class Counted:
        @staticmethod
        def match(text: str, at: int) -> re.Match[str] | None:
            looks.append(at)
            return brace.match(text, at)

    monkeypatch.setattr(json_text, "_BRACE", Counted)
    json_of(hostile)
    assert len(looks) <= 20_000


@given(OBJECTS, st.sampled_from(["", "Here: ", "```json\n", "a {b} "]), st.sampled_from(["", "\n```", " Good luck }!"]))
def test_any_object_is_found_between_prose(value: dict[str, object], before: str, after: str) -> None:
    written = json.dumps(value, allow_nan=True)
    assert json_of(before + written + after) == written


@given(st.text() | st.text(alphabet='{}"\\[]:,a1e \n`'))
@example(DEEP)
@example(HUGE)
@example(LONE)
@example(TWICE)
@example('{"a":1e400}')
@example("\ud800{")
def test_no_text_makes_it_fail_and_what_is_no_object_is_left_alone(text: str) -> None:
    found = json_of(text)
    assert found in text.replace("\ud800", "?")
    assert isinstance(without_reasoning(found), str)
    assert isinstance(without_reasoning(text), str)


@given(OBJECTS, st.text())
def test_the_reasoning_is_gone_and_all_else_is_as_it_was(value: dict[str, object], reasoning: str) -> None:
    finite = {key: item for key, item in value.items() if "nan" not in repr(item).lower() and key != "reasoning"}
    text = json.dumps({"reasoning": reasoning, **finite})
    assert json.loads(without_reasoning(text)) == finite


def test_a_key_reasoning_further_down_is_not_the_models_own() -> None:
    assert without_reasoning('{"a":{"reasoning":1}}') == '{"a":{"reasoning":1}}'


@pytest.mark.parametrize("text", [TWICE, '{"re\\u0061soning":"a","n":2}', '{"n":2,"reasoning":{"deep":[1]}}'])
def test_however_the_reasoning_is_written_the_contract_takes_the_rest(text: str) -> None:
    assert Sum.model_validate_json(without_reasoning(text)) == Sum(n=2)


@pytest.mark.parametrize("text", [DEEP, LONE, "nonsense", '{"n":1'])
def test_what_cannot_be_read_is_left_for_the_guard_to_refuse(text: str) -> None:
    assert without_reasoning(text) == text
    assert changed(text, lambda _: {"n": 1}) == text
    with pytest.raises(ValidationError):
        Sum.model_validate_json(text)


def test_a_reply_is_changed_by_code_after_its_reasoning_is_gone() -> None:
    seen: list[object] = []

    def change(value: dict[str, object]) -> dict[str, object]:
        seen.append(value)
        return {**value, "n": 2}

    assert changed('{"reasoning":"x","n":1}', change) == '{"n":2}'  # type: ignore[arg-type]
    assert seen == [{"n": 1}]
