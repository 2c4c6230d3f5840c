"""The plain checks of an outgoing text, and the row of all of them. Each is pure and names one promise."""

import re
import unicodedata

from moderation.checks_language import in_language
from moderation.checks_leaks import no_canary, no_prompt_text
from moderation.checks_links import no_foreign_link
from moderation.checks_promises import no_promise
from moderation.checks_tone import in_tone, moderated, no_competitor
from moderation.contract import Failure
from moderation.outbound import OutboundCheck, OutboundContext, Outgoing, failed
from moderation.pii import PLACEHOLDER, find


def within_length(value: Outgoing, context: OutboundContext) -> tuple[Failure, ...]:
    """A text has at least one visible and at most `max_chars` characters."""
    if not value.text.strip():
        return failed("empty", "The text is empty; write an answer.")
    if len(value.text) > context.max_chars:
        return failed("too_long", f"The text is longer than {context.max_chars} characters; shorten it.")
    return ()


def no_control_characters(value: Outgoing, _context: OutboundContext) -> tuple[Failure, ...]:
    """A text holds no control, bidi, zero-width, tag, private or broken characters; line ends and tabs are fine."""
    if any(unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs", "Cn"} for char in value.text if char not in "\n\t"):
        return failed("control_characters", "The text holds invisible or control characters; leave them out.")
    return ()


def no_placeholder(value: Outgoing, _context: OutboundContext) -> tuple[Failure, ...]:
    """No placeholder was left where personal data should have been put back."""
    if PLACEHOLDER.search(value.text):
        return failed("placeholder", "The text holds a placeholder that stands for nothing; leave it out.")
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


def _compact(text: str) -> str:
    return re.sub(r"[^\w@]", "", text).casefold()


OUTBOUND_CHECKS: tuple[OutboundCheck, ...] = (
    within_length,
    no_control_characters,
    no_foreign_link,
    no_placeholder,
    no_foreign_pii,
    no_canary,
    no_prompt_text,
    moderated,
    no_promise,
    no_competitor,
    in_tone,
    in_language,
)
