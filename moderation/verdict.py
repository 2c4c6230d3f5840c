"""What moderation says about one text."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from moderation.errors import ModerationError

Action = Literal["allow", "redact", "review", "block"]
"""From mildest to strictest. `redact` goes on with placeholders; `review` goes to a person; `block` ends the turn."""

Category = Literal["harassment", "hate", "sexual", "self_harm", "violence", "illegal", "fraud", "injection", "spam"]
Layer = Literal["hygiene", "rules", "classifier", "model"]
Score = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]

STRICTNESS: dict[Action, int] = {"allow": 0, "redact": 1, "review": 2, "block": 3}


class Verdict(BaseModel):
    """One layer's judgement of one text, or several layers' combined.

    `categories` maps what was found to a score from 0 to 1; a category that was not found is absent.
    `reasons` are sentences for a support agent; they never quote the text.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    action: Action
    layer: Layer
    categories: dict[Category, Score] = {}
    reasons: tuple[str, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether the turn goes on (`allow` or `redact`)."""
        return self.action in {"allow", "redact"}


def combine(verdicts: Sequence[Verdict]) -> Verdict:
    """Merge verdicts on one text: the strictest action wins (allow < redact < review < block).

    One exception: where any verdict names self-harm, those that do decide, and the action is `review`, neither milder
    nor stricter. Whoever wrote the text meets a person, and not a refusal or an answer about kettles.

    The layer is that of the first verdict that decides, each category keeps its highest score, and all reasons stay in
    their order without repeats. Raises ModerationError for no verdicts at all: silence is not consent.
    """
    if not verdicts:
        msg = "There is no verdict to combine; moderate the text by at least one layer."
        raise ModerationError(msg)
    self_harm = [verdict for verdict in verdicts if "self_harm" in verdict.categories]
    decides = max(self_harm or verdicts, key=lambda verdict: STRICTNESS[verdict.action])
    pairs = [pair for verdict in verdicts for pair in verdict.categories.items()]
    return Verdict(
        action="review" if self_harm else decides.action,
        layer=decides.layer,
        categories={name: max(score for other, score in pairs if other == name) for name, _ in pairs},
        reasons=tuple(dict.fromkeys(reason for verdict in verdicts for reason in verdict.reasons)),
    )
