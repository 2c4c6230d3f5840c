"""Fills in a prompt for a request, as the hop that uses it would, and sends it to nobody."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from pydantic_core import to_json

from assistant.cli.opening import open_sites, read_ledger, read_settings
from assistant.embedded.reader import Reader
from assistant.facets import facets_of, hints_of
from assistant.reflexes import Reflexes
from assistant.serving import LanguageModels
from assistant.wiring import Site
from chains.contract import Contract
from chains.errors import PromptError
from chains.hops.moderation import rules_model
from chains.language import LanguageModel, ModelCall
from chains.messages import IntentInput, LookupInput, ModerationInput, ResponseInput
from chains.ports import Cascade
from chains.prompt_files import Prompt
from chains.prompted.intent import PromptedIntent
from chains.prompted.lookup import PromptedPlanner
from chains.prompted.moderation import PromptedModerator
from chains.prompted.response import PromptedResponder
from chains.record import HopRecord, PromptRef
from chains.scope import LanguageModelSettings
from chains.scope_file import LoadedScope
from chains.tools import identity_of
from chains.turn import Chain, Turn, run_turn
from moderation import Redacted, inbound

GivenT = TypeVar("GivenT", bound=Contract)
_ANY_MODEL = LanguageModelSettings(name="any/model", structure="json_schema", functions="native")
_TURN = "prompt-trial"


class _Kept:
    """A hop log in memory."""

    def __init__(self) -> None:
        self.records: list[HopRecord] = []

    def append(self, record: HopRecord) -> None:
        """Keep one record."""
        self.records.append(record)


class Trial:
    """A prompt with the scope that it is tried on."""

    def __init__(self, loaded: LoadedScope, prompt: Prompt) -> None:
        self._loaded = loaded
        self._scope = loaded.scope
        self._prompt = prompt

    def written(self, text: str) -> tuple[ModelCall, PromptRef]:
        """The question for a text that a customer might write; personal data in it becomes placeholders.

        Raises `PromptError` where the hop would not be asked: the text is refused before, or nothing is found.
        """
        gated = inbound(text, self._scope.moderation)
        if gated.error:
            raise PromptError(f"This text reaches no prompt: {gated.error}")
        locale = self._scope.site.locale
        match self._prompt.hop:
            case "moderation":
                return self._call(to_json(ModerationInput(text=gated.redacted.text, locale=locale)))
            case "intent":
                return self._call(to_json(IntentInput(text=gated.redacted.text, locale=locale)))
            case hop:
                site, log = self._open(), _Kept()
                asyncio.run(run_turn(_turn(gated.redacted), replace(_local(site.chain), log=log)))
                return self._call(self._input(log.records, f"This text does not come as far as the {hop} hop."), site)

    def recorded(self, turn: str) -> tuple[ModelCall, PromptRef]:
        """The question for what the hop was given in a stored turn; raises `PromptError` where it was not asked."""
        with read_ledger(read_settings()) as ledger:
            stored = ledger.turn(turn)
            records = [*ledger.hops(stored.turn_id)]
        if stored.site != self._scope.site.id:
            raise PromptError(f"The turn {turn!r} is of the site {stored.site!r}; name its scope file with --scope.")
        given = self._input(records, f"The turn {turn!r} did not come as far as the {self._prompt.hop} hop.")
        return self._call(given, self._open() if self._prompt.hop == "lookup" else None)

    def _call(self, given: bytes, site: Site | None = None) -> tuple[ModelCall, PromptRef]:
        """The question of the hop for its input as JSON."""
        model, prompt, tokens = self._model(), self._prompt, self._scope.budget.prompt_tokens
        match prompt.hop:
            case "moderation":
                return PromptedModerator(model, prompt, tokens).call(ModerationInput.model_validate_json(given))
            case "intent":
                return PromptedIntent(model, prompt, self._scope, tokens).call(IntentInput.model_validate_json(given))
            case "response":
                return PromptedResponder(model, prompt, tokens).call(ResponseInput.model_validate_json(given))
            case _:
                catalog = (site or self._open()).catalog
                facets, hints = facets_of(catalog.vocabulary), hints_of(Reader(catalog.vocabulary), catalog)
                planner = PromptedPlanner(model, prompt, self._scope, facets, hints, tokens)
                return planner.call(LookupInput.model_validate_json(given))

    def _model(self) -> LanguageModel:
        """The language model that the scope names for the hop, or one that can do everything; it is not asked."""
        names = (name for name in getattr(self._scope.models, self._prompt.hop) if "/" in name)
        known = (*self._scope.language_models, _ANY_MODEL)
        shared = Reflexes.of(None)
        models = LanguageModels(
            self._scope.model_copy(update={"language_models": known}), shared.breakers, shared.replies
        )
        return models(next(names, _ANY_MODEL.name))

    def _open(self) -> Site:
        return open_sites([self._loaded.path], read_settings(), _Kept())[self._scope.site.id]

    def _input(self, records: list[HopRecord], none: str) -> bytes:
        found = next((record for record in records if record.hop == self._prompt.hop), None)
        if found is None:
            raise PromptError(none)
        return to_json(found.input)


def _turn(text: Redacted) -> Turn:
    identity = identity_of(text.originals, None)
    now = datetime.now(UTC)
    return Turn(turn_id=_TURN, case_id=_TURN, text=text.text, now=now, originals=text.originals, identity=identity)


def _local(chain: Chain) -> Chain:
    """The chain with the models that run in this process alone."""
    return replace(
        chain,
        moderators=(rules_model(chain.scope.moderation),),
        intent_model=_embedded(chain.intent_model),
        planner=_embedded(chain.planner),
        responder=_embedded(chain.responder),
    )


def _embedded(cascade: Cascade[GivenT]) -> Cascade[GivenT]:
    models = (*(tier.model for tier in cascade.tiers), *((cascade.last,) if cascade.last else ()))
    local = [model for model in models if model.card.is_local]
    if not local:
        raise PromptError(
            "The hops before this one have no embedded model in this scope, so that a text does not come to it without "
            "asking a language model; take a turn that was recorded, with --turn."
        )
    return Cascade.of(local[0])
