"""Failures as JSON: `{"error": {"code", "message", "field"}}` with the status that fits."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from chains.errors import RequestRefused

RETRY_AFTER_S = 1
_SENTENCES = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
}


def error_response(
    status: int, code: str, message: str, field: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """One failure; a 503 says when to try again."""
    known = dict(headers or {})
    if status == 503:
        known["Retry-After"] = str(RETRY_AFTER_S)
    return JSONResponse({"error": {"code": code, "message": message, "field": field}}, status, known)


async def on_refused(_request: Request, error: Exception) -> JSONResponse:
    """A request that was not accepted."""
    assert isinstance(error, RequestRefused)  # registered for it alone
    return error_response(error.status, error.code, str(error), error.field)


async def on_http_error(_request: Request, error: Exception) -> JSONResponse:
    """What the router refuses: an unknown address or method."""
    assert isinstance(error, HTTPException)  # registered for it alone
    code, sentence = _SENTENCES.get(error.status_code, ("refused", "This request was refused."))
    return error_response(error.status_code, code, sentence, headers=error.headers)
