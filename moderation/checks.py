"""The way out: what a rendered text must be before a customer sees it. Each check is pure and names one promise."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from moderation.contract import Check, Failure
from moderation.pii import PLACEHOLDER, find
from moderation.policy import PiiPolicy

# A scheme or `www.` makes a link; so does a bare domain with a common ending, since clients turn it into one.
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}:)?//[^\s<>\"')\]]+"
    r"|(?<![\w@.-])(?:javascript|vbscript|mailto|tel|data):[^\s<>\"')\]]+"
    r"|(?<![\w@.-])(?:[a-z0-9-]{1,63}\.){1,8}(?:com|net|org|info|biz|xyz|ru|cn|shop|de|eu|io)\b(?:[:/?#][^\s<>\"')\]]*)?",
    re.IGNORECASE,
)


class Outgoing(BaseModel):
    """A rendered text on its way to the customer."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    text: str


@dataclass(frozen=True)
class OutboundContext:
    """What an outgoing text is held against.

    `hosts` are the only hosts that links may name, exactly and in lower case. `allowed_originals` are the customer's
    own data and the site's public contacts. `canaries` are strings that occur in prompts only.
    """

    max_chars: int
    hosts: frozenset[str] = frozenset()
    allowed_originals: frozenset[str] = frozenset()
    canaries: tuple[str, ...] = ()
    pii: PiiPolicy = field(default_factory=PiiPolicy)


def within_length(value: Outgoing, context: OutboundContext) -> tuple[Failure, ...]:
    """A text has at least one visible and at most `max_chars` characters."""
    if not value.text.strip():
        return _failure("empty", "The text is empty; write an answer.")
    if len(value.text) > context.max_chars:
        return _failure("too_long", f"The text is longer than {context.max_chars} characters; shorten it.")
    return ()


def no_control_characters(value: Outgoing, _context: OutboundContext) -> tuple[Failure, ...]:
    """A text holds no control, bidi, zero-width, tag, private or broken characters; line ends and tabs are fine."""
    if any(unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs", "Cn"} for char in value.text if char not in "\n\t"):
        return _failure("control_characters", "The text holds invisible or control characters; leave them out.")
    return ()


def no_foreign_link(value: Outgoing, context: OutboundContext) -> tuple[Failure, ...]:
    """Every link leads to one of the site's own hosts over HTTP(S)."""
    if all(_is_allowed(link, context.hosts) for link in _links(value.text)):
        return ()
    return _failure("foreign_link", "The text links to a host that is not the shop's; leave the link out.")


def no_placeholder(value: Outgoing, _context: OutboundContext) -> tuple[Failure, ...]:
    """No placeholder was left where personal data should have been put back."""
    if PLACEHOLDER.search(value.text):
        return _failure("placeholder", "The text holds a placeholder that stands for nothing; leave it out.")
    return ()


def no_foreign_pii(value: Outgoing, context: OutboundContext) -> tuple[Failure, ...]:
    """Personal data in the text is the customer's own or the site's."""
    allowed = {_compact(original) for original in context.allowed_originals}
    kinds = {
        kind for (start, end), kind in find(value.text, context.pii) if _compact(value.text[start:end]) not in allowed
    }
    return tuple(
        Failure(path="text", code=f"foreign_{kind}", msg=f"The text holds data that is not the customer's ({kind}).")
        for kind in sorted(kinds)
    )


def no_canary(value: Outgoing, context: OutboundContext) -> tuple[Failure, ...]:
    """Nothing of a prompt leaks; blanks and case do not hide it."""
    compact = _compact(value.text)
    if any(_compact(canary) in compact for canary in context.canaries):
        return _failure("prompt_leak", "The text repeats instructions; answer the customer only.")
    return ()


OUTBOUND_CHECKS: tuple[Check[Outgoing, OutboundContext], ...] = (
    within_length,
    no_control_characters,
    no_foreign_link,
    no_placeholder,
    no_foreign_pii,
    no_canary,
)


def _failure(code: str, msg: str) -> tuple[Failure, ...]:
    return (Failure(path="text", code=code, msg=msg),)


def _links(text: str) -> Iterator[str]:
    return (match[0].rstrip(".,;:!?") for match in _LINK.finditer(text))


def _is_allowed(link: str, hosts: frozenset[str]) -> bool:
    """Refuse whatever a browser may read otherwise than `urlsplit`: backslashes and user names before the host."""
    if "\\" in link:
        return False
    try:
        parts = urlsplit(link if "//" in link else f"https://{link}")
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and "@" not in parts.netloc and parts.hostname in hosts


def _compact(text: str) -> str:
    return re.sub(r"[^\w@]", "", text).casefold()
