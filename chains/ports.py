"""What the chain needs from outside: models for four hops, a toolbox (see `chains.tools`) and a log.

A model is a stranger, whether it is a small embedded one or a prompt to a large one: it replies with
JSON text, and only the hop's guard turns that into a typed value. So both kinds pass the same checks
and leave the same record.
"""

from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from pydantic import JsonValue

from chains.contract import Contract
from chains.record import HopRecord, Op, PromptRef, ServedFrom, Usage
from moderation import Failure

GivenT_contra = TypeVar("GivenT_contra", bound=Contract, contravariant=True)


@dataclass(frozen=True)
class ModelCard:
    """Which model serves a hop: its names for the record, and whether asking again can change its reply."""

    provider: str
    name: str
    op: Op
    sha256: str | None = None
    repairs: bool = False
    served_from: ServedFrom = "embedded"


@dataclass(frozen=True)
class Repair:
    """A reply that the guard refused, and why; given to a model that is asked once more."""

    raw: str
    failures: tuple[Failure, ...]


@dataclass(frozen=True)
class Reply:
    """What a model replied: `raw` is untrusted JSON text; the rest is for the record."""

    raw: str
    params: dict[str, JsonValue] = field(default_factory=dict)
    prompt: PromptRef | None = None
    input_messages: tuple[dict[str, JsonValue], ...] | None = None
    tools: tuple[dict[str, JsonValue], ...] | None = None
    output_messages: tuple[dict[str, JsonValue], ...] | None = None
    response_id: str | None = None
    response_model: str | None = None
    finish_reasons: tuple[str, ...] = ()
    ttft_ms: float | None = None
    usage: Usage = Usage()
    usage_raw: dict[str, JsonValue] | None = None
    cost_usd: str = "0"
    retries: int = 0
    served_from: ServedFrom | None = None


class HopModel(Protocol[GivenT_contra]):
    """A model that serves one hop: moderator, intent model, lookup planner or responder."""

    @property
    def card(self) -> ModelCard:
        """Which model this is."""
        ...

    async def propose(self, given: GivenT_contra, repair: Repair | None = None) -> Reply:
        """Reply to a hop's typed input; raises `ModelFailed` where there is no reply to look at."""
        ...


class HopLog(Protocol):
    """Where hop records go; the order of calls is kept."""

    def append(self, record: HopRecord) -> None:
        """Keep one record; never waits and never raises, because logging must not change a turn."""
        ...
