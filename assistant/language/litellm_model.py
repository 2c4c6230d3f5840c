"""Language models through litellm, which is not imported before the first call.

What litellm does not report as a failure is found out here: replies that are empty, refused, cut off or too long.
What can only be told by looking at a reply is left to the hop's guard: JSON that is broken or of another shape, and
function calls whose arguments are.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from pydantic import JsonValue

from assistant.language import wire
from assistant.language.failures import ModelCutOff, failure_of, kinds_of
from assistant.language.model_map import Entry, known_of
from assistant.language.prices import Prices, plain
from assistant.language.reading import MOST_CALLS, MOST_CHARACTERS, Said, streamed, whole
from chains.errors import ModelFailed, ModelLate, ModelMisconfigured, ModelRefused, ModelSilent
from chains.language import Completion, Json, ModelCall, Structure
from chains.record import Usage
from chains.scope import LanguageModelSettings

_WIRE_TIMEOUT_S = 90.0  # above any hop's time, which ends a call; litellm keeps one client for each value it is given
_NO_KEY = "no-key"  # what a server of one's own is sent, so that the key of a vendor never is
_SELF_HOSTED = frozenset({"hosted_vllm", "custom_openai", "lm_studio", "litellm_proxy"})
"""Providers that have no address of their own; without one litellm sends their prompts to OpenAI."""
_WRONG_NAME = frozenset({"litellm.exceptions.BadRequestError", "litellm.exceptions.LiteLLMUnknownProvider"})
_NO_KEY_GIVEN = frozenset({"openai.OpenAIError", "litellm.exceptions.AuthenticationError", "builtins.ValueError"})
"""What litellm raises, among other reasons, where it knows no provider of that name, and where a key is missing."""


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

    async def load(self) -> None:
        """Load what the first call would load, while the event loop goes on; 2 to 3 s, and nothing once it is done."""
        await wire.load()

    async def warm_up(self) -> None:
        """Load what the first call would load, and try it without any network.

        Raises `ModelMisconfigured` where litellm can tell already that it would not take our calls.
        """
        await self.load()
        arguments = self._wire_arguments | {"messages": [{"role": "user", "content": "hello"}], "mock_response": "{}"}
        failed = None
        try:
            await wire.ask(arguments)
        except Exception as error:  # noqa: BLE001  # whatever litellm raises becomes a sentence of ours
            failed = self._failure(error)
        if isinstance(failed, ModelMisconfigured):
            raise failed

    async def once(self, call: ModelCall, timeout_s: float) -> Completion:
        """Ask it with one request on the wire, within `timeout_s` seconds, once what that needs is loaded.

        Raises a kind of `ModelFailed` that holds nothing of what was asked or said.
        """
        arguments = self._arguments(call)
        await self.load()
        try:
            async with asyncio.timeout(timeout_s):
                said = await _said(arguments)
        except TimeoutError:
            failed: ModelFailed = ModelLate(f"The model {self.name} did not reply within {timeout_s:.1f} s.")
        except Exception as error:  # noqa: BLE001  # whatever litellm raises becomes a sentence of ours
            failed = self._failure(error)
        else:
            return self._completion(said, call)
        raise failed  # outside the handler, so that it does not carry the vendor's exception with it

    def _arguments(self, call: ModelCall) -> dict[str, Any]:
        # copies, because litellm changes what it is given: hosted_vllm/ strips the functions' schemas in place
        arguments: dict[str, Any] = self._wire_arguments | {"messages": [_copied(message) for message in call.messages]}
        if call.functions:
            arguments["tools"] = [_copied(function) for function in call.functions]
            arguments["tool_choice"] = "required" if call.must_call else "auto"
        elif self.structure == "json_schema":
            schema = {"name": call.schema_name, "schema": _copied(call.schema)}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self.structure == "json_object":
            arguments["response_format"] = {"type": "json_object"}
        return arguments

    @cached_property
    def _wire_arguments(self) -> dict[str, Any]:
        """What every request has; raises `ModelMisconfigured` where a key or an address is missing."""
        arguments: dict[str, Any] = self._access | {
            "temperature": self.settings.temperature,
            "max_tokens": self.settings.max_output_tokens,
            "max_retries": 0,
            "num_retries": 0,
        }
        if self.settings.stream:
            arguments |= {"stream": True, "stream_options": {"include_usage": True}}
        return arguments

    @cached_property
    def _access(self) -> dict[str, Any]:
        """Which model is asked where, and with which key."""
        settings = self.settings
        arguments: dict[str, Any] = {"model": self.name, "timeout": _WIRE_TIMEOUT_S}
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

    def _failure(self, error: Exception) -> ModelFailed:
        """The failure that an exception stands for; what was left out of the scope is named, if litellm knows it."""
        kinds, settings = kinds_of(error), self.settings
        if kinds & _WRONG_NAME and (problem := wire.unknown_provider(self.name)):
            return ModelMisconfigured(problem)
        ours = settings.base_url or settings.api_key_env
        if not ours and kinds & _NO_KEY_GIVEN and (keys := wire.missing_keys(self.name)):
            return ModelMisconfigured(
                f"The model {self.name} needs a key; set {' or '.join(keys)}, or name another variable as api_key_env."
            )
        return failure_of(error, self.name)

    def _completion(self, said: Said, call: ModelCall) -> Completion:
        if said.refused:
            raise ModelRefused(f"The model {self.name}, or the filter of its provider, would not answer this text.")
        if said.too_long:
            raise ModelCutOff(
                f"The model {self.name} replied with more than {MOST_CHARACTERS} characters or {MOST_CALLS} calls."
            )
        if said.finish_reason == "length":
            raise ModelCutOff(f"The model {self.name} was cut off; raise its max_output_tokens in language_models.")
        if said.finish_reason is None:
            raise ModelSilent(f"The model {self.name} broke off in the middle of its reply.")
        if call.must_call and not said.calls and not said.text.strip():
            raise ModelSilent(f"The model {self.name} replied with nothing.")
        return Completion(
            text=said.text,
            calls=said.calls,
            params=self.params(call),
            output_messages=(said.message,),
            response_id=said.response_id,
            response_model=said.response_model,
            finish_reasons=(said.finish_reason,),
            ttft_ms=said.ttft_ms,
            usage=said.usage,
            usage_raw=said.usage_raw,
            cost_usd=plain(self._prices.cost(said.usage)) if self._prices else "0",
            priced=self._prices is not None,
        )

    def params(self, call: ModelCall) -> Json:
        """The parameters with which a call is sent, for the record."""
        return {
            "temperature": self.settings.temperature,
            "max_tokens": self.settings.max_output_tokens,
            "structure": "functions" if call.functions else self.structure,
            "stream": self.settings.stream,
        }

    @cached_property
    def _known(self) -> Entry:
        return known_of(self.name)

    @cached_property
    def _prices(self) -> Prices | None:
        return Prices.of(self.settings, self._known)


async def _said(arguments: Mapping[str, Any]) -> Said:
    """What it said to one request, which goes where it was sent and nowhere else."""
    started = time.perf_counter()
    with wire.no_redirects():
        response = await wire.ask(arguments)
        if not arguments.get("stream"):
            return whole(response)
        try:
            return await streamed(response, started)
        finally:
            await response.aclose()


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
