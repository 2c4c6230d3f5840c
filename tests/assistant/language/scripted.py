"""A scripted model behind a `ResilientModel`, with a breaker and a cache that can be looked into."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from assistant.language.ports import OneShot
from assistant.language.resilient import ResilientModel
from chains.language import Completion, Json, ModelCall, Structure
from chains.record import Usage
from chains.scope import Cache, LanguageModelSettings
from tests.assistant.language.asking import asked, purse

GOOD = Completion(text="{}", usage=Usage(input_total=90, output=10), cost_usd="0.25")
NOTHING = (0, 0, Decimal(0))
Step = Completion | Exception | float
"""What a scripted model does: it replies, fails, or replies after so many seconds."""


@dataclass
class Scripted:
    """A model that does one step for each time it is asked; a token costs a cent."""

    steps: list[Step]
    settings: LanguageModelSettings = LanguageModelSettings(name="openai/scripted", max_output_tokens=50)
    name: str = "openai/scripted"
    structure: Structure = "plain"
    takes_functions: bool = False
    price_table_sha256: str | None = "abc"
    timeouts: list[float] = field(default_factory=list)
    cancelled: int = 0
    loads: int = 0

    def price_of(self, input_tokens: int, output_tokens: int) -> Decimal:
        return Decimal(input_tokens + output_tokens) / 100

    async def load(self) -> None:
        self.loads += 1

    def params(self, call: ModelCall) -> Json:
        return {"hop": call.hop}

    async def once(self, call: ModelCall, timeout_s: float) -> Completion:
        self.timeouts.append(timeout_s)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, Completion):
            return step
        try:
            await asyncio.sleep(step)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return Completion(text=f"after {step}", usage=Usage(input_total=1, output=1), cost_usd="0.02")


@dataclass
class Noted:
    """A breaker that is shut for whom it is told, and notes what it hears."""

    shut: bool = False
    heard: list[bool] = field(default_factory=list)
    released: int = 0

    async def allows(self, model: str) -> bool:
        assert model.startswith(("openai/scripted", "hosted_vllm/scripted"))
        return not self.shut

    def release(self, model: str) -> None:
        self.released += 1

    async def record(self, model: str, ok: bool) -> None:
        self.heard.append(ok)


@dataclass
class Shelf:
    """A cache in a dictionary."""

    kept: dict[str, str] = field(default_factory=dict)
    ttl_s: int | None = None

    async def get(self, key: str) -> str | None:
        return self.kept.get(key)

    async def put(self, key: str, value: str, ttl_s: int) -> None:
        self.kept[key] = value
        self.ttl_s = ttl_s

    async def drop(self, key: str) -> None:
        self.kept.pop(key, None)


@dataclass
class Run:
    """One completion that was asked for, and all that was seen of it; waits are noted and not waited for."""

    inner: OneShot
    breaker: Noted = field(default_factory=Noted)
    shelf: Shelf = field(default_factory=Shelf)
    caching: Cache = Cache()
    waits: list[float] = field(default_factory=list)
    share: Callable[[], float] = lambda: 0.5

    def __post_init__(self) -> None:
        async def noted(seconds: float) -> None:
            self.waits.append(seconds)

        self.model = ResilientModel(self.inner, self.breaker, self.shelf, self.caching, sleep=noted, share=self.share)

    def ask(self, call: ModelCall | None = None, **limits: object) -> Completion:
        async def run() -> Completion:
            self.allowance = purse(**{"usd": 100.0, **limits})
            return await self.model.complete(call or asked(), self.allowance)

        return asyncio.run(run())

    @property
    def spent(self) -> tuple[int, int, Decimal]:
        return self.allowance.calls, self.allowance.tokens, self.allowance.usd


def scripted(*steps: Step, **settings: object) -> Scripted:
    base = {"name": "openai/scripted", "max_output_tokens": 50}
    return Scripted(list(steps), LanguageModelSettings.model_validate(base | settings))
