"""Moderation at a provider runs beside the naming of the intent, and nothing of the one is used before the other."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from chains.hops.moderation import rules_model
from chains.messages import HopName, IntentInput, ModerationInput
from chains.outcomes import Answer, Decline, Handoff
from chains.ports import Cascade
from chains.record import HopRecord
from chains.scope import Scope
from chains.turn import Chain
from moderation import Verdict
from tests.chains.fakes import (
    ALL_HOPS,
    HANDOFF,
    ask_for,
    changed,
    names,
    run,
    shop_chain,
    shop_scope,
)
from tests.chains.scripts import ALLOWED, DOWN, MemoryLog, Script, Scripted

REVIEW = Verdict(action="review", layer="model", categories={"fraud": 0.7})
REVIEWED = Handoff(reason="moderation", text=HANDOFF, categories=("fraud",))
BLOCK = Verdict(action="block", layer="model", categories={"fraud": 0.9})


def moderated(
    provider: Script[ModerationInput], intent: Cascade[IntentInput] | None = None, scope: Scope | None = None
) -> Chain:
    """A chain with the rules and a provider's moderation."""
    scope = scope or shop_scope()
    return shop_chain(scope=scope, moderators=(rules_model(scope.moderation), provider), intent=intent)


def provider(
    reply: Scripted = ALLOWED, before: Callable[[], Awaitable[object]] | None = None
) -> Script[ModerationInput]:
    return Script(reply, name="provider", remote=True, before=before)


class Watched(MemoryLog):
    """A log that can be waited on."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def append(self, record: HopRecord) -> None:
        super().append(record)
        self._kept[record.hop].set()

    async def has(self, hop: HopName) -> None:
        """Return when a record of this hop is there."""
        await self._kept[hop].wait()


async def never() -> None:
    await asyncio.Event().wait()


# Moderation beside intent


def test_moderation_at_a_provider_and_intent_run_side_by_side() -> None:
    both = asyncio.Barrier(2)
    slow = provider(before=both.wait)
    intent = Script[IntentInput](names("product.price"), before=both.wait)
    done = run(ask_for(), moderated(slow, Cascade.of(intent)))
    assert isinstance(done.outcome, Answer)
    assert sorted(done.hops[:3]) == ["intent", "moderation", "moderation"]
    assert done.hops[3:] == ALL_HOPS[2:]


def test_the_rules_come_before_anything_that_runs_beside() -> None:
    slow, intent = provider(), Script[IntentInput](names("product.price"))
    done = run(ask_for("You stupid bitch"), moderated(slow, Cascade.of(intent)))
    assert isinstance(done.outcome, Decline)
    assert (slow.given, intent.given, done.hops) == ([], [], ["moderation"])


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (REVIEW, REVIEWED),
        (BLOCK, Decline(reason="moderation", text="Not that.")),
        (DOWN, Handoff(reason="moderation", text=HANDOFF)),
    ],
)
@pytest.mark.parametrize("intent", [names("product.price"), names("courtesy.hello"), DOWN])
def test_nothing_of_an_intent_that_was_named_first_is_used_when_moderation_says_no(
    verdict: Scripted, outcome: Handoff | Decline, intent: Scripted
) -> None:
    log = Watched()
    slow = provider(verdict, lambda: log.has("intent"))
    done = run(ask_for(), moderated(slow, Cascade.of(Script(intent))), log)
    assert done.outcome == outcome
    assert done.hops == ["moderation", "intent", "moderation"]
    assert done.tools.ran == []


@pytest.mark.parametrize("verdict", [REVIEW, BLOCK])
def test_an_intent_that_is_not_named_yet_is_called_off_when_moderation_says_no(verdict: Verdict) -> None:
    intent = Script[IntentInput](names("product.price"), before=never)
    done = run(ask_for(), moderated(provider(verdict), Cascade.of(intent)))
    assert done.outcome.kind in {"handoff", "decline"}
    assert done.hops == ["moderation", "moderation", "intent"]
    assert (done.records[2].status, done.records[2].error_type) == ("error", "Cancelled")


def test_no_hop_names_what_ran_beside_it_as_its_upstream() -> None:
    log = Watched()
    slow = provider(before=lambda: log.has("intent"))
    done = run(ask_for(), moderated(slow), log)
    assert [(r.hop, [up.hop for up in r.upstream]) for r in done.records[:4]] == [
        ("moderation", []),
        ("intent", ["moderation"]),
        ("moderation", []),
        ("lookup", ["moderation", "intent"]),
    ]


def test_a_chosen_intent_waits_for_moderation_all_the_same() -> None:
    turn = replace(ask_for(), intent="product.price")
    assert isinstance(run(turn, moderated(provider())).outcome, Answer)
    done = run(turn, moderated(provider(REVIEW)))
    assert done.outcome == REVIEWED
    assert done.hops == ["moderation", "moderation"]


@pytest.mark.parametrize("failing", [DOWN, "{"])
def test_the_rules_alone_decide_where_the_scope_says_so_and_the_provider_fails(failing: Scripted) -> None:
    scope = shop_scope()
    lenient = changed(scope, fallback=scope.fallback.model_copy(update={"moderation": "rules"}))
    assert run(ask_for(), moderated(provider(failing))).outcome == Handoff(reason="moderation", text=HANDOFF)
    done = run(ask_for(), moderated(provider(failing), scope=lenient))
    assert isinstance(done.outcome, Answer)
    assert done.records[1].status != "ok"


def test_a_provider_that_says_no_is_heard_where_the_rules_alone_would_do() -> None:
    scope = shop_scope()
    lenient = changed(scope, fallback=scope.fallback.model_copy(update={"moderation": "rules"}))
    done = run(ask_for(), moderated(provider(REVIEW), scope=lenient))
    assert done.outcome == REVIEWED


def test_rules_that_fail_are_no_consent_whatever_the_scope_says() -> None:
    scope = shop_scope()
    lenient = changed(scope, fallback=scope.fallback.model_copy(update={"moderation": "rules"}))
    done = run(ask_for(), shop_chain(scope=lenient, moderators=(Script(DOWN, op="rules", name="rules"), provider())))
    assert done.outcome == Handoff(reason="moderation", text=HANDOFF)
    assert done.hops == ["moderation"]
