"""The scope: what a site's assistant may do, as typed data. One file per site, read by `chains.scope_file`."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, JsonValue, StringConstraints, TypeAdapter, model_validator
from pydantic_core import SchemaError

from chains.contract import Contract
from chains.outcomes import OutcomeKind
from chains.tools import BUILT_IN, FieldKey, Identity, ToolSpec, Topic, operator_spec
from moderation import ModerationPolicy

IntentId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$", max_length=80)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
EXAMPLE_CHARS = 500
Example = Annotated[str, StringConstraints(min_length=1, max_length=EXAMPLE_CHARS)]
IdentityName = Literal["anonymous", "order_proof", "verified"]
_LANGUAGE_MODEL = re.compile(r"[a-z0-9_]+/\S{1,180}")
_LOCAL_MODEL = re.compile(r"embedded(@(0?\.[0-9]+|1(\.0+)?))?|rules")


def _language_model(name: str) -> str:
    if not _LANGUAGE_MODEL.fullmatch(name):
        raise ValueError("write provider/model in small letters as litellm does, such as 'openai/gpt-4.1-mini'")
    if re.search(r"@(0?\.[0-9]+|1(\.0+)?)$", name):
        raise ValueError("a threshold is for the embedded model alone, as in 'embedded@0.9'; leave it out here")
    return name


def _model(name: str) -> str:
    if "/" in name:
        return _language_model(name)
    if not _LOCAL_MODEL.fullmatch(name):
        raise ValueError(
            "write 'embedded', 'embedded@0.9' (a threshold from 0 to 1), 'rules', or provider/model, such as "
            "'openai/gpt-4.1-mini'"
        )
    return name


def _address(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+\S*", url):
        raise ValueError("write it with http:// or https://, such as 'http://127.0.0.1:8000/v1'")
    return url


ModelName = Annotated[str, AfterValidator(_model)]
LanguageModelName = Annotated[str, AfterValidator(_language_model)]
Origin = Annotated[str, StringConstraints(pattern=r"^https?://([A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?$")]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Site(Contract):
    """Who speaks: the shop's names, its language and currency, and where its pages live."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    name: str = Field(min_length=1, max_length=80)
    locale: Literal["en"] = Field(default="en", description="the language that the shop answers in")
    also_reads: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")], ...] = Field(
        default=(), description="other languages whose requests are answered, in `locale`; needs a language model"
    )
    region: str = Field(default="DE", pattern=r"^[A-Z]{2}$", description="how dates, numbers and phones are written")
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    tone: Literal["plain", "warm"] = "plain"
    origins: tuple[Origin, ...] = Field(default=(), description="web origins that may embed the widget")


class Sources(Contract):
    """Where the site's data lies; relative paths start at the scope file's folder."""

    products: str | None = Field(default=None, description="absent: the catalog that `hopdesk catalog import` made")
    fields: str | None = None
    policies: str | None = None
    orders: str | None = Field(default=None, description="a JSON file, an SQL URL or an HTTPS URL")
    orders_query: str | None = Field(default=None, description="for SQL: one SELECT with :order_number")
    examples: str | None = Field(default=None, description="further examples of the intents, as JSON Lines")


class LabelledExample(Contract):
    """A line of the examples file: a redacted text with the intent that a person gave it, null for out of scope.

    `source` is the case or turn that it comes from. Only what is of the train split is learnt from.
    """

    intent: IntentId | None
    text: Example
    source: str
    split: Literal["train"]
    labeller: str | None = None


class Limits(Contract):
    """Sizes and counts of a case."""

    turns: int = Field(default=3, ge=1, le=3, description="customer turns in a case")
    clarify_rounds: int = Field(default=2, ge=0, le=2)
    products_shown: int = Field(default=4, ge=1, le=8)


class Budget(Contract):
    """What one turn may cost. Money is in US dollars, as language models are priced."""

    deadline_ms: int = Field(default=8000, ge=200, le=60_000, description="a turn ends within this, whatever happens")
    hop_ms: int = Field(default=4000, ge=100, le=60_000, description="the most that one model call may take")
    calls: int = Field(default=6, ge=1, le=8, description="function calls in one lookup")
    model_calls: int = Field(default=6, ge=0, le=12, description="calls to language models, retries included")
    retries: int = Field(default=2, ge=0, le=4, description="of calls that failed on the way, in one turn")
    prompt_tokens: int = Field(default=6000, ge=500, description="the most that one prompt may have; examples give way")
    tokens: int = Field(default=30_000, ge=0, description="of all language model calls in one turn")
    usd: float = Field(default=0.05, ge=0, allow_inf_nan=False, description="the most that one turn may spend")
    speculate: bool = Field(default=False, description="plan the lookup before the intent is known: sooner, and dearer")
    tokens_per_day: int | None = Field(default=None, ge=0, description="of the whole site; absent: no limit")
    usd_per_day: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="the most that the whole site may spend; absent: no limit"
    )


class HopModels(Contract):
    """Which model serves each hop; the first of a list that is sure enough decides."""

    moderation: tuple[ModelName, ...] = Field(default=("rules", "embedded"), min_length=1)
    intent: tuple[ModelName, ...] = Field(default=("embedded",), min_length=1)
    lookup: tuple[ModelName, ...] = Field(default=("embedded",), min_length=1)
    response: tuple[ModelName, ...] = Field(default=("embedded",), min_length=1)


class LanguageModelSettings(Contract):
    """How to reach a language model, and what it costs; only what differs from what litellm knows of it.

    `name` is the one that the hops use. Prices are US dollars per million tokens.
    """

    name: Annotated[LanguageModelName, Field(description="as the hops name it in `[models]`")]
    kind: Literal["chat", "moderation"] = Field(
        default="chat", description="`moderation`: a provider's moderation endpoint, for the moderation hop alone"
    )
    base_url: Annotated[str, AfterValidator(_address)] | None = Field(
        default=None, description="of a server that speaks OpenAI's chat completions"
    )
    api_key_env: str | None = Field(
        default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="the environment variable that holds the key"
    )
    structure: Literal["auto", "json_schema", "json_object", "plain"] = Field(
        default="auto",
        description="how it keeps to a schema; `auto`: as litellm knows it, else `plain`, in the prompt",
    )
    functions: Literal["auto", "native", "prompt"] = Field(
        default="auto", description="how it calls functions; `auto`: as litellm knows it, else `prompt`"
    )
    max_output_tokens: int = Field(default=800, ge=16, le=8000, description="a longer reply is cut off, and refused")
    temperature: float = Field(default=0, ge=0, le=2, allow_inf_nan=False, description="some models take 1 alone")
    stream: bool = Field(default=False, description="read replies as they come, to time and to stop them early")
    hedge_after_ms: int | None = Field(
        default=None, ge=50, description="ask a second time when the first reply takes longer; absent: never"
    )
    input_usd_per_mtok: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="US dollars per million input tokens; absent: as litellm has it",
    )
    output_usd_per_mtok: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="the same for output, with what the model thinks aloud"
    )

    @model_validator(mode="after")
    def _has_an_address(self) -> "LanguageModelSettings":
        if self.kind == "moderation" and self.base_url is None and not self.name.startswith("openai/"):
            raise ValueError("the address of this moderation endpoint is not known; add its base_url")
        return self


class Fallback(Contract):
    """What serves a hop when none of its models gave a valid reply."""

    moderation: Literal["handoff", "rules"] = Field(default="handoff", description="`rules`: the rules alone decide")
    intent: Literal["embedded", "clarify", "handoff"] = "embedded"
    lookup: Literal["embedded", "clarify", "handoff"] = "embedded"
    response: Literal["embedded", "facts", "handoff"] = "embedded"


class Cache(Contract):
    """Which hops may reuse a language model's reply to the very same request, and for how long."""

    hops: tuple[Literal["moderation", "intent", "lookup", "response"], ...] = ()
    ttl_s: int = Field(default=3600, ge=1, le=30 * 86_400)


class Prompts(Contract):
    """Which prompt version each hop uses when a language model serves it."""

    folder: str | None = Field(default=None, description="of the site's own versions, as in intent/2-short.txt")
    moderation: str = "1"
    intent: str = "1"
    lookup: str = "1"
    response: str = "1"


class Thresholds(Contract):
    """When the intent hop is sure. All are shares of 1.

    `out_of_scope` absent means the value that cross-validation of the examples suggests.
    """

    confidence: Share = Field(default=0.45, description="below this the customer is asked")
    margin: Share = Field(default=0.12, description="two intents closer than this are both offered")
    second: Share = Field(default=0.55, description="at least this for a second intent in one message")
    out_of_scope: Share | None = None


class OutOfScope(Contract):
    """What to say to everything else, and examples of it."""

    text: Sentence = "I can only help with questions about this shop: its products, orders, delivery and returns."
    examples: tuple[Example, ...] = ()


class Texts(Contract):
    """The sentences that are the company's own; the defaults are plain."""

    moderation: Sentence = "I cannot help with that."
    handoff: Sentence = "I am passing this to a colleague, who will get back to you."
    self_harm: Sentence = (
        "I am sorry that you are going through this, and I am glad that you wrote. I am only a program, but a person "
        "of our team will read your message. Please do not stay alone with it: talk to somebody you trust, or to "
        "people who are there to listen."
    )
    crisis_lines: Annotated[str, StringConstraints(min_length=1, max_length=180)] = Field(
        default="If you are in danger, call your emergency number now (112 in the EU). Crisis lines listen in most "
        "countries; in many European ones it is 116 123.",
        description="numbers to call, after `self_harm`; name those of the site's own country",
    )
    not_permitted: Sentence = "I cannot do that here."


class Shot(Contract):
    """A request with the function calls that it is answered with, for a language model to go by."""

    text: Example
    calls: tuple[dict[str, dict[str, JsonValue]], ...] = Field(
        min_length=1, max_length=4, description="each a function's name with its arguments"
    )


class IntentScope(Contract):
    """One thing that customers may ask, and all that may be done about it."""

    id: IntentId
    label: str = Field(min_length=1, max_length=60, description="how a customer reads it in a choice")
    description: Sentence
    tools: tuple[str, ...] = ()
    identity: IdentityName = "anonymous"
    outcomes: tuple[OutcomeKind, ...] = Field(min_length=1)
    topics: tuple[Topic, ...] = Field(default=(), max_length=8, description="the policy files that answer it")
    asks: tuple[FieldKey, ...] = Field(default=(), description="fields that it always asks about, such as price")
    next: tuple[IntentId, ...] = Field(default=(), description="closed choices that are offered after an answer")
    reply: Sentence | None = Field(default=None, description="a fixed answer, or what a hand-off says")
    examples: tuple[Example, ...] = ()
    shots: tuple[Shot, ...] = Field(default=(), max_length=8, description="worked examples for the lookup's prompt")

    @property
    def primary(self) -> str:
        """The first half of the id: `product` of `product.price`."""
        return self.id.partition(".")[0]

    @property
    def is_courtesy(self) -> bool:
        """Whether it is answered by a fixed reply alone, as a greeting is."""
        return self.reply is not None and not self.tools and "answer" in self.outcomes


def _unreserved(name: str) -> str:
    if hasattr(Contract, name) or name.startswith("model_"):
        raise ValueError("this name is reserved; choose another one, such as " + repr(f"{name}_value"))
    return name


def _compilable(pattern: str) -> str:
    """A pattern that the argument's own check can be built with; look-around, for one, cannot."""
    try:
        TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])
    except SchemaError:
        raise ValueError("not a regular expression, or one with look-around; write one like ^[0-9]{5}$") from None
    return pattern


class Parameter(Contract):
    """An argument of an operator's tool."""

    name: Annotated[FieldKey, AfterValidator(_unreserved)]
    type: Literal["text", "integer", "number", "sku"]
    description: str = Field(default="", max_length=300)
    pattern: Annotated[str, Field(max_length=200), AfterValidator(_compilable)] | None = None


class OperatorTool(Contract):
    """A read-only tool that the operator adds: one SQL SELECT with named parameters, or one HTTP GET.

    In `url` and `query` the parameters stand as `{name}` and `:name`; their values are escaped, never pasted.
    `returns` names the fields of the answer that become facts, each with its label.
    """

    name: FieldKey
    description: Sentence
    kind: Literal["sql", "http"]
    source: str = Field(description="an SQL URL, or the URL template of a GET")
    query: str | None = None
    parameters: tuple[Parameter, ...] = ()
    returns: dict[FieldKey, str] = Field(min_length=1)
    identity: IdentityName = "anonymous"
    timeout_ms: int = Field(default=2000, ge=50, le=20_000)


class Scope(Contract):
    """Everything that one site's assistant may do."""

    site: Site
    sources: Sources
    limits: Limits = Limits()
    budget: Budget = Budget()
    models: HopModels = HopModels()
    language_models: tuple[LanguageModelSettings, ...] = ()
    fallback: Fallback = Fallback()
    cache: Cache = Cache()
    prompts: Prompts = Prompts()
    thresholds: Thresholds = Thresholds()
    moderation: ModerationPolicy = ModerationPolicy()
    texts: Texts = Texts()
    out_of_scope: OutOfScope = OutOfScope()
    intents: tuple[IntentScope, ...] = Field(min_length=1, max_length=200)
    tools: tuple[OperatorTool, ...] = ()

    @cached_property
    def specs(self) -> Mapping[str, ToolSpec]:
        """Every tool that this scope knows, by name: the built-in ones and the operator's."""
        own = (operator_spec(t.name, t.description, Identity[t.identity.upper()], _arguments(t)) for t in self.tools)
        return {spec.name: spec for spec in (*BUILT_IN, *own)}

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The hosts of the site's own origins, the only ones to which an outgoing text may link."""
        return frozenset(host for origin in self.site.origins if (host := urlsplit(origin).hostname))

    @cached_property
    def by_id(self) -> Mapping[str, IntentScope]:
        """The intents by id."""
        return {intent.id: intent for intent in self.intents}

    def permitted(self, intent: str, identity: Identity) -> tuple[str, ...]:
        """The tools that may be called for an intent with this identity; none for an unknown intent.

        Both the intent and each tool state the least identity; the stricter one holds.
        """
        found = self.by_id.get(intent)
        if found is None or identity < Identity[found.identity.upper()]:
            return ()
        return tuple(name for name in found.tools if identity >= self.specs[name].identity)

    def matrix(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """The whole permission table: intent, then identity, then the tools that may be called."""
        return {
            intent.id: {level.name.lower(): self.permitted(intent.id, level) for level in Identity}
            for intent in self.intents
        }


def _arguments(tool: OperatorTool) -> dict[str, tuple[str, str | None, str]]:
    return {p.name: (p.type, p.pattern, p.description) for p in tool.parameters}
