"""Every accepted turn ends exactly once: races of one request, newer turns, failing ledgers, and the sweep."""

import asyncio
import time
from contextlib import suppress

import pytest
import structlog

from assistant import desk as desk_module
from assistant.desk import Desk, sweep_for_ever
from assistant.ledger import Known, Ledger
from chains.allowance import Allowance
from chains.errors import LedgerError
from chains.messages import IntentInput
from chains.outcomes import Answer, Handoff, Withdrawn
from chains.ports import ModelCard, Repair, Reply
from tests.assistant.asking import SITE, ask, replace_intents, request, said, waiting_desk
from tests.assistant.ledger.makers import make_read_only, new_turn, pragma

QUESTION = "Is the Aurel Nova 14 in stock?"
LATER_NS = 3_600_000_000_000


class BreakingModel:
    """An intent model during whose work the ledger becomes unwritable."""

    def __init__(self, desk: Desk) -> None:
        self.inner = desk.sites[SITE].chain.intent_model.tiers[0].model
        self.ledger = desk.ledger

    @property
    def card(self) -> ModelCard:
        return self.inner.card

    async def propose(
        self, given: IntentInput, repair: Repair | None = None, allowance: Allowance | None = None
    ) -> Reply:
        make_read_only(self.ledger)
        return await self.inner.propose(given, repair, allowance)


def test_the_same_request_twice_at_once_is_one_turn(desk: Desk) -> None:
    async def scenario() -> None:
        slow, model = waiting_desk(desk, "Nova")
        first = asyncio.create_task(slow.handle(request(QUESTION), "k"))
        await model.started.wait()
        second = asyncio.create_task(slow.handle(request(QUESTION), "k"))
        model.release.set()
        assert await second == await first
        assert isinstance((await first).outcome, Answer)

    asyncio.run(scenario())
    assert len(list(desk.ledger.turns())) == 1


def test_of_two_that_found_no_earlier_one_the_ledger_accepts_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing_yet(site: str, key: str, body_sha256: str) -> Known | None:
        return None

    monkeypatch.setattr(desk.ledger, "known", nothing_yet)

    async def scenario() -> None:
        first, second = await asyncio.gather(*(desk.handle(request(QUESTION), "k") for _ in range(2)))
        assert first == second

    asyncio.run(scenario())
    assert len(list(desk.ledger.turns())) == 1


def test_a_repeat_of_a_turn_that_does_not_end_is_handed_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    deadline_s = desk.sites[SITE].chain.scope.budget.deadline_ms / 1000
    monkeypatch.setattr(desk_module, "_LATE_S", -deadline_s)  # it is looked for once, and not waited for

    async def scenario() -> None:
        slow, model = waiting_desk(desk, "Nova")
        first = asyncio.create_task(slow.handle(request(QUESTION), "k"))
        await model.started.wait()
        repeated = await slow.handle(request(QUESTION), "k")
        assert isinstance(repeated.outcome, Handoff)
        assert repeated.outcome.reason == "overdue"
        model.release.set()
        assert (await first).turn_id == repeated.turn_id

    asyncio.run(scenario())


def test_a_newer_turn_of_the_case_takes_the_place_of_a_running_one(desk: Desk) -> None:
    async def scenario() -> None:
        slow, model = waiting_desk(desk, "Nova")
        case_id = (await slow.handle(request("How heavy is the Quillon Slate X2?"))).case_id
        older = asyncio.create_task(slow.handle(request(QUESTION, case_id=case_id)))
        await model.started.wait()
        newer = await slow.handle(request("Is the Quillon Slate X2 in stock?", case_id=case_id))
        model.release.set()
        assert (await older).outcome == Withdrawn(reason="superseded")
        assert isinstance(newer.outcome, Answer)
        stored = slow.ledger.turn((await older).turn_id)
        assert (stored.outcome, stored.closed_by) == (Withdrawn(reason="superseded"), "superseded")

    asyncio.run(scenario())


def test_a_ledger_that_fails_before_acceptance_stores_nothing(desk: Desk) -> None:
    make_read_only(desk.ledger)
    with pytest.raises(LedgerError):
        ask(desk, QUESTION)
    pragma(desk.ledger, "query_only=OFF")
    assert list(desk.ledger.turns()) == []
    assert list(desk.ledger.export()) == []


def test_a_ledger_that_fails_at_the_end_gives_a_handoff_and_the_sweep_ends_the_turn(desk: Desk) -> None:
    with structlog.testing.capture_logs() as logs:
        handled = ask(replace_intents(desk, BreakingModel(desk)), QUESTION)
    assert isinstance(handled.outcome, Handoff)
    assert handled.outcome.reason == "failure"
    assert handled.outcome.text == desk.sites[SITE].chain.scope.texts.handoff
    assert "outcome_not_stored" in [line["event"] for line in logs]
    pragma(desk.ledger, "query_only=OFF")
    assert desk.ledger.read_outcome(handled.turn_id) is None
    assert asyncio.run(desk.ledger.sweep(time.time_ns() + LATER_NS)) == (handled.turn_id,)
    swept = desk.ledger.turn(handled.turn_id)
    assert swept.closed_by == "sweep"
    assert isinstance(swept.outcome, Handoff)


def test_a_turn_that_was_swept_while_it_ran_ends_as_the_sweep_said(desk: Desk) -> None:
    async def scenario() -> None:
        slow, model = waiting_desk(desk, "Nova")
        running = asyncio.create_task(slow.handle(request(QUESTION)))
        await model.started.wait()
        await slow.ledger.sweep(time.time_ns() + LATER_NS, "A person will look at it.")
        model.release.set()
        outcome = (await running).outcome
        assert isinstance(outcome, Handoff)
        assert (outcome.reason, outcome.text) == ("overdue", "A person will look at it.")

    asyncio.run(scenario())


def test_the_sweep_ends_overdue_turns_and_survives_a_failing_ledger(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep, failures = desk.ledger.sweep, [LedgerError("The ledger is locked.")]

    async def failing_once(now_ns: int) -> tuple[str, ...]:
        if failures:
            raise failures.pop()
        return await sweep(now_ns)

    monkeypatch.setattr(desk.ledger, "sweep", failing_once)

    async def scenario() -> None:
        await desk.ledger.accept(new_turn("T1", site=SITE, deadline_ns=1))
        sweeping = asyncio.create_task(sweep_for_ever(desk, every_s=0))
        outcome = await desk.ledger.wait_for_outcome("T1", 30)
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping
        assert isinstance(outcome, Handoff)
        assert outcome.reason == "overdue"

    with structlog.testing.capture_logs() as logs:
        asyncio.run(scenario())
    assert [line for line in logs if line["event"] == "sweep_failed"] == [
        {"event": "sweep_failed", "error": "The ledger is locked.", "log_level": "error"}
    ]
    assert failures == []


def test_logs_name_the_turn_and_never_say_what_the_customer_wrote(desk: Desk) -> None:
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        handled = ask(desk, "Where is my order LO-20417? I am mara.lindqvist@example.com")
    assert "LO-20417" in said(handled.outcome)
    (ended,) = [line for line in logs if line["event"] == "turn_ended"]
    assert (ended["site"], ended["turn_id"], ended["outcome"]) == (SITE, handled.turn_id, "answer")
    assert not any("lindqvist" in str(line) or "20417" in str(line) for line in logs)


def test_turns_of_two_cases_do_not_disturb_one_another(desk: Desk, ledger: Ledger) -> None:
    async def scenario() -> None:
        questions = ("How heavy is the Aurel Nova 14?", "What does the Puravent P35 cost?")
        weight, price = await asyncio.gather(*(desk.handle(request(question)) for question in questions))
        assert "1.32 kg" in said(weight.outcome)
        assert "169 EUR" in said(price.outcome)
        assert weight.case_id != price.case_id

    asyncio.run(scenario())
    assert ledger.lost_records == 0
