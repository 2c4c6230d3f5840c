"""What a site decides about texts that leave; the part `[moderation.outbound]` of its scope file."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

LanguageCode = Literal["da", "de", "en", "es", "fr", "it", "nl", "pl", "pt", "sv"]
"""The languages that `moderation.checks_language` tells apart (ISO 639-1)."""

OptionalCheck = Literal["no_promise", "no_competitor", "in_tone", "in_language"]
"""The checks that a site may turn off: those of how it speaks, never those of what must not get out."""

CompetitorName = Annotated[str, StringConstraints(min_length=2, max_length=80, pattern=r"\w")]


class OutboundPolicy(BaseModel):
    """How a site's own prose may sound; every field has a default that suits a shop."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    competitors: tuple[CompetitorName, ...] = Field(
        default=(), description="names that prose does not mention, matched as whole words as blocked terms are"
    )
    languages: tuple[LanguageCode, ...] = Field(
        default=("en",),
        min_length=1,
        description="what prose may be in: da, de, en, es, fr, it, nl, pl, pt, sv",
    )
    capitals: bool = Field(default=False, description="whether prose may shout IN CAPITAL LETTERS")
    exclamation_marks: int = Field(default=1, ge=0, le=20, description="the most that one text may have")
    emoji: bool = Field(default=False, description="whether prose may hold emoji")
    off: tuple[OptionalCheck, ...] = Field(
        default=(), description="checks that are turned off: no_promise, no_competitor, in_tone, in_language"
    )
