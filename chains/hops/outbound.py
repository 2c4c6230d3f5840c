"""Outbound: whether these texts may leave, read as if a stranger had written them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import wraps

from chains.allowance import Allowance
from chains.attempt import Asked, CodeModel, ask
from chains.messages import OutboundInput
from chains.outcomes import ProductCard
from chains.ports import Cascade, ModelCard
from chains.scope import Scope
from chains.trail import Trail
from moderation import (
    OUTBOUND_CHECKS,
    Check,
    Failure,
    HopContract,
    OutboundCheck,
    OutboundContext,
    Outgoing,
    is_own_link,
    restore,
)

ANSWER_CHARS = 12_000
"""Far above what 8 claims of 2 parts can render to; a runaway text is not sent."""


@dataclass(frozen=True)
class LeavingContext:
    """What leaving texts are held against; `originals` are put back before they are read."""

    checks: OutboundContext
    originals: Mapping[str, str]


def text_of(given: OutboundInput) -> Outgoing:
    """All that is about to leave as one text."""
    return Outgoing(text="\n".join((*given.prose, *given.texts)))


def context_of(given: OutboundInput, scope: Scope, originals: Mapping[str, str]) -> LeavingContext:
    """What these texts are held against at this site; only what grounding verified counts as sourced."""
    checks = OutboundContext(
        max_chars=ANSWER_CHARS,
        hosts=scope.hosts,
        allowed_originals=frozenset(originals.values()) | frozenset(given.public),
        pii=scope.moderation.pii,
        policy=scope.moderation.outbound,
        blocked_terms=scope.moderation.blocked_terms,
        sourced=frozenset(restore(text, originals) for text in given.texts),
    )
    return LeavingContext(checks, originals)


def _as_the_customer_reads_it(check: OutboundCheck) -> Check[Outgoing, LeavingContext]:
    """The check, of a text with the customer's own data put back."""

    @wraps(check)
    def checked(value: Outgoing, context: LeavingContext) -> tuple[Failure, ...]:
        return check(Outgoing(text=restore(value.text, context.originals)), context.checks)

    return checked


CONTRACT: HopContract[Outgoing, LeavingContext] = HopContract(
    hop="outbound",
    output=Outgoing,
    shape="There is one text.",
    then="hand-off",
    checks=tuple(_as_the_customer_reads_it(check) for check in OUTBOUND_CHECKS),
)
GUARD = CONTRACT.guard()
MODEL: CodeModel[OutboundInput] = CodeModel(ModelCard("hopdesk", "outbound/1", "check"), text_of)


async def may_leave(
    given: OutboundInput, scope: Scope, originals: Mapping[str, str], trail: Trail, allowance: Allowance
) -> bool:
    """Whether every text passes every check; a check that fails to run counts as a no."""
    context = context_of(given, scope, originals)
    asked = Asked("outbound", given, Outgoing, Cascade.of(MODEL), GUARD, context)
    return await ask(asked, trail, allowance) is not None


def with_own_links(cards: Iterable[ProductCard], scope: Scope) -> tuple[ProductCard, ...]:
    """The cards, each without its address where that is neither a path of the site nor on one of its hosts."""
    return tuple(
        card if card.url is None or is_own_link(card.url, scope.hosts) else card.model_copy(update={"url": None})
        for card in cards
    )
