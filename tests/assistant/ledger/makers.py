"""Turns and records for the ledger's tests."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from assistant.ledger import Ledger, NewTurn
from chains.messages import HopName
from chains.outcomes import Answer, AnswerPart, Clarify, Decline, Handoff, Outcome, Sentence, Withdrawn
from chains.record import HopRecord, Origin, Redaction

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def hop_record(
    turn_id: str = "T1",
    event_id: str = "E1",
    *,
    site: str = "demo",
    hop: HopName = "intent",
    hop_index: int = 1,
    attempt: int = 1,
    origin: Origin = "live",
    started_ns: int = 1_000,
    text: str = "How much memory does it have?",
    facts: tuple[str, ...] = (),
) -> HopRecord:
    given: dict[str, JsonValue] = {"text": text, "locale": "en"}
    return HopRecord(
        event_id=event_id,
        trace_id="0" * 32,
        span_id="0" * 16,
        case_id="C1",
        turn_id=turn_id,
        site=site,
        app_version="0.1.0",
        contract="Intent/1",
        hop=hop,
        hop_index=hop_index,
        attempt=attempt,
        op="classify",
        origin=origin,
        input=given,
        identity="anonymous",
        locale="en",
        now=NOW,
        provider="hopdesk",
        model="embedded",
        output_schema_sha256="0" * 64,
        request_key="0" * 64,
        parsed={"ranked": [{"intent": "product.details", "score": 0.93}]},
        valid=True,
        facts=facts,
        started_ns=started_ns,
        ended_ns=started_ns + 2_000_000,
        served_from="embedded",
        status="ok",
        redaction=Redaction(policy="default/1"),
        scope_sha256="0" * 64,
        catalog_sha256="0" * 64,
    )


def new_turn(
    turn_id: str = "T1",
    case_id: str = "C1",
    *,
    site: str = "demo",
    key: str | None = None,
    body: str = "0" * 64,
    accepted_ns: int = 1_000,
    deadline_ns: int = 9_000,
    text: str = "Where is my order?",
    turn_limit: int = 3,
    contacts: Mapping[str, tuple[str, str]] | None = None,
) -> NewTurn:
    return NewTurn(
        turn_id=turn_id,
        case_id=case_id,
        site=site,
        idempotency_key=key,
        body_sha256=body,
        accepted_ns=accepted_ns,
        deadline_ns=deadline_ns,
        request={"text": text},
        turn_limit=turn_limit,
        contacts=contacts or {},
    )


def rows(path: Path, query: str) -> list[tuple[str | int | None, ...]]:
    """What a query finds in the file, by another connection than the ledger's."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def make_read_only(ledger: Ledger) -> None:
    """Have SQLite refuse writes as it does for a read-only file, which root could write to."""
    pragma(ledger, "query_only=ON")


def pragma(ledger: Ledger, setting: str) -> None:
    """Set up the ledger's own writing connection in another way, in its turn and outside of transactions."""
    writer = ledger._writer

    def set_up() -> None:
        driver = writer._connected().connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.execute(f"PRAGMA {setting}").close()

    writer._thread.submit(set_up).result()


def fill_disk(ledger: Ledger, path: Path) -> None:
    """Let the file grow no more, as on a full disk."""
    ((pages,),) = rows(path, "PRAGMA page_count")
    pragma(ledger, f"max_page_count={pages}")


ANSWER = Answer(parts=(AnswerPart(intent="order.status", sentences=(Sentence(text="It was sent.", claim="value"),)),))
CLARIFY = Clarify(reason="order_proof", question="Which order do you mean?", form="order")
DECLINE = Decline(reason="out_of_scope", text="This assistant cannot help with that.")
HANDOFF = Handoff(reason="intent", text="A person will write to you.")
CANCELLED = Withdrawn(reason="cancelled")
SUPERSEDED = Withdrawn(reason="superseded")
OUTCOMES: tuple[Outcome, ...] = (ANSWER, CLARIFY, DECLINE, HANDOFF, CANCELLED)
