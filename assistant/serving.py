"""Which models serve the hops of one site: the scope's lists, turned into cascades of embedded and language models."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import structlog

from assistant.language.litellm_model import LitellmModel
from assistant.language.moderation_endpoint import EndpointModerator, model_of
from assistant.language.ports import Breaker, ReplyCache
from assistant.language.resilient import ResilientModel
from chains.contract import Contract
from chains.errors import ModelMisconfigured
from chains.facets import Facets, Hints
from chains.hops.moderation import rules_model
from chains.language import LanguageModel
from chains.messages import HopName, IntentInput, LookupInput, ModerationInput, ResponseInput
from chains.ports import Cascade, HopModel, Tier
from chains.prompt_files import Prompt, load_prompt
from chains.prompted.intent import PromptedIntent
from chains.prompted.lookup import PromptedPlanner
from chains.prompted.moderation import PromptedModerator
from chains.prompted.response import PromptedResponder
from chains.scope import HopModels, LanguageModelSettings, Scope
from moderation import ModerationPolicy

log = structlog.get_logger(__name__)
GivenT = TypeVar("GivenT", bound=Contract)


@dataclass(frozen=True)
class Embedded:
    """The embedded models of one site; the moderator is opened where a scope names it, with the scope's thresholds."""

    intent: HopModel[IntentInput]
    planner: HopModel[LookupInput]
    responder: HopModel[ResponseInput]
    moderator: Callable[[ModerationPolicy], HopModel[ModerationInput]]


def misplaced_model(models: HopModels) -> str | None:
    """A sentence on the first name that cannot serve its hop, such as rules on the intent; None where all can."""
    for hop, names in models.model_dump().items():
        local = ("rules", "embedded") if hop == "moderation" else ("embedded",)
        for name in names:
            # A layer of moderation has no threshold: every layer is asked, and the strictest verdict holds.
            kind = name if hop == "moderation" else name.partition("@")[0]
            if "/" not in name and kind not in local:
                return (
                    f"models.{hop}: found {name!r}; allowed: {', '.join(local)}, or a language model such as "
                    "'openai/gpt-4.1-mini'."
                )
    return None


@dataclass(frozen=True)
class Catalogued:
    """What a planner that cannot see the catalog is told of it."""

    facets: Facets
    hints: Hints


class LanguageModels:
    """The language models that a scope names, each made once; asking them is what costs, not making them."""

    def __init__(self, scope: Scope, breaker: Breaker, cache: ReplyCache) -> None:
        self._scope = scope
        self._breaker = breaker
        self._cache = cache
        self._settings = {one.name: one for one in scope.language_models}
        self._made: dict[str, tuple[LitellmModel, LanguageModel]] = {}

    def __call__(self, name: str) -> LanguageModel:
        """The model of that name, with breaker, cache and retries around it."""
        if name not in self._made:
            settings = self._settings.get(name) or LanguageModelSettings(name=name)
            bare = model_of(settings)
            self._made[name] = (bare, ResilientModel(bare, self._breaker, self._cache, self._scope.cache))
        return self._made[name][1]

    def kind_of(self, name: str) -> Literal["chat", "moderation"]:
        """Whether the model of that name is one to talk to, or a provider's moderation endpoint."""
        settings = self._settings.get(name)
        return settings.kind if settings else "chat"

    @property
    def bare(self) -> tuple[LitellmModel, ...]:
        """The models that are named so far, without anything around them."""
        return tuple(bare for bare, _ in self._made.values())

    async def warm_up(self) -> None:
        """Load what the first request would wait for; nothing is sent anywhere.

        A model that cannot be asked as it is configured is logged: its hops are served by what they fall back on.
        """
        for bare in self.bare:
            try:
                await bare.warm_up()
            except ModelMisconfigured as error:
                log.error("model_misconfigured", problem=str(error))  # noqa: TRY400 - the sentence says it all


@dataclass(frozen=True)
class Serving:
    """The models of every hop of one site, and the prompts by which language models are asked."""

    moderators: tuple[HopModel[ModerationInput], ...]
    intent: Cascade[IntentInput]
    planner: Cascade[LookupInput]
    responder: Cascade[ResponseInput]
    prompts: tuple[Prompt, ...]


def serve_hops(
    scope: Scope, base: Path, embedded: Embedded, catalogued: Callable[[], Catalogued], models: LanguageModels
) -> Serving:
    """The models that a scope names for each hop; its own prompts lie at `base`. Raises `PromptError`.

    What moderation costs nothing comes first: the rules, which are always among its layers, then the embedded model.
    """
    hops, tokens = scope.models, scope.budget.prompt_tokens
    own = base / scope.prompts.folder if scope.prompts.folder else None

    prompts: dict[HopName, Prompt] = {}

    def prompt(hop: HopName) -> Prompt:
        if hop not in prompts:
            prompts[hop] = load_prompt(hop, getattr(scope.prompts, hop), own)
        return prompts[hop]

    def planner(model: LanguageModel) -> HopModel[LookupInput]:
        shop = catalogued()
        return PromptedPlanner(model, prompt("lookup"), scope, shop.facets, shop.hints, tokens)

    moderators = moderation_layers(scope, embedded.moderator, models, lambda: prompt("moderation"))
    intent = _cascade(
        hops.intent,
        embedded.intent,
        lambda name: PromptedIntent(models(name), prompt("intent"), scope, tokens),
        falls_back=scope.fallback.intent == "embedded",
    )
    lookup = _cascade(
        hops.lookup,
        embedded.planner,
        lambda name: planner(models(name)),
        falls_back=scope.fallback.lookup == "embedded",
    )
    responder = _cascade(
        hops.response,
        embedded.responder,
        lambda name: PromptedResponder(models(name), prompt("response"), tokens),
        falls_back=scope.fallback.response == "embedded",
    )
    return Serving(moderators, intent, lookup, responder, tuple(prompts.values()))


def moderation_layers(
    scope: Scope,
    embedded: Callable[[ModerationPolicy], HopModel[ModerationInput]],
    models: LanguageModels,
    prompt: Callable[[], Prompt],
) -> tuple[HopModel[ModerationInput], ...]:
    """The layers of moderation: the rules always, then the embedded model and those elsewhere that the scope names."""

    def elsewhere(name: str) -> HopModel[ModerationInput]:
        if models.kind_of(name) == "moderation":
            return EndpointModerator(models(name), scope.moderation)
        return PromptedModerator(models(name), prompt(), scope.budget.prompt_tokens)

    return (
        rules_model(scope.moderation),
        *((embedded(scope.moderation),) if "embedded" in scope.models.moderation else ()),
        *(elsewhere(name) for name in scope.models.moderation if "/" in name),
    )


def _cascade(
    names: tuple[str, ...], local: HopModel[GivenT], prompted: Callable[[str], HopModel[GivenT]], *, falls_back: bool
) -> Cascade[GivenT]:
    """A hop's list of names as a cascade; `embedded@0.92` is the embedded model with its threshold."""
    tiers = []
    for name in names:
        kind, _, threshold = name.partition("@")
        if kind == "embedded":
            tiers.append(Tier(local, float(threshold) if threshold else None))
        else:
            tiers.append(Tier(prompted(name)))
    return Cascade(tuple(tiers), local if falls_back else None)
