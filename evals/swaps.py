"""What is swapped for a run: `--set prompts.intent=2 --set models.lookup=openai/x` as changes of a scope."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import to_json

from assistant.serving import LanguageModels, misplaced_model, serve_hops
from assistant.wiring import Site
from chains.errors import HopdeskError
from chains.record import Sha256, digest
from chains.scope import Cache, Scope
from chains.scope_file import nearest
from chains.turn import Chain

SECTIONS = ("models", "prompts", "thresholds", "budget", "fallback", "limits", "moderation", "texts")
"""What a swap may change; another catalog, other intents or tools are another scope file."""


class SwapError(HopdeskError):
    """A swap that was asked for cannot be made."""


def parse_swaps(texts: Iterable[str]) -> dict[str, str]:
    """Swaps as they are written on the command line, by key, in the order of the keys; raises `SwapError`."""
    swaps: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key or not value.strip():
            raise SwapError(f"--set {text}: write it as key=value, such as prompts.intent=2.")
        if key in swaps:
            raise SwapError(f"--set {key}: this key is set twice; set it once.")
        swaps[key] = value.strip()
    return dict(sorted(swaps.items()))


def swapped(scope: Scope, swaps: Mapping[str, str]) -> Scope:
    """The scope with these values in the place of its own; raises `SwapError` naming the key and what is allowed.

    A value is read as JSON where that fits the key, else as text; a list may be written with commas.
    """
    for key, text in swaps.items():
        _check_key(key)
        scope = _with(scope, key, text)
    if problem := misplaced_model(scope.models):
        raise SwapError(f"--set {problem}")
    if scope.budget.hop_ms > scope.budget.deadline_ms:
        raise SwapError(
            f"--set budget.hop_ms: found {scope.budget.hop_ms}, which is more than the deadline_ms of the whole turn "
            f"({scope.budget.deadline_ms}); set both."
        )
    return scope


def _check_key(key: str) -> None:
    """Raise `SwapError` where the scope has no such key, or it is not one that a swap may change."""
    section, *steps = key.split(".")
    if section not in SECTIONS:
        if section in Scope.model_fields:
            raise SwapError(f"--set {key}: {section} is not swapped alone; write a scope file and name it by --scope.")
        raise SwapError(f"--set {key}: this key is unknown; {nearest(section, [*SECTIONS])}")
    model = _table(Scope, section)
    for place, step in enumerate(steps):
        if model is None or step not in model.model_fields:
            allowed = sorted(model.model_fields) if model else []
            known = nearest(step, allowed) if allowed else f"{'.'.join([section, *steps[:place]])} has no keys."
            raise SwapError(f"--set {key}: this key is unknown; {known}")
        model = _table(model, step)
    if model is not None:
        raise SwapError(f"--set {key}: name one of its keys: {', '.join(sorted(model.model_fields))}.")


def _table(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    """The model of a key that holds keys itself; None for a plain value."""
    annotation = model.model_fields[name].annotation
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _with(scope: Scope, key: str, text: str) -> Scope:
    problem = ""
    for value in _meanings(text):
        whole: dict[str, JsonValue] = json.loads(to_json(scope))
        table: dict[str, JsonValue] = whole
        *steps, last = key.split(".")
        for step in steps:
            inner = table.get(step)
            assert isinstance(inner, dict)  # `_check_key` walked the same way
            table = inner
        table[last] = value
        try:
            return Scope.model_validate_json(json.dumps(whole))
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]["msg"]
        except ValueError:  # a number of thousands of digits
            problem = "The value is too long"
    said = problem[0].lower() + problem[1:]
    raise SwapError(f"--set {key}={text}: {said.replace('input should', 'it should')}.")


def _meanings(text: str) -> list[JsonValue]:
    """What a value can mean, the likeliest one last: its problem is the one that is told."""
    texts: list[JsonValue] = [part.strip() for part in text.split(",")]
    try:
        return [text, texts, json.loads(text)]
    except (ValueError, RecursionError):
        return [texts, text]


def scope_sha256_of(site: Site, swaps: Mapping[str, str]) -> Sha256:
    """The hash of a scope file with its swaps; the file's own where there are none."""
    return digest(json.dumps([site.loaded.sha256, dict(swaps)])) if swaps else site.loaded.sha256


def chain_of(site: Site, scope: Scope, scope_sha256: Sha256, models: LanguageModels) -> Chain:
    """The site's chain on a changed scope, its language models made by `models`; replies are never taken from a cache.

    Raises `PromptError` where a prompt is not there.
    """
    uncached = scope.model_copy(update={"cache": Cache()})
    hops = serve_hops(uncached, site.loaded.path.parent, site.embedded, site.catalogued, models)
    return replace(
        site.chain,
        scope=uncached,
        scope_sha256=scope_sha256,
        moderators=hops.moderators,
        intent_model=hops.intent,
        planner=hops.planner,
        responder=hops.responder,
    )
