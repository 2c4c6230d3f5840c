"""Replies of language models as they are kept in a cache: under which key, and read back as untrusted."""

import json
from dataclasses import asdict
from hashlib import sha256

from pydantic import JsonValue, ValidationError

from assistant.language.ports import OneShot
from chains.contract import Contract
from chains.language import Completion, FunctionCall, ModelCall


class _KeptCall(Contract):
    name: str
    call_id: str
    arguments: str


class _Kept(Contract):
    """What is kept of a reply: not its usage and cost, because using it again costs nothing."""

    text: str
    calls: tuple[_KeptCall, ...]
    params: dict[str, JsonValue]
    output_messages: tuple[dict[str, JsonValue], ...]
    response_id: str | None
    response_model: str | None
    finish_reasons: tuple[str, ...]


def key_of(model: OneShot, call: ModelCall) -> str:
    """The sha256 of all that a first attempt's reply depends on; a repair has the key of what it repairs."""
    messages = call.first or call.messages
    asked = (model.structure, messages, call.functions, call.must_call, call.schema_name, call.schema)
    digest = sha256(model.settings.model_dump_json().encode())
    digest.update(json.dumps(asked, separators=(",", ":")).encode())
    return digest.hexdigest()


def dumped(completion: Completion) -> str:
    """A reply as JSON; what is no valid text in it can be written, and is damage when read back."""
    kept = {
        "text": completion.text,
        "calls": [asdict(call) for call in completion.calls],
        "params": completion.params,
        "output_messages": completion.output_messages,
        "response_id": completion.response_id,
        "response_model": completion.response_model,
        "finish_reasons": completion.finish_reasons,
    }
    return json.dumps(kept, separators=(",", ":"))


def loaded(value: str) -> Completion | None:
    """A reply read back, which cost nothing this time; None where what was kept is damaged."""
    try:
        kept = _Kept.model_validate_json(value)
    except ValidationError:
        return None
    return Completion(
        text=kept.text,
        calls=tuple(FunctionCall(c.name, c.call_id, c.arguments) for c in kept.calls),
        params=kept.params,
        output_messages=kept.output_messages,
        response_id=kept.response_id,
        response_model=kept.response_model,
        finish_reasons=kept.finish_reasons,
        served_from="cache",
    )
