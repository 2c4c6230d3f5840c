"""What happens to turns, each function inside one transaction of the writer's connection.

The last word is always a conditional update, so two processes cannot both end a turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, literal, select, update

from assistant.ledger.schema import cases, contacts, handoffs, turns
from assistant.ledger.values import Accepted, Known, NewTurn, read_outcome
from chains.errors import IdempotencyConflict, RequestRefused
from chains.outcomes import Clarify, Handoff, Outcome, Withdrawn

SWEEP_BATCH = 200

_BY_KEY = select(turns.c.turn_id, turns.c.case_id, turns.c.body_sha256, turns.c.outcome).where(
    turns.c.site == bindparam("site"), turns.c.idempotency_key == bindparam("key")
)
_CASE = select(cases.c.site, cases.c.turns, cases.c.closed_ns).where(cases.c.case_id == bindparam("id"))
_LOCK_CASE = _CASE.with_for_update()  # SQLite needs none: its writers come one after the other
_OPEN_CASE = insert(cases)
_COUNT_TURN = (
    update(cases)
    .where(cases.c.case_id == bindparam("id"))
    .values(turns=cases.c.turns + 1, closed_ns=bindparam("closed"))
)
_OPEN_TURNS = (
    select(turns.c.turn_id)
    .where(turns.c.case_id == bindparam("id"), turns.c.outcome.is_(None))
    .order_by(turns.c.accepted_ns, turns.c.turn_id)
)
_INSERT_TURN = insert(turns)
_INSERT_CONTACT = insert(contacts)
_END_TURN = (
    update(turns)
    .where(turns.c.turn_id == bindparam("id"), turns.c.outcome.is_(None))
    .values(
        outcome=bindparam("what"), outcome_kind=bindparam("kind"), ended_ns=bindparam("at"), closed_by=bindparam("by")
    )
)
_COUNT_CLARIFY = (
    update(cases)
    .where(cases.c.case_id == select(turns.c.case_id).where(turns.c.turn_id == bindparam("id")).scalar_subquery())
    .values(clarify_rounds=cases.c.clarify_rounds + 1)
)
_OPEN_HANDOFF = insert(handoffs).from_select(
    ["turn_id", "case_id", "site", "reason", "opened_ns", "fence"],
    select(
        turns.c.turn_id,
        turns.c.case_id,
        turns.c.site,
        bindparam("reason", type_=handoffs.c.reason.type),
        bindparam("at", type_=handoffs.c.opened_ns.type),
        literal(0),
    ).where(turns.c.turn_id == bindparam("id")),
)
_OVERDUE = (
    select(turns.c.turn_id)
    .where(turns.c.outcome.is_(None), turns.c.deadline_ns < bindparam("now"))
    .order_by(turns.c.deadline_ns)
    .limit(SWEEP_BATCH)
)
_OVERDUE_OF_SITE = _OVERDUE.where(turns.c.site == bindparam("site"))


@dataclass(frozen=True)
class Sealed:
    """A contact ready to be stored."""

    kind: str
    ciphertext: str
    lookup_hmac: str


def known(connection: Connection, site: str, key: str, body_sha256: str) -> Known | None:
    """The turn that this key made before; raises `IdempotencyConflict` where it came with another body."""
    found = connection.execute(_BY_KEY, {"site": site, "key": key}).first()
    if found is None:
        return None
    if found.body_sha256 != body_sha256:
        raise IdempotencyConflict(key)
    return Known(found.turn_id, found.case_id, read_outcome(found.outcome))


def accept(connection: Connection, new: NewTurn, request: str, sealed: Mapping[str, Sealed]) -> Accepted | Known:
    """Store a new turn as open, or find the one that the same key and body made before."""
    if new.idempotency_key is not None:
        before = known(connection, new.site, new.idempotency_key, new.body_sha256)
        if before is not None:
            return before
    count = _count_turn(connection, new)
    superseded = _supersede(connection, new) if count > 1 else ()
    connection.execute(
        _INSERT_TURN,
        {
            "turn_id": new.turn_id,
            "case_id": new.case_id,
            "site": new.site,
            "idempotency_key": new.idempotency_key,
            "body_sha256": new.body_sha256,
            "accepted_ns": new.accepted_ns,
            "deadline_ns": new.deadline_ns,
            "request": request,
        },
    )
    if sealed:
        connection.execute(
            _INSERT_CONTACT,
            [
                {
                    "turn_id": new.turn_id,
                    "case_id": new.case_id,
                    "placeholder": placeholder,
                    "kind": contact.kind,
                    "ciphertext": contact.ciphertext,
                    "lookup_hmac": contact.lookup_hmac,
                    "created_ns": new.accepted_ns,
                }
                for placeholder, contact in sealed.items()
            ],
        )
    return Accepted(new.turn_id, count, superseded)


def _count_turn(connection: Connection, new: NewTurn) -> int:
    """Enter the turn into its case, which is opened where there is none; how many turns it now has."""
    found = connection.execute(_LOCK_CASE, {"id": new.case_id}).first()
    if found is not None and found.site != new.site:
        raise RequestRefused(
            f"There is no case {new.case_id!r} here; start a new one by leaving it out.",
            code="unknown_case",
            status=404,
            field="case_id",
        )
    count = 1 if found is None else int(found.turns) + 1
    if count > new.turn_limit or (found is not None and found.closed_ns is not None):
        raise RequestRefused(
            f"The case {new.case_id!r} has had all its {new.turn_limit} turns; start a new one.",
            code="case_closed",
            status=409,
            field="case_id",
        )
    closed = new.accepted_ns if count == new.turn_limit else None
    if found is None:
        connection.execute(
            _OPEN_CASE,
            {
                "case_id": new.case_id,
                "site": new.site,
                "opened_ns": new.accepted_ns,
                "closed_ns": closed,
                "turns": 1,
                "clarify_rounds": 0,
            },
        )
    else:
        connection.execute(_COUNT_TURN, {"id": new.case_id, "closed": closed})
    return count


def _supersede(connection: Connection, new: NewTurn) -> tuple[str, ...]:
    """Withdraw the turns of the case that are still open."""
    taken_back = Withdrawn(reason="superseded")
    running = connection.scalars(_OPEN_TURNS, {"id": new.case_id}).all()
    return tuple(turn_id for turn_id in running if end(connection, turn_id, taken_back, new.accepted_ns, "superseded"))


def end(connection: Connection, turn_id: str, outcome: Outcome, ended_ns: int, closed_by: str) -> bool:
    """Give an open turn its outcome; False, and nothing changed, where it has one or there is no such turn."""
    ended = connection.execute(
        _END_TURN,
        {
            "id": turn_id,
            "what": outcome.model_dump_json(by_alias=True),
            "kind": outcome.kind,
            "at": ended_ns,
            "by": closed_by,
        },
    )
    if ended.rowcount != 1:
        return False
    if isinstance(outcome, Clarify):
        connection.execute(_COUNT_CLARIFY, {"id": turn_id})
    elif isinstance(outcome, Handoff):
        connection.execute(_OPEN_HANDOFF, {"id": turn_id, "reason": outcome.reason, "at": ended_ns})
    return True


def end_overdue(connection: Connection, now_ns: int, site: str | None, outcome: Handoff) -> tuple[bool, list[str]]:
    """End a batch of turns whose deadline is past; whether there may be more, and the ids of those it ended."""
    late = connection.scalars(
        _OVERDUE if site is None else _OVERDUE_OF_SITE,
        {"now": now_ns} if site is None else {"now": now_ns, "site": site},
    ).all()
    ended = [turn_id for turn_id in late if end(connection, turn_id, outcome, now_ns, "sweep")]
    return len(late) == SWEEP_BATCH, ended
