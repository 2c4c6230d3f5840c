"""Personal data of a turn: shown to a named person for a stated purpose, and erased by its address.

Each function runs inside one transaction of the writer's connection, which also holds its audit entry.
"""

from collections.abc import Sequence

from pydantic import TypeAdapter
from sqlalchemy import Connection, bindparam, insert, select, update

from assistant.ledger.schema import audit, contacts, turns

Detail = dict[str, str | int | list[str]]
_DETAIL: TypeAdapter[Detail] = TypeAdapter(Detail)
_KNOWN = select(turns.c.turn_id).where(turns.c.turn_id == bindparam("id"))
_OF_TURN = (
    select(contacts.c.placeholder, contacts.c.ciphertext)
    .where(contacts.c.turn_id == bindparam("id"), contacts.c.ciphertext.is_not(None))
    .order_by(contacts.c.id)
)


def note(connection: Connection, *, at_ns: int, actor: str, action: str, subject: str, detail: Detail) -> None:
    """Write an audit entry; `detail` holds no personal data."""
    connection.execute(
        insert(audit),
        {
            "at_ns": at_ns,
            "actor": actor,
            "action": action,
            "subject": subject,
            "detail": _DETAIL.dump_json(detail).decode(),
        },
    )


def take_out(connection: Connection, turn_id: str, actor: str, purpose: str, at_ns: int) -> dict[str, str] | None:
    """The sealed contacts of a turn by placeholder, audited; None for an unknown turn."""
    if connection.scalar(_KNOWN, {"id": turn_id}) is None:
        return None
    sealed = {row.placeholder: row.ciphertext for row in connection.execute(_OF_TURN, {"id": turn_id})}
    detail: Detail = {"purpose": purpose, "placeholders": sorted(sealed)}
    note(connection, at_ns=at_ns, actor=actor, action="reveal", subject=turn_id, detail=detail)
    return sealed


def erase(connection: Connection, hashes: Sequence[str], actor: str, at_ns: int) -> int:
    """Erase the contacts that are stored under any of the hashes, audited; how many they were."""
    erased = connection.execute(
        update(contacts)
        .where(contacts.c.lookup_hmac.in_(hashes))
        .values(ciphertext=None, lookup_hmac=None, erased_ns=at_ns)
    ).rowcount
    # the hash stays in the audit alone, to prove later that this address was erased
    note(connection, at_ns=at_ns, actor=actor, action="erase", subject=hashes[0], detail={"erased": erased})
    return erased
