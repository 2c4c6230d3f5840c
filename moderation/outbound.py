"""The way out: an outgoing text, what it is held against, and which part of it no source stands behind.

A text is made of what grounding verified (the *sourced* sentences and passages) and of the rest, its *prose*: the words
of a person, of a language model, or of a defect. What must not get out is looked for in all of the text. How the site
speaks and what it promises is looked for in the prose alone: a policy may promise, and a product may have a loud name.
"""

import re
from dataclasses import dataclass, field
from functools import wraps

from pydantic import BaseModel, ConfigDict

from moderation.contract import Check, Failure
from moderation.outbound_policy import OutboundPolicy
from moderation.policy import BlockedTerm, PiiPolicy

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"”')]*\s+|\n+")
_OPENS, _CLOSES, _ENDS = '\n“"(', '\n”")', '.!?:;”")'


class Outgoing(BaseModel):
    """A rendered text on its way to the customer."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    text: str


@dataclass(frozen=True)
class OutboundContext:
    """What an outgoing text is held against.

    `hosts` are the only hosts that links may name, exactly and in lower case. `allowed_originals` are the customer's
    own data and the site's public contacts. `canaries` are strings that occur in prompts only, and `prompts` whole
    texts of prompts. `sourced` are the sentences and passages that grounding verified, as the customer reads them; a
    passage counts where it stands whole.
    """

    max_chars: int
    hosts: frozenset[str] = frozenset()
    allowed_originals: frozenset[str] = frozenset()
    canaries: tuple[str, ...] = ()
    pii: PiiPolicy = field(default_factory=PiiPolicy)
    policy: OutboundPolicy = field(default_factory=OutboundPolicy)
    blocked_terms: tuple[BlockedTerm, ...] = ()
    sourced: frozenset[str] = frozenset()
    prompts: tuple[str, ...] = ()


OutboundCheck = Check[Outgoing, OutboundContext]


def failed(code: str, msg: str) -> tuple[Failure, ...]:
    """One failure of the whole text; `msg` never repeats any of it."""
    return (Failure(path="text", code=code, msg=msg),)


def optional(check: OutboundCheck) -> OutboundCheck:
    """The check, silent where the site has turned it off by its name."""

    @wraps(check)
    def checked(value: Outgoing, context: OutboundContext) -> tuple[Failure, ...]:
        return () if check.__name__ in context.policy.off else check(value, context)

    return checked


def prose_of(value: Outgoing, context: OutboundContext) -> str:
    """The text without what is sourced; a line end stands where a sourced passage was.

    A sourced passage is taken out only where it is a sentence or a line of its own. So the sourced word "refund" does
    not take the refund out of a promise.
    """
    text = value.text
    for passage in sorted(context.sourced, key=lambda one: (-len(one), one)):
        text = _without(text, passage)
    return text


def sentences_of(prose: str) -> tuple[str, ...]:
    """The sentences of a text, each on one line with single blanks."""
    return tuple(" ".join(one.split()) for one in _SENTENCE_END.split(prose) if one.strip())


def _without(text: str, passage: str) -> str:
    position = text.find(passage) if passage.strip() else -1
    while position >= 0:
        end = position + len(passage)
        if _opens_at(text, position) and _closes_at(text, end):
            text = f"{text[:position]}\n{text[end:]}"
            end = position + 1
        position = text.find(passage, end)
    return text


def _opens_at(text: str, start: int) -> bool:
    """Whether a sentence or a line may begin here."""
    before = text[:start].rstrip(" ")
    return not before or before[-1] in _OPENS or (len(before) < start and before[-1] in _ENDS)


def _closes_at(text: str, end: int) -> bool:
    """Whether a sentence or a line may end here."""
    rest = text[end:]
    if not rest.strip(" ") or rest[0] in _CLOSES:
        return True
    if rest[0] == " ":
        return text[end - 1] in _ENDS
    return rest[0] in ".!?;" and not rest[1:2].strip()
