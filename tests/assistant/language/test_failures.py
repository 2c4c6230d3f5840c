import inspect
from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.failures import KINDS, ModelUnreached, failure_of, seconds_of
from chains.errors import (
    ModelBusy,
    ModelDown,
    ModelFailed,
    ModelLate,
    ModelMisconfigured,
    ModelRefused,
    ModelSilent,
)
from tests.assistant.language.asking import SILENCED

pytestmark = [pytest.mark.usefixtures("warm"), *SILENCED]
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def exceptions_of(module: ModuleType) -> Iterator[type[BaseException]]:
    for _, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, BaseException) and found.__module__.split(".")[0] == module.__name__.split(".")[0]:
            yield found


def bare(kind: type[BaseException]) -> Exception:
    """An exception of a kind, without what its constructor asks for."""
    return cast("Exception", kind.__new__(kind))


def returned(status: int, **headers: str) -> httpx.HTTPStatusError:
    request = httpx.Request("POST", "http://model.test/v1")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.HTTPStatusError(
        "SECRET-WORDS", request=request, response=httpx.Response(status, headers=named, request=request)
    )


def caused(cause: BaseException) -> Exception:
    """What litellm makes of nearly everything: an InternalServerError(500) with its cause behind it."""
    import litellm

    error = litellm.exceptions.InternalServerError("SECRET-WORDS", "openai", "scripted")
    error.__context__ = cause
    return cast("Exception", error)


def test_every_exception_of_litellm_and_openai_is_mapped_on_purpose() -> None:
    import litellm
    import openai

    named = {
        f"{kind.__module__}.{kind.__qualname__}"
        for module in (litellm.exceptions, openai, openai._exceptions)
        for kind in exceptions_of(module)
    }
    ours = {name for name in KINDS if name.startswith(("litellm.", "openai."))}
    assert named == ours


def test_every_exception_becomes_its_kind_in_a_sentence_of_ours() -> None:
    import litellm
    import openai

    for module in (litellm.exceptions, openai):
        for kind in exceptions_of(module):
            failed = failure_of(bare(kind), "openai/scripted")
            expected = KINDS[f"{kind.__module__}.{kind.__qualname__}"]
            assert expected is None or type(failed) in (expected, ModelUnreached), kind
            assert "openai/scripted" in str(failed)
            assert str(failed).endswith(".")


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (returned(500), ModelDown),
        (returned(503), ModelDown),
        (returned(504), ModelDown),
        (returned(409), ModelDown),
        (returned(408), ModelLate),
        (returned(429), ModelBusy),
        (returned(529), ModelBusy),
        (returned(503, Retry_After="3"), ModelBusy),
        (returned(401), ModelMisconfigured),
        (returned(413), ModelMisconfigured),
        (returned(302), ModelMisconfigured),
        (returned(204), ModelSilent),
        (httpx.ConnectError("no"), ModelUnreached),
        (ConnectionRefusedError(), ModelUnreached),
        (httpx.ReadError("no"), ModelDown),
        (httpx.ReadTimeout("no"), ModelLate),
        (httpx.UnsupportedProtocol("no"), ModelMisconfigured),
        (ValueError("SECRET-WORDS"), ModelSilent),
    ],
)
def test_what_caused_an_internal_server_error_decides(cause: Exception, kind: type[ModelFailed]) -> None:
    failed = failure_of(caused(cause), "openai/scripted")
    assert type(failed) is kind
    assert "SECRET" not in str(failed)


def test_a_gateway_that_timed_out_is_down_and_not_late() -> None:
    import litellm

    error = litellm.exceptions.Timeout("SECRET-WORDS", "scripted", "openai")
    assert type(failure_of(error, "m")) is ModelLate
    error.__context__ = returned(504)
    assert type(failure_of(error, "m")) is ModelDown


def test_a_code_of_a_content_filter_is_a_refusal_whatever_the_class() -> None:
    error = RuntimeError()
    error.code = "content_filter"  # type: ignore[attr-defined]
    assert type(failure_of(error, "m")) is ModelRefused


def test_a_chain_that_bites_its_tail_is_walked_once() -> None:
    first, second = RuntimeError(), RuntimeError()
    first.__context__, second.__context__ = second, first
    assert type(failure_of(first, "m")) is ModelSilent


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("2", 2.0), ("0.5", 0.5), ("-3", 0.0), ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0), ("soon", None), ("inf", None)],
)
def test_how_long_a_busy_model_asks_to_be_left_alone(header: str, seconds: float | None) -> None:
    failed = failure_of(caused(returned(429, Retry_After=header)), "m", now=lambda: NOW)
    assert isinstance(failed, ModelBusy)
    assert failed.retry_after_s == seconds


@given(st.text() | st.integers().map(str) | st.floats().map(str))
def test_any_retry_after_is_seconds_or_nothing(header: str) -> None:
    seconds = seconds_of(header, NOW)
    assert seconds is None or 0 <= seconds < float("inf")
