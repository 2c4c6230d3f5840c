"""What a reply of litellm's says, whole or in pieces. A server may send anything, so nothing is taken on trust."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chains.language import FunctionCall, Json
from chains.record import Usage

MOST_CHARACTERS = 64 * 1024
MOST_CALLS = 32
_MOST_OF_A_LABEL = 200
_MOST_OF_RAW_USAGE = 4096
_MOST_TOKENS = 1 << 31


@dataclass
class Said:
    """A reply as it came; `finish_reason` is None where it broke off."""

    text: str = ""
    calls: tuple[FunctionCall, ...] = ()
    finish_reason: str | None = None
    refused: bool = False
    too_long: bool = False
    response_id: str | None = None
    response_model: str | None = None
    ttft_ms: float | None = None
    usage: Usage = Usage()
    usage_raw: Json | None = None

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


def whole(response: Any) -> Said:
    """A reply that came at once. May raise anything where its shape is not a reply's."""
    said = _labelled(response, getattr(response, "usage", None))
    if not response.choices:
        said.finish_reason = "stop"
        return said
    choice = response.choices[0]
    message = choice.message
    said.text = _text(message.content)
    calls = [_Call() for _ in message.tool_calls or ()]
    length = sum(call.add(made) for call, made in zip(calls, message.tool_calls or (), strict=True))
    said.calls = _calls(calls)
    said.finish_reason = _label(choice.finish_reason) or "stop"
    refusal = (getattr(message, "provider_specific_fields", None) or {}).get("refusal")
    said.refused = said.finish_reason == "content_filter" or bool(refusal)
    said.too_long = len(said.text) + length > MOST_CHARACTERS or len(calls) > MOST_CALLS
    return said


async def streamed(stream: Any, started: float) -> Said:
    """A reply that comes in pieces, read no further than it may be long; `started` is when it was asked for."""
    texts, calls, length = list[str](), dict[int, _Call](), 0
    chunk = usage = ttft_ms = None
    async for chunk in stream:
        usage = getattr(chunk, "usage", None) or usage
        for choice in chunk.choices[:1]:
            text, pieces = _text(choice.delta.content), choice.delta.tool_calls or ()
            if (text or pieces) and ttft_ms is None:
                ttft_ms = round((time.perf_counter() - started) * 1000, 3)
            texts.append(text)
            length += len(text) + sum(calls.setdefault(piece.index, _Call()).add(piece) for piece in pieces)
        if length > MOST_CHARACTERS or len(calls) > MOST_CALLS:
            return Said(too_long=True)
    said = _labelled(chunk, usage)
    # litellm makes up a "stop" where the stream just ends; this tells what was really received
    said.finish_reason = _label(stream.received_finish_reason)
    said.ttft_ms = ttft_ms
    said.text = "".join(texts)
    said.calls = _calls(calls.values())
    said.refused = said.finish_reason == "content_filter"
    return said


@dataclass
class _Call:
    """A function call as its pieces come; one that comes whole is one piece."""

    name: str = ""
    call_id: str = ""
    arguments: list[str] = field(default_factory=list)

    def add(self, piece: Any) -> int:
        """Take a piece; how many characters it has."""
        call_id, name, arguments = _text(piece.id), _text(piece.function.name), _text(piece.function.arguments)
        self.call_id = self.call_id or call_id
        self.name = self.name or name
        self.arguments.append(arguments)
        return len(call_id) + len(name) + len(arguments)


def _calls(calls: Iterable[_Call]) -> tuple[FunctionCall, ...]:
    return tuple(FunctionCall(call.name, call.call_id, "".join(call.arguments)) for call in calls)


def _labelled(holder: Any, usage: Any) -> Said:
    return Said(
        response_id=_label(getattr(holder, "id", None)),
        response_model=_label(getattr(holder, "model", None)),
        usage=_usage(usage),
        usage_raw=_raw(usage),
    )


def _text(value: object) -> str:
    """The text of a value, or of a list of parts; what else there is in it is left out."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(part["text"] for part in value if isinstance(part, dict) and isinstance(part.get("text"), str))
    return str(value) if isinstance(value, int) else ""


def _label(value: object) -> str | None:
    """A name as the record keeps it, of at most 200 characters that can be stored; None where there is none."""
    text = str(value) if isinstance(value, str | int) else ""
    return text[:_MOST_OF_A_LABEL].encode(errors="replace").decode() or None


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
    return value if type(value) is int and 0 < value < _MOST_TOKENS else 0


def _raw(usage: Any) -> Json | None:
    """The usage as the server words it; None where that is long or cannot be stored."""
    if usage is None:
        return None
    try:
        raw: Json = usage.model_dump(mode="json", exclude_none=True)
        size = len(json.dumps(raw, ensure_ascii=False, allow_nan=False).encode())
    except ValueError:
        return None
    return raw if size <= _MOST_OF_RAW_USAGE else None
