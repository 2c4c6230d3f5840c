"""What the chain needs from outside: models for four hops, a toolbox (see `chains.tools`) and a log.

A model is a stranger, whether it is a small embedded one or a prompt to a large one: it replies with
JSON text, and only the hop's guard turns that into a typed value. So both kinds pass the same checks
and leave the same record.
"""

from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar, runtime_checkable

from pydantic import JsonValue

from chains.allowance import Allowance
from chains.contract import Contract
from chains.record import HopRecord, Op, PromptRef, ServedFrom, Usage
from moderation import Failure

GivenT = TypeVar("GivenT", bound=Contract)
GivenT_contra = TypeVar("GivenT_contra", bound=Contract, contravariant=True)


@dataclass(frozen=True)
class ModelCard:
    """Which model serves a hop: its names for the record, and what asking it again can change.

    `repairs`: a reply that was refused; `rounds`: a plan whose calls failed or are not the last ones.
    """

    provider: str
    name: str
    op: Op
    sha256: str | None = None
    repairs: bool = False
    rounds: bool = False
    served_from: ServedFrom = "embedded"

    @property
    def is_local(self) -> bool:
        """Whether it runs in this process, at no cost but time."""
        return self.served_from == "embedded"


@dataclass(frozen=True)
class Repair:
    """A reply that the guard refused, and why; given to a model that is asked once more."""

    raw: str
    failures: tuple[Failure, ...]


@dataclass(frozen=True)
class Reply:
    """What a model replied: `raw` is untrusted JSON text; the rest is for the record.

    `sent_schema_sha256` is of the JSON schema that the model was held to natively, if it was.
    """

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
    sent_schema_sha256: str | None = None
    price_table_sha256: str | None = None
    retries: int = 0
    served_from: ServedFrom | None = None


class HopModel(Protocol[GivenT_contra]):
    """A model that serves one hop: moderator, intent model, lookup planner or responder."""

    @property
    def card(self) -> ModelCard:
        """Which model this is."""
        ...

    async def propose(
        self, given: GivenT_contra, repair: Repair | None = None, allowance: Allowance | None = None
    ) -> Reply:
        """Reply to a hop's typed input; raises `ModelFailed` where there is no reply to look at.

        `allowance` is what the turn may still spend; only models that cost something look at it.
        """
        ...


@runtime_checkable
class Questioner(Protocol[GivenT_contra]):
    """A model that asks somebody else, and can say what: for the record of an attempt that got no reply."""

    def question(self, given: GivenT_contra, repair: Repair | None = None) -> Reply:
        """What `propose` asks, as a reply without an answer; raises `ModelFailed` where it cannot be asked."""
        ...


@dataclass(frozen=True)
class Tier(Generic[GivenT]):
    """A model in its place in a cascade; its output decides where its certainty (0..1) reaches `threshold`, if any."""

    model: HopModel[GivenT]
    threshold: float | None = None


@dataclass(frozen=True)
class Cascade(Generic[GivenT]):
    """The models that serve a hop, in the order in which they are asked; the first that is certain enough decides.

    `last` is asked where none did; an output of an unsure tier is then good enough, and without a `last` it is not.
    """

    tiers: tuple[Tier[GivenT], ...]
    last: HopModel[GivenT] | None = None

    @classmethod
    def of(cls, *models: HopModel[GivenT]) -> "Cascade[GivenT]":
        """A cascade of models without thresholds: each one serves where those before it failed."""
        return cls(tuple(Tier(model) for model in models))

    def only(self, name: str) -> "Cascade[GivenT]":
        """The one model of that name, for what it did to be done again; all of them where there is none."""
        models = [*(tier.model for tier in self.tiers), *([self.last] if self.last else [])]
        return next((Cascade.of(model) for model in models if model.card.name == name), self)

    def with_rounds(self) -> "Cascade[GivenT]":
        """Those models that can go on from what a first round found."""
        return Cascade(tuple(tier for tier in self.tiers if tier.model.card.rounds))


class HopLog(Protocol):
    """Where hop records go; the order of calls is kept."""

    def append(self, record: HopRecord) -> None:
        """Keep one record; never waits and never raises, because logging must not change a turn."""
        ...
