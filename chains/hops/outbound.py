"""Outbound: whether these texts may leave, read as if a stranger had written them."""

from collections.abc import Mapping
from dataclasses import dataclass

from chains.allowance import Allowance
from chains.attempt import Asked, CodeModel, ask
from chains.messages import OutboundInput
from chains.ports import Cascade, ModelCard
from chains.scope import Scope
from chains.trail import Trail
from moderation import OUTBOUND_CHECKS, Failure, Guard, OutboundContext, Outgoing, restore

_ANSWER_CHARS = 12_000  # far above what 8 claims of 2 parts can render to; a runaway text is not sent


@dataclass(frozen=True)
class LeavingContext:
    """What leaving texts are held against; `originals` are put back before they are read."""

    checks: OutboundContext
    originals: Mapping[str, str]


def as_the_customer_reads_it(value: Outgoing, context: LeavingContext) -> tuple[Failure, ...]:
    """All outbound checks hold for the text with the customer's own data put back."""
    restored = Outgoing(text=restore(value.text, dict(context.originals)))
    return tuple(failure for check in OUTBOUND_CHECKS for failure in check(restored, context.checks))


GUARD: Guard[Outgoing, LeavingContext] = Guard("outbound", Outgoing, (as_the_customer_reads_it,))
MODEL: CodeModel[OutboundInput] = CodeModel(
    ModelCard("hopdesk", "outbound/1", "check"), lambda given: Outgoing(text="\n".join(given.texts))
)


async def may_leave(
    given: OutboundInput, scope: Scope, originals: Mapping[str, str], trail: Trail, allowance: Allowance
) -> bool:
    """Whether every text passes every check; a check that fails to run counts as a no."""
    checks = OutboundContext(
        max_chars=_ANSWER_CHARS,
        hosts=scope.hosts,
        allowed_originals=frozenset(originals.values()) | frozenset(given.public),
        pii=scope.moderation.pii,
    )
    context = LeavingContext(checks, originals)
    asked = Asked("outbound", given, Outgoing, Cascade.of(MODEL), GUARD, context)
    return await ask(asked, trail, allowance) is not None
