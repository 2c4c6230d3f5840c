"""What the widget's API takes: exactly one of text, choice and form, strictly typed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assistant.requests import AskRequest, OrderForm

FORM = {"order_number": "LO-20417", "email": "mara@example.com"}
WAYS: dict[str, object] = {"text": "Hello", "choice": "c1", "form": FORM}


def read(**fields: object) -> AskRequest:
    return AskRequest.model_validate_json(json.dumps({"site": "lumen-oak", **fields}))


def problem(**fields: object) -> str:
    with pytest.raises(ValidationError) as caught:
        read(**fields)
    (error,) = caught.value.errors()
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"


def test_a_text_needs_nothing_else() -> None:
    request = read(text="Hello")
    assert (request.text, request.case_id, request.locale) == ("Hello", None, "en")


@pytest.mark.parametrize("way", ["choice", "form"])
def test_a_choice_or_a_form_continues_a_case(way: str) -> None:
    assert read(**{way: WAYS[way]}, case_id="C1").case_id == "C1"
    assert f"a {way} continues a case, so it needs the case_id" in problem(**{way: WAYS[way]})


@given(given_ways=st.sets(st.sampled_from(sorted(WAYS))))
def test_exactly_one_way_of_asking_is_taken(given_ways: set[str]) -> None:
    fields = {way: WAYS[way] for way in given_ways}
    if len(given_ways) == 1:
        assert getattr(read(**fields, case_id="C1"), *given_ways) is not None
    else:
        assert "give exactly one of text, choice and form, not " in problem(**fields, case_id="C1")


def test_what_was_given_too_much_is_named() -> None:
    assert problem(text="Hello", choice="c1", case_id="C1").endswith("not text and choice")
    assert problem().endswith("not none")


def test_the_form_is_typed() -> None:
    assert read(form=FORM, case_id="C1").form == OrderForm(order_number="LO-20417", email="mara@example.com")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("site", ""),
        ("site", "x" * 64),
        ("text", 5),
        ("text", "a lone \ud800 surrogate"),
        ("choice", "1"),
        ("choice", "c123"),
        ("case_id", "a b"),
        ("case_id", ""),
        ("page_product", ""),
        ("locale", "english"),
        ("locale", "en_GB"),
        ("customer_token", "x" * 4097),
        ("form", {"order_number": "", "email": "a@b"}),
        ("form", {"order_number": "LO-20417", "email": "nobody"}),
        ("form", {"order_number": "LO-20417"}),
        ("identity", "verified"),
        ("products", ["LAP-1"]),
    ],
)
def test_what_cannot_be_meant_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        read(**({"text": "Hello", "case_id": "C1"} | {field: value}))
