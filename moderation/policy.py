"""What a site decides about moderation; a part of its scope file."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from moderation.verdict import STRICTNESS, Action, Category, Score

PiiKind = Literal["email", "phone", "card", "iban", "order"]
PII_KINDS: tuple[PiiKind, ...] = ("email", "phone", "card", "iban", "order")


def _compilable(pattern: str) -> str:
    try:
        matches_nothing = re.compile(pattern).fullmatch("") is not None
    except re.error as error:
        msg = f"not a regular expression ({error.msg} at position {error.pos}); write one like (?i)LO-?\\d{{5}}"
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
        default=PII_KINDS, description="What is replaced: email, phone, card, iban, order."
    )


class BlockedTerm(_Policy):
    """A word or phrase of the site's own, matched as whole words whatever its case, accents or look-alike letters."""

    term: str = Field(min_length=2, max_length=80, description="The word or phrase.")
    category: Category = Field(description="What it is a sign of.")
    action: Literal["review", "block"] = Field(default="block", description="What happens to a text that holds it.")


class Threshold(_Policy):
    """From which score of a classifier (0..1) a category goes to a person, and from which it is refused."""

    review_at: Score | None = Field(default=0.6, description="Score from which a person looks; absent: never.")
    block_at: Score | None = Field(default=0.9, description="Score from which the text is refused; absent: never.")

    @model_validator(mode="after")
    def _in_order(self) -> "Threshold":
        if self.review_at is not None and self.block_at is not None and self.review_at > self.block_at:
            msg = "review_at is above block_at; a text would be refused before a person could see it"
            raise ValueError(msg)
        return self


DEFAULT_THRESHOLD = Threshold()
# Someone who writes of harming themselves needs a person, never a refusal.
DEFAULT_THRESHOLDS: dict[Category, Threshold] = {"self_harm": Threshold(review_at=0.4, block_at=None)}


class ModerationPolicy(_Policy):
    """A site's moderation: every field has a default that suits a shop."""

    text_limit_chars: int = Field(default=2000, ge=1, le=20_000, description="Longest accepted request, in characters.")
    pii: PiiPolicy = Field(default=PiiPolicy(), description="Personal data that is replaced by placeholders.")
    blocked_terms: tuple[BlockedTerm, ...] = Field(default=(), description="The site's own words and phrases.")
    thresholds: dict[Category, Threshold] = Field(
        default={}, description="Thresholds for a classifier's scores by category; a category not named has defaults."
    )

    def action_for(self, categories: dict[Category, float]) -> Action:
        """Turn a classifier's scores (0..1 by category) into the strictest action any of them reaches."""
        actions = [self._category_action(category, score) for category, score in categories.items()]
        return max(actions, key=STRICTNESS.__getitem__, default="allow")

    def _category_action(self, category: Category, score: float) -> Action:
        threshold = self.thresholds.get(category) or DEFAULT_THRESHOLDS.get(category, DEFAULT_THRESHOLD)
        if threshold.block_at is not None and score >= threshold.block_at:
            return "block"
        if threshold.review_at is not None and score >= threshold.review_at:
            return "review"
        return "allow"
