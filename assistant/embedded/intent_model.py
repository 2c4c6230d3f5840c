"""The embedded intent model: the fitted head over the whole text, and over its parts for a second request."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.embedded.evidence import CatalogEvidence, ShapeEvidence, shape, things_named
from assistant.embedded.head import Head, Prediction
from assistant.embedded.language import foreign_language
from assistant.embedded.masking import Masker
from assistant.embedded.reader import Reader
from assistant.embedded.segments import segments
from chains.allowance import Allowance
from chains.messages import Intent, IntentInput, IntentScore
from chains.ports import ModelCard, Repair, Reply
from chains.scope import Scope

_RANKED = 5
# The least share that the whole text must give a second intent of the first one's topic, or of another.
_SAME_TOPIC, _OTHER_TOPIC = 0.1, 0.001
# How a part of a message sounds when it asks or orders something, and does not only tell the story around it.
_REQUEST = re.compile(
    r"\?\s*$|^\W*(?:(?:and|also|plus|then|so|please|pls|hi|hello|hey)[\s,]+)*"
    r"(?:who|what|whats|what's|which|when|where|wheres|why|how|is|are|do|does|did|can|could|will|would|should|may|"
    r"have|has|any|show|tell|find|list|compare|check|track|cancel|change|give|send|need|want|looking|i need|i want|"
    r"i'd like|i would like|i am looking|i'm looking|i'm after)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Examples:
    """What an intent model is fitted on: texts by intent, and texts outside the scope."""

    inside: Mapping[str, Sequence[str]]
    outside: Sequence[str]

    @classmethod
    def of(cls, scope: Scope) -> "Examples":
        """Those of a scope."""
        return cls({intent.id: intent.examples for intent in scope.intents}, scope.out_of_scope.examples)


class EmbeddedIntent:
    """Serves the intent hop from a head that was fitted on the scope's own examples, `sha256` naming that fit."""

    def __init__(self, head: Head, sha256: str, mask: Masker, reader: Reader, examples: Examples) -> None:
        self._head = head
        self._mask = mask
        self._reader = reader
        self._scope = CatalogEvidence.of(
            (things_named(reader.read(text)) for texts in examples.inside.values() for text in texts),
            (things_named(reader.read(text)) for text in examples.outside),
        )
        self._shapes = ShapeEvidence.of(
            {intent: [shape(reader.read(text)) for text in texts] for intent, texts in examples.inside.items()}
        )
        self.card = ModelCard("hopdesk", "embedded-intent/1", "classify", sha256=sha256)

    async def propose(
        self,
        given: IntentInput,
        repair: Repair | None = None,  # noqa: ARG002 - deterministic
        allowance: Allowance | None = None,  # noqa: ARG002 - it costs nothing
    ) -> Reply:
        """Rank the intents of a text."""
        return Reply(raw=self.classify(given.text).model_dump_json())

    def classify(self, text: str) -> Intent:
        """Rank the intents of a text.

        The ranking averages the whole text with those of its parts that ask something, so that the story around a
        question does not outvote it. A second intent is named where another part asks something of another kind.
        """
        parts = segments(text)
        whole = self._predict(text)
        asked = [self._predict(part) for part in parts if self._asks(part)] if len(parts) > 1 else []
        ranked = _averaged([whole, *asked])
        return Intent(
            ranked=ranked[:_RANKED],
            second=_second(ranked[0].intent, whole, asked),
            confidence=ranked[0].score,
            out_of_scope=min(prediction.out_of_scope for prediction in (whole, *asked)),
            language=foreign_language(text),
        )

    def _predict(self, text: str) -> Prediction:
        """What the head says of a masked text, in the light of what the text names in the catalog."""
        prediction = self._head.predict(self._mask(text))
        reading = self._reader.read(text)
        return Prediction(
            scores=self._shapes.adjust(prediction.scores, shape(reading)),
            out_of_scope=self._scope.adjust(prediction.out_of_scope, things_named(reading)),
        )

    def _asks(self, part: str) -> bool:
        """Whether a part of a message asks something: it sounds so, or it names a product and something about it."""
        reading = self._reader.read(part)
        return bool(_REQUEST.search(part) or (reading.products and (reading.fields or reading.conditions)))


def _averaged(predictions: list[Prediction]) -> tuple[IntentScore, ...]:
    """The mean of several predictions' probabilities, best first."""
    totals: dict[str, float] = {}
    for prediction in predictions:
        for name, score in prediction.scores:
            totals[name] = totals.get(name, 0.0) + score / len(predictions)
    best_first = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    return tuple(IntentScore(intent=name, score=min(score, 1.0)) for name, score in best_first)


def _second(first: str, whole: Prediction, asked: list[Prediction]) -> IntentScore | None:
    """The surest other intent of a part that asks something, where one part asks for the first.

    Parts of one topic (`product.price`, `product.question`) are one request said in two sentences, unless the whole
    text gives the other a share of its own.
    """
    if len(asked) < 2 or all(prediction.label != first for prediction in asked):
        return None
    topic, share = first.partition(".")[0], dict(whole.scores)
    others = [
        (prediction.score, prediction.label)
        for prediction in asked
        if prediction.label != first
        and share[prediction.label] >= (_SAME_TOPIC if prediction.label.partition(".")[0] == topic else _OTHER_TOPIC)
    ]
    score, name = max(others, default=(0.0, ""))
    return IntentScore(intent=name, score=score) if name else None
