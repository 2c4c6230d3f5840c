"""What the tests of outbound checks share."""

from dataclasses import replace

from moderation.outbound import OutboundCheck, OutboundContext, Outgoing
from moderation.outbound_policy import OutboundPolicy
from moderation.policy import PiiPolicy

CONTEXT = OutboundContext(
    max_chars=200,
    hosts=frozenset({"shop.example", "www.shop.example"}),
    allowed_originals=frozenset({"LO-12345", "Help@Shop.example", "+49 30 901820"}),
    canaries=("zebra-7f3a-lantern",),
    pii=PiiPolicy(order_pattern=r"(?i)LO-?\d{5}"),
)


def codes_of(check: OutboundCheck, text: str, context: OutboundContext = CONTEXT) -> list[str]:
    return [failure.code for failure in check(Outgoing(text=text), context)]


def sourced(*passages: str) -> OutboundContext:
    return replace(CONTEXT, sourced=frozenset(passages))


def under(policy: OutboundPolicy) -> OutboundContext:
    return replace(CONTEXT, policy=policy)
