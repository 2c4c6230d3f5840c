import asyncio
import json
from pathlib import Path

import pytest

from assistant.ledger import OVERDUE, Accepted, CaseState, Known, Ledger
from assistant.ledger import turns as turns_module
from chains.errors import IdempotencyConflict, LedgerError, RequestRefused
from chains.outcomes import Handoff, Outcome
from tests.assistant.ledger.makers import (
    ANSWER,
    CANCELLED,
    CLARIFY,
    HANDOFF,
    OUTCOMES,
    SUPERSEDED,
    fill_disk,
    make_read_only,
    new_turn,
    rows,
)


def test_an_accepted_turn_is_stored_open_with_its_request(ledger: Ledger) -> None:
    assert asyncio.run(ledger.accept(new_turn(text="Grüße [EMAIL_1]"))) == Accepted("T1", 1)
    stored = ledger.turn("T1")
    assert stored.request == {"text": "Grüße [EMAIL_1]"}
    assert (stored.case_id, stored.site, stored.accepted_ns, stored.deadline_ns) == ("C1", "demo", 1_000, 9_000)
    assert (stored.outcome, stored.ended_ns, stored.closed_by) == (None, None, None)


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.kind)
def test_a_turn_is_closed_exactly_once_and_keeps_its_first_outcome(ledger: Ledger, outcome: Outcome) -> None:
    async def scenario() -> None:
        await ledger.accept(new_turn())
        assert await ledger.outcome_of("T1") is None
        assert await ledger.close_turn("T1", outcome, 5_000)
        assert not await ledger.close_turn("T1", HANDOFF, 6_000)
        assert await ledger.outcome_of("T1") == outcome

    asyncio.run(scenario())
    stored = ledger.turn("T1")
    assert (stored.outcome, stored.ended_ns, stored.closed_by) == (outcome, 5_000, "chain")


def test_closing_an_unknown_turn_changes_nothing(ledger: Ledger, path: Path) -> None:
    assert not asyncio.run(ledger.close_turn("T9", HANDOFF, 1))
    assert rows(path, "SELECT * FROM handoffs") == []


def test_a_handoff_is_opened_with_the_outcome(ledger: Ledger, path: Path) -> None:
    async def scenario() -> None:
        await ledger.accept(new_turn())
        await ledger.close_turn("T1", HANDOFF, 5_000)

    asyncio.run(scenario())
    assert rows(path, "SELECT * FROM handoffs") == [("T1", "C1", "demo", "intent", 5_000, None, 0, None)]


def test_a_key_that_came_before_finds_its_running_and_then_its_ended_turn(ledger: Ledger) -> None:
    async def scenario() -> None:
        await ledger.accept(new_turn("T1", key="k"))
        assert await ledger.accept(new_turn("T2", "C2", key="k")) == Known("T1", "C1", None)
        await ledger.close_turn("T1", ANSWER, 5_000)
        assert await ledger.accept(new_turn("T3", "C3", key="k")) == Known("T1", "C1", ANSWER)
        assert await ledger.known("demo", "k", "0" * 64) == Known("T1", "C1", ANSWER)
        assert await ledger.known("other", "k", "0" * 64) is None

    asyncio.run(scenario())
    assert [turn.turn_id for turn in ledger.turns()] == ["T1"]


def test_a_key_with_another_body_is_a_conflict(ledger: Ledger) -> None:
    async def scenario() -> None:
        await ledger.accept(new_turn("T1", key="k"))
        with pytest.raises(IdempotencyConflict, match="'k'"):
            await ledger.known("demo", "k", "1" * 64)
        with pytest.raises(IdempotencyConflict, match="'k'"):
            await ledger.accept(new_turn("T2", key="k", body="1" * 64))

    asyncio.run(scenario())


def test_sites_do_not_share_keys_and_turns_without_a_key_never_collide(ledger: Ledger) -> None:
    async def scenario() -> list[Accepted | Known]:
        return [
            await ledger.accept(new_turn("T1", "C1", key="k")),
            await ledger.accept(new_turn("T2", "C2", site="shop", key="k")),
            await ledger.accept(new_turn("T3", "C3")),
            await ledger.accept(new_turn("T4", "C4")),
        ]

    assert all(isinstance(result, Accepted) for result in asyncio.run(scenario()))


def test_a_case_of_another_site_is_unknown(ledger: Ledger) -> None:
    async def scenario() -> None:
        await ledger.accept(new_turn("T1", "C1"))
        with pytest.raises(RequestRefused) as refused:
            await ledger.accept(new_turn("T2", "C1", site="shop"))
        assert (refused.value.code, refused.value.status) == ("unknown_case", 404)
        assert await ledger.case("C1", "shop") is None
        assert await ledger.outcome_of("T1") is None

    asyncio.run(scenario())


def test_a_case_takes_its_limit_of_turns_and_no_more_even_if_the_limit_rises_later(ledger: Ledger, path: Path) -> None:
    async def scenario() -> None:
        for number in (1, 2):
            accepted = await ledger.accept(new_turn(f"T{number}", turn_limit=2))
            assert isinstance(accepted, Accepted)
            assert accepted.turns == number
        for limit in (2, 3):
            with pytest.raises(RequestRefused, match="had all its") as refused:
                await ledger.accept(new_turn("T3", turn_limit=limit))
            assert (refused.value.code, refused.value.status) == ("case_closed", 409)

    asyncio.run(scenario())
    assert rows(path, "SELECT turns, closed_ns FROM cases") == [(2, 1_000)]


def test_a_lower_limit_than_when_the_case_began_is_kept_to(ledger: Ledger) -> None:
    async def scenario() -> None:
        await ledger.accept(new_turn("T1", turn_limit=3))
        with pytest.raises(RequestRefused, match="start a new one"):
            await ledger.accept(new_turn("T2", turn_limit=1))

    asyncio.run(scenario())


def test_a_newer_turn_withdraws_the_open_one_of_its_case_alone(ledger: Ledger) -> None:
    async def scenario() -> None:
        await ledger.accept(new_turn("T0", "C0"))
        await ledger.accept(new_turn("T1", "C1"))
        assert await ledger.accept(new_turn("T2", "C1", accepted_ns=2_000)) == Accepted("T2", 2, ("T1",))
        assert await ledger.outcome_of("T1") == SUPERSEDED
        assert await ledger.outcome_of("T0") is None
        assert not await ledger.close_turn("T1", ANSWER, 3_000)
        assert await ledger.close_turn("T2", ANSWER, 3_000)
        assert await ledger.accept(new_turn("T3", "C1", accepted_ns=4_000)) == Accepted("T3", 3)

    asyncio.run(scenario())
    stored = ledger.turn("T1")
    assert (stored.ended_ns, stored.closed_by) == (2_000, "superseded")


def test_the_state_of_a_case_tells_turns_rounds_and_the_last_turn_that_was_answered(ledger: Ledger) -> None:
    async def scenario() -> None:
        assert await ledger.case("C1", "demo") is None
        await ledger.accept(new_turn("T1", text="first"))
        assert await ledger.case("C1", "demo") == CaseState(1, 0, None, None)
        await ledger.close_turn("T1", CLARIFY, 2_000)
        assert await ledger.case("C1", "demo") == CaseState(1, 1, {"text": "first"}, CLARIFY)
        await ledger.accept(new_turn("T2", accepted_ns=3_000, text="second"))
        await ledger.close_turn("T2", CANCELLED, 4_000)
        assert await ledger.case("C1", "demo") == CaseState(2, 1, {"text": "first"}, CLARIFY)
        await ledger.accept(new_turn("T3", accepted_ns=5_000, text="third"))
        await ledger.close_turn("T3", CLARIFY, 6_000)
        assert await ledger.case("C1", "demo") == CaseState(3, 2, {"text": "third"}, CLARIFY)

    asyncio.run(scenario())


def test_a_sweep_hands_off_the_overdue_turns_once_and_leaves_the_others(ledger: Ledger, path: Path) -> None:
    async def scenario() -> None:
        await ledger.accept(new_turn("T1", "C1", deadline_ns=100))
        await ledger.accept(new_turn("T2", "C2", deadline_ns=200))
        await ledger.accept(new_turn("T3", "C3", deadline_ns=100))
        await ledger.close_turn("T3", ANSWER, 90)
        assert await ledger.sweep(100) == ()
        assert await ledger.sweep(150) == ("T1",)
        assert await ledger.sweep(150) == ()
        assert await ledger.outcome_of("T1") == Handoff(reason="overdue", text=OVERDUE)
        assert not await ledger.close_turn("T1", ANSWER, 160)
        assert await ledger.sweep(300, "Wir melden uns.") == ("T2",)
        assert await ledger.outcome_of("T2") == Handoff(reason="overdue", text="Wir melden uns.")
        assert await ledger.outcome_of("T3") == ANSWER

    asyncio.run(scenario())
    assert rows(path, "SELECT turn_id, reason, opened_ns FROM handoffs") == [
        ("T1", "overdue", 150),
        ("T2", "overdue", 300),
    ]
    assert rows(path, "SELECT closed_by FROM turns ORDER BY turn_id") == [("sweep",), ("sweep",), ("chain",)]


def test_a_sweep_of_one_site_leaves_the_others(ledger: Ledger) -> None:
    async def scenario() -> None:
        await ledger.accept(new_turn("T1", "C1", deadline_ns=100))
        await ledger.accept(new_turn("T2", "C2", site="shop", deadline_ns=100))
        assert await ledger.sweep(150, site="shop") == ("T2",)

    asyncio.run(scenario())


def test_a_sweep_ends_more_turns_than_fit_one_batch(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "_OVERDUE", turns_module._OVERDUE.limit(2))
    monkeypatch.setattr(turns_module, "SWEEP_BATCH", 2)

    async def scenario() -> tuple[str, ...]:
        for number in range(5):
            await ledger.accept(new_turn(f"T{number}", f"C{number}", deadline_ns=number))
        return await ledger.sweep(150)

    assert asyncio.run(scenario()) == ("T0", "T1", "T2", "T3", "T4")


def test_waiting_gives_the_outcome_when_it_comes_and_none_when_time_is_up(ledger: Ledger, other: Ledger) -> None:
    async def scenario() -> None:
        await ledger.accept(new_turn())
        assert await other.wait_for_outcome("T1", 0) is None
        waiting = asyncio.create_task(other.wait_for_outcome("T1", 30))
        await asyncio.sleep(0)
        await ledger.close_turn("T1", ANSWER, 5_000)
        assert await waiting == ANSWER

    asyncio.run(scenario())


def test_a_turn_id_that_was_used_before_stores_nothing(ledger: Ledger, path: Path) -> None:
    async def scenario() -> None:
        await ledger.accept(new_turn("T1", "C1"))
        with pytest.raises(LedgerError, match="CONSTRAINT"):
            await ledger.accept(new_turn("T1", "C2", contacts={"[EMAIL_1]": ("email", "mara@example.org")}))

    asyncio.run(scenario())
    assert rows(path, "SELECT count(*) FROM cases") == [(1,)]
    assert rows(path, "SELECT count(*) FROM contacts") == [(0,)]


@pytest.mark.parametrize("where", ["request", "contact"])
def test_text_that_is_not_unicode_is_refused_and_nothing_is_stored(ledger: Ledger, path: Path, where: str) -> None:
    lone = "\ud800"
    new = new_turn(text=lone) if where == "request" else new_turn(contacts={"[NAME_1]": ("name", lone)})
    with pytest.raises(LedgerError, match="not Unicode"):
        asyncio.run(ledger.accept(new))
    assert rows(path, "SELECT count(*) FROM turns") == [(0,)]


def test_a_ledger_that_turned_read_only_refuses_in_a_sentence(ledger: Ledger, path: Path) -> None:
    make_read_only(ledger)
    with pytest.raises(LedgerError, match=r"ledger\.db is read-only; make the file"):
        asyncio.run(ledger.accept(new_turn()))
    assert rows(path, "SELECT count(*) FROM turns") == [(0,)]


def test_a_full_disk_refuses_the_turn_that_no_longer_fits_and_stores_no_part_of_it(ledger: Ledger, path: Path) -> None:
    asyncio.run(ledger.accept(new_turn("T1", "C1")))
    fill_disk(ledger, path)
    with pytest.raises(LedgerError, match="has no room left; free space"):
        asyncio.run(ledger.accept(new_turn("T2", "C2", text="x" * 100_000)))
    assert rows(path, "SELECT turn_id FROM turns") == [("T1",)]
    assert rows(path, "SELECT case_id FROM cases") == [("C1",)]
    assert asyncio.run(ledger.close_turn("T1", CANCELLED, 5))


def test_a_write_that_nobody_waits_for_any_more_is_carried_out_all_the_same(ledger: Ledger) -> None:
    async def scenario() -> None:
        await ledger.accept(new_turn())
        closing = asyncio.create_task(ledger.close_turn("T1", ANSWER, 5_000))
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert not await ledger.close_turn("T1", HANDOFF, 6_000)

    asyncio.run(scenario())
    assert ledger.turn("T1").outcome == ANSWER


def test_no_error_repeats_what_the_customer_wrote(ledger: Ledger) -> None:
    async def scenario() -> None:
        await ledger.accept(new_turn("T1", text="secret words"))
        await ledger.accept(new_turn("T1", "C2", text="secret words"))

    with pytest.raises(LedgerError) as failed:
        asyncio.run(scenario())
    cause: BaseException | None = failed.value
    while cause is not None:
        assert "secret words" not in str(cause)
        cause = cause.__cause__


def test_stored_json_is_readable_text(ledger: Ledger, path: Path) -> None:
    asyncio.run(ledger.accept(new_turn(text="für")))
    ((request,),) = rows(path, "SELECT request FROM turns")
    assert isinstance(request, str)
    assert json.loads(request) == {"text": "für"}
    assert "für" in request
