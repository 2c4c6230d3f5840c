import asyncio
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.ledger import Accepted, Known, Ledger, Vault
from chains.outcomes import Handoff
from tests.assistant.ledger.makers import ANSWER, DECLINE, OUTCOMES, hop_record, new_turn, rows

SERVER = """
import asyncio, sys
from pathlib import Path
from assistant.ledger import Ledger, Vault
from tests.assistant.ledger.makers import hop_record, new_turn

async def serve():
    ledger = Ledger.open(Path(sys.argv[1]), Vault.from_file(Path(sys.argv[2])))
    await ledger.accept(new_turn(contacts={"[EMAIL_1]": ("email", "mara@example.org")}))
    ledger.append(hop_record())
    await ledger.ready()
    print("accepted", flush=True)
    sys.stdin.read()

asyncio.run(serve())
"""


def test_of_fifty_turns_with_one_key_exactly_one_is_accepted(ledger: Ledger, other: Ledger, path: Path) -> None:
    async def scenario() -> list[Accepted | Known]:
        return await asyncio.gather(
            *((ledger, other)[n % 2].accept(new_turn(f"T{n}", f"C{n}", key="k")) for n in range(50))
        )

    results = asyncio.run(scenario())
    (accepted,) = (result for result in results if isinstance(result, Accepted))
    known = Known(accepted.turn_id, accepted.turn_id.replace("T", "C"), None)
    assert [result for result in results if isinstance(result, Known)] == [known] * 49
    assert rows(path, "SELECT turn_id FROM turns") == [(accepted.turn_id,)]


def test_of_twenty_that_close_a_turn_exactly_one_succeeds(ledger: Ledger) -> None:
    async def scenario() -> list[bool]:
        await ledger.accept(new_turn())
        return await asyncio.gather(*(ledger.close_turn("T1", OUTCOMES[n % 5], n) for n in range(20)))

    assert asyncio.run(scenario()).count(True) == 1


def test_of_two_processes_that_close_the_same_turns_each_turn_is_closed_by_one(
    ledger: Ledger, other: Ledger, path: Path
) -> None:
    async def scenario() -> None:
        for number in range(20):
            await ledger.accept(new_turn(f"T{number}", f"C{number}"))
        for number in range(20):
            closed = await asyncio.gather(
                ledger.close_turn(f"T{number}", Handoff(reason="intent", text="a"), 1),
                other.close_turn(f"T{number}", DECLINE, 2),
            )
            assert sorted(closed) == [False, True]

    asyncio.run(scenario())
    assert rows(path, "SELECT count(*) FROM turns WHERE outcome_kind = 'handoff'") == rows(
        path, "SELECT count(*) FROM handoffs"
    )


def test_a_sweep_and_a_close_never_both_end_a_turn(ledger: Ledger, other: Ledger) -> None:
    async def scenario() -> None:
        for number in range(20):
            turn_id = f"T{number}"
            await ledger.accept(new_turn(turn_id, f"C{number}"))
            closed, swept = await asyncio.gather(ledger.close_turn(turn_id, ANSWER, 1), other.sweep(10_000))
            assert closed is (swept == ())
            outcome = await ledger.outcome_of(turn_id)
            assert outcome is not None
            assert (outcome == ANSWER) is closed

    asyncio.run(scenario())


def test_two_sweeps_at_once_share_the_overdue_turns(ledger: Ledger, other: Ledger, path: Path) -> None:
    async def scenario() -> list[str]:
        for number in range(20):
            await ledger.accept(new_turn(f"T{number:02}", f"C{number}"))
        first, second = await asyncio.gather(ledger.sweep(10_000), other.sweep(10_000))
        return sorted(first + second)

    assert asyncio.run(scenario()) == [f"T{number:02}" for number in range(20)]
    assert rows(path, "SELECT count(*) FROM handoffs") == [(20,)]


def test_turns_of_one_case_sent_at_once_leave_one_open_and_never_pass_the_limit(
    ledger: Ledger, other: Ledger, path: Path
) -> None:
    async def scenario() -> list[Accepted | Known | BaseException]:
        sent = ((ledger, other)[n % 2].accept(new_turn(f"T{n}", turn_limit=3)) for n in range(8))
        return await asyncio.gather(*sent, return_exceptions=True)

    results = asyncio.run(scenario())
    assert sum(isinstance(result, Accepted) for result in results) == 3
    assert rows(path, "SELECT count(*) FROM turns WHERE outcome IS NULL") == [(1,)]
    assert rows(path, "SELECT turns FROM cases") == [(3,)]


def test_records_of_many_turns_at_once_are_all_there_and_in_order(ledger: Ledger) -> None:
    async def turn(number: int) -> None:
        turn_id = f"T{number}"
        await ledger.accept(new_turn(turn_id, f"C{number}"))
        for index in range(6):
            ledger.append(hop_record(turn_id, f"{turn_id}-{index}", hop_index=index))
            await asyncio.sleep(0)
        assert await ledger.close_turn(turn_id, ANSWER, 5)
        assert [record.hop_index for record in ledger.hops(turn_id)] == [0, 1, 2, 3, 4, 5]

    async def scenario() -> None:
        numbers = list(range(20))
        random.Random(4).shuffle(numbers)
        await asyncio.gather(*(turn(number) for number in numbers))

    asyncio.run(scenario())
    assert ledger.lost_records == 0


def test_a_turn_whose_server_was_killed_is_handed_off_by_the_next_sweep(tmp_path: Path) -> None:
    path, key = tmp_path / "ledger.db", tmp_path / "vault.key"
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(path), str(key)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "accepted\n"
        server.kill()
        assert server.wait() == -signal.SIGKILL
    ledger = Ledger.open(path, Vault.from_file(key))
    try:
        assert asyncio.run(ledger.sweep(10_000)) == ("T1",)
        assert [record.event_id for record in ledger.hops("T1")] == ["E1"]
        assert ledger.turn("T1").outcome == Handoff(
            reason="overdue", text="This is taking too long, so a person will look at your request."
        )
        assert asyncio.run(ledger.reveal("T1", "jo", "to write back")) == {"[EMAIL_1]": "mara@example.org"}
    finally:
        ledger.close()


@pytest.mark.parametrize("seed", range(3))
def test_a_case_whose_turns_come_and_end_in_any_order_has_one_outcome_for_each(ledger: Ledger, seed: int) -> None:
    async def scenario() -> None:
        work = [ledger.accept(new_turn(f"T{n}", accepted_ns=n, turn_limit=9)) for n in range(9)]
        ends = [ledger.close_turn(f"T{n}", ANSWER, 100 + n) for n in range(9)]
        mixed = [*work, *ends]
        random.Random(seed).shuffle(mixed)
        await asyncio.gather(*mixed)
        await ledger.sweep(10_000)

    asyncio.run(scenario())
    assert [turn.outcome is not None for turn in ledger.turns()] == [True] * 9
