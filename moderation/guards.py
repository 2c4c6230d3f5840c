"""Contracts run through guardrails-ai: the only file that imports it.

The library is imported on the first use (about 2 s) and kept away from the network and the home directory:

* its telemetry, on by default, carries exception messages and with them customers' text to a fixed address. The
  settings are replaced before the first guard, every guard is kept from reloading them from `~/.guardrailsrc`, and the
  telemetry singleton is put in place without an exporter, so that nothing exists which could send;
* its OpenTelemetry spans, which hold the judged text, are disabled;
* its logger, which keeps records in memory for ever, is disabled;
* the history of a guard, which keeps the last texts, is emptied after every call.

It never drives a model call here and never repairs a value: no reasks, `on_fail="noop"`.
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, cached_property
from typing import Any, Generic, Protocol, cast

from pydantic import BaseModel

from moderation.contract import C, Check, Judged, T, assess
from moderation.errors import ModerationError

_CHECKS_ALONE: ContextVar[bool] = ContextVar("checks_alone", default=False)


@contextmanager
def checks_alone() -> Iterator[None]:
    """Within this context guards run their checks without the library, at a tenth of the time and equal verdicts.

    For evaluation, where thousands of judgements are made in a row; what customers meet is judged through the library.
    """
    before = _CHECKS_ALONE.set(True)
    try:
        yield
    finally:
        _CHECKS_ALONE.reset(before)


class GuardError(ModerationError):
    """The library came to another result than the contract, or to none."""


class Guard(Generic[T, C]):
    """One contract, built once and used for every value of its kind.

    Many `judge` calls may run on one guard at the same time. Building happens on the first call, or in `warm_up`.
    """

    def __init__(self, name: str, model: type[T], checks: Sequence[Check[T, C]] = ()) -> None:
        self.name = name
        self._model = model
        self._checks = tuple(checks)

    async def judge(self, raw: str, context: C) -> Judged[T]:
        """Judge untrusted JSON; equal to `assess` with this contract's model and checks.

        Raises GuardError if the library disagrees with the contract, and whatever a check raises.
        """
        if _CHECKS_ALONE.get():
            return assess(raw, self._model, self._checks, context)
        inner = self._inner
        verdicts: list[Judged[T]] = []  # this call's own, so that calls running side by side cannot mix
        try:
            outcome = await inner.parse(raw, num_reasks=0, metadata={"context": context, "verdicts": verdicts})
        finally:
            inner.history.clear()
        if [judged.value is not None for judged in verdicts] != [outcome.validation_passed]:
            msg = f"The guard {self.name!r} gave no verdict of its own; check the installed guardrails-ai version."
            raise GuardError(msg)
        return verdicts[0]

    def warm_up(self) -> None:
        """Import the library and build the guard now, so that the first customer does not wait for it."""
        _ = self._inner

    @cached_property
    def _inner(self) -> "_StringGuard":
        def judge(raw: str, context: C) -> Judged[T]:
            return assess(raw, self._model, self._checks, context)

        return _string_guard(self.name, cast("Callable[[str, object], Judged[BaseModel]]", judge))


class _Outcome(Protocol):
    validation_passed: bool


class _StringGuard(Protocol):
    """What this module uses of guardrails' AsyncGuard."""

    history: list[object]

    async def parse(self, llm_output: str, *, num_reasks: int, metadata: dict[str, object]) -> _Outcome: ...


def _string_guard(name: str, judge: Callable[[str, object], Judged[BaseModel]]) -> _StringGuard:
    guard_class, validator_class = _library()
    return cast("_StringGuard", guard_class.for_string([validator_class(judge)], name=name))


@cache
def _library() -> tuple[Any, Any]:
    """Import guardrails-ai, silence it, and return (guard class, validator class)."""
    with warnings.catch_warnings():
        # It imports click names that click deprecates; a host that turns warnings into errors could not import it.
        warnings.simplefilter("ignore")
        from guardrails import AsyncGuard
        from guardrails.classes.rc import RC
        from guardrails.classes.validation.validation_result import FailResult, PassResult
        from guardrails.run import runner
        from guardrails.settings import settings
        from guardrails.utils.hub_telemetry_utils import HubTelemetry
        from guardrails.validator_base import Validator, register_validator

    settings.rc = RC(enable_metrics=False)
    settings.disable_tracing = True
    HubTelemetry._instance = object.__new__(HubTelemetry)  # noqa: SLF001 - the constructor would start an exporter
    logging.getLogger("guardrails-ai").disabled = True
    # Every run writes its schema as XML, for a prompt that there is none of: a quarter of a guard's time.
    runner.json_schema_to_rail_output = lambda **_: ""

    class OfflineGuard(AsyncGuard):  # type: ignore[misc]
        """A guard which does not read `~/.guardrailsrc`: that would turn telemetry on again."""

        def _load_rc(self) -> None:
            settings.rc = RC(enable_metrics=False)

    class ContractValidator(Validator):  # type: ignore[misc]
        """Runs one contract: a single validator, as each costs a third of a millisecond."""

        def __init__(self, judge: Callable[[str, object], Judged[BaseModel]]) -> None:
            super().__init__(on_fail="noop")
            self._judge = judge

        async def async_validate(self, value: str, metadata: dict[str, Any]) -> object:
            judged = self._judge(value, metadata["context"])
            metadata["verdicts"].append(judged)
            return FailResult(error_message="The contract is broken.") if judged.failures else PassResult()

    register_validator("hopdesk/contract", data_type="string")(ContractValidator)
    return OfflineGuard, ContractValidator
