"""The hostile turns would be noticed: with one guard taken out at a time, what holds of every turn no longer does."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from chains import rendering
from chains import turn as turn_module
from chains.grounding import Statement
from chains.hops import grounding, lookup, moderation, outbound
from chains.outcomes import Sentence
from chains.scope import IntentScope, Scope
from chains.tools import Identity
from moderation import Guard, Verdict
from tests.chains.fakes import EMAIL, ORDER_NUMBER
from tests.chains.hostile import EVIL
from tests.chains.hostile_turns import SLOW_DRAWING, TEXTS, hold_to_the_scope, hostile_turn

Breaks = Callable[[pytest.MonkeyPatch], None]


def _identity_is_not_asked(patch: pytest.MonkeyPatch) -> None:
    def permitted(scope: Scope, intent: str, _identity: Identity) -> tuple[str, ...]:
        return scope.by_id[intent].tools if intent in scope.by_id else ()

    patch.setattr(Scope, "permitted", permitted)


def _every_tool_is_permitted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Scope, "permitted", lambda scope, _intent, _identity: tuple(scope.specs))


def _plans_are_not_checked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lookup, "GUARD", Guard("lookup", lookup.CONTRACT.output))


def _outbound_checks_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outbound, "GUARD", Guard("outbound", outbound.CONTRACT.output))


def _outbound_is_skipped(patch: pytest.MonkeyPatch) -> None:
    async def may_leave(*_: object) -> bool:
        return True

    patch.setattr(turn_module, "may_leave", may_leave)


def _moderation_allows_everything(patch: pytest.MonkeyPatch) -> None:
    asked = moderation.moderate

    async def moderate(*given: Any) -> Verdict:
        await asked(*given)
        return Verdict(action="allow", layer="rules")

    patch.setattr(turn_module, "moderate", moderate)


def _sentences_say_more(patch: pytest.MonkeyPatch) -> None:
    written = rendering.say

    def say(statements: Sequence[Statement], seed: str) -> tuple[Sentence, ...]:
        said = written(statements, seed)
        return tuple(one.model_copy(update={"text": f"{one.text} {EVIL[::-1]}"}) for one in said)

    patch.setattr(grounding, "say", say)


def _any_intent_may_answer(patch: pytest.MonkeyPatch) -> None:
    def permit(outcome: object, _intent: IntentScope) -> object:
        return outcome

    patch.setattr("chains.replies._permit", permit)


MUTANTS: dict[str, Breaks] = {
    "identity is not asked for": _identity_is_not_asked,
    "every tool is permitted": _every_tool_is_permitted,
    "plans are not checked": _plans_are_not_checked,
    "outbound checks nothing": _outbound_checks_nothing,
    "outbound is skipped": _outbound_is_skipped,
    "moderation allows everything": _moderation_allows_everything,
    "sentences say more than was grounded": _sentences_say_more,
    "any intent may end in any way": _any_intent_may_answer,
}


def _first_failure(*, careless: bool = False, redacted: bool = True) -> None:
    """Run hostile turns until one is not held; fail where all of them are."""

    @settings(
        max_examples=600,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=SLOW_DRAWING,
    )
    @given(st.data())
    def hold(data: st.DataObject) -> None:
        turn, chain = hostile_turn(data, careless=careless)
        hold_to_the_scope(turn if redacted else replace(turn, text=f"{TEXTS[0]} {ORDER_NUMBER} {EMAIL}"), chain)

    hold()


@pytest.mark.parametrize("name", MUTANTS)
def test_a_chain_without_one_of_its_guards_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[name](monkeypatch)
    with pytest.raises((AssertionError, IndexError)):
        _first_failure()


def test_a_toolbox_that_finds_others_records_is_noticed() -> None:
    with pytest.raises(AssertionError):
        _first_failure(careless=True)


def test_a_text_that_was_not_redacted_is_noticed() -> None:
    with pytest.raises(AssertionError):
        _first_failure(redacted=False)
