"""Swaps: values of a scope changed by key, and what is said where that cannot be done."""

import re

import pytest

from chains.scope import Scope
from evals.swaps import SwapError, parse_swaps, swapped
from tests.chains.fakes import shop_scope

SCOPE = shop_scope()


def with_swaps(*texts: str) -> Scope:
    return swapped(SCOPE, parse_swaps(texts))


def test_values_of_every_kind_are_swapped() -> None:
    scope = with_swaps(
        "prompts.intent=2",
        "models.lookup=openai/x",
        "models.intent=embedded@0.9, openai/y",
        'models.response=["openai/x", "embedded"]',
        "thresholds.confidence=0.3",
        "budget.speculate=true",
        "budget.tokens_per_day=null",
        "fallback.response=handoff",
    )
    assert scope.prompts.intent == "2"
    assert scope.models.lookup == ("openai/x",)
    assert scope.models.intent == ("embedded@0.9", "openai/y")
    assert scope.models.response == ("openai/x", "embedded")
    assert scope.thresholds.confidence == 0.3
    assert scope.budget.speculate is True
    assert scope.budget.tokens_per_day is None
    assert scope.fallback.response == "handoff"
    assert scope.intents == SCOPE.intents


def test_no_swaps_leave_the_scope_as_it_is() -> None:
    assert with_swaps() == SCOPE


def test_swaps_are_in_the_order_of_their_keys_and_may_hold_equal_signs() -> None:
    swaps = parse_swaps([" b.y = 1=2", "a.x=3"])
    assert list(swaps.items()) == [("a.x", "3"), ("b.y", "1=2")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prompts.intent", "write it as key=value"),
        ("=2", "write it as key=value"),
        ("prompts.intent=", "write it as key=value"),
        ("promts.intent=2", "this key is unknown; allowed: models, prompts.*did you mean 'prompts'"),
        ("thresholds.confidense=0.3", "this key is unknown; allowed: confidence.*did you mean 'confidence'"),
        ("thresholds.confidence.x=1", "this key is unknown; thresholds.confidence has no keys"),
        ("site.name=x", "site is not swapped alone; write a scope file and name it by --scope"),
        ("thresholds=1", "name one of its keys: confidence, margin"),
        ("thresholds.confidence=2", "confidence=2: it should be less than or equal to 1"),
        ("thresholds.confidence=much", "it should be a valid number"),
        ("fallback.intent=guess", "it should be 'embedded', 'clarify' or 'handoff'"),
        ("limits.turns=9", "it should be less than or equal to 3"),
        ("models.intent=rules", "found 'rules'; allowed: embedded, or a language model"),
        ("models.moderation=embedded@1", "found 'embedded@1'; allowed: rules, embedded, or a language model"),
        ("budget.hop_ms=60000", "more than the deadline_ms of the whole turn"),
        (f"limits.turns={'9' * 5000}", "limits.turns"),
    ],
)
def test_what_cannot_be_meant_is_said_with_what_is_allowed(text: str, said: str) -> None:
    with pytest.raises(SwapError) as raised:
        with_swaps(text)
    assert re.search(said, str(raised.value))
    assert str(raised.value).startswith("--set ")


def test_a_key_is_set_once() -> None:
    with pytest.raises(SwapError, match="this key is set twice"):
        parse_swaps(["a.b=1", "a.b=2"])
