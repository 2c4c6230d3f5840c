"""Circuit breakers: a model that keeps failing is left alone for a while (M. Nygard, Release It!, chapter 5)."""

import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import structlog

from assistant.reflexes.store import Store, StoreLost

FAILURES_IN_A_ROW = 5
WINDOW = 20
OPEN_S = 15.0
PROBE_S = 60.0
"""How long the word of a probe is waited for before the next: as long as the longest call that a scope allows."""
_LOOK_S = 0.5
_MOST_OPENINGS = 4  # 15, 30, 60 and then always 120 seconds
State = Literal["closed", "open", "half_open"]
log = structlog.get_logger(__name__)


@dataclass
class _Circuit:
    """What is known of one model; `openings` counts those since it last worked, `until` is on the clock given."""

    latest: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))
    openings: int = 0
    until: float = 0.0
    probing: bool = False
    look_at: float = 0.0

    def fails_too_often(self) -> bool:
        in_a_row = len(self.latest) >= FAILURES_IN_A_ROW and not any(list(self.latest)[-FAILURES_IN_A_ROW:])
        return in_a_row or (len(self.latest) == WINDOW and self.latest.count(False) * 2 >= WINDOW)


class Breakers:
    """Decides for each model whether to call it: closed, open, or half-open, when one call tries it.

    A circuit opens after 5 failures in a row, or when half of the latest 20 calls failed. It stays open for 15 s,
    twice as long after each probe that fails, 2 minutes at most; then this process lets one call through at a time.
    Decisions are local. An opening is shared through the store, where other processes see it within 0.5 s; without
    the store each process finds out by itself. `clock` gives seconds that never go back.
    """

    def __init__(self, store: Store | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._circuits: dict[str, _Circuit] = {}

    def state(self, model: str) -> State:
        """How the circuit of a model stands, as far as this process knows."""
        circuit = self._circuits.get(model)
        if circuit is None or circuit.openings == 0:
            return "closed"
        return "half_open" if circuit.probing or self._clock() >= circuit.until else "open"

    async def allows(self, model: str) -> bool:
        """Whether to call the model now; after True the call is recorded or released."""
        circuit = self._circuits.setdefault(model, _Circuit())
        if circuit.openings == 0:
            await self._look(model, circuit)
        if circuit.openings == 0:
            return True
        now = self._clock()
        if now < circuit.until:
            return False
        circuit.probing = True
        circuit.until = now + PROBE_S
        return True

    async def record(self, model: str, ok: bool) -> None:  # noqa: FBT001
        """Note how a call ended: `ok` is False where the model failed, not where its reply was no good."""
        circuit = self._circuits.setdefault(model, _Circuit())
        if circuit.probing:
            await (self._close(model) if ok else self._open(model, circuit))
        elif circuit.openings == 0:
            circuit.latest.append(ok)
            if circuit.fails_too_often():
                await self._open(model, circuit)

    def release(self, model: str) -> None:
        """Note that a call was given up before anything could be told of the model; a probe may be made again now."""
        circuit = self._circuits.get(model)
        if circuit is not None and circuit.probing:
            circuit.probing = False
            circuit.until = self._clock()

    async def _look(self, model: str, circuit: _Circuit) -> None:
        """See whether another process opened the circuit since the last look."""
        now = self._clock()
        if self._store is None or now < circuit.look_at:
            return
        circuit.look_at = now + _LOOK_S
        with contextlib.suppress(StoreLost):
            openings = await self._store.get(_key(model))
            if openings is not None and openings.isdecimal() and circuit.openings == 0:
                self._leave_alone(circuit, int(openings[:9]))

    async def _open(self, model: str, circuit: _Circuit) -> None:
        self._leave_alone(circuit, circuit.openings + 1)
        log.warning("breaker_opened", model=model, openings=circuit.openings)
        if self._store is not None:
            with contextlib.suppress(StoreLost):
                await self._store.put(_key(model), str(circuit.openings), _open_s(circuit.openings))

    async def _close(self, model: str) -> None:
        self._circuits[model] = _Circuit(look_at=self._clock() + _LOOK_S)  # the shared key is still there
        log.info("breaker_closed", model=model)
        if self._store is not None:
            with contextlib.suppress(StoreLost):
                await self._store.drop(_key(model))

    def _leave_alone(self, circuit: _Circuit, openings: int) -> None:
        circuit.openings = max(1, min(openings, _MOST_OPENINGS))
        circuit.until = self._clock() + _open_s(circuit.openings)
        circuit.probing = False
        circuit.latest.clear()


def _open_s(openings: int) -> float:
    return OPEN_S * 2.0 ** (openings - 1)


def _key(model: str) -> str:
    return f"breaker:{model}"
