"""Puts texts before the layers of moderation alone, as a request would come to them; nothing is stored."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue, ValidationError
from pydantic_core import to_json

from assistant.cli.opening import Unlogged
from assistant.embedded.encoder import Encoder
from assistant.embedded.moderation.classifier_file import load as load_classifier
from assistant.embedded.moderation.moderator import EmbeddedModerator
from assistant.reflexes import Reflexes
from assistant.serving import LanguageModels, misplaced_model, moderation_layers
from chains.allowance import Allowance
from chains.errors import HopdeskError
from chains.hops.moderation import GUARD, moderate
from chains.messages import ModerationInput
from chains.ports import HopModel
from chains.prompt_files import load_prompt
from chains.record import HopRecord, Redaction
from chains.scope import HopModels, Scope
from chains.scope_file import LoadedScope
from chains.tools import Identity
from chains.trail import Frame, Trail
from moderation import ModerationPolicy, Redacted, Verdict, combine, inbound
from moderation.decoding import View, views

_TRIAL = "moderation-trial"


@dataclass(frozen=True)
class LayerTried:
    """What one layer said of a text, and in how many milliseconds; `verdict` is None where it gave none."""

    model: str
    status: str
    ms: float
    verdict: Verdict | None
    problem: str | None = None

    @classmethod
    def of(cls, records: list[HopRecord]) -> "LayerTried":
        """The layer by the records of its attempts, of which the last one decides."""
        last = records[-1]
        verdict = Verdict.model_validate_json(to_json(last.parsed)) if last.parsed is not None else None
        problem = last.error or last.error_type or "; ".join(failure.msg for failure in last.validation_errors) or None
        return cls(last.model, last.status, sum(record.latency_ms for record in records), verdict, problem)

    def as_json(self) -> dict[str, JsonValue]:
        """The layer for programs."""
        said = self.verdict.model_dump(mode="json") if self.verdict else {"action": None}
        return {"model": self.model, "status": self.status, "ms": round(self.ms, 2), "problem": self.problem, **said}


@dataclass(frozen=True)
class Tried:
    """A text as moderation saw it; where hygiene refused it, there is nothing but the verdict."""

    verdict: Verdict
    text: str = ""
    changes: tuple[str, ...] = ()
    views: tuple[View, ...] = ()
    redacted: Redacted = Redacted("")
    layers: tuple[LayerTried, ...] = ()

    @property
    def silent(self) -> tuple[str, ...]:
        """The models of layers that gave no verdict."""
        return tuple(layer.model for layer in self.layers if layer.verdict is None)

    def as_json(self) -> dict[str, JsonValue]:
        """All of it for programs, the combined verdict first."""
        return {
            **self.verdict.model_dump(mode="json"),
            "text": self.text,
            "changes": [*self.changes],
            "views": [{"encoding": view.encoding, "text": view.text} for view in self.views],
            "redacted": {"text": self.redacted.text, "kinds": [*self.redacted.kinds]},
            "layers": [layer.as_json() for layer in self.layers],
        }


class ModerationTrial:
    """The layers of a scope's moderation, or those chosen instead. Raises `HopdeskError` for a layer that is none."""

    def __init__(self, loaded: LoadedScope, chosen: Iterable[str] = ()) -> None:
        self._loaded = loaded
        self._scope = _choosing(loaded.scope, tuple(chosen))
        self._layers = self._opened()

    async def warm_up(self) -> None:
        """Load what the first text would wait for; raises `ModelMisconfigured` where a model cannot be asked."""
        GUARD.warm_up()
        for bare in self._models.bare:
            await bare.warm_up()
        for layer in self._layers:
            if layer.card.is_local:
                await layer.propose(ModerationInput(text="?", locale="en"))

    async def judge(self, text: str, *, every: bool = False) -> Tried:
        """Judge one text; layers elsewhere are asked about what is stopped already only where `every` one is wanted."""
        gated = inbound(text, self._scope.moderation)
        if gated.refused:
            return Tried(gated.verdict)
        given = ModerationInput(text=gated.redacted.text, locale=self._scope.site.locale)
        allowance = Allowance(self._scope.budget)
        verdicts: list[Verdict] = []
        layers: list[LayerTried] = []
        for layer in self._layers:
            if not (every or layer.card.is_local or all(verdict.passes for verdict in verdicts)):
                break
            trail = Trail(self._frame(gated.redacted), Unlogged())
            verdicts.append(await moderate(given, (layer,), trail, allowance, self._scope.fallback.moderation))
            layers.append(LayerTried.of(trail.records))
        return Tried(
            combine(verdicts),
            gated.text,
            gated.changes,
            views(given.text),
            gated.redacted,
            tuple(layers),
        )

    def _opened(self) -> tuple[HopModel[ModerationInput], ...]:
        scope, shared = self._scope, Reflexes.of(None)
        self._models = LanguageModels(scope, shared.breakers, shared.replies)
        own = self._loaded.path.parent / scope.prompts.folder if scope.prompts.folder else None
        layers = moderation_layers(
            scope, _embedded, self._models, lambda: load_prompt("moderation", scope.prompts.moderation, own)
        )
        return tuple(one for one in layers if one.card.op != "rules" or "rules" in scope.models.moderation)

    def _frame(self, redacted: Redacted) -> Frame:
        return Frame(
            turn_id=_TRIAL,
            case_id=_TRIAL,
            site=self._scope.site.id,
            trace_id=f"{_TRIAL}-{time.time_ns()}",
            app_version="",
            identity=Identity.ANONYMOUS,
            locale=self._scope.site.locale,
            now=datetime.now(UTC),
            scope_sha256=self._loaded.sha256,
            catalog_version="",
            redaction=Redaction(policy="placeholders/1", applied=redacted.kinds),
        )


def _embedded(policy: ModerationPolicy) -> EmbeddedModerator:
    encoder = Encoder()
    return EmbeddedModerator(load_classifier(encoder.fingerprint), encoder, policy)


def _choosing(scope: Scope, chosen: tuple[str, ...]) -> Scope:
    """The scope with these layers, or with its own and the rules, which it always has."""
    named = chosen or tuple(dict.fromkeys(("rules", *scope.models.moderation)))
    try:
        models = HopModels(moderation=named)
    except ValidationError as error:
        raise HopdeskError(f"--layers: {error.errors()[0]['msg'].removeprefix('Value error, ')}.") from None
    if problem := misplaced_model(models):
        raise HopdeskError(f"--layers: {problem}")
    return scope.model_copy(update={"models": models})
