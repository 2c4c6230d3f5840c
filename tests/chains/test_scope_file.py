from pathlib import Path

import pytest

from chains.errors import ScopeError
from chains.record import digest
from chains.scope_file import load_scope, nearest, parse_scope

DEMO = Path(__file__).parents[2] / "assistant" / "demo" / "shop" / "scope.toml"

GOOD = """
[site]
id = "demo"
name = "Demo"

[sources]
products = "products.jsonl"

[budget]
deadline_ms = 8000
hop_ms = 4000

[moderation.pii]
region = "DE"

[[intents]]
id = "product.price"
label = "What it costs"
description = "Asks what it costs."
tools = ["get_product", "warehouse"]
outcomes = ["answer", "handoff"]
next = ["support.human"]

[[intents]]
id = "support.human"
label = "A person"
description = "Wants a person."
outcomes = ["handoff"]

[[tools]]
name = "warehouse"
description = "Reads the warehouse."
kind = "http"
source = "https://warehouse.example/{hall}"
returns = { space = "free space" }
parameters = [{ name = "hall", type = "text", pattern = "^[A-Z]$" }]
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ScopeError) as raised:
        parse_scope(text, "scope.toml")
    lines = str(raised.value).splitlines()
    assert all(line.startswith("scope.toml: ") and line.endswith((".", "?")) for line in lines)
    return [line.removeprefix("scope.toml: ") for line in lines]


def changed(true: str, false: str) -> str:
    assert true in GOOD
    return GOOD.replace(true, false, 1)


def shown(calls: str, before: str = 'id = "support.human"') -> str:
    """The good scope with a worked example for the intent that ends there."""
    place = GOOD.index(before)
    place = GOOD.rindex("[[intents]]", 0, place) if before != "[[tools]]" else place
    return f'{GOOD[:place]}[[intents.shots]]\ntext = "x"\ncalls = {calls}\n\n{GOOD[place:]}'


def test_a_good_scope_is_read() -> None:
    scope = parse_scope(GOOD, "scope.toml")
    assert [intent.id for intent in scope.intents] == ["product.price", "support.human"]
    assert scope.by_id["product.price"].next == ("support.human",)


def test_the_demo_shops_scope_is_read_with_its_digest() -> None:
    loaded = load_scope(DEMO)
    assert loaded.path == DEMO
    assert loaded.text == DEMO.read_text(encoding="utf-8")
    assert loaded.sha256 == digest(loaded.text)
    assert loaded.scope.site.id == "lumen-oak"


def test_worked_examples_are_read_as_they_stand() -> None:
    scope = parse_scope(shown('[{ get_product = { sku = "A" } }, { warehouse = { hall = "B" } }]'), "scope.toml")
    assert scope.by_id["product.price"].shots[0].calls == ({"get_product": {"sku": "A"}}, {"warehouse": {"hall": "B"}})


def test_a_worked_example_with_an_unknown_tool_is_said_once() -> None:
    text = shown("[{ warehose = {} }]").replace('"get_product", "warehouse"', '"get_product", "warehose"')
    assert [problem.partition(":")[0] for problem in problems(text)] == ["intents[0].tools[1]"]


LANGUAGE = """
[[language_models]]
name = "openai/gpt-4.1-mini"
api_key_env = "OPENAI_API_KEY"
hedge_after_ms = 1500

[models]
intent = ["embedded@0.9", "openai/gpt-4.1-mini"]

[fallback]
response = "facts"

[cache]
hops = ["intent"]
"""


def test_what_a_scope_says_of_language_models_is_read() -> None:
    scope = parse_scope(GOOD + LANGUAGE, "scope.toml")
    (settings,) = scope.language_models
    assert (settings.name, settings.api_key_env) == ("openai/gpt-4.1-mini", "OPENAI_API_KEY")
    assert (settings.hedge_after_ms, settings.base_url) == (1500, None)
    assert scope.models.intent == ("embedded@0.9", "openai/gpt-4.1-mini")
    assert (scope.fallback.response, scope.fallback.intent, scope.cache.hops) == ("facts", "embedded", ("intent",))


def test_a_mistake_about_a_language_model_names_its_place() -> None:
    (problem,) = problems(GOOD + LANGUAGE.replace("hedge_after_ms = 1500", "hedge_after_ms = 5"))
    assert problem.startswith("language_models[0].hedge_after_ms: ")
    (problem,) = problems(GOOD + LANGUAGE.replace('response = "facts"', 'response = "rules"'))
    assert problem.startswith("fallback.response: ")


def test_what_is_not_toml_is_said_with_its_line() -> None:
    assert problems("[site]\nid = ") == ["this is not TOML: Invalid value (at end of document)."]
    assert problems("\n\n[site") == [
        "this is not TOML: Expected ']' at the end of a table declaration (at end of document)."
    ]


def test_all_mistakes_are_said_at_once() -> None:
    several = changed('kind = "http"', 'kind = "ftp"').replace('id = "demo"', "").replace('label = "A person"', "x = 1")
    assert [problem.partition(":")[0] for problem in problems(several)] == [
        "site.id",
        "intents[1].label",
        "intents[1].x",
        "tools[0].kind",
    ]
    contradictions = (
        changed('"get_product"', '"nothing"').replace('"support.human"]', '"no.where"]').replace("4000", "9000")
    )
    assert [problem.partition(":")[0] for problem in problems(contradictions)] == [
        "intents[0].tools[0]",
        "intents[0].next[0]",
        "budget.hop_ms",
    ]


def test_an_empty_file_lacks_its_tables() -> None:
    assert problems("") == [f"{key}: this key is missing; add it." for key in ("site", "sources", "intents")]


def test_a_missing_file_says_how_to_start(tmp_path: Path) -> None:
    path = tmp_path / "scope.toml"
    with pytest.raises(ScopeError) as raised:
        load_scope(path)
    assert str(raised.value) == f"{path}: there is no such scope file; `hopdesk scope init {path}` writes a starter."


def test_a_file_that_is_not_utf8_or_not_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scope.toml"
    path.write_bytes(b'[site]\nname = "Caf\xe9"')
    for wrong, error in ((path, "UnicodeDecodeError"), (tmp_path, "IsADirectoryError")):
        with pytest.raises(ScopeError) as raised:
            load_scope(wrong)
        assert str(raised.value) == f"{wrong}: the scope file cannot be read ({error}); it must be UTF-8 text."


def test_a_path_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(ScopeError, match="cannot be read"):
        load_scope(Path("scope\0.toml"))


def test_the_nearest_word_is_offered() -> None:
    assert nearest("blak", ["black", "blue"]) == "allowed: black, blue; did you mean 'black'?"
    assert nearest("zzz", ["black", "blue"]) == "allowed: black, blue."


def test_a_language_model_has_an_address_of_its_own() -> None:
    text = changed("[budget]\n", '[[language_models]]\nname = "a/b"\nbase_url = "http://host:1/v1"\n\n[budget]\n')
    assert parse_scope(text, "s.toml").language_models[0].base_url == "http://host:1/v1"
