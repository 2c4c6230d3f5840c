"""Whatever happens to turns, in whatever order: at most one outcome each, and exactly one after the sweep."""

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import Coroutine
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from assistant.ledger import Accepted, Known, Ledger, Vault
from chains.errors import RequestRefused
from chains.outcomes import Clarify, Handoff, Outcome
from tests.assistant.ledger.makers import OUTCOMES, SUPERSEDED, new_turn

T = TypeVar("T")
VAULT = Vault(Vault.new_key())
FOLDER = Path(tempfile.mkdtemp(prefix="ledger-lifecycle-"))
atexit.register(shutil.rmtree, FOLDER)
FAR_NS = 10**12
OVERDUE = Handoff(reason="overdue", text="late")


@cache
def fresh_ledger() -> Path:
    """An empty ledger to copy, because migrating one for every example would take most of the time."""
    path = FOLDER / "template.db"
    Ledger.open(path, VAULT).close()
    return path


class Lifecycle(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=FOLDER))
        path = shutil.copy(fresh_ledger(), self.folder / "ledger.db")
        self.runner = asyncio.Runner()
        self.ledgers = [Ledger.open(path, VAULT), Ledger.open(path, VAULT)]
        self.now_ns = 0
        self.outcomes: dict[str, Outcome | None] = {}
        self.case_of: dict[str, str] = {}
        self.deadlines: dict[str, int] = {}
        self.keys: dict[str, str] = {}
        self.rounds: dict[str, int] = {}

    def do(self, action: Coroutine[None, None, T]) -> T:
        return self.runner.run(action)

    @rule(
        who=st.sampled_from([0, 1]),
        case=st.sampled_from("ABC"),
        key=st.none() | st.sampled_from("kl"),
        time_ns=st.integers(1, 40),
    )
    def accept(self, who: int, case: str, key: str | None, time_ns: int) -> None:
        self.now_ns += 1
        turn_id = f"T{self.now_ns:04}"
        taken = [each for each, of in self.case_of.items() if of == case]
        new = new_turn(turn_id, case, key=key, accepted_ns=self.now_ns, deadline_ns=self.now_ns + time_ns, turn_limit=3)
        accepting = self.ledgers[who].accept(new)
        if key is not None and key in self.keys:
            earlier = self.keys[key]
            assert self.do(accepting) == Known(earlier, self.case_of[earlier], self.outcomes[earlier])
        elif len(taken) == 3:
            with pytest.raises(RequestRefused):
                self.do(accepting)
        else:
            still_open = tuple(each for each in taken if self.outcomes[each] is None)
            assert self.do(accepting) == Accepted(turn_id, len(taken) + 1, still_open)
            self.outcomes |= dict.fromkeys(still_open, SUPERSEDED) | {turn_id: None}
            self.case_of[turn_id] = case
            self.deadlines[turn_id] = new.deadline_ns
            if key is not None:
                self.keys[key] = turn_id

    @rule(who=st.sampled_from([0, 1]), number=st.integers(1, 60), outcome=st.sampled_from(OUTCOMES))
    def close(self, who: int, number: int, outcome: Outcome) -> None:
        turn_id = f"T{number:04}"
        is_open = turn_id in self.outcomes and self.outcomes[turn_id] is None
        assert self.do(self.ledgers[who].close_turn(turn_id, outcome, self.now_ns)) is is_open
        if is_open:
            self.outcomes[turn_id] = outcome
            case = self.case_of[turn_id]
            self.rounds[case] = self.rounds.get(case, 0) + isinstance(outcome, Clarify)

    @rule(who=st.sampled_from([0, 1]), passed_ns=st.integers(0, 30))
    def sweep(self, who: int, passed_ns: int) -> None:
        self.now_ns += passed_ns
        self.swept(who, self.now_ns)

    def swept(self, who: int, now_ns: int) -> None:
        late = {each for each, outcome in self.outcomes.items() if outcome is None and self.deadlines[each] < now_ns}
        assert set(self.do(self.ledgers[who].sweep(now_ns, "late"))) == late
        self.outcomes |= dict.fromkeys(late, OVERDUE)

    @invariant()
    def the_ledger_holds_what_happened(self) -> None:
        stored = {turn.turn_id: turn.outcome for turn in self.ledgers[0].turns()}
        assert stored == self.outcomes
        for case in set(self.case_of.values()):
            state = self.ledgers[1].read_case(case, "demo")
            assert state is not None
            assert state.turns == list(self.case_of.values()).count(case)
            assert state.clarify_rounds == self.rounds.get(case, 0)

    def teardown(self) -> None:
        self.swept(0, FAR_NS)
        assert None not in [turn.outcome for turn in self.ledgers[1].turns()]
        for ledger in self.ledgers:
            ledger.close()
        self.runner.close()
        shutil.rmtree(self.folder)


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
