"""What a turn costs in the ledger: accept, six hop records, close. Run it as a script.

Prints turns per second, the median time of a turn, and CPU time per turn, on a fresh SQLite file.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from assistant.ledger import Ledger, NewTurn, Vault
from chains.messages import HOPS
from chains.outcomes import Answer, AnswerPart, Sentence
from tests.assistant.ledger.makers import hop_record

FACTS = tuple(f"LAP-{number}:memory" for number in range(40))
ANSWER = Answer(
    parts=(AnswerPart(intent="product.details", sentences=(Sentence(text="It has 16 GB.", claim="value"),)),)
)


async def one_turn(ledger: Ledger, number: int) -> float:
    """Carry one turn through the ledger as the chain does; how long it took in milliseconds."""
    turn_id = f"T{number:08}"
    records = [
        hop_record(turn_id=turn_id, event_id=f"{turn_id}-{index}", hop=hop, hop_index=index, facts=FACTS)
        for index, hop in enumerate(HOPS)
    ]
    began = time.perf_counter()
    await ledger.accept(
        NewTurn(
            turn_id=turn_id,
            case_id=f"C{number:08}",
            site="demo",
            idempotency_key=turn_id,
            body_sha256="0" * 64,
            accepted_ns=number,
            deadline_ns=number + 10**10,
            request={"text": "How much memory does the laptop have? My address is [EMAIL_1]."},
            turn_limit=3,
            contacts={"[EMAIL_1]": ("email", f"customer{number}@example.org")},
        )
    )
    for record in records:
        ledger.append(record)
        await asyncio.sleep(0)
    await ledger.close_turn(turn_id, ANSWER, number + 10**9)
    return (time.perf_counter() - began) * 1000


async def run(folder: Path, count: int) -> None:
    """Measure `count` turns one after the other, after a tenth of them to warm up."""
    ledger = Ledger.open(folder / "ledger.db", Vault(Vault.new_key()))
    try:
        for number in range(count // 10):
            await one_turn(ledger, number)
        wall, cpu = time.perf_counter(), time.process_time()
        spent = [await one_turn(ledger, count + number) for number in range(count)]
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    finally:
        ledger.close()
    print(  # noqa: T201 - the result of a script
        f"{count} turns: {count / wall:.0f} turns/s, p50 {statistics.median(spent):.2f} ms, "
        f"{cpu / count * 1000:.2f} ms CPU a turn (making the records included), lost {ledger.lost_records}"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(run(Path(temporary), int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
