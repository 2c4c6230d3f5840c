"""Opening a site: what is refused with which sentence, what is made again, and what is kept."""

import asyncio
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from assistant.catalog.build import build_catalog
from assistant.cli.opening import Unlogged
from assistant.embedded.encoder import Encoder
from assistant.embedded.head import fit
from assistant.reflexes import Reflexes
from assistant.settings import Settings
from assistant.wiring import Site, open_catalog, open_loaded, open_site
from chains.errors import CatalogError, CircuitOpen, HopdeskError, ScopeError
from chains.messages import IntentInput, LookupInput
from chains.prompted.lookup import PromptedPlanner
from chains.scope import LabelledExample
from chains.scope_file import load_scope, with_examples
from tests.assistant.shops import write_shop

Edit = Callable[[str, str], None]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def scope(tmp_path: Path) -> Path:
    """A small shop with fields and policies."""
    path = write_shop(tmp_path, site="small")
    (tmp_path / "fields.toml").write_text('[fields.weight]\nphrase = "It weighs {value}."\n')
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "returns.md").write_text("# Returns\n\n## Time\n\nWithin 30 days.\n")
    text = path.read_text().replace('# fields = "fields.toml"  ', 'fields = "fields.toml"')
    path.write_text(text.replace('# policies = "policies"  ', 'policies = "policies"'))
    return path


@pytest.fixture
def edit(scope: Path) -> Edit:
    """Replace what stands once in the scope file."""

    def replace(old: str, new: str) -> None:
        text = scope.read_text()
        assert text.count(old) == 1
        scope.write_text(text.replace(old, new))

    return replace


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home of the test's own: here is tested what is made in it."""
    return tmp_path / "home"


@pytest.fixture
def opened(scope: Path, home: Path, encoder: Encoder) -> Callable[[], Site]:
    return lambda: open_site(scope, Settings(home=home), encoder, Unlogged())


@pytest.fixture
def version(scope: Path, home: Path, encoder: Encoder) -> Callable[[], str]:
    """Open the catalog alone, close it, and tell its version."""

    def open_and_close() -> str:
        catalog = open_catalog(load_scope(scope), Settings(home=home), encoder, lambda _done, _total: None)
        catalog.close()
        return catalog.version

    return open_and_close


@pytest.fixture
def imports(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The product files of all imports."""
    seen: list[Path] = []

    def counted(products: Path, *rest: object, **options: object) -> object:
        seen.append(products)
        return build_catalog(products, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("assistant.wiring.build_catalog", counted)
    return seen


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many examples outside the scope each fit was given."""
    seen: list[int] = []

    def counted(inside: dict[str, tuple[str, ...]], outside: tuple[str, ...], encoder: Encoder, seed: int) -> object:
        seen.append(len(outside))
        return fit(inside, outside, encoder, seed)

    monkeypatch.setattr("assistant.wiring.fit", counted)
    return seen


def test_a_site_is_opened_from_its_scope_file(opened: Callable[[], Site], scope: Path) -> None:
    site = opened()
    site.catalog.close()
    chain = site.chain
    assert site.loaded.path == scope
    assert chain.scope_sha256 == site.loaded.sha256
    assert chain.catalog_version == site.catalog.version
    assert [model.card.name for model in chain.moderators] == ["rules/1", "embedded-moderation/1"]
    assert chain.intent_model.tiers[0].model.card.sha256
    assert chain.intent_model.last is chain.intent_model.tiers[0].model
    assert site.models.bare == ()


def test_the_progress_of_an_import_is_told(scope: Path, home: Path, encoder: Encoder) -> None:
    told: list[tuple[int, int]] = []
    catalog = open_catalog(
        load_scope(scope), Settings(home=home), encoder, lambda done, total: told.append((done, total))
    )
    catalog.close()
    assert told
    assert told[-1][0] == told[-1][1]


def test_a_scope_file_that_is_not_there_is_told_with_its_path(scope: Path, opened: Callable[[], Site]) -> None:
    scope.unlink()
    with pytest.raises(ScopeError, match=r"scope\.toml: there is no such scope file"):
        opened()


@pytest.mark.parametrize(
    ("hop", "wrong"),
    [("moderation", "embedded@0.9"), ("intent", "rules"), ("lookup", "rules"), ("response", "rules")],
)
def test_a_model_that_cannot_serve_a_hop_is_refused_with_a_sentence(
    opened: Callable[[], Site], edit: Edit, hop: str, wrong: str, scope: Path
) -> None:
    right = "rules, embedded" if hop == "moderation" else "embedded"
    first = right.partition(",")[0]
    now = '"rules", "embedded"' if hop == "moderation" else '"embedded"'
    edit(f"{hop} = [{now}]", f'{hop} = ["{first}", "{wrong}"]')
    with pytest.raises(ScopeError) as caught:
        opened()
    assert str(caught.value) == (
        f"{scope}: models.{hop}: found {wrong!r}; allowed: {right}, or a language model such as 'openai/gpt-4.1-mini'."
    )


def test_a_site_whose_scope_names_it_has_the_embedded_moderator_behind_the_rules(opened: Callable[[], Site]) -> None:
    site = opened()
    site.catalog.close()
    assert [model.card.name for model in site.chain.moderators] == ["rules/1", "embedded-moderation/1"]
    assert all(model.card.is_local for model in site.chain.moderators)


def test_a_site_with_language_models_opens_without_a_key_or_a_network(opened: Callable[[], Site], edit: Edit) -> None:
    for hop in ("intent", "lookup", "response"):
        edit(f'{hop} = ["embedded"]', f'{hop} = ["embedded@0.9", "openai/gpt-x"]')
    edit('moderation = ["rules", "embedded"]', 'moderation = ["openai/gpt-x"]')
    site = opened()
    site.catalog.close()
    chain = site.chain
    assert [model.name for model in site.models.bare] == ["openai/gpt-x"]
    assert [model.card.name for model in chain.moderators] == ["rules/1", "openai/gpt-x"]
    for cascade in (chain.intent_model, chain.planner, chain.responder):
        local, prompted = cascade.tiers
        assert (local.threshold, prompted.threshold) == (0.9, None)
        assert prompted.model.card.name == "openai/gpt-x"
        assert cascade.last is local.model


def test_a_planner_that_is_a_language_model_is_told_of_the_catalog(opened: Callable[[], Site], edit: Edit) -> None:
    edit('lookup = ["embedded"]', 'lookup = ["openai/gpt-x"]')
    site = opened()
    planner = site.chain.planner.tiers[0].model
    assert isinstance(planner, PromptedPlanner)
    tools: dict[str, tuple[str, ...]] = {"product.question": ("get_product",)}
    given = LookupInput(text="how heavy is the Nova 9", intents=("product.question",), tools=tools, now=NOON)
    asked, _ = planner.call(given)
    site.catalog.close()
    assert "LAP-9" in str(asked.messages)
    assert "laptops" in str(asked.messages)


def test_language_models_of_one_process_share_what_they_know_of_failures(
    scope: Path, edit: Edit, home: Path, encoder: Encoder
) -> None:
    edit('intent = ["embedded"]', 'intent = ["openai/gpt-x"]')
    reflexes = Reflexes.of(None)
    site = open_site(scope, Settings(home=home), encoder, Unlogged(), reflexes=reflexes)
    site.catalog.close()

    async def scenario() -> None:
        await site.models.warm_up()
        for _ in range(5):
            await reflexes.breakers.record("openai/gpt-x", ok=False)
        with pytest.raises(CircuitOpen):
            await site.chain.intent_model.tiers[0].model.propose(IntentInput(text="hello", locale="en"))

    asyncio.run(scenario())


def test_a_prompt_that_is_not_there_is_told_in_a_sentence(opened: Callable[[], Site], edit: Edit) -> None:
    edit('intent = ["embedded"]', 'intent = ["openai/gpt-x"]')
    edit("[models] ", '[prompts]\nintent = "99"\n\n[models] ')
    with pytest.raises(ScopeError, match=r"scope\.toml: prompts: There is no prompt intent/99"):
        opened()


@pytest.mark.parametrize("source", ["products.jsonl", "fields.toml", "policies"])
def test_a_source_that_is_not_there_is_told_with_its_path(version: Callable[[], str], scope: Path, source: str) -> None:
    gone = scope.parent / source
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    with pytest.raises(CatalogError, match=rf"{source}: this source of the catalog cannot be read \(No such file"):
        version()


def test_a_catalog_without_one_good_product_is_refused(version: Callable[[], str], scope: Path) -> None:
    (scope.parent / "products.jsonl").write_text("{}\n")
    with pytest.raises(CatalogError):
        version()


def test_a_currency_that_is_not_the_catalogs_is_refused(version: Callable[[], str], edit: Edit, scope: Path) -> None:
    edit('currency = "EUR"', 'currency = "USD"')
    with pytest.raises(ScopeError) as caught:
        version()
    assert str(caught.value) == (
        f"{scope}: site.currency: found 'USD', but the catalog's prices are in 'EUR'; write the same in both."
    )


def test_a_home_that_cannot_be_made_is_told_in_a_sentence(opened: Callable[[], Site], home: Path) -> None:
    home.write_text("this is a file")
    with pytest.raises(HopdeskError, match="home"):
        opened()


def test_a_bad_row_is_logged_and_the_others_are_served(version: Callable[[], str], scope: Path) -> None:
    products = scope.parent / "products.jsonl"
    products.write_text(products.read_text() + '{"sku": "BAD-1"}\n')
    with structlog.testing.capture_logs() as logs:
        version()
    (refused,) = [line for line in logs if line["event"] == "catalog_row_refused"]
    assert refused["log_level"] == "warning"


def test_unchanged_sources_are_not_imported_again(version: Callable[[], str], imports: list[Path]) -> None:
    assert version() == version()
    assert len(imports) == 1


@pytest.mark.parametrize(
    ("source", "more"),
    [
        ("products.jsonl", '{"sku": "N-1", "name": "New", "category": "lamps", "price_minor": 1, "currency": "EUR"}\n'),
        ("fields.toml", '[fields.colour]\nlabel = "paint"\n'),
        ("policies/returns.md", "\n## Costs\n\nReturns are free.\n"),
        ("policies/delivery.md", "# Delivery\n\n## Costs\n\nIt costs 5 EUR.\n"),
    ],
)
def test_changed_sources_are_imported_again(
    version: Callable[[], str], imports: list[Path], scope: Path, source: str, more: str
) -> None:
    before = version()
    with (scope.parent / source).open("a") as file:
        file.write(more)
    assert version() != before
    assert len(imports) == 2


@pytest.mark.parametrize("damage", ["truncated", "gone", "pointer"])
def test_a_damaged_catalog_is_made_again(
    version: Callable[[], str], imports: list[Path], home: Path, damage: str
) -> None:
    before = version()
    folder = home / "catalogs" / "small"
    (index,) = folder.glob("catalog-*.sqlite")
    match damage:
        case "truncated":
            index.write_bytes(index.read_bytes()[:100])
        case "gone":
            index.unlink()
        case _:
            (folder / "current.json").write_text("{")
    with structlog.testing.capture_logs() as logs:
        assert version() == before
    assert "catalog_made_again" in [line["event"] for line in logs]
    assert len(imports) == 2
    assert version() == before
    assert len(imports) == 2


def test_a_damaged_stamp_costs_an_import_and_no_more(
    version: Callable[[], str], imports: list[Path], home: Path
) -> None:
    before = version()
    (home / "catalogs" / "small" / "sources.sha256").write_bytes(b"\xff\xfe")
    assert version() == before
    assert len(imports) == 2


def test_a_scope_without_products_uses_the_catalog_that_is_there(
    version: Callable[[], str], imports: list[Path], edit: Edit, home: Path
) -> None:
    before = version()
    edit('products = "products.jsonl"    # .csv, .json or .jsonl', "")
    assert version() == before
    assert len(imports) == 1
    shutil.rmtree(home)
    with pytest.raises(CatalogError):
        version()


def test_the_head_is_fitted_once_and_again_when_its_file_is_damaged(
    opened: Callable[[], Site], fits: list[int], home: Path
) -> None:
    first = opened()
    second = opened()
    assert len(fits) == 1
    (file,) = (home / "models").iterdir()
    file.write_bytes(b"not a head")
    third = opened()
    assert len(fits) == 2
    text = "how heavy is the Nova 9"
    replies = [site.head.predict(text) for site in (first, second, third)]
    assert replies[0] == replies[1] == replies[2]
    for site in (first, second, third):
        site.catalog.close()


def test_the_threshold_is_the_heads_where_the_scope_names_none_and_else_the_scopes(
    opened: Callable[[], Site], edit: Edit, fits: list[int]
) -> None:
    site = opened()
    site.catalog.close()
    assert site.loaded.scope.thresholds.out_of_scope is None
    assert site.chain.scope.thresholds.out_of_scope == site.head.suggested_oos_threshold
    edit("[models] ", "[thresholds]\nout_of_scope = 0.77\n\n[models] ")
    site = opened()
    site.catalog.close()
    assert site.chain.scope.thresholds.out_of_scope == 0.77
    assert len(fits) == 1


def test_new_examples_make_a_new_head(opened: Callable[[], Site], edit: Edit, fits: list[int]) -> None:
    opened().catalog.close()
    edit('    "Tell me a joke', '    "Why is the sky blue?",\n    "Tell me a joke')
    opened().catalog.close()
    assert len(fits) == 2
    assert fits[1] == fits[0] + 1


def test_further_examples_make_another_head_and_are_fitted_once(
    opened: Callable[[], Site], scope: Path, edit: Edit, encoder: Encoder, fits: list[int]
) -> None:
    edit("[sources]  ", '[sources]\nexamples = "examples.jsonl"  ')
    (scope.parent / "examples.jsonl").touch()
    before = opened()
    new = [
        LabelledExample(intent="support.human", text=f"wibble the gribbit {place}", source="t", split="train")
        for place in range(6)
    ]
    settings = Settings(home=scope.parent / "home")
    changed = open_loaded(with_examples(before.loaded, new), settings, encoder, Unlogged())
    assert changed.head.sha256 != before.head.sha256
    assert changed.head.predict("please wibble the gribbit").label == "support.human"
    assert len(fits) == 2

    lines = "".join(f"{one.model_dump_json()}\n" for one in new)
    (scope.parent / "examples.jsonl").write_text(lines, encoding="utf-8")
    after = opened()
    for site in (before, changed, after):
        site.catalog.close()
    assert after.head.sha256 == changed.head.sha256
    assert after.chain.scope_sha256 == changed.chain.scope_sha256 != before.chain.scope_sha256
    assert len(fits) == 2
