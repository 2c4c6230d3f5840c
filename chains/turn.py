"""The turn: one request through the fixed hops to exactly one typed outcome.

Reads top to bottom as the data flows. Nothing in here depends on what a text says, except through the
typed and checked outputs of the hops.
"""

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import structlog

from chains import replies
from chains.allowance import Allowance
from chains.facts import Evidence
from chains.hops.grounding import ground_draft
from chains.hops.intent import Decision, name_intents
from chains.hops.lookup import Found, Looking, guess_plan, look_up
from chains.hops.moderation import RULES_ALONE, moderate
from chains.hops.outbound import may_leave, with_own_links
from chains.hops.response import compose
from chains.messages import (
    Grounded,
    GroundingInput,
    IntentInput,
    LookupInput,
    ModerationInput,
    OutboundInput,
    Plan,
    ResponseInput,
)
from chains.outcomes import Answer, Clarify, Handoff, Outcome, ProductCard
from chains.ports import Cascade, HopLog, HopModel
from chains.record import Origin, Redaction, Sha256
from chains.scope import IntentScope, Scope
from chains.tools import Caller, Identity, Toolbox
from chains.trail import Frame, Trail
from moderation import PiiKind, PiiPolicy, Verdict
from moderation.pii import find, for_tools

DoneT = TypeVar("DoneT")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Turn:
    """One accepted request. `text` is cleaned and redacted; `originals` are what its placeholders stand for.

    `intent` is set where the customer picked a closed choice, so that nothing has to be guessed.
    `products` are the one on the page and those last shown. `clarified` counts the rounds so far.
    """

    turn_id: str
    case_id: str
    text: str
    now: datetime
    originals: Mapping[str, str] = field(default_factory=dict)
    pii: tuple[PiiKind, ...] = ()
    identity: Identity = Identity.ANONYMOUS
    customer: str | None = None
    locale: str = "en"
    intent: str | None = None
    products: tuple[str, ...] = ()
    on_product: bool = False
    previous_intent: str | None = None
    clarified: int = 0
    origin: Origin = "live"
    run_id: str | None = None
    eval_case_id: str | None = None
    split: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chain:
    """All that turns of one site run on: the scope, a model for each hop, the tools and the log."""

    scope: Scope
    scope_sha256: Sha256
    catalog_version: str
    app_version: str
    moderators: tuple[HopModel[ModerationInput], ...]
    intent_model: Cascade[IntentInput]
    planner: Cascade[LookupInput]
    responder: Cascade[ResponseInput]
    toolbox: Toolbox
    log: HopLog


async def run_turn(turn: Turn, chain: Chain, allowance: Allowance | None = None) -> Outcome:
    """Run one turn; whatever happens inside, it ends in an outcome and within the scope's deadline.

    `allowance` is what it may spend, whose clock may run already, and tells afterwards what it spent; absent: all
    that the scope's budget gives.
    """
    trail = Trail(_frame(turn, chain), chain.log)
    allowance = allowance or Allowance(chain.scope.budget)
    deadline = asyncio.timeout(allowance.time_left_s())
    try:
        async with deadline:
            return await _Run(turn, chain, trail, allowance).outcome()
    except Exception as error:  # noqa: BLE001 - a defect costs the answer, never the turn
        if isinstance(error, TimeoutError) and deadline.expired():
            log.warning("turn_overdue", turn_id=turn.turn_id, hops=len(trail.records))
            return Handoff(reason="overdue", text=chain.scope.texts.handoff)
        log.error("turn_failed", turn_id=turn.turn_id, hops=len(trail.records), **_where(error))  # noqa: TRY400
        return Handoff(reason="failure", text=chain.scope.texts.handoff)


def _where(error: Exception) -> dict[str, str]:
    """A failure's kind and place; its message may hold the customer's text, so it is left out."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return {"error": type(error).__name__, "at": f"{Path(place.filename).name}:{place.lineno}"}


def _frame(turn: Turn, chain: Chain) -> Frame:
    return Frame(
        turn_id=turn.turn_id,
        case_id=turn.case_id,
        site=chain.scope.site.id,
        trace_id=turn.turn_id,
        app_version=chain.app_version,
        identity=turn.identity,
        locale=turn.locale,
        now=turn.now,
        scope_sha256=chain.scope_sha256,
        catalog_version=chain.catalog_version,
        redaction=Redaction(policy="placeholders/1", applied=turn.pii),
        origin=turn.origin,
        run_id=turn.run_id,
        eval_case_id=turn.eval_case_id,
        split=turn.split,
        tags=turn.tags,
    )


class _Run:
    """The state of one running turn: what it was given, and nothing else."""

    def __init__(self, turn: Turn, chain: Chain, trail: Trail, allowance: Allowance) -> None:
        self.turn = turn
        self.chain = chain
        self.scope = chain.scope
        self.trail = trail
        self.allowance = allowance
        self.unsure = Handoff(reason="unsure", text=self.scope.texts.handoff)

    async def outcome(self) -> Outcome:
        """The hops in their order, each with its early ending.

        What is quick of moderation comes first. Intent, and the guess of a plan where the scope wants one, run beside
        its slower layers; nothing of them is used or shown unless moderation passed.
        """
        verdict = await self._moderation(local=True)
        if not verdict.passes:
            return replies.moderated(verdict, self.scope)

        async with _beside(self._intents()) as naming, _beside(self._guess()) as guessing:
            verdict = await self._moderation(local=False)
            if not verdict.passes:
                return replies.moderated(verdict, self.scope)

            decision = await naming
            if decision.kind != "serve":
                return replies.undecided(decision, self.scope, self.turn.text, self.turn.clarified)

            intents = tuple(self.scope.by_id[name] for name in decision.intents)
            ready = tuple(intent for intent in intents if self.scope.permitted(intent.id, self.turn.identity))
            if not ready:
                return replies.without_lookup(intents, self.scope, self.turn.clarified)

            guess = await guessing

        found = await self._lookup(ready, guess)
        if found is None or found.plan.needs or not _has_content(found.evidence):
            missing = replies.missing(found, ready, self.scope, self.turn.text, self.turn.clarified)
            if found and isinstance(missing, Clarify) and missing.choices:
                names = [choice.label for choice in missing.choices]
                if not await self._may_leave(names, found.evidence):
                    missing = self.unsure
            return replies.beside(missing, intents, ready, self.scope, self.turn.clarified)

        grounded = await self._response(ready, found)
        if grounded is None or not await self._may_leave(_texts_of(grounded), found.evidence):
            return replies.beside(self.unsure, intents, ready, self.scope, self.turn.clarified)
        answer = Answer(
            parts=grounded.parts,
            products=self._linked(grounded.products),
            choices=replies.next_choices(grounded.products, ready, self.scope),
        )
        return replies.beside(answer, intents, ready, self.scope, self.turn.clarified)

    async def _moderation(self, *, local: bool) -> Verdict:
        """The verdict of the layers that run here, or of the others; where there are none of these, nothing objects."""
        layers = tuple(layer for layer in self.chain.moderators if layer.card.is_local == local)
        if not layers and not local:
            return RULES_ALONE
        given = ModerationInput(text=self.turn.text, locale=self.turn.locale)
        return await moderate(given, layers, self.trail, self.allowance, self.scope.fallback.moderation)

    async def _intents(self) -> Decision:
        if self.turn.intent is not None:
            return Decision("serve", (self.turn.intent,))
        given = IntentInput(
            text=self.turn.text,
            locale=self.turn.locale,
            on_product=self.turn.on_product,
            previous_intent=self.turn.previous_intent,
        )
        return await name_intents(given, self.chain.intent_model, self.scope, self.trail, self.allowance)

    async def _guess(self) -> Plan | None:
        """A plan before the intent is known, over all that any intent may call; None where the scope wants none."""
        if not self.scope.budget.speculate or self.turn.intent is not None:
            return None
        permitted = tuple(one for one in self.scope.intents if self.scope.permitted(one.id, self.turn.identity))
        if not permitted:
            return None
        return await guess_plan(self._lookup_input(permitted), self.chain.planner, self._looking())

    async def _lookup(self, intents: tuple[IntentScope, ...], guess: Plan | None) -> Found | None:
        return await look_up(self._lookup_input(intents), self.chain.planner, self._looking(), guess)

    def _lookup_input(self, intents: tuple[IntentScope, ...]) -> LookupInput:
        return LookupInput(
            text=self.turn.text,
            intents=tuple(intent.id for intent in intents),
            tools={intent.id: self.scope.permitted(intent.id, self.turn.identity) for intent in intents},
            topics={intent.id: intent.topics for intent in intents if intent.topics},
            asks={intent.id: intent.asks for intent in intents if intent.asks},
            products=self.turn.products,
            now=self.turn.now,
        )

    def _looking(self) -> Looking:
        caller = Caller(
            site=self.scope.site.id,
            identity=self.turn.identity,
            now=self.turn.now,
            originals=for_tools(self.turn.originals, self.scope.moderation.pii),
            customer=self.turn.customer,
        )
        return Looking(self.scope, self.chain.toolbox, caller, self.trail, self.allowance)

    async def _response(self, intents: tuple[IntentScope, ...], found: Found) -> Grounded | None:
        given = ResponseInput(
            text=self.turn.text,
            intents=tuple(intent.id for intent in intents),
            products=self.turn.products,
            asks={intent.id: intent.asks for intent in intents if intent.asks},
            evidence=found.evidence,
            found=found.by_intent,
        )
        plainly = self.scope.fallback.response != "handoff"
        draft = await compose(given, self.chain.responder, self.trail, self.allowance, plainly=plainly)
        if draft is None:
            return None
        shown = draft.products[: self.scope.limits.products_shown]
        grounding = GroundingInput(
            draft=draft.model_copy(update={"products": shown}),
            evidence=found.evidence,
            locale=self.turn.locale,
            seed=self.turn.turn_id,
        )
        return await ground_draft(grounding, self.trail, self.allowance)

    async def _may_leave(self, texts: Sequence[str], evidence: Evidence) -> bool:
        """The outbound check; what the shop's own policies say of itself may be said."""
        pii = self.scope.moderation.pii
        given = OutboundInput(
            texts=tuple(texts),
            locale=self.turn.locale,
            placeholders=tuple(self.turn.originals),
            public=tuple(data for passage in evidence.passages for data in _public_data(passage.text, pii)),
        )
        return await may_leave(given, self.scope, self.turn.originals, self.trail, self.allowance)

    def _linked(self, cards: tuple[ProductCard, ...]) -> tuple[ProductCard, ...]:
        """The cards as they are shown; a link that leads off the site costs the link, never the answer."""
        linked = with_own_links(cards, self.scope)
        if lost := [card.sku for card, shown in zip(cards, linked, strict=True) if card.url != shown.url]:
            log.warning("card_links_left_out", turn_id=self.turn.turn_id, skus=lost)
        return linked


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[None, None, DoneT]) -> AsyncIterator[asyncio.Task[DoneT]]:
    """Work that runs beside a block, and no longer than it."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _texts_of(grounded: Grounded) -> list[str]:
    """The sentences and what the cards say."""
    texts = [sentence.text for part in grounded.parts for sentence in part.sentences]
    return texts + [said for card in grounded.products for said in (card.name, *map(": ".join, card.details))]


def _has_content(evidence: Evidence) -> bool:
    """Whether there is anything to state."""
    return bool(evidence.facts or evidence.passages or evidence.queries or evidence.absences)


def _public_data(text: str, policy: PiiPolicy) -> tuple[str, ...]:
    """The addresses and numbers that the shop itself publishes in a policy."""
    return tuple(text[start:end] for (start, end), _ in find(text, policy))
