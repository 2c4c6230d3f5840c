from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, RootModel, field_validator

from moderation.contract import Failure, Judged, assess


class Cat(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    kind: Literal["cat"]
    name: str = Field(max_length=8)
    ages: tuple[int, ...] = ()
    notes: dict[str, int] = {}

    @field_validator("name")
    @classmethod
    def _no_dogs(cls, name: str) -> str:
        if "dog" in name:
            msg = f"{name} is not a cat" if name == "bulldog" else "dogs are not cats"
            raise ValueError(msg)
        return name


class Fish(BaseModel):
    kind: Literal["fish"]


class Pet(RootModel[Annotated[Cat | Fish, Field(discriminator="kind")]]):
    pass


def is_named(value: Cat, context: str) -> tuple[Failure, ...]:
    return () if value.name == context else (Failure(path="name", code="wrong_name", msg="Use the agreed name."),)


def never(_value: Cat, _context: str) -> tuple[Failure, ...]:
    return (Failure(path="$", code="never", msg="Nothing is right."),)


def test_a_value_that_holds_is_handed_out() -> None:
    judged = assess('{"kind": "cat", "name": "Tom", "ages": [3]}', Cat, [is_named], "Tom")
    assert judged == Judged(Cat(kind="cat", name="Tom", ages=(3,)))


def test_all_checks_report_and_the_value_is_withheld() -> None:
    judged = assess('{"kind": "cat", "name": "Tom"}', Cat, [is_named, never], "Kit")
    assert judged.value is None
    assert [failure.code for failure in judged.failures] == ["wrong_name", "never"]


@pytest.mark.parametrize(
    ("raw", "path", "code"),
    [
        ("", "$", "json_invalid"),
        ("nope", "$", "json_invalid"),
        ("[" * 100_000, "$", "json_invalid"),
        ('"\ud800"', "$", "string_unicode"),
        ("null", "$", "model_type"),
        ('{"kind": "cat"}', "name", "missing"),
        ('{"kind": "cat", "name": "Tom", "ages": [1, NaN]}', "ages.1", "int_type"),
        ('{"kind": "cat", "name": "Tom", "ages": [1, "two"]}', "ages.1", "int_type"),
        ('{"kind": "cat", "name": "Tom", "my street 5": 1}', "*", "extra_forbidden"),
        ('{"kind": "cat", "name": "Tom", "notes": {"a@b.de": "x"}}', "notes.*", "int_type"),
        ('{"kind": "cat", "name": "a dog"}', "name", "value_error"),
    ],
)
def test_broken_json_and_shapes_become_failures_with_path_and_code(raw: str, path: str, code: str) -> None:
    judged = assess(raw, Cat, [is_named], "Tom")
    assert judged.value is None
    assert [(failure.path, failure.code) for failure in judged.failures] == [(path, code)]


def test_a_message_that_would_repeat_the_value_is_replaced() -> None:
    (told,) = assess('{"kind": "cat", "name": "a dog"}', Cat, [], None).failures
    (withheld,) = assess('{"kind": "cat", "name": "bulldog"}', Cat, [], None).failures
    assert told.msg == "Value error, dogs are not cats"
    assert withheld.msg == "The value is not acceptable here."


def test_a_wrong_tag_is_answered_with_the_right_ones() -> None:
    (failure,) = assess('{"kind": "Secret Street 5"}', Pet, [], None).failures
    assert failure == Failure(path="$", code="union_tag_invalid", msg="The field 'kind' must be one of 'cat', 'fish'.")


SECRETS = st.text(st.sampled_from("qxzj@#"), min_size=4, max_size=20)


@given(SECRETS, st.sampled_from(["kind", "name", "ages", "notes"]), st.booleans())
def test_no_failure_repeats_the_value(secret: str, field: str, nested: bool) -> None:
    inner = f'["{secret}", {{"{secret}": "{secret}"}}]' if nested else f'"{secret}dogdog"'
    judged = assess(f'{{"kind": "cat", "name": "Tom", "{field}": {inner}}}', Cat, [], None)
    assert judged.failures
    assert not [failure for failure in judged.failures if secret in failure.model_dump_json()]
