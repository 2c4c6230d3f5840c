"""A provider's moderation endpoint as a layer of the moderation hop: its scores, and the site's thresholds."""

import asyncio
import json
import re
from collections.abc import Mapping

from pydantic import JsonValue
from pydantic_core import from_json

from assistant.language import wire
from assistant.language.litellm_model import LitellmModel
from assistant.language.prices import plain
from chains.allowance import Allowance
from chains.errors import ModelFailed, ModelLate, ModelMisconfigured, ModelSilent
from chains.language import Completion, Json, LanguageModel, ModelCall
from chains.messages import ModerationInput
from chains.ports import ModelCard, Repair, Reply
from chains.prompted.trimming import estimate_tokens
from chains.record import Usage
from chains.scope import LanguageModelSettings
from moderation import Category, ModerationPolicy, judge_by_scores

OURS: Mapping[str, Category] = {
    "harassment": "harassment",
    "harassment_threatening": "violence",
    "hate": "hate",
    "hate_threatening": "hate",
    "illicit": "illegal",
    "illicit_violent": "illegal",
    "self_harm": "self_harm",
    "self_harm_instructions": "self_harm",
    "self_harm_intent": "self_harm",
    "sexual": "sexual",
    "sexual_minors": "sexual",
    "violence": "violence",
    "violence_graphic": "violence",
    "criminal": "illegal",
    "dangerous": "illegal",
    "dangerous_and_criminal_content": "illegal",
    "hate_and_discrimination": "hate",
    "jailbreaking": "injection",
    "selfharm": "self_harm",
    "violence_and_threats": "violence",
}
"""Our category of a provider's, whose name is written in small letters with underscores.

OpenAI's names (API reference, Moderations) come first, then Mistral's (documentation, Moderation & Guardrailing).
Theirs for which we have none, such as `health`, decide nothing.
"""

_MOST_CATEGORIES = 100
_NAME_CHARS = 60
_NO_SCORE = "no score"
_SEPARATORS = re.compile(r"[^a-z0-9]+")


class ModerationEndpoint(LitellmModel):
    """One moderation endpoint, asked once at a time (`assistant.language.ports.OneShot`).

    Its completions are JSON: `category_scores` by the provider's names, and the names of what it `flagged`.
    """

    async def warm_up(self) -> None:
        """Load what the first call would load; raises `ModelMisconfigured` where a key or an address is missing."""
        await self.load()
        if not self._access.get("api_key") and (keys := wire.missing_keys(self.name)):
            raise ModelMisconfigured(
                f"The model {self.name} needs a key; set {' or '.join(keys)}, or name another variable as api_key_env."
            )

    async def once(self, call: ModelCall, timeout_s: float) -> Completion:
        """Have the call's one message judged, with one request on the wire; raises a kind of `ModelFailed`."""
        arguments = {**self._access, "input": call.messages[0]["content"]}
        await self.load()
        try:
            async with asyncio.timeout(timeout_s):
                with wire.no_redirects():
                    response = await wire.moderate(arguments)
            said = _said(response.model_dump())
        except TimeoutError:
            failed: ModelFailed = ModelLate(f"The model {self.name} did not reply within {timeout_s:.1f} s.")
        except Exception as error:  # noqa: BLE001  # whatever litellm raises becomes a sentence of ours
            failed = self._failure(error)
        else:
            if said is not None:
                return self._scored(said, call)
            failed = ModelSilent(f"The model {self.name} replied with no scores; check its base_url and its kind.")
        raise failed  # outside the handler, so that it does not carry the vendor's exception with it

    def params(self, call: ModelCall) -> Json:  # noqa: ARG002 - an endpoint has none
        """How a call is sent, for the record."""
        return {"kind": "moderation"}

    def _scored(self, said: Json, call: ModelCall) -> Completion:
        """A reply as a completion; an endpoint does not say how many tokens it read, so the estimate stands."""
        text, usage = json.dumps(said), Usage(input_total=call.input_tokens)
        return Completion(
            text=text,
            params=self.params(call),
            output_messages=({"role": "assistant", "content": text},),
            usage=usage,
            cost_usd=plain(self._prices.cost(usage)) if self._prices else "0",
            priced=self._prices is not None,
        )


def model_of(settings: LanguageModelSettings) -> LitellmModel:
    """The model of an entry in the scope, of whichever kind it is."""
    return ModerationEndpoint(settings) if settings.kind == "moderation" else LitellmModel(settings)


def _said(response: Mapping[str, JsonValue]) -> Json | None:
    """The scores and flags of a reply's results, of which a text has one; None where there are no scores."""
    results = response.get("results")
    found = [result for result in results if isinstance(result, dict)] if isinstance(results, list) else []
    scores: Json = {}
    flagged: list[JsonValue] = []
    for result in found:
        given, flags = result.get("category_scores"), result.get("categories")
        if isinstance(given, dict):  # OpenAI's client adds the names that it knows, without scores
            scores |= {k[:_NAME_CHARS]: _score(v) for k, v in given.items() if v is not None}
        if isinstance(flags, dict):
            flagged += [k[:_NAME_CHARS] for k, v in flags.items() if v is True]
    if not scores or len(scores) > _MOST_CATEGORIES:
        return None
    return {"category_scores": scores, "flagged": flagged[:_MOST_CATEGORIES]}


def _score(value: JsonValue) -> JsonValue:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else _NO_SCORE


class EndpointModerator:
    """Serves the moderation hop by an endpoint's scores; its replies are `moderation.Verdict`s of the layer `model`."""

    def __init__(self, model: LanguageModel, policy: ModerationPolicy) -> None:
        self.card = ModelCard(model.name.partition("/")[0], model.name, "classify", served_from="provider")
        self._model = model
        self._policy = policy

    async def propose(
        self,
        given: ModerationInput,
        repair: Repair | None = None,
        allowance: Allowance | None = None,
    ) -> Reply:
        """Have a text judged; raises `ModelFailed`. What the provider said of it is in the reply's `output_messages`.

        A reply that scores no category of ours, or flags one without a score, is passed on as it is: the hop's guard
        refuses it.
        """
        assert allowance is not None
        asked = self.question(given, repair)
        completion = await self._model.complete(self.call(given), allowance)
        return Reply(
            raw=self._raw(completion.text),
            params=asked.params,
            input_messages=asked.input_messages,
            output_messages=completion.output_messages,
            usage=completion.usage,
            cost_usd=completion.cost_usd,
            price_table_sha256=asked.price_table_sha256,
            retries=completion.retries,
            served_from=completion.served_from,
        )

    def question(self, given: ModerationInput, repair: Repair | None = None) -> Reply:  # noqa: ARG002 - never asked twice
        """What `propose` asks, as a reply without an answer."""
        call = self.call(given)
        return Reply(
            raw="",
            params=self._model.params(call),
            input_messages=call.messages,
            price_table_sha256=self._model.price_table_sha256,
        )

    def call(self, given: ModerationInput) -> ModelCall:
        """The question as the endpoint gets it; nothing is sent."""
        messages: tuple[Json, ...] = ({"role": "user", "content": given.text},)
        return ModelCall("moderation", messages, "scores", {}, estimate_tokens(given.text))

    def _raw(self, text: str) -> str:
        said = from_json(text)
        scores, flagged = said["category_scores"], {our_category(name) for name in said["flagged"]}
        ours: dict[Category, float] = {}
        for name, score in scores.items():
            category = our_category(name)
            if category is None:
                continue
            if score == _NO_SCORE or not 0 <= score <= 1:
                return text
            ours[category] = max(score, ours.get(category, 0.0))
        if not ours or flagged - {None} - ours.keys():
            return text
        return judge_by_scores(ours, "model", self._policy).model_dump_json()


def our_category(name: str) -> Category | None:
    """Our category of a provider's, however it spells the name; None where we have none."""
    return OURS.get(_SEPARATORS.sub("_", name.casefold()).strip("_"))
