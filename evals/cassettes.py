"""Replies of language models by what was asked: with them a run is deterministic, and costs nothing.

A cassette is a file of JSON Lines, `{"key": ..., "completion": {...}}`. Its key is not that of `hopdesk serve`'s own
cache (`assistant.language.reply_cache.key_of`), which hashes all settings of a model: a cassette can also be made from
hop records, so the key is made of what a record tells, and of what the reply depends on.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from hashlib import sha256
from pathlib import Path

import numpy as np
from pydantic import JsonValue, ValidationError
from pydantic_core import to_json

from assistant.language.reply_cache import dumped, loaded
from assistant.reflexes import Reflexes
from assistant.serving import LanguageModels
from chains.allowance import Allowance
from chains.contract import Contract
from chains.errors import HopdeskError, ModelFailed
from chains.language import Around, Completion, FunctionCall, Json, LanguageModel, ModelCall
from chains.prompt_files import as_json
from chains.record import HopRecord, Sha256, Usage, digest
from chains.scope import Cache, Scope
from evals.pacing import Metered, Purse

REPEAT: ContextVar[int] = ContextVar("repeat", default=0)
"""Which repeat of a case this is: a repeat is asked anew, so it has a reply of its own."""
_PREFIX = 32
_KEYED = re.compile(rb'\{"key":"([0-9a-f]{32})[0-9a-f]{32}","completion":')


class NotOnCassette(ModelFailed):
    """A request has no reply on the cassette, and no live model may be asked."""


class _Recorded(Contract):
    key: Sha256
    completion: JsonValue
    usage: Usage = Usage()


class Cassette:
    """The replies in a file; those recorded meanwhile are there at once.

    Memory is 40 bytes for each reply that was there when it was opened. Lines that are torn or damaged are passed
    over, so two processes may record on one cassette.
    """

    def __init__(self, path: Path) -> None:
        """Open a file, which need not be there yet; raises `HopdeskError` where it cannot be read or written."""
        try:
            self._file = path.open("a+b", buffering=0)
        except OSError as error:
            raise HopdeskError(f"{path}: the cassette cannot be opened ({error.strerror}); name another.") from None
        self._recorded: dict[Sha256, int] = {}
        self._keys, self._offsets, size, ends_line = _index(path)
        if size and not ends_line:
            self._file.write(b"\n")

    def __len__(self) -> int:
        return len(self._keys) + len(self._recorded)

    def get(self, key: Sha256) -> Completion | None:
        """The reply to a request; None where there is none."""
        offset = self._recorded.get(key)
        if offset is None:
            place = int(np.searchsorted(self._keys, np.bytes_(key[:_PREFIX].encode()))) if len(self._keys) else 0
            if place == len(self._keys) or self._keys[place] != key[:_PREFIX].encode():
                return None
            offset = int(self._offsets[place])
        try:
            line = _Recorded.model_validate_json(_line_at(self._file.fileno(), offset))
        except ValidationError:
            return None
        completion = loaded(json.dumps(line.completion)) if line.key == key else None
        return None if completion is None else _from_cassette(completion, line.usage)

    def put(self, key: Sha256, completion: Completion) -> None:
        """Record a reply."""
        usage = completion.usage.model_dump_json()
        line = f'{{"key":"{key}","completion":{dumped(completion)},"usage":{usage}}}\n'
        self._file.write(line.encode())  # in append mode, so in one piece even where others record too
        self._recorded[key] = os.lseek(self._file.fileno(), 0, os.SEEK_CUR) - len(line.encode())

    def close(self) -> None:
        """Close the file; all is on disk already."""
        self._file.close()


def _index(path: Path) -> tuple[np.ndarray, np.ndarray, int, bool]:
    """The starts of all keys in a cassette, sorted; the places of their lines; its size; whether its last line ends."""
    packed, offsets, at, line = bytearray(), bytearray(), 0, b"\n"
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n") and (found := _KEYED.match(line)):
                packed += found[1]
                offsets += at.to_bytes(8, "little")
            at += len(line)
    keys = np.frombuffer(bytes(packed), dtype=f"S{_PREFIX}")
    order = np.argsort(keys, kind="stable")  # of two lines with one key the first one counts
    return keys[order], np.frombuffer(bytes(offsets), dtype="<i8")[order], at, line.endswith(b"\n")


def _line_at(file: int, offset: int) -> bytes:
    """The line at a place; most fit into one read."""
    read = os.pread(file, 8192, offset)
    while b"\n" not in read and (more := os.pread(file, 65536, offset + len(read))):
        read += more
    return read.partition(b"\n")[0]


def _from_cassette(completion: Completion, usage: Usage) -> Completion:
    """A reply that costs nothing this time; how many tokens it has stays."""
    return Completion(
        text=completion.text,
        calls=completion.calls,
        params=completion.params,
        output_messages=completion.output_messages,
        response_id=completion.response_id,
        response_model=completion.response_model,
        finish_reasons=completion.finish_reasons,
        usage=usage,
        served_from="cassette",
    )


class CassetteModel(Around[LanguageModel]):
    """A language model that answers from a cassette.

    What is not on it is asked of the live model and recorded, or, with `only`, is a failure. What was asked live is
    recorded before anything else becomes of it, so that no reply is paid for twice.
    """

    def __init__(self, inner: LanguageModel, cassette: Cassette, *, only: bool) -> None:
        super().__init__(inner)
        self._cassette = cassette
        self._only = only

    def knows(self, call: ModelCall) -> bool:
        """Whether the reply to this is on the cassette."""
        return self._cassette.get(self._key(call)) is not None

    async def complete(self, call: ModelCall, allowance: Allowance) -> Completion:
        """The recorded reply, or a live one; raises `NotOnCassette`, or what the live model raises."""
        key = self._key(call)
        if (recorded := self._cassette.get(key)) is not None:
            return recorded
        if self._only:
            raise NotOnCassette(
                f"The cassette has no reply of the model {self.name} to this request of the hop {call.hop}; "
                "run once without --offline to record it."
            )
        completion = await self._inner.complete(call, allowance)
        self._cassette.put(key, completion)
        return completion

    def _key(self, call: ModelCall) -> Sha256:
        params = self._inner.params(call)
        schema = digest(as_json(call.schema)) if params.get("structure") == "json_schema" else None
        return key_of(self.name, params, call.messages, call.functions, schema, repeat=REPEAT.get())


def key_of(
    model: str,
    params: Mapping[str, JsonValue],
    messages: Iterable[Json],
    functions: Iterable[Json] | None,
    sent_schema_sha256: Sha256 | None,
    *,
    repeat: int,
) -> Sha256:
    """What a reply depends on, as one hash; of the parameters those that matter: whether it was streamed does not.

    The schema is that which the model is held to natively, if it is; otherwise it stands in the messages.
    """
    mattering = [params.get("temperature"), params.get("max_tokens"), params.get("structure")]
    # through floats, because 0 in a scope is 0.0 in a record
    numbers = [float(value) if isinstance(value, int | float) else value for value in mattering]
    asked = [model, numbers, list(messages), list(functions or ()), sent_schema_sha256, repeat]
    return sha256(to_json(asked)).hexdigest()


def replies_of(records: Iterable[HopRecord]) -> Iterator[tuple[Sha256, Completion]]:
    """The replies of language models in hop records with their keys; a request that is there again is a repeat."""
    asked: dict[Sha256, int] = {}
    for record in records:
        if record.input_messages is None or not record.output_messages or record.served_from == "embedded":
            continue
        about = (record.model, record.params, record.input_messages, record.tools, record.sent_schema_sha256)
        first = key_of(*about, repeat=0)
        repeat = asked.get(first, 0)
        asked[first] = repeat + 1
        yield key_of(*about, repeat=repeat), _completion(record, record.output_messages[0])


def _completion(record: HopRecord, message: Json) -> Completion:
    text = message.get("content")
    return Completion(
        text=text if isinstance(text, str) else "",
        calls=tuple(_calls(message.get("tool_calls"))),
        params=record.params,
        output_messages=record.output_messages or (),
        response_id=record.response_id,
        response_model=record.response_model,
        finish_reasons=record.finish_reasons,
        usage=record.usage,
    )


def _calls(made: JsonValue) -> Iterator[FunctionCall]:
    for call in made if isinstance(made, list) else ():
        match call:
            case {"id": str() as call_id, "function": {"name": str() as name, "arguments": str() as arguments}}:
                yield FunctionCall(name, call_id, arguments)


class EvaluatedModels(LanguageModels):
    """A scope's language models for a run: on its cassette where there is one, and within its budget."""

    def __init__(self, scope: Scope, purse: Purse, cassette: Cassette | None, *, offline: bool) -> None:
        shared = Reflexes.of(None)
        super().__init__(scope.model_copy(update={"cache": Cache()}), shared.breakers, shared.replies)
        self._purse = purse
        self._cassette = cassette
        self._offline = offline

    def __call__(self, name: str) -> LanguageModel:
        """The model of that name."""
        model = Metered(super().__call__(name), self._purse)
        return model if self._cassette is None else CassetteModel(model, self._cassette, only=self._offline)

    def knows(self, name: str, call: ModelCall) -> bool:
        """Whether the reply of a model to this is on the cassette."""
        return self._cassette is not None and CassetteModel(self(name), self._cassette, only=True).knows(call)
