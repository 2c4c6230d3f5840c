"""No model and no record can get a turn out of the scope: any scope, any replies at every hop, any text in a record."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chains.messages import Plan
from tests.chains.fakes import ask_for, call, run, shop_chain
from tests.chains.hostile import EVIL
from tests.chains.hostile_marks import disguises, is_in
from tests.chains.hostile_shop import HostileShop, Wares
from tests.chains.hostile_turns import SLOW_DRAWING, hold_to_the_scope, hostile_turn


@settings(max_examples=1000, deadline=None, suppress_health_check=SLOW_DRAWING)
@given(st.data())
def test_hostile_models_and_records_stay_in_the_scope(data: st.DataObject) -> None:
    hold_to_the_scope(*hostile_turn(data))


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=20_000, deadline=None, suppress_health_check=SLOW_DRAWING)
@given(st.data())
def test_hostile_models_and_records_stay_in_the_scope_for_long(data: st.DataObject) -> None:
    hold_to_the_scope(*hostile_turn(data))


@given(st.text(max_size=20), st.sampled_from(disguises(EVIL)), st.text(max_size=20))
def test_a_secret_is_seen_in_every_disguise(before: str, disguised: str, after: str) -> None:
    assert is_in(f"{before} {disguised} {after}", EVIL)


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_a_secret_is_seen_inside_longer_base64(before: bytes, after: bytes) -> None:
    assert is_in(base64.b64encode(before + EVIL.encode() + after).decode(), EVIL)


@pytest.mark.parametrize("text", ["", "An evil lamp, mark my words", "The mark of evil", "ZXZpbA=="])
def test_ordinary_words_are_no_secret(text: str) -> None:
    assert not is_in(text, EVIL)


@pytest.mark.parametrize(("name", "kind"), [("Desk Lamp", "clarify"), ("Desk Lamp www.evil.example", "handoff")])
def test_what_is_offered_in_a_question_back_passes_outbound_too(name: str, kind: str) -> None:
    plan = Plan(
        calls=(call("search_products", "product.price", query="lamp"),), needs="product", candidates=("L-1", "L-2")
    )
    done = run(ask_for(), shop_chain(plan=plan, toolbox=HostileShop(Wares(names=(name, "Floor Lamp")))))
    assert done.hops == ["moderation", "intent", "lookup", "outbound"]
    assert done.outcome.kind == kind
