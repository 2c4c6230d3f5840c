"""Reads a request's body and key, held against their limits before anything looks inside."""

import asyncio
import re

from pydantic import ValidationError
from starlette.requests import Request

from assistant.requests import AskRequest
from assistant.web.problems import describe
from chains.errors import RequestRefused

BODY_TIMEOUT_S = 10.0
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


async def read_request(request: Request, limit_bytes: int) -> AskRequest:
    """The typed request of a body; raises `RequestRefused` with 400, 408, 413 or 415."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise RequestRefused(
            "The body has to be JSON; send it with Content-Type: application/json.",
            code="unsupported_media_type",
            status=415,
            field="Content-Type",
        )
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            body = await _body(request, limit_bytes)
    except TimeoutError:
        raise RequestRefused("The body did not arrive in time; send it again.", code="body_late", status=408) from None
    try:
        return AskRequest.model_validate_json(body)
    except ValidationError as error:
        problems = describe(error)
        message = " ".join(problem.sentence for problem in problems)
        raise RequestRefused(message, code="invalid_body", field=problems[0].field) from None


def read_key(request: Request) -> str | None:
    """The idempotency key, if there is one; raises `RequestRefused` for one that cannot be used."""
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise RequestRefused(
            "The idempotency key has to be one of 1 to 200 visible ASCII characters without blanks.",
            code="invalid_idempotency_key",
            field="Idempotency-Key",
        )
    return keys[0]


async def _body(request: Request, limit_bytes: int) -> bytes:
    """The whole body, declared or chunked; nothing above the limit is kept or waited for."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit_bytes:
        raise _too_large(limit_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise _too_large(limit_bytes)
    return bytes(body)


def _too_large(limit_bytes: int) -> RequestRefused:
    return RequestRefused(
        f"The body is larger than {limit_bytes} bytes; send a shorter one.", code="body_too_large", status=413
    )
