"""Every failure that Hopdesk raises on purpose.

    HopdeskError
    ├── ScopeError              a scope file cannot be used
    ├── CatalogError            a catalog, policy or order source cannot be used
    ├── EmbeddedModelError      weights or a fitted head are missing or damaged
    ├── RequestRefused          a request was not accepted; nothing was stored
    │   └── IdempotencyConflict the key was used before with another body
    ├── LedgerError             the ledger cannot be read or written
    ├── PromptError             a prompt file is missing, changed after its release, or given other variables
    ├── ModelFailed             a model gave no reply that can be looked at
    │   ├── ModelLate           it took longer than it was given
    │   ├── ModelBusy           it takes no more requests for now; `retry_after_s` may say for how long
    │   ├── ModelDown           it cannot be reached, or failed on its side
    │   ├── ModelRefused        it or its provider would not answer this text
    │   ├── ModelMisconfigured  the request, the key or the name is wrong; asking again changes nothing
    │   ├── ModelSilent         its reply was empty, cut off or too long
    │   ├── CircuitOpen         it failed so often that it is left alone for a while
    │   └── AllowanceSpent      the turn or the site has no calls, tokens, money or time left for it
    ├── ToolFailed              a permitted function call could not be carried out
    └── ReplayError             a hop record cannot be run again

Refusing a customer's request is not among them: that is an outcome, a value (see `chains.outcomes`).
Every message is one sentence for a person: what was wrong, where, and what to do.
"""


class HopdeskError(Exception):
    """Base of all failures that Hopdesk raises on purpose; `str(error)` can be shown to a person."""


class ScopeError(HopdeskError):
    """A scope file is missing, unreadable or says something that cannot be meant."""


class CatalogError(HopdeskError):
    """A catalog, policy folder or order source cannot be read or is damaged."""


class EmbeddedModelError(HopdeskError):
    """Model weights or a fitted head are missing, damaged or made by another version."""


class RequestRefused(HopdeskError):
    """A request was not accepted, so nothing was stored and it may be sent again once corrected.

    `code` is a stable snake_case name for programs, `status` the HTTP status that fits, `field` the
    part of the request that is to blame.
    """

    def __init__(self, message: str, *, code: str, status: int = 400, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.field = field


class IdempotencyConflict(RequestRefused):
    """An idempotency key was sent again with a different body."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The idempotency key {key!r} was used before with another body; send the same body, or a new key.",
            code="idempotency_conflict",
            status=409,
            field="Idempotency-Key",
        )


class LedgerError(HopdeskError):
    """The ledger cannot be read or written; before acceptance this is a 503."""


class ModelFailed(HopdeskError):
    """A model gave no reply that can be looked at: down, too late, or cut off.

    Its message is recorded: a sentence of ours, which never holds what was asked or said. `requests` is how often the
    model was asked in vain on the wire.
    """

    requests: int = 0


class ModelLate(ModelFailed):
    """A model took longer than it was given."""


class ModelBusy(ModelFailed):
    """A model takes no more requests for now; `retry_after_s` is what it asks for, where it says so."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ModelDown(ModelFailed):
    """A model cannot be reached, or failed on its side; asking again may help."""


class ModelRefused(ModelFailed):
    """A model, or the filter of its provider, would not answer this text."""


class ModelMisconfigured(ModelFailed):
    """A model's name, key, address or parameters are wrong; asking again changes nothing."""


class ModelSilent(ModelFailed):
    """A model's reply was empty, cut off or too long, though nothing reported a failure."""


class CircuitOpen(ModelFailed):
    """A model failed so often that it is left alone for a while."""


class AllowanceSpent(ModelFailed):
    """A turn or a site has no calls, tokens, money or time left for a model."""


class PromptError(HopdeskError):
    """A prompt is missing, was changed after its release, or is given other variables than it names."""


class ToolFailed(HopdeskError):
    """A permitted function call could not be carried out; the turn goes on without its facts."""


class ReplayError(HopdeskError):
    """A hop record cannot be run again: of another version, incomplete, or for an unknown hop."""
