"""What goes into the ledger and what comes out of it, beside hop records and outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue, TypeAdapter

from chains.messages import HopName
from chains.outcomes import Outcome
from chains.record import Origin

Request = dict[str, JsonValue]
OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)
REQUEST: TypeAdapter[Request] = TypeAdapter(Request)


@dataclass(frozen=True)
class NewTurn:
    """A turn that asks to be accepted.

    `request` is redacted; `contacts` maps each placeholder in it to its kind and the original, which
    is stored sealed. `turn_limit` is how many customer turns the case may have, this one included.
    """

    turn_id: str
    case_id: str
    site: str
    idempotency_key: str | None
    body_sha256: str
    accepted_ns: int
    deadline_ns: int
    request: Request
    turn_limit: int
    contacts: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Accepted:
    """The turn is stored and open: the `turns`-th of its case, in place of those it superseded."""

    turn_id: str
    turns: int
    superseded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """The same request came before, as `turn_id` of `case_id`; `outcome` is None while that turn is running."""

    turn_id: str
    case_id: str
    outcome: Outcome | None


@dataclass(frozen=True)
class CaseState:
    """Where a case stands.

    `last_request` and `last_outcome` are those of the latest turn that ended in any way but withdrawn:
    what a follow-up goes on from.
    """

    turns: int
    clarify_rounds: int
    last_request: Request | None
    last_outcome: Outcome | None


@dataclass(frozen=True)
class StoredTurn:
    """A turn as the ledger holds it; the last three are None while it is open."""

    turn_id: str
    case_id: str
    site: str
    accepted_ns: int
    deadline_ns: int
    request: Request
    outcome: Outcome | None
    ended_ns: int | None
    closed_by: str | None


@dataclass(frozen=True)
class HopFilter:
    """Which hop records to export; what is None is not asked for. `since_ns` is included, `until_ns` is not."""

    site: str | None = None
    turn_id: str | None = None
    hop: HopName | None = None
    origin: Origin | None = None
    since_ns: int | None = None
    until_ns: int | None = None


@dataclass(frozen=True)
class Reservation:
    """The most that a turn may spend on models, in tokens and millionths of a US dollar; `day` is YYYY-MM-DD in UTC."""

    turn_id: str
    site: str
    day: str
    tokens: int
    micro_usd: int


@dataclass(frozen=True)
class DayLimits:
    """The most that a site may spend in a day; None where there is no limit."""

    tokens: int | None = None
    micro_usd: int | None = None


@dataclass(frozen=True)
class Spent:
    """What a site spent in a day: settled amounts, and what was reserved for the `unsettled` turns.

    `calls` are those on the wire of settled turns.
    """

    tokens: int = 0
    micro_usd: int = 0
    calls: int = 0
    unsettled: int = 0


def read_outcome(text: str | None) -> Outcome | None:
    """The outcome that a `turns.outcome` column holds; None for an open turn."""
    return None if text is None else OUTCOME.validate_json(text)
