"""What turns spend on models, each function inside one transaction of the writer's connection.

A day's sums are one row, and a reservation is one conditional update of it: exact across processes, and as quick
on a day of many turns. Settled amounts count, and for a turn that has not settled what it reserved.
"""

from sqlalchemy import Connection, bindparam, insert, select, update

from assistant.ledger.schema import spend, spend_days
from assistant.ledger.values import DayLimits, Reservation, Spent

_NO_LIMIT = 2**63 - 1
_THE_DAY = (spend_days.c.site == bindparam("of_site"), spend_days.c.day == bindparam("of_day"))
_DAY = select(spend_days.c.tokens, spend_days.c.micro_usd, spend_days.c.calls, spend_days.c.unsettled).where(*_THE_DAY)
_OPEN_DAY = insert(spend_days)
_ADD_TO_DAY = (
    update(spend_days)
    .where(*_THE_DAY)
    .values(
        tokens=spend_days.c.tokens + bindparam("more_tokens"),
        micro_usd=spend_days.c.micro_usd + bindparam("more_micro_usd"),
        calls=spend_days.c.calls + bindparam("more_calls"),
        unsettled=spend_days.c.unsettled + bindparam("more_unsettled"),
    )
)
_ADD_WITHIN = _ADD_TO_DAY.where(
    spend_days.c.tokens + bindparam("more_tokens") <= bindparam("most_tokens"),
    spend_days.c.micro_usd + bindparam("more_micro_usd") <= bindparam("most_micro_usd"),
)
_RESERVE = insert(spend)
_TURN = select(spend.c.site, spend.c.day, spend.c.reserved_tokens, spend.c.reserved_micro_usd).where(
    spend.c.turn_id == bindparam("id")
)
_SETTLE = (
    update(spend)
    .where(spend.c.turn_id == bindparam("id"), spend.c.settled_ns.is_(None))
    .values(
        tokens=bindparam("used_tokens"),
        micro_usd=bindparam("used_micro_usd"),
        calls=bindparam("made_calls"),
        settled_ns=bindparam("at"),
    )
)


def reserve(connection: Connection, wanted: Reservation, limits: DayLimits, now_ns: int) -> bool:
    """Set aside what a turn may spend; False, and nothing changed, where the day would pass a limit with it."""
    day = {"of_site": wanted.site, "of_day": wanted.day}
    if connection.execute(_DAY, day).first() is None:
        empty = {"tokens": 0, "micro_usd": 0, "calls": 0, "unsettled": 0}
        connection.execute(_OPEN_DAY, {"site": wanted.site, "day": wanted.day, **empty})
    more = {"more_tokens": wanted.tokens, "more_micro_usd": wanted.micro_usd, "more_calls": 0, "more_unsettled": 1}
    most = {
        "most_tokens": _NO_LIMIT if limits.tokens is None else limits.tokens,
        "most_micro_usd": _NO_LIMIT if limits.micro_usd is None else limits.micro_usd,
    }
    if connection.execute(_ADD_WITHIN, {**day, **more, **most}).rowcount != 1:
        return False
    connection.execute(
        _RESERVE,
        {
            "turn_id": wanted.turn_id,
            "site": wanted.site,
            "day": wanted.day,
            "reserved_tokens": wanted.tokens,
            "reserved_micro_usd": wanted.micro_usd,
            "reserved_ns": now_ns,
        },
    )
    return True


def settle(connection: Connection, turn_id: str, *, tokens: int, micro_usd: int, calls: int, now_ns: int) -> None:
    """Put what a turn spent in the place of what it reserved, once; nothing for a turn that reserved nothing."""
    turn = connection.execute(_TURN, {"id": turn_id}).first()
    if turn is None:
        return
    used = {"used_tokens": tokens, "used_micro_usd": micro_usd, "made_calls": calls}
    if connection.execute(_SETTLE, {"id": turn_id, "at": now_ns, **used}).rowcount == 1:
        connection.execute(
            _ADD_TO_DAY,
            {
                "of_site": turn.site,
                "of_day": turn.day,
                "more_tokens": tokens - turn.reserved_tokens,
                "more_micro_usd": micro_usd - turn.reserved_micro_usd,
                "more_calls": calls,
                "more_unsettled": -1,
            },
        )


def spent(connection: Connection, site: str, day: str) -> Spent:
    """What a site spent on a day."""
    found = connection.execute(_DAY, {"of_site": site, "of_day": day}).first()
    return Spent() if found is None else Spent(found.tokens, found.micro_usd, found.calls, found.unsettled)
