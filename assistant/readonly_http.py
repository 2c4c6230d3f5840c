"""Reads one JSON document of an operator's service by one GET, and can do nothing else.

The host, the path and the names of the query are the template's; a parameter fills one path segment or one query
value, percent-encoded. Redirects are not followed, because they could lead to another host.
"""

import asyncio
import logging
import re
import ssl
from functools import cache
from urllib.parse import quote, urlsplit

import httpx

from assistant.readonly import Values
from chains.errors import ScopeError, ToolFailed

MAX_BODY_BYTES = 256 * 1024
_PARAMETER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})

# httpx writes every URL to its log, and these URLs hold order numbers
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


class ReadOnlyHttp:
    """One GET of one URL template, such as `https://shop.example/orders/{order_number}`.

    `label` begins the sentences of errors. A user and password in the URL become HTTP basic authentication. Proxies
    of the environment are not used. Raises `ScopeError` for a template that is not HTTPS (HTTP is for this machine
    only) or that has parameters in the scheme or the host.
    """

    def __init__(self, label: str, template: str, timeout_s: float) -> None:
        _check_template(label, template)
        self._label = label
        self._template = template
        self._timeout_s = timeout_s

    @property
    def names(self) -> frozenset[str]:
        """The parameters that the URL names."""
        return frozenset(_PARAMETER.findall(self._template))

    async def read(self, values: Values) -> bytes | None:
        """The body of the answer, at most 256 KB, or None for a 404; a value of None leaves its place empty.

        Raises `ToolFailed`.
        """
        url = _PARAMETER.sub(lambda match: self._escape(values[match[1]]), self._template)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._get(url)
        except (TimeoutError, httpx.TimeoutException):
            raise ToolFailed(f"{self._label} did not answer within {self._timeout_s:g} s; try again later.") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ToolFailed(f"{self._label} could not be reached ({type(error).__name__}); try again later.") from None

    async def _get(self, url: str) -> bytes | None:
        # one connection per reading: nothing to close, and no cookie passes from one customer to the next
        async with (
            httpx.AsyncClient(verify=_tls(), trust_env=False, timeout=self._timeout_s) as client,
            client.stream("GET", url, headers={"Accept": "application/json", "Accept-Encoding": "identity"}) as answer,
        ):
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            if answer.status_code != httpx.codes.OK:
                raise ToolFailed(f"{self._label} answered with status {answer.status_code} instead of 200.")
            body = bytearray()
            async for chunk in answer.aiter_raw():  # raw: a compressed body is not JSON, and cannot swell
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise ToolFailed(f"{self._label} answered with more than {MAX_BODY_BYTES // 1024} KB.")
            return bytes(body)

    def _escape(self, value: str | float | None) -> str:
        text = "" if value is None else str(value)
        if {".", ".."} & set(re.split(r"[/\\]", text)):  # some servers decode %2F before they resolve dots
            raise ToolFailed(f"{self._label} cannot be asked with these words; they look like a path.")
        return quote(text, safe="", errors="replace")


def _check_template(label: str, template: str) -> None:
    try:
        parts = urlsplit(template)
        host = parts.hostname or ""
        httpx.URL(_PARAMETER.sub("x", template))
    except (ValueError, httpx.InvalidURL):
        parts, host = urlsplit(""), ""
    if not host or "{" in parts.netloc or (parts.scheme != "https" and not (parts.scheme == "http" and host in _LOCAL)):
        raise ScopeError(f"{label} needs an HTTPS URL with a fixed host, such as https://shop.example/orders/{{name}}.")
    holders = [*parts.path.split("/"), *(pair.partition("=")[2] for pair in parts.query.split("&"))]
    whole = sum(_PARAMETER.fullmatch(holder) is not None for holder in holders)
    if whole != template.count("{") or whole != template.count("}"):
        raise ScopeError(f"{label} must give each {{parameter}} one whole path segment or query value of its URL.")


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()
