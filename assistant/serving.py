"""Which models serve the hops of one site: the scope's lists, turned into cascades of embedded and language models."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog

from assistant.language.litellm_model import LitellmModel
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
from chains.scope import LanguageModelSettings, Scope

log = structlog.get_logger(__name__)
GivenT = TypeVar("GivenT", bound=Contract)


@dataclass(frozen=True)
class Embedded:
    """The embedded models of one site."""

    intent: HopModel[IntentInput]
    planner: HopModel[LookupInput]
    responder: HopModel[ResponseInput]


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
            bare = LitellmModel(self._settings.get(name) or LanguageModelSettings(name=name))
            self._made[name] = (bare, ResilientModel(bare, self._breaker, self._cache, self._scope.cache))
        return self._made[name][1]

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

    What moderation costs nothing comes first there: the rules are always among its layers.
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

    moderators: tuple[HopModel[ModerationInput], ...] = (
        rules_model(scope.moderation),
        *(PromptedModerator(models(n), prompt("moderation"), tokens) for n in hops.moderation if n != "rules"),
    )
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
