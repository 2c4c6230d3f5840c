"""What litellm's exceptions mean to us. They are told apart by name, so that litellm need not be imported for it.

Their texts are never read out: a vendor repeats the customer's words in them.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from chains.errors import (
    ModelBusy,
    ModelDown,
    ModelFailed,
    ModelLate,
    ModelMisconfigured,
    ModelRefused,
    ModelSilent,
)


class ModelUnreached(ModelDown):
    """Nobody took the request: the connection was refused or the host is unknown, so it has cost nothing."""


class ModelCutOff(ModelSilent):
    """A reply was cut off or too long, which a customer's text can bring about: no sign that the model is ill."""


KINDS: Mapping[str, type[ModelFailed] | None] = {
    # None: litellm uses it for anything, so what caused it decides
    "builtins.TimeoutError": ModelLate,
    "json.decoder.JSONDecodeError": ModelSilent,
    "litellm.exceptions.APIConnectionError": None,
    "litellm.exceptions.APIError": None,
    "litellm.exceptions.APIResponseValidationError": ModelSilent,
    "litellm.exceptions.AuthenticationError": ModelMisconfigured,
    "litellm.exceptions.BadGatewayError": ModelDown,
    "litellm.exceptions.BadRequestError": ModelMisconfigured,
    "litellm.exceptions.BlockedPiiEntityError": ModelRefused,
    "litellm.exceptions.BudgetExceededError": ModelMisconfigured,
    "litellm.exceptions.ContentPolicyViolationError": ModelRefused,
    "litellm.exceptions.ContextWindowExceededError": ModelMisconfigured,
    "litellm.exceptions.GuardrailRaisedException": ModelRefused,
    "litellm.exceptions.ImageFetchError": ModelMisconfigured,
    "litellm.exceptions.InternalServerError": None,
    "litellm.exceptions.InvalidRequestError": ModelMisconfigured,
    "litellm.exceptions.JSONSchemaValidationError": ModelSilent,
    "litellm.exceptions.LiteLLMUnknownProvider": ModelMisconfigured,
    "litellm.exceptions.MidStreamFallbackError": None,
    "litellm.exceptions.MockException": None,
    "litellm.exceptions.ModelNotMappedError": ModelMisconfigured,
    "litellm.exceptions.ModifyResponseException": ModelRefused,
    "litellm.exceptions.NotFoundError": ModelMisconfigured,
    "litellm.exceptions.OpenAIError": None,
    "litellm.exceptions.PermissionDeniedError": ModelMisconfigured,
    "litellm.exceptions.RateLimitError": ModelBusy,
    "litellm.exceptions.RejectedRequestError": ModelRefused,
    "litellm.exceptions.SensitiveDataRouteException": ModelRefused,
    "litellm.exceptions.ServiceUnavailableError": ModelDown,
    "litellm.exceptions.Timeout": ModelLate,
    "litellm.exceptions.UnprocessableEntityError": ModelMisconfigured,
    "litellm.exceptions.UnsupportedParamsError": ModelMisconfigured,
    "litellm.exceptions.VectorStoreSearchError": ModelMisconfigured,
    "openai.APIConnectionError": ModelDown,
    "openai.APIError": None,
    "openai.APIResponseValidationError": ModelSilent,
    "openai.APIStatusError": None,
    "openai.APITimeoutError": ModelLate,
    "openai.AuthenticationError": ModelMisconfigured,
    "openai.BadRequestError": ModelMisconfigured,
    "openai.ConflictError": ModelDown,
    "openai.ContentFilterFinishReasonError": ModelRefused,
    "openai.InternalServerError": ModelDown,
    "openai.InvalidWebhookSignatureError": ModelMisconfigured,
    "openai.LengthFinishReasonError": ModelCutOff,
    "openai.NotFoundError": ModelMisconfigured,
    "openai.OAuthError": ModelMisconfigured,
    "openai.OpenAIError": ModelMisconfigured,  # raised as itself, it says that there is no key
    "openai.PermissionDeniedError": ModelMisconfigured,
    "openai.RateLimitError": ModelBusy,
    "openai.UnprocessableEntityError": ModelMisconfigured,
    "openai.WebSocketConnectionClosedError": ModelDown,
    "openai.WebSocketQueueFullError": ModelBusy,
    "openai._AmbiguousModuleClientUsageError": ModelMisconfigured,
    "openai._exceptions.SubjectTokenProviderError": ModelMisconfigured,
}
"""Each exception of litellm and openai, by the name of its class, and the failure that it stands for."""

_REFUSED_CODES = frozenset({"content_policy_violation", "content_filter"})
_NOT_CONNECTED = frozenset({"httpx.ConnectError", "builtins.ConnectionRefusedError", "socket.gaierror"})
_TOO_SLOW = frozenset({"httpx.ConnectTimeout", "httpx.ReadTimeout", "httpx.WriteTimeout", "httpx.PoolTimeout"})
_WRONG_ADDRESS = frozenset({"httpx.UnsupportedProtocol", "httpx.InvalidURL"})
_OF_TRANSPORT = re.compile(r"httpx\.|httpcore\.|aiohttp\.")

_SENTENCES: Mapping[type[ModelFailed], str] = {
    ModelLate: "The model {name} took longer than it was given.",
    ModelBusy: "The model {name} takes no more requests for now; try again later or raise its limits.",
    ModelDown: "The model {name} failed on its side; try again later.",
    ModelUnreached: "The model {name} cannot be reached; check its base_url and whether its server is up.",
    ModelRefused: "The model {name}, or the filter of its provider, would not answer this text.",
    ModelMisconfigured: "The model {name} does not take this request; check its entry in language_models.",
    ModelCutOff: "The model {name} was cut off; raise its max_output_tokens in language_models.",
    ModelSilent: "The model {name} replied with something that is no completion; check its base_url.",
}

_HINTS: Mapping[str, str] = {
    "litellm.exceptions.ContextWindowExceededError": (
        "The prompt is longer than the model {name} reads; lower budget.prompt_tokens or take another model."
    ),
    "litellm.exceptions.UnsupportedParamsError": (
        "The model {name} does not take one of its parameters; change its temperature, structure or functions."
    ),
    "openai.OpenAIError": "The model {name} needs a key; name the variable that holds it as api_key_env.",
    "3xx": (
        "The model {name} was asked at an address that redirects to another one; "
        "write that one as its base_url, if you trust it."
    ),
    "401": "The model {name} does not accept its key; check the variable that api_key_env names.",
    "403": "The key of the model {name} may not use it; check the key's permissions.",
    "404": "The model {name} is not known where it was asked for; check its name and base_url.",
}


def failure_of(error: BaseException, name: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> ModelFailed:
    """The failure that an exception of litellm stands for; its sentence is ours, about the model called `name`.

    Connection errors, unreadable replies and missing keys all arrive as `InternalServerError(500)`, and a 401 may
    arrive as `BadRequestError`; so the chain of what caused an exception is looked at before its class.
    """
    causes = tuple(_chain(error))
    names = tuple(_qualified(type(cause)) for cause in causes)
    status = _wire_status(causes)
    kind = _kind(error, names, status)
    if kind is ModelDown and status is None and _NOT_CONNECTED.intersection(names):
        kind = ModelUnreached
    if kind in (ModelBusy, ModelDown):
        retry_after_s = _retry_after_s(causes, now)
        if kind is ModelBusy or (status == 503 and retry_after_s is not None):
            return ModelBusy(_SENTENCES[ModelBusy].format(name=name), retry_after_s)
    if kind is ModelMisconfigured:
        for hint in (*names, "3xx" if _is_redirect(status) else str(status)):
            if hint in _HINTS:
                return ModelMisconfigured(_HINTS[hint].format(name=name))
    return kind(_SENTENCES[kind].format(name=name))


def kinds_of(error: BaseException) -> frozenset[str]:
    """The names of the classes of an exception and of all that caused it."""
    return frozenset(_qualified(type(cause)) for cause in _chain(error))


def _kind(error: BaseException, names: tuple[str, ...], status: int | None) -> type[ModelFailed]:
    if getattr(error, "code", None) in _REFUSED_CODES:
        return ModelRefused
    listed = next((KINDS[name] for name in map(_qualified, type(error).__mro__) if name in KINDS), None)
    if status is not None and (listed in (None, ModelLate) or _is_redirect(status)):
        return _of_status(status)
    if listed is not None:
        return listed
    for name in names:  # no status came back: what broke on the way?
        if name in _TOO_SLOW:
            return ModelLate
        if name in _WRONG_ADDRESS:
            return ModelMisconfigured
        if name in _NOT_CONNECTED or _OF_TRANSPORT.match(name):
            return ModelDown
    return next((kind for name in names if (kind := KINDS.get(name)) is not None), ModelSilent)


def _of_status(status: int) -> type[ModelFailed]:
    if status in (429, 529):
        return ModelBusy
    if status == 408:
        return ModelLate
    if status >= 500 or status == 409:
        return ModelDown
    return ModelMisconfigured if status >= 300 else ModelSilent


def _is_redirect(status: int | None) -> bool:
    return status is not None and 300 <= status < 400


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _qualified(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _wire_status(causes: tuple[BaseException, ...]) -> int | None:
    """The status that really came back: litellm makes up responses of its own, httpx does not."""
    for cause in causes:
        if any(_qualified(kind) == "httpx.HTTPStatusError" for kind in type(cause).__mro__):
            status = getattr(getattr(cause, "response", None), "status_code", None)
            return status if isinstance(status, int) else None
    return None


def _retry_after_s(causes: tuple[BaseException, ...], now: Callable[[], datetime]) -> float | None:
    for cause in causes:
        for headers in (
            getattr(cause, "litellm_response_headers", None),
            getattr(getattr(cause, "response", None), "headers", None),
        ):
            if isinstance(headers, Mapping) and (given := headers.get("retry-after")) is not None:
                return seconds_of(str(given), now())
    return None


def seconds_of(retry_after: str, now: datetime) -> float | None:
    """A Retry-After header in seconds from now (RFC 9110, 10.2.3: seconds or an HTTP date); None for anything else."""
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(retry_after) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
