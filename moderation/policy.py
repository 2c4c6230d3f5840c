"""What a site decides about moderation; a part of its scope file."""

import re
from typing import Annotated, Literal, get_args

import regex  # type: ignore[import-untyped]
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from moderation.outbound_policy import OutboundPolicy
from moderation.thresholds import LayerThresholds
from moderation.verdict import Category

PiiKind = Literal["email", "phone", "card", "iban", "order", "address", "nationalid"]
PII_KINDS: tuple[PiiKind, ...] = get_args(PiiKind)
SECRET_KINDS: frozenset[PiiKind] = frozenset({"card", "iban", "nationalid"})
"""Kinds that no tool of a shop is ever given."""

Country = Literal["AT", "BE", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IT", "NL", "NO", "PL", "PT", "SE", "US"]
"""Countries whose national ids or postal addresses are known (ISO 3166)."""


def _compilable(pattern: str) -> str:
    try:
        matches_nothing = re.compile(pattern).fullmatch("") is not None
        regex.compile(pattern)  # the engine that searches with it, which knows a little less of `re`'s syntax
    except (re.error, regex.error) as error:
        msg = f"not a regular expression ({error.msg} at position {error.pos}); write one like (?i)LO-?\\d{{5}}"
        raise ValueError(msg) from error
    except (OverflowError, RecursionError, MemoryError) as error:
        msg = "the pattern is too large to be compiled; write a shorter one like (?i)LO-?\\d{5}"
        raise ValueError(msg) from error
    if matches_nothing:
        msg = "the pattern matches the empty text; write one which needs at least one character"
        raise ValueError(msg)
    return pattern


class _Policy(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class PiiPolicy(_Policy):
    """Which personal data is replaced by placeholders before a model or a record sees the text."""

    region: str = Field(
        default="DE",
        pattern=r"^[A-Z]{2}$",
        description="Country whose national phone numbers are recognised (ISO 3166, two capitals).",
    )
    order_pattern: Annotated[str, AfterValidator(_compilable)] | None = Field(
        default=None,
        description="Regular expression of an order number, case-sensitive unless it says otherwise: (?i)LO-?\\d{5}.",
    )
    kinds: tuple[PiiKind, ...] = Field(
        default=PII_KINDS,
        description="What is replaced: email, phone, card, iban, order, address, nationalid; the others are kept.",
    )
    countries: tuple[Country, ...] | None = Field(
        default=None,
        description=(
            "Countries whose national ids and postal addresses are recognised; absent: the region's, and of the others "
            "whatever cannot be mistaken for an article number."
        ),
    )
    for_tools: tuple[PiiKind, ...] = Field(
        default=("email", "order"),
        description="Kinds whose placeholders are put back for tools: get_order needs the order number and the e-mail.",
    )

    @model_validator(mode="after")
    def _tools_get_what_they_may(self) -> "PiiPolicy":
        if secret := sorted(SECRET_KINDS.intersection(self.for_tools)):
            msg = f"for_tools names {', '.join(secret)}, which no tool may be given; leave it out"
            raise ValueError(msg)
        if "for_tools" in self.model_fields_set and (kept := sorted(set(self.for_tools) - set(self.kinds))):
            msg = f"for_tools names {', '.join(kept)}, which kinds does not replace; add it there or leave it out here"
            raise ValueError(msg)
        return self


class BlockedTerm(_Policy):
    """A word or phrase of the site's own, matched as whole words whatever its case, accents or look-alike letters."""

    term: str = Field(min_length=2, max_length=80, description="The word or phrase.")
    category: Category = Field(description="What it is a sign of.")
    action: Literal["review", "block"] = Field(default="block", description="What happens to a text that holds it.")

    @model_validator(mode="after")
    def _nobody_in_distress_is_refused(self) -> "BlockedTerm":
        if self.category == "self_harm" and self.action == "block":
            msg = "a term of self_harm is never refused; write action = 'review', so that a person reads it"
            raise ValueError(msg)
        return self


class ModerationPolicy(_Policy):
    """A site's moderation: every field has a default that suits a shop."""

    text_limit_chars: int = Field(default=2000, ge=1, le=20_000, description="Longest accepted request, in characters.")
    pii: PiiPolicy = Field(default=PiiPolicy(), description="Personal data that is replaced by placeholders.")
    blocked_terms: tuple[BlockedTerm, ...] = Field(default=(), description="The site's own words and phrases.")
    outbound: OutboundPolicy = Field(default=OutboundPolicy(), description="How outgoing prose may sound.")
    thresholds: LayerThresholds = Field(
        default=LayerThresholds(), description="From which score a category is reviewed or refused, by layer."
    )
