"""From which score of a category a text goes to a person or is refused: by layer, with defaults of ours."""

import math
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationInfo, field_validator

from moderation.verdict import STRICTNESS, Action, Category

ScoringLayer = Literal["classifier", "model"]
"""The layers that give scores; a rule has an action of its own, and so has a language model that is prompted."""


def _limit(value: object) -> object:
    if value is None or value == "never":
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    msg = 'write a score from 0 to 1, or "never"'
    raise ValueError(msg)


Limit = Annotated[float | Literal["never"] | None, PlainValidator(_limit)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Threshold(_Strict):
    """From which score (0..1) a category goes to a person, and from which it is refused."""

    review_at: Limit = Field(
        default=None, description='Score from which a person looks, or "never"; absent: the default of its layer.'
    )
    block_at: Limit = Field(
        default=None, description='Score from which the text is refused, or "never"; absent: the default of its layer.'
    )

    def over(self, default: "Threshold") -> "Threshold":
        """This one, with the default's limits where it has none of its own."""
        return Threshold(
            review_at=default.review_at if self.review_at is None else self.review_at,
            block_at=default.block_at if self.block_at is None else self.block_at,
        )

    def action(self, score: float) -> Action:
        """What a score (0..1) comes to."""
        if score >= _at(self.block_at):
            return "block"
        return "review" if score >= _at(self.review_at) else "allow"


def _at(limit: float | str | None) -> float:
    return limit if isinstance(limit, float) else math.inf


# Chosen on the embedded classifier's cross-validated scores: of the harmless texts that it is fitted with, half of them
# look-alikes of harm, at most two in a thousand reach a person for a category, and none was refused. What is often
# mistaken, or only a sign, is never refused for its score alone; and whoever writes of harming themselves needs a
# person, never a refusal.
_OF_THE_CLASSIFIER: dict[Category, Threshold] = {
    "harassment": Threshold(review_at=0.8, block_at=0.95),
    "hate": Threshold(review_at=0.75, block_at=0.95),
    "sexual": Threshold(review_at=0.65, block_at=0.98),
    "self_harm": Threshold(review_at=0.6, block_at="never"),
    "violence": Threshold(review_at=0.75, block_at=0.95),
    "illegal": Threshold(review_at=0.9, block_at=0.98),
    "fraud": Threshold(review_at=0.8, block_at="never"),
    "injection": Threshold(review_at=0.9, block_at="never"),
    "spam": Threshold(review_at=0.7, block_at=0.98),
}
# A provider's endpoint gives scores on a scale of its own, which was not measured here: its sure end is believed, and
# the middle goes to a person. `hopdesk moderate --file` shows what that comes to on a site's own texts.
_OF_THE_MODEL: dict[Category, Threshold] = {
    "harassment": Threshold(review_at=0.7, block_at=0.95),
    "hate": Threshold(review_at=0.5, block_at=0.9),
    "sexual": Threshold(review_at=0.5, block_at=0.95),
    "self_harm": Threshold(review_at=0.3, block_at="never"),
    "violence": Threshold(review_at=0.7, block_at=0.95),
    "illegal": Threshold(review_at=0.6, block_at=0.95),
    "fraud": Threshold(review_at=0.7, block_at="never"),
    "injection": Threshold(review_at=0.7, block_at="never"),
    "spam": Threshold(review_at=0.8, block_at="never"),
}
DEFAULT_THRESHOLDS: dict[ScoringLayer, dict[Category, Threshold]] = {
    "classifier": _OF_THE_CLASSIFIER,
    "model": _OF_THE_MODEL,
}
"""What holds for every layer and category where a site sets nothing."""


class LayerThresholds(_Strict):
    """A site's own thresholds; whatever it leaves out is as in `DEFAULT_THRESHOLDS`."""

    classifier: dict[Category, Threshold] = Field(
        default={}, description="For the scores of the embedded classifier, by category."
    )
    model: dict[Category, Threshold] = Field(
        default={}, description="For the scores of a provider's moderation endpoint, by category."
    )

    @field_validator("classifier", "model")
    @classmethod
    def _can_be_meant(cls, own: dict[Category, Threshold], info: ValidationInfo) -> dict[Category, Threshold]:
        layer: ScoringLayer = "classifier" if info.field_name == "classifier" else "model"
        for category, threshold in own.items():
            whole = threshold.over(DEFAULT_THRESHOLDS[layer][category])
            if category == "self_harm" and whole.block_at != "never":
                msg = (
                    "self_harm has a block_at, but whoever writes of harming themselves reaches a person and is never "
                    "refused; leave it out"
                )
                raise ValueError(msg)
            if isinstance(whole.review_at, float) and whole.review_at > _at(whole.block_at):
                msg = (
                    f"{category} has review_at = {whole.review_at} above block_at = {whole.block_at}, so that a text "
                    "would be refused before a person could see it; set both, the lower one for review_at"
                )
                raise ValueError(msg)
        return own

    def of(self, layer: ScoringLayer, category: Category) -> Threshold:
        """The threshold that holds, with both of its limits."""
        own = self.classifier if layer == "classifier" else self.model
        return own.get(category, Threshold()).over(DEFAULT_THRESHOLDS[layer][category])

    def action_for(self, scores: Mapping[Category, float], layer: ScoringLayer) -> Action:
        """The strictest action that any of a layer's scores (0..1 by category) reaches."""
        actions = [self.of(layer, category).action(score) for category, score in scores.items()]
        return max(actions, key=STRICTNESS.__getitem__, default="allow")
