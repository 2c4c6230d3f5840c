"""Layers around the app: security headers on every response, defects as a plain 500, and no more turns than allowed."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.web.errors import error_response
from chains.errors import RequestRefused

log = structlog.get_logger(__name__)
# The page is the only document; scripts and styles come from files of ours, and nothing from anywhere else.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """Puts the security headers on every response; API replies are never cached."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Defects:
    """Answers 500 where the app raises, and logs the kind and place: a message may hold a customer's text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        except Exception as error:
            if scope["type"] != "http":
                raise
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            log.error("request_failed", path=scope["path"], error=type(error).__name__, at=where)  # noqa: TRY400
            if not started:
                response = error_response(500, "internal", "Something went wrong here; please try again.")
                await response(scope, receive, send)


class Admission:
    """Counts the turns that run in this process, and refuses those above the limit."""

    def __init__(self, limit: int) -> None:
        self.running = 0
        self._limit = limit

    def check(self) -> None:
        """Raise `RequestRefused` (503) if no further turn may run now."""
        if self.running >= self._limit:
            raise RequestRefused(
                "Too many requests are being answered at this moment; please try again in a second.",
                code="busy",
                status=503,
            )

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The time of one turn; raises `RequestRefused` (503) where it may not run."""
        self.check()
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
