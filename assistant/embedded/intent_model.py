"""The embedded intent model: the fitted head over the whole text, and over its parts for a second request."""

from assistant.embedded.head import Head, Prediction
from assistant.embedded.language import foreign_language
from assistant.embedded.masking import Masker
from assistant.embedded.reader import segments
from chains.messages import Intent, IntentInput, IntentScore
from chains.ports import ModelCard, Repair, Reply

_RANKED = 5


class EmbeddedIntent:
    """Serves the intent hop from a head that was fitted on the scope's own examples."""

    def __init__(self, head: Head, sha256: str, mask: Masker) -> None:
        self._head = head
        self._mask = mask
        self.card = ModelCard("hopdesk", "embedded-intent/1", "classify", sha256=sha256)

    async def propose(self, given: IntentInput, repair: Repair | None = None) -> Reply:  # noqa: ARG002 - deterministic
        """Rank the intents of a text."""
        return Reply(raw=self.classify(given.text).model_dump_json())

    def classify(self, text: str) -> Intent:
        """Rank the intents of a text; a second one is named where two parts of it surely ask different things."""
        whole = self._head.predict(self._mask(text))
        ranked = tuple(IntentScore(intent=name, score=score) for name, score in whole.scores[:_RANKED])
        parts = tuple(self._head.predict(self._mask(part)) for part in segments(text))
        second = _second(ranked[0].intent, parts)
        # A message is in scope as far as its best part is: the rest may be a story around it.
        out_of_scope = min((part.out_of_scope for part in (whole, *parts)), default=whole.out_of_scope)
        return Intent(
            ranked=ranked,
            second=second,
            confidence=ranked[0].score,
            out_of_scope=out_of_scope,
            language=foreign_language(text),
        )


def _second(first: str, parts: tuple[Prediction, ...]) -> IntentScore | None:
    """The surest intent of a part that is not the whole text's."""
    others = [(score, name) for part in parts for name, score in part.scores[:1] if name != first]
    if len(parts) < 2 or not others:
        return None
    score, name = max(others)
    return IntentScore(intent=name, score=score)
