import pytest

from chains import errors
from chains.errors import HopdeskError, IdempotencyConflict, ModelBusy, RequestRefused


def test_every_failure_is_one_that_can_be_shown() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) == 19
    assert all(issubclass(kind, HopdeskError) for kind in kinds)


def test_the_tree_in_the_docstring_names_every_failure() -> None:
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, Exception):
            assert name in (errors.__doc__ or "")


@pytest.mark.parametrize(("status", "field"), [(400, None), (413, "text")])
def test_a_refused_request_says_why_to_people_and_to_programs(status: int, field: str | None) -> None:
    refused = RequestRefused("Shorten the text.", code="too_long", status=status, field=field)
    assert (str(refused), refused.code, refused.status, refused.field) == (
        "Shorten the text.",
        "too_long",
        status,
        field,
    )


def test_a_busy_model_may_say_for_how_long() -> None:
    assert ModelBusy("Later.").retry_after_s is None
    assert ModelBusy("Later.", 2.5).retry_after_s == 2.5
    assert (str(ModelBusy("Later.")), ModelBusy("Later.").requests) == ("Later.", 0)


def test_a_key_that_was_used_for_something_else_is_a_conflict() -> None:
    conflict = IdempotencyConflict("k1")
    assert str(conflict).startswith("The idempotency key 'k1' was used before with another body;")
    assert (conflict.status, conflict.code, conflict.field) == (409, "idempotency_conflict", "Idempotency-Key")
