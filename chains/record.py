"""The hop record, `hop/1`: one per attempt, holding all that is needed to run that attempt again."""

from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Literal

from pydantic import Field, JsonValue

from chains.contract import Contract
from chains.facts import Evidence
from chains.messages import HopName
from moderation import Failure

Op = Literal["rules", "classify", "plan", "compose", "ground", "check", "chat"]
Origin = Literal["live", "replay", "eval", "shadow"]
ServedFrom = Literal["provider", "embedded", "cache", "cassette", "frozen"]
Status = Literal["ok", "invalid", "refused", "error"]
Sha256 = str


class Upstream(Contract):
    """An earlier hop of the turn whose output this one was given."""

    hop: HopName
    event_id: str
    output_sha256: Sha256
    frozen: bool = False


class PromptRef(Contract):
    """Which released prompt was rendered, and with what."""

    name: str
    version: str
    template_sha256: Sha256
    vars: dict[str, JsonValue]
    tokens: int = Field(default=0, ge=0, description="estimate of the whole input, on the high side")
    trimmed: dict[str, int] = Field(default={}, description="how many examples, fields and the like were left out")


class Usage(Contract):
    """Tokens of one model call. `input_total` includes cached ones, as in OpenTelemetry's GenAI conventions."""

    input_total: int = Field(default=0, ge=0)
    cache_read: int = Field(default=0, ge=0)
    cache_write: int = Field(default=0, ge=0)
    output: int = Field(default=0, ge=0)
    reasoning: int = Field(default=0, ge=0)


class CalledTool(Contract):
    """A function call that was carried out, with what it found or why it did not."""

    name: str
    call_id: str
    intent: str
    arguments: dict[str, JsonValue]
    result: Evidence | None = None
    error: str | None = None


class Redaction(Contract):
    """Which policy replaced personal data before this record was made, and which kinds it found."""

    policy: str
    applied: tuple[str, ...] = ()


class HopRecord(Contract):
    """One attempt of one hop. Times are nanoseconds since the Unix epoch; `cost_usd` is a decimal string."""

    schema_: Literal["hop/1"] = Field(default="hop/1", alias="schema")
    event_id: str
    trace_id: str
    span_id: str
    parent_span_id: str | None = None
    case_id: str
    turn_id: str
    site: str
    app_version: str
    contract: str = Field(description="name and version of the output contract, as in `Intent/1`")

    hop: HopName
    hop_index: int = Field(ge=0)
    attempt: int = Field(ge=1, le=6)
    tier: int = Field(default=0, ge=0, description="which of the hop's models was asked: 0 is the first of its list")
    threshold: float | None = Field(default=None, description="the least certainty at which this model decides")
    certainty: float | None = None
    decides: bool = Field(default=True, description="whether the turn went on with this output")
    op: Op
    origin: Origin = "live"
    run_id: str | None = None
    eval_case_id: str | None = None
    split: str | None = None
    tags: tuple[str, ...] = ()

    input: dict[str, JsonValue]
    identity: str
    locale: str
    now: datetime
    replay_of: str | None = None
    upstream: tuple[Upstream, ...] = ()

    provider: str
    model: str
    model_sha256: Sha256 | None = None
    params: dict[str, JsonValue] = {}
    prompt: PromptRef | None = None
    input_messages: tuple[dict[str, JsonValue], ...] | None = None
    tools: tuple[dict[str, JsonValue], ...] | None = None
    output_schema_sha256: Sha256
    sent_schema_sha256: Sha256 | None = Field(default=None, description="of the schema that held the model natively")
    request_key: Sha256
    output_messages: tuple[dict[str, JsonValue], ...] | None = None
    response_id: str | None = None
    response_model: str | None = None
    finish_reasons: tuple[str, ...] = ()

    parsed: JsonValue = None
    valid: bool
    validation_errors: tuple[Failure, ...] = ()
    repaired: bool = False
    tool_calls: tuple[CalledTool, ...] = ()
    facts: tuple[str, ...] = Field(default=(), description="ids of the facts in play")

    started_ns: int
    ended_ns: int
    ttft_ms: float | None = None
    usage: Usage = Usage()
    usage_raw: dict[str, JsonValue] | None = None
    cost_usd: str = "0"
    price_table_sha256: Sha256 | None = None
    served_from: ServedFrom
    retries: int = 0
    status: Status
    error_type: str | None = None
    error: str | None = Field(default=None, description="why a model gave no reply, in a sentence of ours")

    redaction: Redaction
    scope_sha256: Sha256
    catalog_sha256: str

    @property
    def latency_ms(self) -> float:
        """How long the attempt took, in milliseconds."""
        return float(Decimal(self.ended_ns - self.started_ns) / 1_000_000)


def digest(text: str) -> Sha256:
    """The lowercase hexadecimal sha256 of a text in UTF-8."""
    return sha256(text.encode()).hexdigest()
