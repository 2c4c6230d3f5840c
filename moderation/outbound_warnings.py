"""The outbound checks as advice to an agent who writes to a customer: nothing is refused, everything is said."""

from dataclasses import dataclass
from typing import Literal

from moderation.checks import OUTBOUND_CHECKS, within_length
from moderation.checks_language import in_language
from moderation.checks_tone import in_tone
from moderation.outbound import OutboundContext, Outgoing

Severity = Literal["notice", "serious"]
_OF_MANNERS = frozenset({within_length.__name__, in_tone.__name__, in_language.__name__})


@dataclass(frozen=True)
class AgentWarning:
    """One thing to look at before sending: the failure's code, a sentence that never repeats the text, how grave it is.

    `notice` is about how the text sounds; `serious` is about what must not get out or cannot be kept.
    """

    code: str
    sentence: str
    severity: Severity


def warnings(text: str, context: OutboundContext) -> tuple[AgentWarning, ...]:
    """What an agent should know of a reply before it is sent, the serious things first."""
    value = Outgoing(text=text)
    found = tuple(
        AgentWarning(failure.code, failure.msg, "notice" if check.__name__ in _OF_MANNERS else "serious")
        for check in OUTBOUND_CHECKS
        for failure in check(value, context)
    )
    return tuple(sorted(found, key=lambda warning: warning.severity != "serious"))
