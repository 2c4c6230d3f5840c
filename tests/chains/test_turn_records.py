import asyncio
from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from chains.claims import Value
from chains.errors import ToolFailed
from chains.facts import Evidence
from chains.messages import IntentInput, LookupInput, Plan
from chains.ports import Cascade
from chains.tools import Identity
from chains.turn import Chain, run_turn
from tests.chains.fakes import (
    EMAIL,
    ORDER_DRAFT,
    ORDER_NUMBER,
    ORDER_PLAN,
    ORDER_TURN,
    PHONE,
    PRICE_PLAN,
    FakeToolbox,
    ask_for,
    draft,
    names,
    order_chain,
    run,
    shop_chain,
)
from tests.chains.scripts import DOWN, MemoryLog, Script

# What models and records see


def test_models_see_the_page_the_case_and_what_they_may_call() -> None:
    intent = Script[IntentInput](names("product.price", second="order.status"))
    planner = Script[LookupInput](PRICE_PLAN)
    chain = replace(shop_chain(), intent_model=Cascade.of(intent), planner=Cascade.of(planner))
    turn = replace(ORDER_TURN, products=("L-2",), on_product=True, previous_intent="returns.policy")
    run(turn, chain)
    assert (intent.given[0].on_product, intent.given[0].previous_intent) == (True, "returns.policy")
    seen = planner.given[0]
    assert seen.tools == {
        "product.price": ("get_product", "search_products", "check_stock"),
        "order.status": ("get_order",),
    }
    assert (seen.asks, seen.products) == ({"product.price": ("price",)}, ("L-2",))


def test_a_records_frame_says_where_the_turn_came_from() -> None:
    turn = replace(ask_for(), origin="eval", run_id="r1", eval_case_id="c1", split="test", tags=("a",), locale="en-GB")
    for record in run(turn, shop_chain()).records:
        assert (record.origin, record.run_id, record.eval_case_id, record.split) == ("eval", "r1", "c1", "test")
        assert (record.tags, record.locale, record.site, record.trace_id) == (("a",), "en-GB", "shop", "turn-1")


PATHS: list[Callable[[], Chain]] = [
    order_chain,
    lambda: order_chain(response=DOWN),
    lambda: order_chain(FakeToolbox(ToolFailed("The orders are not there."))),
    lambda: shop_chain(intent=names("order.status", second="product.price"), plan=ORDER_PLAN, response=ORDER_DRAFT),
    lambda: shop_chain(intent=names("order.status", "product.price", score=0.4)),
    lambda: shop_chain(intent="{"),
    lambda: shop_chain(intent=names("order.status"), plan="{"),
    lambda: shop_chain(plan=Plan(needs="product", candidates=("L-1",))),
    lambda: order_chain(response=draft(Value(fact="nothing"), intent="order.status")),
]


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(
        st.one_of(
            st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=8),
            st.sampled_from([ORDER_NUMBER, EMAIL, PHONE]),
        ),
        max_size=8,
    ),
    path=st.sampled_from(PATHS),
    identity=st.sampled_from(Identity),
)
def test_no_record_of_any_path_holds_personal_data(
    words: list[str], path: Callable[[], Chain], identity: Identity
) -> None:
    text = " ".join([*words, ORDER_NUMBER, EMAIL, PHONE])
    turn = replace(ask_for(text), identity=identity, customer=EMAIL if identity is Identity.VERIFIED else None)
    with capture_logs() as logs:
        done = run(turn, path())
    kept = "".join(record.model_dump_json() for record in done.records) + done.outcome.model_dump_json() + str(logs)
    for personal in (ORDER_NUMBER, EMAIL, PHONE, "23456789"):
        assert personal not in kept


def test_the_log_gets_each_record_as_soon_as_its_attempt_ends() -> None:
    log = MemoryLog()

    class Watching(FakeToolbox):
        def _find(self, arguments: object, caller: object) -> Evidence:
            assert log.hops() == ["moderation", "intent"]
            return Evidence()

    chain = replace(shop_chain(toolbox=Watching()), log=log)
    asyncio.run(run_turn(ask_for(), chain))
    assert log.hops() == ["moderation", "intent", "lookup"]
