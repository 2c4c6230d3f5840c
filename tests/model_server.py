"""A model server that does as it is told: OpenAI's chat completions and moderations, with faults exact to the byte.

In a test: `with serving(Reply("{}")) as served: ...`. On its own, for benchmarks: `python -m tests.model_server`.
"""

import argparse
import asyncio
import contextlib
import json
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from tests.model_answers import FAULTS, Cut, Drip, Fault, Hang, Json, Late, Raw, Reply, Scores, failing, redirect

__all__ = [
    "FAULTS",
    "Cut",
    "Drip",
    "Fault",
    "Hang",
    "Json",
    "Late",
    "Raw",
    "Reply",
    "Request",
    "Scores",
    "Served",
    "dead_base_url",
    "failing",
    "redirect",
    "serving",
]
_MODEL = "scripted-1"
_MOST_HEADER_BYTES = 1 << 20

Script = Fault | Sequence[Fault] | Callable[[Json], Fault]
"""One answer for ever, one for each request (the last one stays), or a function of the request's body."""

_MODELS = Raw(body=json.dumps({"object": "list", "data": [{"id": _MODEL}]}).encode())


@dataclass(frozen=True)
class Request:
    """What came over the wire."""

    path: str
    headers: dict[str, str]
    body: Json


@dataclass
class Served:
    """A running server, and what it was asked."""

    base_url: str = ""
    requests: list[Request] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.requests)


def dead_base_url() -> str:
    """Where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


@contextlib.contextmanager
def serving(script: Script) -> Iterator[Served]:
    """Serve a script from a thread of this process."""
    served, started, ended = Served(), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        async with _listening(script, served):
            started.set()
            await ended.wait()

    def thread() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(run())

    worker = threading.Thread(target=thread, daemon=True)
    worker.start()
    assert started.wait(5)
    try:
        yield served
    finally:
        loop.call_soon_threadsafe(ended.set)
        worker.join(5)


@contextlib.asynccontextmanager
async def _listening(script: Script, served: Served, port: int = 0) -> AsyncIterator[None]:
    answer = _answers(script)
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await _converse(reader, writer, answer, served)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client hung up, or the test is over
        finally:
            connections.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", port, limit=_MOST_HEADER_BYTES)
    served.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield
    finally:
        server.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def _answers(script: Script) -> Callable[[Json], Fault]:
    if callable(script):
        return script
    if isinstance(script, Sequence):
        left = list(script)
        return lambda _: left.pop(0) if len(left) > 1 else left[0]
    only = script
    return lambda _: only


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Callable[[Json], Fault], served: Served
) -> None:
    """Answer one request after another until the client has no more or an answer closes the connection."""
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        sent = await reader.readexactly(int(headers.get("content-length", 0)))
        if method == "GET" and path.endswith("/models"):
            writer.write(_response(_MODELS))
        elif method != "POST" or not path.endswith(("/chat/completions", "/moderations")):
            writer.write(_response(Raw(404)))
        else:
            body: Json = json.loads(sent)
            served.requests.append(Request(path, headers, body))
            if not await _answer(writer, answer(body), body):
                return
        await writer.drain()


async def _answer(writer: asyncio.StreamWriter, fault: Fault, body: Json) -> bool:
    """Write one answer; whether the connection stays open."""
    match fault:
        case Late():
            await asyncio.sleep(fault.latency_ms / 1000)
            return await _answer(writer, fault.reply, body)
        case Hang():
            await asyncio.Event().wait()
        case Drip():
            writer.write(_head(200, "text/event-stream" if body.get("stream") else "application/json"))
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(fault.every_ms / 1000)
        case Raw():
            writer.write(_response(fault))
            return True
        case Scores():
            writer.write(_response(fault.raw()))
            return True
        case Cut():
            content_type, parts = _body(fault.reply, body)
            whole = b"".join(parts)
            half = b"".join(parts[: len(parts) // 2]) if len(parts) > 1 else whole[: len(whole) // 2]
            writer.write(_head(200, content_type, None if fault.quietly else len(whole)) + half)
            await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
            await asyncio.sleep(0.01)  # so that what was written is read before the reset
            return False
        case Reply():
            content_type, parts = _body(fault, body)
            if len(parts) == 1:
                writer.write(_head(200, content_type, len(parts[0])) + parts[0])
            else:
                frames = (b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
                head = _head(200, content_type, None, ("Transfer-Encoding", "chunked"))
                writer.write(head + b"".join(frames) + b"0\r\n\r\n")
            return True
    raise AssertionError("no such answer")


def _head(status: int, content_type: str, length: int | None = None, *more: tuple[str, str]) -> bytes:
    headers = [("Content-Type", content_type), *more]
    if length is not None:
        headers.append(("Content-Length", str(length)))
    elif not more:
        headers.append(("Connection", "close"))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} Scripted\r\n{lines}\r\n".encode()


def _response(raw: Raw) -> bytes:
    return _head(raw.status, raw.content_type, len(raw.body), *raw.headers) + raw.body


def _body(reply: Reply, request: Json) -> tuple[str, list[bytes]]:
    """A reply's content type and its parts: the events of a stream, or the one JSON object."""
    if request.get("stream"):
        options = request.get("stream_options")
        usage = isinstance(options, dict) and bool(options.get("include_usage"))
        events = [b"data: " + json.dumps(event).encode() + b"\n\n" for event in _events(reply, usage=usage)]
        return "text/event-stream", [*events, b"data: [DONE]\n\n"]
    return "application/json", [json.dumps(_completion(reply)).encode()]


def _usage(reply: Reply) -> Json:
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
        "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
    }


def _calls(reply: Reply) -> list[JsonValue]:
    return [
        {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for n, (name, arguments) in enumerate(reply.calls)
    ]


def _completion(reply: Reply) -> Json:
    message: Json = {"role": "assistant", "content": reply.text}
    if reply.calls:
        message["tool_calls"] = _calls(reply)
    if reply.refusal is not None:
        message["refusal"] = reply.refusal
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": _MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": reply.ending}],
        "usage": _usage(reply),
    }


def _events(reply: Reply, *, usage: bool) -> Iterator[Json]:
    """The chunks of a streamed reply: its text in pieces, its calls one by one, how it ended, and its usage."""

    def chunk(delta: Json, ending: str | None = None) -> Json:
        choice: Json = {"index": 0, "delta": delta, "finish_reason": ending}
        shared: Json = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": _MODEL}
        return {**shared, "choices": [choice]}

    yield chunk({"role": "assistant", "content": None if reply.text is None else ""})
    size = max(4, len(reply.text or "") // 64)
    for start in range(0, len(reply.text or ""), size):
        yield chunk({"content": (reply.text or "")[start : start + size]})
    for n, call in enumerate(_calls(reply)):
        assert isinstance(call, dict)
        function = call["function"]
        assert isinstance(function, dict)
        arguments = str(function["arguments"])
        yield chunk({"tool_calls": [{**call, "index": n, "function": {**function, "arguments": ""}}]})
        for piece in (arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :]):
            yield chunk({"tool_calls": [{"index": n, "function": {"arguments": piece}}]})
    if reply.refusal is not None:
        yield chunk({"refusal": reply.refusal})
    yield chunk({}, reply.ending)
    if usage:
        yield {**chunk({}), "choices": [], "usage": _usage(reply)}


async def _serve_alone(port: int, fault: Fault) -> None:
    served = Served()
    async with _listening(fault, served, port):
        sys.stdout.write(json.dumps({"base_url": served.base_url}) + "\n")
        sys.stdout.flush()
        while True:
            await asyncio.sleep(1)
            served.requests.clear()


def main() -> None:
    """Serve one reply until killed; the first line printed tells where."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--reply", type=Path, help="a file with the reply's text")
    asked = parser.parse_args()
    reply = Reply(asked.reply.read_text() if asked.reply else '{"ok": true}')
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve_alone(asked.port, Late(asked.latency_ms, reply) if asked.latency_ms else reply))


if __name__ == "__main__":
    main()
