"""Pace and purse: slower where a model is busy, and never dearer than allowed."""

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from chains.allowance import Allowance
from chains.errors import AllowanceSpent, ModelBusy
from chains.language import Completion, Json, ModelCall, Structure
from chains.record import Usage
from chains.scope import Budget, LanguageModelSettings
from evals.pacing import Ask, BudgetSpent, Job, Metered, Pace, Purse, estimate, run_paced
from evals.results import CaseResult, Timing
from evals.run_folder import Done
from evals.running import run_case
from tests.chains.fakes import shop_chain
from tests.chains.scripts import within
from tests.evals.runs import some_cases

CALL = ModelCall(hop="intent", messages=(), schema_name="Intent", schema={}, input_tokens=100)


class TestPace:
    def entered(self, pace: Pace, count: int) -> list[int]:
        async def entering() -> list[int]:
            return [await pace.enter() for _ in range(count)]

        return asyncio.run(entering())

    def test_it_halves_once_for_all_that_were_under_way_together(self) -> None:
        pace = Pace(8)
        under_way = self.entered(pace, 8)
        for one in under_way:
            pace.leave(one, busy=True)
        assert pace.limit == 4

    def test_it_halves_again_for_what_began_later_and_never_below_one(self) -> None:
        pace = Pace(8)
        for limit in (4, 2, 1, 1):
            [one] = self.entered(pace, 1)
            pace.leave(one, busy=True)
            assert pace.limit == limit

    def test_it_grows_by_one_after_a_window_of_successes_up_to_the_most(self) -> None:
        pace = Pace(3)
        pace.limit = 1
        limits = []
        for _ in range(7):
            [one] = self.entered(pace, 1)
            pace.leave(one, busy=False)
            limits.append(pace.limit)
        assert limits == [2, 2, 3, 3, 3, 3, 3]

    def test_no_more_run_side_by_side_than_the_limit(self) -> None:
        most = 0
        active = 0

        async def work() -> Done:
            nonlocal active, most
            active += 1
            most = max(most, active)
            await asyncio.sleep(0)
            active -= 1
            return done()

        pace = Pace(6)
        pace.limit = 2
        pace.most = 6
        kept: list[Done] = []
        asyncio.run(run_paced([Job("k", work)] * 3, pace, Purse(), kept.append))
        assert most == 2
        assert len(kept) == 3


RECORD = asyncio.run(run_case(some_cases(1)[0], shop_chain())).records[0]


def done(*error_types: str) -> Done:
    """A result whose attempts failed by these errors."""
    result = CaseResult(key="5" * 64, run_id="r", case_id="c", split="dev", text="")
    records = tuple(RECORD.model_copy(update={"error_type": one}) for one in error_types)
    return Done(result, records, Timing(key="5" * 64, latency_ms=1))


async def no_wait(_seconds: float) -> None:
    await asyncio.sleep(0)


def script(*replies: Done) -> Callable[[], "asyncio.Future[Done]"]:
    """A job that comes to these, one after the other."""
    left = iter(replies)

    def work() -> "asyncio.Future[Done]":
        future: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        future.set_result(next(left))
        return future

    return work


class TestRunPaced:
    def test_a_job_that_found_a_model_busy_is_done_again_more_slowly(self) -> None:
        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            waits.append(seconds)

        pace, kept = Pace(4), list[Done]()
        job = Job("k", script(done("ModelBusy"), done("CircuitOpen"), good := done()))
        asyncio.run(run_paced([job], pace, Purse(), kept.append, sleep=sleep))
        assert kept == [good]
        assert waits == [0.5, 1.0]
        assert pace.limit == 2  # halved twice, then one more after a success

    def test_a_model_that_stays_busy_is_given_up(self) -> None:
        kept: list[Done] = []
        busy = done("ModelBusy")
        asyncio.run(run_paced([Job("k", script(*[busy] * 7))], Pace(1), Purse(), kept.append, sleep=no_wait))
        assert kept == [busy]

    def test_what_could_not_be_paid_is_not_kept_and_nothing_is_begun_after_it(self) -> None:
        purse, kept = Purse(most_tokens=0), list[Done]()
        unpaid, good = done("BudgetSpent"), done()

        async def spending() -> Done:
            with pytest.raises(BudgetSpent):
                purse.take(1, Decimal(0))
            return unpaid

        jobs = [Job("a", script(good)), Job("b", spending), Job("c", script(good))]
        asyncio.run(run_paced(jobs, Pace(1), purse, kept.append))
        assert kept == [good]
        assert purse.is_spent

    def test_jobs_are_drawn_one_at_a_time(self) -> None:
        drawn = 0

        async def first() -> Done:
            assert drawn == 1
            return done()

        def drawing() -> Iterator[Job[Done]]:
            nonlocal drawn
            for _ in range(2):
                drawn += 1
                yield Job("k", first if drawn == 1 else script(done()))

        asyncio.run(run_paced(drawing(), Pace(1), Purse(), lambda _done: None))
        assert drawn == 2


class Model:
    """A language model that takes an allowance as the live one does."""

    name = "openai/x"
    structure: Structure = "json_schema"
    takes_functions = True
    price_table_sha256: str | None = "prices"
    settings = LanguageModelSettings(name=name, max_output_tokens=50)

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def params(self, call: ModelCall) -> Json:
        return {"temperature": 0, "max_tokens": 50, "structure": "json_schema"}

    def price_of(self, input_tokens: int, output_tokens: int) -> Decimal:
        return Decimal(input_tokens + 2 * output_tokens) / 1000

    async def load(self) -> None:
        """There is nothing to load."""

    async def once(self, call: ModelCall, timeout_s: float) -> Completion:
        raise NotImplementedError

    async def complete(self, call: ModelCall, allowance: Allowance) -> Completion:
        taken = allowance.take(call.input_tokens + 50, self.price_of(call.input_tokens, 50))
        assert allowance.time_left_s() > 0
        assert allowance.hop_s(local=True) > 0
        assert allowance.retry()
        if self._error:
            raise self._error
        allowance.settle(taken, 120, Decimal("0.12"))
        return Completion(text="{}", usage=Usage(input_total=100, output=20), cost_usd="0.12")


class TestPurse:
    def test_what_a_call_really_cost_is_what_is_spent(self) -> None:
        purse = Purse(Decimal(1), 1000)
        model = Metered(Model(), purse)
        budget = Budget(usd=1)
        for _ in range(2):
            within(lambda allowance: model.complete(CALL, allowance), budget)
        assert (purse.usd, purse.tokens, purse.calls, purse.is_spent) == (Decimal("0.24"), 240, 2, False)

    @pytest.mark.parametrize("purse", [Purse(most_usd=Decimal("0.31")), Purse(most_tokens=269)])
    def test_a_call_that_might_go_over_the_budget_is_not_made(self, purse: Purse) -> None:
        model = Metered(Model(), purse)
        budget = Budget(usd=1)

        async def asking(allowance: Allowance) -> None:
            await model.complete(CALL, allowance)
            with pytest.raises(BudgetSpent, match="does not suffice for this call"):
                await model.complete(CALL, allowance)
            assert allowance.tokens == 120

        within(asking, budget)
        assert purse.is_spent
        assert purse.calls == 1

    def test_the_turns_own_allowance_holds_too(self) -> None:
        purse = Purse()
        with pytest.raises(AllowanceSpent, match="too little money"):
            within(lambda allowance: Metered(Model(), purse).complete(CALL, allowance))
        assert (purse.usd, purse.is_spent) == (Decimal(0), False)

    def test_a_call_whose_end_nobody_saw_stays_at_the_most_that_it_can_have_cost(self) -> None:
        purse = Purse()
        with pytest.raises(ModelBusy):
            within(lambda allowance: Metered(Model(ModelBusy("Busy.")), purse).complete(CALL, allowance), Budget(usd=1))
        assert purse.usd == Decimal("0.2")

    def test_a_metered_model_is_the_model(self) -> None:
        metered, model = Metered(Model(), Purse()), Model()
        assert metered.params(CALL) == model.params(CALL)
        for name in ("name", "structure", "takes_functions", "price_table_sha256"):
            assert getattr(metered, name) == getattr(model, name)


class TestEstimate:
    def test_it_is_that_of_the_sample_times_how_many_results_there_are(self) -> None:
        model = Model()
        asks = [Ask(model, 100, on_cassette=False), Ask(model, 300, on_cassette=False), Ask(model, 9, on_cassette=True)]
        expected = estimate(asks, sampled=2, results=20, call_s=3.0, concurrency=4)
        assert (expected.calls, expected.on_cassette, expected.live) == (30, 10, 20)
        assert expected.most_tokens == 10 * (150 + 350)
        assert expected.most_usd == 10 * (model.price_of(100, 50) + model.price_of(300, 50))
        assert expected.most_s == pytest.approx(20 * 3 / 4)
        assert expected.unpriced == ()

    def test_models_without_prices_are_named_once(self) -> None:
        model = Model()
        model.price_table_sha256 = None
        asks = [Ask(model, 1, on_cassette=False)] * 2
        assert estimate(asks, 1, 1, 1.0, 1).unpriced == ("openai/x",)

    def test_nothing_sampled_asks_for_nothing(self) -> None:
        assert estimate([], 0, 0, 1.0, 1).calls == 0


def test_a_purse_without_limits_is_never_spent() -> None:
    purse = Purse()
    purse.take(10**9, Decimal(10**6))
    assert not purse.is_spent
