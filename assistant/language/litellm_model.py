"""Language models through litellm: the only file that imports it, and not before the first call.

What litellm does not report as a failure is found out here: replies that are empty, refused, cut off or too long.
What can only be told by looking at a reply is left to the hop's guard: JSON that is broken or of another shape, and
function calls whose arguments are.
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlsplit

from pydantic import JsonValue

from assistant.language.failures import failure_of
from assistant.language.prices import Prices, plain
from chains.errors import ModelFailed, ModelLate, ModelMisconfigured, ModelRefused, ModelSilent
from chains.language import Completion, FunctionCall, Json, ModelCall, Structure
from chains.record import Usage
from chains.scope import LanguageModelSettings

_MOST_CHARACTERS = 64 * 1024
_WIRE_TIMEOUT_S = 90.0  # above any hop's time, which ends a call; litellm keeps one client for each value it is given
_NO_KEY = "no-key"  # what a server of one's own is sent, so that the key of a vendor never is
_SELF_HOSTED = frozenset({"hosted_vllm", "custom_openai", "lm_studio", "litellm_proxy"})
"""Providers that have no address of their own; without one litellm sends their prompts to OpenAI."""


class LitellmModel:
    """One language model, asked once at a time and never twice for one question.

    `environ` is where its key is looked up. Nothing of litellm is loaded before a property or a call needs it.
    """

    def __init__(self, settings: LanguageModelSettings, environ: Mapping[str, str] = os.environ) -> None:
        self.settings = settings
        self.name = settings.name
        self._environ = environ

    @cached_property
    def structure(self) -> Structure:
        """How it is held to a schema; by `auto` natively where litellm knows that it can, else by its prompt."""
        if self.settings.structure != "auto":
            return self.settings.structure
        return "json_schema" if self._known.get("supports_response_schema") is True else "plain"

    @cached_property
    def takes_functions(self) -> bool:
        """Whether it can call functions natively; by `auto` where litellm knows that it can."""
        if self.settings.functions != "auto":
            return self.settings.functions == "native"
        return self._known.get("supports_function_calling") is True

    @cached_property
    def price_table_sha256(self) -> str | None:
        """Hash of the prices that its costs are worked out from; None where nobody knows them."""
        return self._prices.sha256 if self._prices else None

    def price_of(self, input_tokens: int, output_tokens: int) -> Decimal:
        """What so many tokens cost in US dollars, none of them cached; 0 where nobody knows."""
        usage = Usage(input_total=input_tokens, output=output_tokens)
        return self._prices.cost(usage) if self._prices else Decimal(0)

    async def warm_up(self) -> None:
        """Load what the first call would load, without any network; 2 to 3 s of one core.

        Raises `ModelMisconfigured` where litellm can tell already that it would not take our calls.
        """
        import openai.resources  # noqa: F401  # litellm puts this off until the first call, which takes 0.3 s longer

        _litellm().encoding  # noqa: B018  # and this, which being read loads
        arguments = self._wire_arguments | {"messages": [{"role": "user", "content": "hello"}], "mock_response": "{}"}
        failed = None
        try:
            await _ask(arguments)
        except Exception as error:  # noqa: BLE001  # whatever litellm raises becomes a sentence of ours
            failed = failure_of(error, self.name)
        if isinstance(failed, ModelMisconfigured):
            raise failed

    async def once(self, call: ModelCall, timeout_s: float) -> Completion:
        """Ask it with one request on the wire, within `timeout_s` seconds.

        Raises a kind of `ModelFailed` that holds nothing of what was asked or said.
        """
        arguments = self._arguments(call)
        try:
            async with asyncio.timeout(timeout_s):
                said = await (_streamed(arguments) if self.settings.stream else _whole(arguments))
        except TimeoutError:
            failed: ModelFailed = ModelLate(f"The model {self.name} did not reply within {timeout_s:.1f} s.")
        except Exception as error:  # noqa: BLE001  # whatever litellm raises becomes a sentence of ours
            failed = failure_of(error, self.name)
        else:
            return self._completion(said, arguments)
        raise failed  # outside the handler, so that it does not carry the vendor's exception with it

    def _arguments(self, call: ModelCall) -> dict[str, Any]:
        # copies, because litellm changes what it is given: hosted_vllm/ strips the functions' schemas in place
        arguments: dict[str, Any] = self._wire_arguments | {"messages": [_copied(message) for message in call.messages]}
        if call.functions:
            arguments |= {"tools": [_copied(function) for function in call.functions], "tool_choice": "required"}
        elif self.structure == "json_schema":
            schema = {"name": call.schema_name, "schema": _copied(call.schema)}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self.structure == "json_object":
            arguments["response_format"] = {"type": "json_object"}
        return arguments

    @cached_property
    def _wire_arguments(self) -> dict[str, Any]:
        """What every request has; raises `ModelMisconfigured` where a key or an address is missing."""
        settings = self.settings
        arguments: dict[str, Any] = {
            "model": self.name,
            "temperature": settings.temperature,
            "max_tokens": settings.max_output_tokens,
            "timeout": _WIRE_TIMEOUT_S,
            "max_retries": 0,
            "num_retries": 0,
        }
        if settings.stream:
            arguments |= {"stream": True, "stream_options": {"include_usage": True}}
        if settings.base_url is not None:
            arguments |= {"base_url": _address(settings.base_url, self.name), "api_key": _NO_KEY}
        elif self.name.partition("/")[0] in _SELF_HOSTED:
            raise ModelMisconfigured(f"The model {self.name} has no address; add its base_url in language_models.")
        if settings.api_key_env is not None:
            key = self._environ.get(settings.api_key_env)
            if not key:
                raise ModelMisconfigured(
                    f"The environment variable {settings.api_key_env}, which holds the key of the model {self.name}, "
                    "is not set; set it or change api_key_env in language_models."
                )
            arguments["api_key"] = key
        return arguments

    def _completion(self, said: "_Said", arguments: Mapping[str, Any]) -> Completion:
        if said.refused:
            raise ModelRefused(f"The model {self.name}, or the filter of its provider, would not answer this text.")
        if said.too_long:
            raise ModelSilent(f"The model {self.name} replied with more than {_MOST_CHARACTERS} characters.")
        if said.finish_reason == "length":
            raise ModelSilent(f"The model {self.name} was cut off; raise its max_output_tokens in language_models.")
        if said.finish_reason is None:
            raise ModelSilent(f"The model {self.name} broke off in the middle of its reply.")
        if not said.calls and not said.text.strip():
            raise ModelSilent(f"The model {self.name} replied with nothing.")
        usage = _usage(said.usage)
        return Completion(
            text=said.text,
            calls=said.calls,
            params=self._params(arguments),
            output_messages=(said.message,),
            response_id=said.response_id,
            response_model=said.response_model,
            finish_reasons=(said.finish_reason,),
            ttft_ms=said.ttft_ms,
            usage=usage,
            usage_raw=None if said.usage is None else said.usage.model_dump(mode="json", exclude_none=True),
            cost_usd=plain(self._prices.cost(usage)) if self._prices else "0",
            priced=self._prices is not None,
        )

    def _params(self, arguments: Mapping[str, Any]) -> Json:
        structure = "functions" if "tools" in arguments else self.structure
        return {
            "temperature": self.settings.temperature,
            "max_tokens": self.settings.max_output_tokens,
            "structure": structure,
            "stream": self.settings.stream,
        }

    @cached_property
    def _known(self) -> Mapping[str, object]:
        """Its entry in litellm's map, which is read as data: litellm's own look-ups may ask a server."""
        listed: Mapping[str, Mapping[str, object]] = _litellm().model_cost
        provider, _, bare = self.name.partition("/")
        if self.name in listed:
            return listed[self.name]
        known = listed.get(bare, {})
        return known if known.get("litellm_provider") == provider else {}

    @cached_property
    def _prices(self) -> Prices | None:
        return Prices.of(self.settings, self._known)


@cache
def _litellm() -> Any:
    """Litellm, kept from the network, from the console and from stray settings files."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # no download of prices at import
    os.environ["LITELLM_MODE"] = "PRODUCTION"  # no .env of the working folder
    import litellm

    litellm.suppress_debug_info = True  # it prints help on the console otherwise
    litellm.telemetry = False
    litellm.disable_hf_tokenizer_download = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "openai"):  # they log prompts at some levels
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL)
        logger.propagate = False
    return litellm


async def _ask(arguments: Mapping[str, Any]) -> Any:
    litellm = _litellm()
    from litellm._internal_context import is_internal_call

    await _close_with_loop()
    marked = is_internal_call.set(True)  # no background logging of each call: 0.3 ms less, and no text in exceptions
    try:
        return await litellm.acompletion(**arguments)
    finally:
        is_internal_call.reset(marked)


_closers: dict[asyncio.AbstractEventLoop, AsyncGenerator[None, None]] = {}


async def _close_with_loop() -> None:
    """Close litellm's HTTP clients of this event loop when the loop ends; it keeps them by loop, and never closes any.

    A loop closes the asynchronous generators that were started in it, before it closes itself.
    """
    loop = asyncio.get_running_loop()
    if loop not in _closers:
        _closers[loop] = _closer(loop)
        await anext(_closers[loop])


async def _closer(loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        del _closers[loop]
        clients = _litellm().in_memory_llm_clients_cache
        for key in [key for key in clients.cache_dict if key.endswith(f"-{id(loop)}")]:
            client = clients.cache_dict[key]
            clients.delete_cache(key)
            await client.close()


@dataclass
class _Said:
    """A reply as it came, whole or in pieces; `finish_reason` is None where it broke off."""

    text: str = ""
    calls: tuple[FunctionCall, ...] = ()
    finish_reason: str | None = None
    refused: bool = False
    too_long: bool = False
    response_id: str | None = None
    response_model: str | None = None
    ttft_ms: float | None = None
    usage: Any = None

    @property
    def message(self) -> Json:
        """What goes into the record, in the form of OpenAI's chat completions."""
        message: Json = {"role": "assistant", "content": self.text}
        if self.calls:
            message["tool_calls"] = [
                {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in self.calls
            ]
        return message


async def _whole(arguments: Mapping[str, Any]) -> _Said:
    response = await _ask(arguments)
    said = _Said(response_id=response.id, response_model=response.model, usage=getattr(response, "usage", None))
    if not response.choices:
        said.finish_reason = "stop"
        return said
    choice = response.choices[0]
    message = choice.message
    said.text = message.content or ""
    said.calls = tuple(
        FunctionCall(call.function.name or "", call.id or "", call.function.arguments or "")
        for call in message.tool_calls or ()
    )
    said.finish_reason = choice.finish_reason or "stop"
    refusal = (getattr(message, "provider_specific_fields", None) or {}).get("refusal")
    said.refused = said.finish_reason == "content_filter" or bool(refusal)
    said.too_long = len(said.text) + sum(len(call.arguments) for call in said.calls) > _MOST_CHARACTERS
    return said


@dataclass
class _Call:
    name: str = ""
    call_id: str = ""
    arguments: list[str] = field(default_factory=list)


async def _streamed(arguments: Mapping[str, Any]) -> _Said:
    started = time.perf_counter()
    stream = await _ask(arguments)
    said, texts, calls, length = _Said(), list[str](), dict[int, _Call](), 0
    try:
        async for chunk in stream:
            said.response_id, said.response_model = chunk.id, chunk.model
            said.usage = getattr(chunk, "usage", None) or said.usage
            for choice in chunk.choices[:1]:
                text, pieces = choice.delta.content or "", choice.delta.tool_calls or ()
                if (text or pieces) and said.ttft_ms is None:
                    said.ttft_ms = round((time.perf_counter() - started) * 1000, 3)
                texts.append(text)
                length += len(text) + sum(_add(calls, piece) for piece in pieces)
            if length > _MOST_CHARACTERS:
                said.too_long = True
                return said
        # litellm makes up a "stop" where the stream just ends; this tells what was really received
        said.finish_reason = stream.received_finish_reason
    finally:
        await stream.aclose()
    said.text = "".join(texts)
    said.calls = tuple(FunctionCall(call.name, call.call_id, "".join(call.arguments)) for call in calls.values())
    said.refused = said.finish_reason == "content_filter"
    return said


def _add(calls: dict[int, _Call], piece: Any) -> int:
    """Add a piece of a function call to the calls so far; how many characters it has."""
    call = calls.setdefault(piece.index, _Call())
    call.call_id = call.call_id or piece.id or ""
    call.name = call.name or piece.function.name or ""
    call.arguments.append(piece.function.arguments or "")
    return len(call.arguments[-1])


def _usage(raw: Any) -> Usage:
    """Tokens as the record counts them; what a server leaves out or makes up is 0."""
    given, made = getattr(raw, "prompt_tokens_details", None), getattr(raw, "completion_tokens_details", None)
    return Usage(
        input_total=_count(raw, "prompt_tokens"),
        cache_read=_count(given, "cached_tokens"),
        cache_write=_count(given, "cache_creation_tokens"),
        output=_count(raw, "completion_tokens"),
        reasoning=_count(made, "reasoning_tokens"),
    )


def _count(holder: Any, name: str) -> int:
    value = getattr(holder, name, None)
    return value if isinstance(value, int) and value > 0 else 0


def _address(base_url: str, name: str) -> str:
    try:
        parts = urlsplit(base_url)
        if parts.hostname and (parts.port is None or parts.port):
            return base_url
    except ValueError:
        pass
    raise ModelMisconfigured(f"The base_url of the model {name} is not an address; write one like http://host:8000/v1.")


def _copied(value: JsonValue) -> JsonValue:
    """A copy of a JSON value, several times as fast as `copy.deepcopy`."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value
