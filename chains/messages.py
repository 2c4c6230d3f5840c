"""The typed inputs and outputs of the hops; each is what a hop record holds and a replay starts from.

Texts in here are redacted: personal data stands as placeholders such as `[EMAIL_1]`.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from chains.claims import Draft
from chains.contract import Contract
from chains.facts import Evidence, Key
from chains.outcomes import AnswerPart, ProductCard
from chains.tools import ToolCall, ToolResult

HopName = Literal["moderation", "intent", "lookup", "response", "grounding", "outbound"]
Need = Literal["product", "details", "currency", "order_proof"]
"""What a planner must know before it can call anything."""

HOPS: tuple[HopName, ...] = ("moderation", "intent", "lookup", "response", "grounding", "outbound")


class ModerationInput(Contract):
    """A cleaned and redacted request, before anything else is known of it."""

    text: str
    locale: str


class IntentInput(Contract):
    """A request to be named; `on_product` tells that the customer is looking at a product's page."""

    text: str
    locale: str
    on_product: bool = False
    previous_intent: str | None = Field(default=None, description="of the case's last answered turn")


class IntentScore(Contract):
    """An intent and how likely it is; the score is calibrated where the model can calibrate."""

    intent: Key
    score: float = Field(ge=0, le=1, allow_inf_nan=False)


class Intent(Contract):
    """What a request asks, as a model sees it; what follows from the scores is decided by the intent hop.

    `ranked` holds the best intents of the whole text, best first. `second` is set where the text also
    holds another request. `language` is the ISO 639-1 code of a text that is not English.
    """

    ranked: tuple[IntentScore, ...] = Field(min_length=1, max_length=5)
    second: IntentScore | None = None
    confidence: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    out_of_scope: float = Field(ge=0, le=1, allow_inf_nan=False)
    language: str | None = Field(default=None, pattern=r"^[a-z]{2}$")

    @property
    def certainty(self) -> float | None:
        """How likely the conclusion is right: that the text is out of scope, or in it and about the first intent."""
        if self.confidence is None:
            return None
        if self.language:  # whoever is calibrated on one language knows nothing of another
            return 0.0
        return max(self.out_of_scope, self.confidence * (1 - self.out_of_scope))


class LookupInput(Contract):
    """A request to be turned into function calls.

    `tools` maps each intent to the functions that it may call with the identity at hand: what is not
    in there cannot be called. `products` are those on the page and those last shown, in that order.
    """

    text: str
    intents: tuple[Key, ...] = Field(min_length=1, description="one or two; all of the scope where it is not known yet")
    tools: dict[str, tuple[str, ...]]
    topics: dict[str, tuple[str, ...]] = Field(default={}, description="policy topics by intent")
    asks: dict[str, tuple[str, ...]] = Field(default={}, description="fields that an intent always asks about")
    products: tuple[Key, ...] = ()
    now: datetime
    results: tuple[ToolResult, ...] = Field(default=(), description="of the first round's calls, in a second round")


class Plan(Contract):
    """The function calls that a planner proposes, or what it must know first.

    `more` asks for a second round, with the results of these calls. `confidence` is how likely the plan is complete.
    """

    calls: tuple[ToolCall, ...] = Field(default=(), max_length=8)
    needs: Need | None = None
    candidates: tuple[Key, ...] = Field(default=(), max_length=6, description="products between which to choose")
    more: bool = False
    confidence: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)

    @property
    def certainty(self) -> float | None:
        """How likely the plan is the right one."""
        return self.confidence


class ResponseInput(Contract):
    """A request and all that was found for it; `found` names what each intent's own calls found, by id."""

    text: str
    intents: tuple[Key, ...]
    products: tuple[Key, ...] = ()
    asks: dict[str, tuple[str, ...]] = Field(default={}, description="fields that an intent always asks about")
    evidence: Evidence
    found: dict[str, tuple[Key, ...]] = {}


class GroundingInput(Contract):
    """A checked draft to be computed and said; `seed` picks among equal wordings, always the same one."""

    draft: Draft
    evidence: Evidence
    locale: str
    seed: str


class Grounded(Contract):
    """What is said: sentences whose truth code computed, and product cards."""

    parts: tuple[AnswerPart, ...]
    products: tuple[ProductCard, ...] = ()


class OutboundInput(Contract):
    """Everything that is about to leave, to be read as if a stranger had written it.

    `texts` are what grounding verified; `prose` comes before them, and nothing stands behind it. `placeholders` are
    those of this turn, which code will put back; `public` are addresses and numbers that the shop publishes in the
    policies it quotes.
    """

    texts: tuple[str, ...]
    prose: tuple[str, ...] = Field(default=(), description="words that no claim stands behind, such as an opening line")
    locale: str
    placeholders: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
