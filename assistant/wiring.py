"""The composition root: puts one site's scope, catalog, models and tools together as a chain."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import structlog
from pydantic_core import to_json

from assistant.catalog.build import build_catalog
from assistant.catalog.catalog import Catalog
from assistant.embedded.encoder import Encoder
from assistant.embedded.fields import FieldFinder
from assistant.embedded.head import Head, fit
from assistant.embedded.intent_model import EmbeddedIntent, Examples
from assistant.embedded.masking import Masker
from assistant.embedded.moderation.classifier_file import load as load_classifier
from assistant.embedded.moderation.moderator import EmbeddedModerator
from assistant.embedded.planner import EmbeddedPlanner
from assistant.embedded.reader import Reader
from assistant.embedded.responder import EmbeddedResponder
from assistant.facets import facets_of, hints_of
from assistant.orders.opening import open_orders
from assistant.reflexes import Reflexes
from assistant.serving import Catalogued, Embedded, LanguageModels, Serving, misplaced_model, serve_hops
from assistant.settings import Settings
from assistant.toolbox import ShopToolbox
from chains.errors import CatalogError, EmbeddedModelError, PromptError, ScopeError
from chains.ports import HopLog
from chains.prompt_files import Prompt
from chains.scope import Scope, Sources
from chains.scope_file import LoadedScope, load_scope
from chains.turn import Chain

Progress = Callable[[int, int], None]
log = structlog.get_logger(__name__)
HEAD_FORMAT = "head/1"  # part of a fitted head's key, to be raised when the fitting changes
_SEED = 7


@dataclass(frozen=True)
class Site:
    """One site, ready to serve; `embedded` and `catalogued` are what its chain is made of, to make another one."""

    loaded: LoadedScope
    catalog: Catalog
    chain: Chain
    encoder: Encoder
    head: Head
    models: LanguageModels
    embedded: Embedded
    catalogued: Callable[[], Catalogued]
    prompts: tuple[Prompt, ...] = ()


def open_site(
    scope_path: Path,
    settings: Settings,
    encoder: Encoder,
    hop_log: HopLog,
    progress: Progress = lambda _done, _total: None,
    *,
    reflexes: Reflexes | None = None,
) -> Site:
    """Read the scope, import its catalog if it changed, fit its intent model if it changed, and wire the chain.

    What is given is that of `open_loaded`, and so is what is raised.
    """
    return open_loaded(load_scope(scope_path), settings, encoder, hop_log, progress, reflexes=reflexes)


def open_loaded(
    loaded: LoadedScope,
    settings: Settings,
    encoder: Encoder,
    hop_log: HopLog,
    progress: Progress = lambda _done, _total: None,
    *,
    reflexes: Reflexes | None = None,
) -> Site:
    """Open the site of a scope that was read, or that was changed since.

    `reflexes` are what language models share with other workers; absent, they are this process's own. Raises
    `ScopeError`, `CatalogError` or `EmbeddedModelError`, each with a sentence.
    """
    _only_known(loaded)
    catalog = open_catalog(loaded, settings, encoder, progress)
    base = loaded.path.parent
    reader = Reader(catalog.vocabulary)
    examples = [text for intent in loaded.scope.intents for text in intent.examples]
    mask = Masker(reader, catalog.vocabulary, encoder, examples)
    intent_model, head = open_intent_model(loaded.scope, catalog, settings, encoder=encoder, mask=mask, reader=reader)
    scope = _with_threshold(loaded.scope, head)
    finder = FieldFinder(catalog.vocabulary, encoder)
    embedded = Embedded(
        intent=intent_model,
        planner=EmbeddedPlanner(reader, catalog.vocabulary, mask, finder, {tool.name: tool for tool in scope.tools}),
        responder=EmbeddedResponder(reader),
        moderator=lambda policy: EmbeddedModerator(load_classifier(encoder.fingerprint), encoder, policy),
    )
    shared = reflexes or Reflexes.of(None)
    models = LanguageModels(scope, shared.breakers, shared.replies)

    def catalogued() -> Catalogued:
        return Catalogued(facets_of(catalog.vocabulary), hints_of(reader, catalog))

    hops = _serve(loaded, scope, embedded, catalogued, models)
    chain = Chain(
        scope=scope,
        scope_sha256=loaded.sha256,
        catalog_version=catalog.version,
        app_version=version("hopdesk"),
        moderators=hops.moderators,
        intent_model=hops.intent,
        planner=hops.planner,
        responder=hops.responder,
        toolbox=ShopToolbox(catalog, open_orders(scope.sources, base), scope, base),
        log=hop_log,
    )
    return Site(loaded, catalog, chain, encoder, head, models, embedded, catalogued, hops.prompts)


def _serve(
    loaded: LoadedScope, scope: Scope, embedded: Embedded, catalogued: Callable[[], Catalogued], models: LanguageModels
) -> Serving:
    """The models of every hop; raises `ScopeError` where a prompt cannot be used."""
    base = loaded.path.parent
    if scope.prompts.folder and not (base / scope.prompts.folder).is_dir():
        raise ScopeError(
            f"{loaded.path}: prompts.folder: found {scope.prompts.folder!r}, and there is no such folder at "
            f"{base / scope.prompts.folder}; write its path from the scope file's folder."
        )
    try:
        return serve_hops(scope, base, embedded, catalogued, models)
    except PromptError as error:
        raise ScopeError(f"{loaded.path}: prompts: {error}") from None


def open_catalog(loaded: LoadedScope, settings: Settings, encoder: Encoder, progress: Progress) -> Catalog:
    """The site's catalog; imported first where its sources are not those of the catalog in use."""
    folder = settings.home / "catalogs" / loaded.scope.site.id
    if loaded.scope.sources.products is None:
        catalog = Catalog.open(folder, encoder)
    else:
        catalog = _catalog_of(loaded.path.parent, loaded.scope.sources, folder, encoder, progress)
    if catalog.vocabulary.currency != loaded.scope.site.currency:
        raise ScopeError(
            f"{loaded.path}: site.currency: found {loaded.scope.site.currency!r}, but the catalog's prices are in "
            f"{catalog.vocabulary.currency!r}; write the same in both."
        )
    return catalog


def _catalog_of(base: Path, sources: Sources, folder: Path, encoder: Encoder, progress: Progress) -> Catalog:
    """The catalog of a scope's own sources, made again only where they changed."""
    products = base / (sources.products or "")
    fields = base / sources.fields if sources.fields else None
    policies = base / sources.policies if sources.policies else None
    stamp = folder / "sources.sha256"
    now = _sources_digest((products, fields, policies), encoder).encode()
    catalog = _unchanged_catalog(folder, encoder) if stamp.exists() and stamp.read_bytes() == now else None
    if catalog is None:
        _, report = build_catalog(products, fields, policies, folder, encoder, progress=progress)
        for bad in report.bad_rows:
            log.warning("catalog_row_refused", row=str(bad))
        stamp.write_bytes(now)
        catalog = Catalog.open(folder, encoder)
    return catalog


def _unchanged_catalog(folder: Path, encoder: Encoder) -> Catalog | None:
    """The catalog in use, or None where its file is damaged or of another version: its sources are at hand."""
    try:
        return Catalog.open(folder, encoder)
    except CatalogError as error:
        log.warning("catalog_made_again", reason=str(error))
        return None


def open_intent_model(
    scope: Scope, catalog: Catalog, settings: Settings, *, encoder: Encoder, mask: Masker, reader: Reader
) -> tuple[EmbeddedIntent, Head]:
    """The intent model of a scope's examples; its head comes from the cache where nothing changed that it rests on.

    The examples are masked as requests are, with the catalog's names, so a new catalog makes a new head.
    """
    examples = Examples.of(scope)
    rests_on = [HEAD_FORMAT, encoder.fingerprint, catalog.version, examples.inside, examples.outside, _SEED]
    key = sha256(to_json(rests_on)).hexdigest()
    path = settings.home / "models" / f"intent-{key[:16]}.npz"
    try:
        head = Head.load(path, encoder)
    except EmbeddedModelError:
        masked = {name: tuple(mask(text) for text in texts) for name, texts in examples.inside.items()}
        head = fit(masked, tuple(mask(text) for text in examples.outside), encoder, _SEED)
        path.parent.mkdir(parents=True, exist_ok=True)
        head.save(path)
    return EmbeddedIntent(head, key, mask, reader, examples), head


def _with_threshold(scope: Scope, head: Head) -> Scope:
    """The scope with the out-of-scope threshold that its own examples suggest, where it names none."""
    if scope.thresholds.out_of_scope is not None:
        return scope
    thresholds = scope.thresholds.model_copy(update={"out_of_scope": head.suggested_oos_threshold})
    return scope.model_copy(update={"thresholds": thresholds})


def _only_known(loaded: LoadedScope) -> None:
    """Refuse a scope that names for a hop what cannot serve it."""
    if problem := misplaced_model(loaded.scope.models):
        raise ScopeError(f"{loaded.path}: {problem}")


def _sources_digest(paths: tuple[Path | None, ...], encoder: Encoder) -> str:
    digest = sha256(encoder.fingerprint.encode())
    for path in paths:
        if path is None:
            continue
        for file in sorted(path.glob("*.md")) if path.is_dir() else (path,):
            try:
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
            except OSError as error:
                raise CatalogError(f"{file}: this source of the catalog cannot be read ({error.strerror}).") from None
    return digest.hexdigest()
