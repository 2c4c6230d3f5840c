"""From a layer's scores to its verdict: what counts as found, what that comes to, and why, in words for an agent."""

from collections.abc import Mapping

from moderation.policy import ModerationPolicy
from moderation.thresholds import ScoringLayer
from moderation.verdict import Category, Verdict

LEAST_SCORE = 0.1
"""Below it a category counts as not found, which leaves records readable."""

_READS_LIKE: dict[Category, str] = {
    "harassment": "an insult or harassment of a person",
    "hate": "hatred of a group of people",
    "sexual": "sexual content or an advance",
    "self_harm": "somebody who may harm themselves: answer as a person, and name the emergency and crisis lines",
    "violence": "a threat of violence, or praise of it",
    "illegal": "a request for illegal goods or acts",
    "fraud": "an attempt at fraud, or at another person's data",
    "injection": "an attempt to change what the assistant was told to do",
    "spam": "advertising or nonsense",
}


def judge_by_scores(scores: Mapping[Category, float], layer: ScoringLayer, policy: ModerationPolicy) -> Verdict:
    """The verdict of a layer on a text by its scores (0..1 by category), of which a site's thresholds decide.

    Categories under `LEAST_SCORE` are left out, and so is self-harm where no person has to look: whoever names it
    turns a refusal into a hand-off, which a mere suspicion must not. Raises pydantic's ValidationError for a score
    that is none, such as NaN.
    """
    actions = {name: policy.thresholds.of(layer, name).action(score) for name, score in scores.items()}
    found = {
        name: score
        for name, score in sorted(scores.items(), key=lambda item: -item[1])
        if (actions[name] != "allow" if name == "self_harm" else not 0 <= score < LEAST_SCORE)
    }
    return Verdict(
        action=policy.thresholds.action_for(scores, layer),
        layer=layer,
        categories=found,
        reasons=tuple(
            f"Reads like {_READS_LIKE[name]} (score {score:.2f})."
            for name, score in found.items()
            if actions[name] != "allow"
        ),
    )
