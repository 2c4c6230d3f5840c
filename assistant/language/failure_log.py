"""Tells operators that a model fails, without a line for every turn."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from chains.errors import ModelBusy, ModelDown, ModelFailed, ModelLate, ModelMisconfigured, ModelSilent

QUIET_S = 60.0
_TOLD = (ModelLate, ModelBusy, ModelDown, ModelSilent, ModelMisconfigured)
log = structlog.get_logger(__name__)


@dataclass
class FailureLog:
    """Logs one model's failures, each kind once a minute; `again` counts those since that kind was last told.

    What is no fault of the model is not told: a refusal, a purse or a turn without time. `clock` gives seconds that
    never go back.
    """

    model: str
    clock: Callable[[], float] = time.monotonic
    _quiet_until: dict[str, float] = field(default_factory=dict)
    _again: dict[str, int] = field(default_factory=dict)

    def tell(self, failed: ModelFailed) -> None:
        """Log a failure, or count it."""
        if not isinstance(failed, _TOLD):
            return
        kind, now = type(failed).__name__, self.clock()
        if now < self._quiet_until.get(kind, now):
            self._again[kind] = self._again.get(kind, 0) + 1
            return
        self._quiet_until[kind] = now + QUIET_S
        tell = log.error if isinstance(failed, ModelMisconfigured) else log.warning
        tell("model_failed", model=self.model, kind=kind, problem=str(failed), again=self._again.pop(kind, 0))
