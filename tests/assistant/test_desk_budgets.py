"""What a site may spend on language models in a day is reserved before a turn and settled after it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.cli.opening import Unlogged
from assistant.desk import Desk, Handled
from assistant.embedded.encoder import Encoder
from assistant.ledger import Ledger, Spent
from assistant.requests import AskRequest
from assistant.settings import Settings
from assistant.web.warm_up import warm_up
from assistant.wiring import Site, open_site
from chains.outcomes import Answer
from chains.record import HopRecord
from tests.assistant.asking import SITE, ask
from tests.assistant.conftest import logged_to
from tests.assistant.ledger.makers import rows
from tests.assistant.prompted_shop import NAME, QUESTION, intent_reply, write_prompted_shop
from tests.model_server import FAULTS, Fault, Hang, Json, Served, serving

PRICES = "input_usd_per_mtok = 1.0\noutput_usd_per_mtok = 2.0"
SURE = intent_reply("product.question")
ONE_CALL = Spent(tokens=120, micro_usd=140, calls=1, unsettled=0)  # 100 tokens in and 20 out, at these prices
TURN_TOKENS = 30_000


@dataclass
class Model:
    """A server whose answer a test can change, and hold back."""

    served: Served
    reply: Fault = SURE
    may_answer: threading.Event = field(default_factory=threading.Event)

    def answer(self, _body: Json) -> Fault:
        assert self.may_answer.wait(30)
        return self.reply


@pytest.fixture(scope="module")
def one_model() -> Iterator[Model]:
    model = Model(Served())
    with serving(model.answer) as served:
        model.served = served
        yield model


@pytest.fixture
def model(one_model: Model) -> Model:
    one_model.reply = SURE
    one_model.may_answer.set()
    one_model.served.requests.clear()
    return one_model


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, home: Path, encoder: Encoder, one_model: Model) -> Iterator[Site]:
    """A shop whose intents a language model names."""
    path = write_prompted_shop(tmp_path_factory.mktemp("shop"), one_model.served.base_url, settings=PRICES)
    site = open_site(path, Settings(home=home), encoder, Unlogged())
    asyncio.run(warm_up([site]))
    yield site
    site.catalog.close()


def desk_of(site: Site, ledger: Ledger, settings: Settings, **budget: object) -> Desk:
    """A desk on a shop with another budget."""
    scope = site.chain.scope
    limited = scope.model_copy(update={"budget": scope.budget.model_copy(update=budget)})
    logged = logged_to(ledger, site)
    return Desk({"prompted": replace(logged, chain=replace(logged.chain, scope=limited))}, ledger, settings)


def put(desk: Desk, text: str = QUESTION) -> Handled:
    return asyncio.run(desk.handle(AskRequest(site="prompted", text=text)))


def spent(ledger: Ledger, site: str = "prompted") -> Spent:
    """What a site spent today, everything queued included."""

    async def scenario() -> Spent:
        await ledger.ready()
        return await ledger.spent(site, f"{datetime.now(UTC):%Y-%m-%d}")

    return asyncio.run(scenario())


def named_by(ledger: Ledger, handled: Handled) -> list[str]:
    """The models of the intent hop of a turn, in the order in which they were asked."""
    records: tuple[HopRecord, ...] = tuple(ledger.hops(handled.turn_id))
    return [record.model for record in records if record.hop == "intent"]


def test_what_a_turn_spent_is_in_the_ledger(opened: Site, ledger: Ledger, settings: Settings, model: Model) -> None:
    handled = put(desk_of(opened, ledger, settings))
    assert isinstance(handled.outcome, Answer)
    assert named_by(ledger, handled) == [NAME]
    assert model.served.count == 1
    assert spent(ledger) == ONE_CALL
    (record,) = [record for record in ledger.hops(handled.turn_id) if record.hop == "intent"]
    assert record.prompt is not None
    assert (ledger.artefact(record.prompt.template_sha256) or "").startswith("--- system ---")


def test_a_day_whose_budget_is_spent_goes_on_with_the_embedded_models(
    opened: Site, ledger: Ledger, settings: Settings, model: Model
) -> None:
    desk = desk_of(opened, ledger, settings, tokens_per_day=TURN_TOKENS)
    assert named_by(ledger, put(desk)) == [NAME]
    assert spent(ledger) == ONE_CALL  # what is left is less than a turn may spend
    second = put(desk)
    assert isinstance(second.outcome, Answer)
    assert named_by(ledger, second) == [NAME, "embedded-intent/1"]
    (failed, _) = [record for record in ledger.hops(second.turn_id) if record.hop == "intent"]
    assert (failed.status, failed.error_type, failed.usage.input_total) == ("error", "AllowanceSpent", 0)
    assert model.served.count == 1
    assert spent(ledger) == ONE_CALL


def test_no_money_for_the_day_is_no_call(opened: Site, ledger: Ledger, settings: Settings, model: Model) -> None:
    handled = put(desk_of(opened, ledger, settings, usd_per_day=0.0))
    assert isinstance(handled.outcome, Answer)
    assert model.served.count == 0
    assert spent(ledger) == Spent()


def test_turns_side_by_side_are_held_to_the_day(opened: Site, ledger: Ledger, settings: Settings, model: Model) -> None:
    model.may_answer.clear()
    desk = desk_of(opened, ledger, settings, tokens_per_day=2 * TURN_TOKENS)

    async def scenario() -> None:
        request = AskRequest(site="prompted", text=QUESTION)
        turns = [asyncio.create_task(desk.handle(request)) for _ in range(6)]
        ended = asyncio.as_completed(turns)
        for _ in range(4):
            await next(ended)
        model.may_answer.set()
        for turn in turns:
            assert isinstance((await turn).outcome, Answer)

    asyncio.run(scenario())
    assert model.served.count == 2
    assert spent(ledger) == Spent(240, 280, 2, 0)


@pytest.mark.parametrize("fault", ["server_error", "wrong_shape", "cut"])
def test_a_turn_whose_model_failed_is_settled(
    opened: Site, ledger: Ledger, settings: Settings, model: Model, fault: str
) -> None:
    model.reply = FAULTS[fault]
    desk = desk_of(opened, ledger, settings, retries=0)
    assert isinstance(put(desk).outcome, Answer)
    found = spent(ledger)
    assert found.unsettled == 0
    assert found.calls == model.served.count > 0


def test_a_turn_that_is_cancelled_is_settled_at_the_most_that_it_can_have_cost(
    opened: Site, ledger: Ledger, settings: Settings, model: Model
) -> None:
    model.reply = Hang()
    desk = desk_of(opened, ledger, settings, tokens_per_day=TURN_TOKENS)

    async def scenario() -> None:
        turn = asyncio.create_task(desk.handle(AskRequest(site="prompted", text=QUESTION)))
        while not model.served.requests:  # noqa: ASYNC110 - the server is a thread
            await asyncio.sleep(0.01)
        turn.cancel()
        with suppress(asyncio.CancelledError):
            await turn
        assert turn.cancelled()

    asyncio.run(scenario())
    found = spent(ledger)
    assert (found.calls, found.unsettled) == (1, 0)
    assert 800 < found.tokens < TURN_TOKENS


def test_a_site_without_language_models_reserves_nothing(desk: Desk, ledger: Ledger, settings: Settings) -> None:
    ask(desk, "Is the Aurel Nova 14 in stock?")
    assert spent(ledger, SITE) == Spent()
    assert rows(Path(settings.ledger), "SELECT * FROM spend") == []
