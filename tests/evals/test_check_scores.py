"""The production checks as scorers say what the live guards say."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from chains.catalogue import CATALOGUE
from chains.claims import Value
from chains.hops import grounding, intent, lookup, moderation, outbound, response
from chains.messages import HopName, OutboundInput
from chains.record import HopRecord
from evals.cases import Case, Expectation
from evals.check_scores import (
    CHECK_SCORERS,
    GROUNDING,
    INTENT,
    LOOKUP,
    MODERATION,
    OUTBOUND,
    RESPONSE,
    HopChecks,
)
from evals.observed import Observed, Setting, output_of
from evals.results import Label
from evals.running import run_case
from moderation import OUTBOUND_CHECKS, Guard, Outgoing
from tests.chains.fakes import draft, names, shop_chain, shop_scope

OutT = TypeVar("OutT", bound=BaseModel)
ContextT = TypeVar("ContextT")
SCOPE = shop_scope()
SETTING = Setting(SCOPE)
CASE = Case(id="c1", text="What does the desk lamp cost?", split="dev", expect=(Expectation(),))


@pytest.fixture
def price() -> Observed:
    return price_run()


def changed(observed: Observed, hop: HopName, **update: object) -> Observed:
    """The run with the last record of a hop changed."""
    record = recorded(observed, hop)
    return replace(observed, records=(record.model_copy(update=update),))


def recorded(observed: Observed, hop: HopName) -> HopRecord:
    record = observed.last(hop)
    assert record is not None
    return record


def labels(observed: Observed) -> dict[str, Label]:
    scores = (scorer(observed, SETTING) for scorer in CHECK_SCORERS.values())
    return {score.scorer: score.label for score in scores if score}


def test_a_turn_that_was_let_out_passes_every_check(price: Observed) -> None:
    assert labels(price) == dict.fromkeys(CHECK_SCORERS, "pass")


@pytest.mark.parametrize(
    ("checks", "guard"),
    [
        (MODERATION, moderation.GUARD),
        (INTENT, intent.GUARD),
        (LOOKUP, lookup.GUARD),
        (RESPONSE, response.GUARD),
        (GROUNDING, grounding.GUARD),
        (OUTBOUND, outbound.GUARD),
    ],
)
def test_the_checks_are_those_of_the_live_guards(
    checks: HopChecks[OutT, ContextT], guard: Guard[OutT, ContextT]
) -> None:
    assert guard.name == checks.hop
    assert guard._model is checks.contract.output
    assert guard._checks == checks.contract.checks


def test_the_scorers_are_those_of_the_catalogue() -> None:
    assert list(CHECK_SCORERS) == [f"check.{info.name}" for info in CATALOGUE]


def says_the_same(
    observed: Observed, checks: HopChecks[OutT, ContextT], guard: Guard[OutT, ContextT]
) -> tuple[bool, bool]:
    """Whether the scorers pass a recorded output, and whether the live guard does."""
    record = recorded(observed, checks.hop)
    value, context = output_of(record, checks.contract.output), checks.context(record, observed, SCOPE)
    assert value is not None
    assert context is not None
    verdict = asyncio.run(guard.judge(value.model_dump_json(), context))
    scores = [CHECK_SCORERS[f"check.{check.__name__}"](observed, SETTING) for check in checks.contract.checks]
    return all(score is not None and score.label == "pass" for score in scores), verdict.value is not None


class TestParity:
    @pytest.mark.parametrize(
        ("parsed", "valid"),
        [
            (names("product.price", "returns.policy"), True),
            (names("product.price", "no.such"), False),
            (names("product.price", "product.price"), False),
            (names("product.price", second="product.price"), False),
        ],
    )
    def test_intents(self, price: Observed, parsed: BaseModel, valid: bool) -> None:
        observed = changed(price, "intent", parsed=parsed.model_dump(mode="json"))
        assert says_the_same(observed, INTENT, intent.GUARD) == (valid, valid)

    @pytest.mark.parametrize(
        ("calls", "valid"),
        [
            ([("get_product", "product.price", "1", {"sku": "L-1"})], True),
            ([("get_product", "returns.policy", "1", {"sku": "L-1"})], False),
            ([("get_product", "product.price", "1", {"sku": 7})], False),
            ([("get_product", "product.price", "1", {"sku": "L-1"})] * 2, False),
            ([("get_product", "product.price", str(n), {"sku": "L-1"}) for n in range(8)], False),
            ([("find_policy", "returns.policy", "1", {"query": "x", "topics": ["secrets"]})], False),
        ],
    )
    def test_plans(self, price: Observed, calls: list[tuple[str, str, str, dict[str, object]]], valid: bool) -> None:
        keys = ("name", "intent", "call_id", "arguments")
        plan = {"calls": [dict(zip(keys, one, strict=True)) for one in calls]}
        observed = changed(price, "lookup", parsed=plan)
        assert says_the_same(observed, LOOKUP, lookup.GUARD) == (valid, valid)

    @pytest.mark.parametrize(("fact", "valid"), [("L-1:price", True), ("L-1:weight", False), ("L-9:price", False)])
    def test_drafts(self, price: Observed, fact: str, valid: bool) -> None:
        observed = changed(price, "response", parsed=draft(Value(fact=fact)).model_dump(mode="json"))
        assert says_the_same(observed, RESPONSE, response.GUARD) == (valid, valid)

    @pytest.mark.parametrize(
        ("change", "valid"),
        [
            (lambda said: said, True),
            (lambda said: said | {"parts": []}, False),
            (lambda said: said | {"products": [{"sku": "L-9", "name": "?"}]}, False),
        ],
    )
    def test_sentences(
        self, price: Observed, change: Callable[[dict[str, object]], dict[str, object]], valid: bool
    ) -> None:
        said = recorded(price, "grounding").parsed
        assert isinstance(said, dict)
        observed = changed(price, "grounding", parsed=change({**said}))
        assert says_the_same(observed, GROUNDING, grounding.GUARD) == (valid, valid)

    @given(
        st.lists(
            st.sampled_from(
                [
                    "It costs 49 EUR.",
                    "See https://shop.example/x or https://evil.example/y",
                    "Write to [EMAIL_1] or to [EMAIL_9]",
                    "mail ada@example.org",
                    "Call +49 151 23456789",
                    "hidden\u200btext",
                    "",
                    "x" * 12_000,
                ]
            ),
            min_size=1,
            max_size=3,
        ),
        st.lists(
            st.sampled_from(
                [
                    "Gladly.",
                    "We will refund you.",
                    "It is yours for free, [EMAIL_1]!!",
                    "Sie werden von uns die Lampe bekommen.",
                    "Kill yourself.",
                    "It costs 49 EUR.",
                ]
            ),
            max_size=2,
        ),
        st.booleans(),
    )
    @settings(max_examples=40, deadline=None)
    def test_what_leaves(self, texts: list[str], prose: list[str], is_known: bool) -> None:
        given_ = OutboundInput(texts=tuple(texts), prose=tuple(prose), locale="en", placeholders=("[EMAIL_1]",))
        originals = {"[EMAIL_1]": "ada@example.org"} if is_known else {}
        observed = replace(leaving_run(given_), originals=originals)
        context = outbound.context_of(given_, SCOPE, originals or {"[EMAIL_1]": "…"})
        raw = Outgoing(text="\n".join([*prose, *texts])).model_dump_json()
        verdict = asyncio.run(outbound.GUARD.judge(raw, context))
        scores = [CHECK_SCORERS[f"check.{check.__name__}"](observed, SETTING) for check in OUTBOUND_CHECKS]
        assert all(score is not None and score.label == "pass" for score in scores) is (verdict.value is not None)
        said = "; ".join(score.critique for score in scores if score and score.critique)
        assert said == "; ".join(f"{failure.path}: {failure.msg} ({failure.code})" for failure in verdict.failures)


@cache
def price_run() -> Observed:
    return Observed.of(asyncio.run(run_case(CASE, shop_chain())))


def leaving_run(given_: OutboundInput) -> Observed:
    return changed(price_run(), "outbound", input=given_.model_dump(mode="json"), valid=False)


class TestValidity:
    def test_a_hop_without_a_valid_output_failed_and_says_why(self) -> None:
        run = asyncio.run(run_case(CASE, shop_chain(intent=names("no.such", "product.price"))))
        score = CHECK_SCORERS["check.intent_valid"](Observed.of(run), SETTING)
        assert score is not None
        assert (score.label, score.hop) == ("fail", "intent")
        assert score.critique == "ranked: name only intents of the scope (unknown_intent)"
        assert "check.best_first" not in labels(Observed.of(run))
        assert "check.lookup_valid" not in labels(Observed.of(run))

    @pytest.mark.parametrize(
        ("error_type", "label"), [("ModelDown", "error"), ("ModelSilent", "fail"), ("ModelRefused", "fail")]
    )
    def test_a_model_without_a_reply(self, price: Observed, error_type: str, label: Label) -> None:
        observed = changed(price, "intent", valid=False, status="error", error_type=error_type, parsed=None)
        assert labels(observed) == {"check.intent_valid": label}


def test_a_hop_whose_output_is_of_another_version_is_not_judged(price: Observed) -> None:
    assert labels(changed(price, "intent", parsed={"x": 1})) == {"check.intent_valid": "pass"}


@pytest.mark.parametrize("hop", ["lookup", "response", "grounding", "outbound"])
def test_inputs_of_another_version_are_not_judged(price: Observed, hop: HopName) -> None:
    observed = changed(price, hop, input={"x": 1})
    assert set(labels(observed)) <= {f"check.{hop}_valid"}
