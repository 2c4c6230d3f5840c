"""The embedded moderation layer: the fitted classifier's scores, made into a verdict by the site's thresholds."""

import asyncio

from assistant.embedded.encoder import Encoder
from assistant.embedded.moderation.classifier_file import Loaded
from chains.allowance import Allowance
from chains.messages import ModerationInput
from chains.ports import ModelCard, Repair, Reply
from moderation import ModerationPolicy, Verdict, combine, judge_by_scores

_DECIMALS = 3  # of a score; what follows tells nothing, and differs between processors


class EmbeddedModerator:
    """Serves the moderation hop beside the rules; its replies are `moderation.Verdict`s of the layer `classifier`."""

    def __init__(self, loaded: Loaded, encoder: Encoder, policy: ModerationPolicy) -> None:
        self._classifier = loaded.classifier
        self._encoder = encoder
        self._policy = policy
        self.card = ModelCard("hopdesk", "embedded-moderation/1", "classify", sha256=loaded.sha256)

    async def propose(
        self,
        given: ModerationInput,
        repair: Repair | None = None,  # noqa: ARG002 - deterministic
        allowance: Allowance | None = None,  # noqa: ARG002 - it costs nothing
    ) -> Reply:
        """Judge a text; in a thread, for a long text has many windows."""
        verdict = await asyncio.to_thread(self.judge, given.text)
        return Reply(raw=verdict.model_dump_json())

    def judge(self, text: str) -> Verdict:
        """Judge a text by its score for every category; where self-harm is among them, it is never a refusal."""
        scores = self._classifier.scores(text, self._encoder)
        rounded = {name: round(score, _DECIMALS) for name, score in scores.items()}
        return combine([judge_by_scores(rounded, "classifier", self._policy)])
