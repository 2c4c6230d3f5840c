"""What must hold of every turn's hop records, and a frame for some."""

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic_core import to_json

from chains.messages import HOPS
from chains.record import HopRecord, Redaction, digest
from chains.tools import Identity
from chains.trail import Frame
from chains.turn import Turn

FRAME = Frame(
    turn_id="turn-1",
    case_id="case-1",
    site="shop",
    trace_id="trace-1",
    app_version="1.2",
    identity=Identity.ORDER_PROOF,
    locale="en",
    now=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
    scope_sha256=digest("scope"),
    catalog_version="catalog-1",
    redaction=Redaction(policy="placeholders/1", applied=("email",)),
)


def assert_trail(records: list[HopRecord], turn: Turn) -> None:
    """What holds of every turn's records: order, attempts, upstream, status, redaction, and a round trip."""
    assert [record.hop_index for record in records] == list(range(len(records)))
    _assert_order(records)
    by_event: dict[str, HopRecord] = {}
    for record in records:
        before = next((one for one in reversed(by_event.values()) if one.hop == record.hop), None)
        assert record.attempt == 1 or (before is not None and _is_second(record, before))
        _assert_tier(record, [one for one in by_event.values() if one.hop == record.hop])
        assert record.started_ns <= record.ended_ns
        _assert_status(record)
        _assert_upstream(record, by_event)
        assert record.redaction.applied == turn.pii
        assert (record.turn_id, record.case_id, record.identity) == (
            turn.turn_id,
            turn.case_id,
            turn.identity.name.lower(),
        )
        assert HopRecord.model_validate_json(record.model_dump_json(by_alias=True)) == record
        by_event[record.event_id] = record
    assert len(by_event) == len(records)


def _assert_order(records: list[HopRecord]) -> None:
    """Hops follow one another, but for what runs side by side: moderation, intent, and a plan that is a guess."""
    places = [HOPS.index(record.hop) for record in records]
    early = max((at for at, place in enumerate(places) if place < HOPS.index("lookup")), default=-1) + 1
    assert all(place <= HOPS.index("lookup") for place in places[:early])
    assert not any(record.tool_calls for record in records[:early])
    assert places[early:] == sorted(places[early:])


def _assert_tier(record: HopRecord, before: list[HopRecord]) -> None:
    """A later tier is asked after the one before it, about the same; what does not decide carries nothing out."""
    earlier = [one for one in before if one.tier == record.tier - 1 and one.input == record.input]
    assert record.tier == 0 or (earlier and not earlier[-1].decides)
    certain = record.threshold is None or (record.certainty or 0) >= record.threshold
    assert record.decides == (record.valid and certain)
    assert record.decides or not record.tool_calls


def _is_second(record: HopRecord, before: HopRecord) -> bool:
    same = (record.tier, record.model, record.input) == (before.tier, before.model, before.input)
    return same and record.attempt == 2 and before.attempt == 1 and before.status == "invalid"


def _assert_status(record: HopRecord) -> None:
    assert record.valid == (record.parsed is not None) == (record.status == "ok")
    assert bool(record.validation_errors) == (record.status == "invalid")
    assert (record.error_type is not None) == (record.status in {"error", "refused"})
    assert record.repaired == (record.valid and record.attempt == 2)


def _assert_upstream(record: HopRecord, earlier: Mapping[str, HopRecord]) -> None:
    """Upstream names the last record of each hop that comes before this one, with the digest of its output."""
    before = HOPS[: HOPS.index(record.hop)]
    last = {one.hop: one.event_id for one in earlier.values() if one.hop in before}
    assert {up.hop: up.event_id for up in record.upstream} == last
    for up in record.upstream:
        assert up.output_sha256 == digest(to_json(earlier[up.event_id].parsed).decode())
        assert not up.frozen
