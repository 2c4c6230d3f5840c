"""What the chain asks of a language model, whoever serves it: messages in, text or function calls out."""

from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar

from pydantic import JsonValue

from chains.allowance import Allowance
from chains.messages import HopName
from chains.record import ServedFrom, Usage

InnerT = TypeVar("InnerT", bound="Described")
Json = dict[str, JsonValue]
Structure = Literal["json_schema", "json_object", "plain"]
"""How a model is held to a schema: natively, to any JSON object, or by its prompt alone."""


@dataclass(frozen=True)
class ModelCall:
    """One question to a language model.

    `messages` and `functions` are in the form of OpenAI's chat completions. Without `functions` the reply is to be
    JSON that fits `schema`; with them it is to be calls of these functions, as many as are needed, side by side.
    `must_call` is False where it may also have nothing left to call. `input_tokens` is an estimate of the whole input
    that errs on the high side. `attempt` is 2 for a repair; `first` are then the messages of the attempt that it
    repairs, and nothing otherwise.
    """

    hop: HopName
    messages: tuple[Json, ...]
    schema_name: str
    schema: Json
    input_tokens: int
    functions: tuple[Json, ...] = ()
    attempt: int = 1
    must_call: bool = True
    first: tuple[Json, ...] = ()


@dataclass(frozen=True)
class FunctionCall:
    """A function that the model wants called; `arguments` is untrusted text that should be JSON."""

    name: str
    call_id: str
    arguments: str


@dataclass(frozen=True)
class Completion:
    """What a model replied, untrusted, with what the record says of the call.

    `cost_usd` is a decimal string; "0" with `priced` False where nobody knows the price.
    """

    text: str = ""
    calls: tuple[FunctionCall, ...] = ()
    params: Json = field(default_factory=dict)
    output_messages: tuple[Json, ...] = ()
    response_id: str | None = None
    response_model: str | None = None
    finish_reasons: tuple[str, ...] = ()
    ttft_ms: float | None = None
    usage: Usage = Usage()
    usage_raw: Json | None = None
    cost_usd: str = "0"
    priced: bool = True
    retries: int = 0
    served_from: ServedFrom = "provider"


class Described(Protocol):
    """What is known of a language model before it is asked."""

    @property
    def name(self) -> str:
        """Its name as the scope writes it, such as `openai/gpt-4.1-mini`."""
        ...

    @property
    def structure(self) -> Structure:
        """How it is held to a schema."""
        ...

    @property
    def takes_functions(self) -> bool:
        """Whether it can call functions natively; otherwise its prompt describes them."""
        ...

    @property
    def price_table_sha256(self) -> str | None:
        """Hash of the prices that its costs are worked out from; None where there are none."""
        ...

    def params(self, call: ModelCall) -> Json:
        """The parameters with which a call is sent, for the record; those of a completion are the same."""
        ...


class LanguageModel(Described, Protocol):
    """A language model that can be asked within a turn's allowance."""

    async def complete(self, call: ModelCall, allowance: Allowance) -> Completion:
        """Ask it; raises `ModelFailed` (one of its kinds) where there is no reply to look at."""
        ...


class Around(Generic[InnerT]):
    """The base of what stands around a language model and describes itself as that one does."""

    def __init__(self, inner: InnerT) -> None:
        self._inner = inner

    @property
    def name(self) -> str:
        """Its name as the scope writes it."""
        return self._inner.name

    @property
    def structure(self) -> Structure:
        """How it is held to a schema."""
        return self._inner.structure

    @property
    def takes_functions(self) -> bool:
        """Whether it can call functions natively."""
        return self._inner.takes_functions

    @property
    def price_table_sha256(self) -> str | None:
        """Hash of its prices; None where nobody knows them."""
        return self._inner.price_table_sha256

    def params(self, call: ModelCall) -> Json:
        """The parameters with which a call is sent."""
        return self._inner.params(call)
