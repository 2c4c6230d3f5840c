"""Reading a body from a connection that is slow, silent or gone; and layers with nothing in front of them."""

import asyncio
from collections.abc import Sequence

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from assistant.desk import Desk
from assistant.settings import Settings
from assistant.web import body
from assistant.web.app import Api
from assistant.web.guarding import Admission, Defects
from chains.errors import RequestRefused

SCOPE: Scope = {
    "type": "http", "method": "POST", "path": "/v1/requests", "query_string": b"",
    "headers": [(b"content-type", b"application/json")],
}  # fmt: skip


def test_a_body_that_never_comes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(body, "BODY_TIMEOUT_S", 0.0)
    with pytest.raises(RequestRefused) as refused:
        asyncio.run(body.read_request(Request(SCOPE, silent), 1000))
    assert refused.value.status == 408


def test_a_body_that_grows_past_the_limit_is_not_read_to_its_end() -> None:
    chunks = iter([b"x" * 600, b"x" * 600])

    async def endless() -> Message:
        return {"type": "http.request", "body": next(chunks), "more_body": True}

    with pytest.raises(RequestRefused) as refused:
        asyncio.run(body.read_request(Request(SCOPE, endless), 1000))
    assert refused.value.status == 413


def test_a_body_that_is_nested_without_end_is_no_crash() -> None:
    async def deep() -> Message:
        return {"type": "http.request", "body": b"[" * 100_000, "more_body": False}

    with pytest.raises(RequestRefused, match="The body is not JSON") as refused:
        asyncio.run(body.read_request(Request(SCOPE, deep), 200_000))
    assert refused.value.code == "invalid_body"


def test_a_client_that_goes_away_is_not_a_defect(desk: Desk, settings: Settings) -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    reply = asyncio.run(Api(desk, settings).ask(Request(SCOPE, gone)))
    assert reply.status_code == 400
    with pytest.raises(ClientDisconnect):
        asyncio.run(body.read_request(Request(SCOPE, gone), 1000))


def test_admission_counts_turns_that_failed_as_ended() -> None:
    admission = Admission(1)
    with pytest.raises(ZeroDivisionError), admission.turn():
        _ = 1 / 0
    with admission.turn(), pytest.raises(RequestRefused, match="Too many requests"):
        admission.check()
    assert admission.running == 0


@pytest.mark.parametrize(("before", "sent"), [([], [500]), ([200], [200])])
def test_a_defect_after_the_start_of_a_reply_sends_no_second_one(before: Sequence[int], sent: Sequence[int]) -> None:
    started: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for status in before:
            await send({"type": "http.response.start", "status": status, "headers": []})
        raise RuntimeError

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.append(message["status"])

    asyncio.run(Defects(app)(SCOPE, receive, send))
    assert started == sent


def test_a_defect_outside_of_requests_stops_the_server() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("at the start")

    async def receive() -> Message:
        raise AssertionError

    async def send(_: Message) -> None:
        raise AssertionError

    with pytest.raises(RuntimeError, match="at the start"):
        asyncio.run(Defects(app)({"type": "lifespan"}, receive, send))
