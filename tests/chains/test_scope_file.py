from pathlib import Path

import pytest

from chains.errors import ScopeError
from chains.record import digest
from chains.scope import IntentScope
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


INTENT_KEYS = ", ".join(sorted(IntentScope.model_fields))
MISTAKES = {
    "an unknown key at the top": (
        'colour = "red"\n' + GOOD,
        (
            "colour: this key is unknown; allowed: budget, cache, fallback, intents, language_models, limits, models, "
            "moderation, out_of_scope, prompts, site, sources, texts, thresholds, tools."
        ),
    ),
    "an unknown key in a table": (
        changed('name = "Demo"', 'nmae = "Demo"\nname = "Demo"'),
        (
            "site.nmae: this key is unknown; allowed: also_reads, currency, id, locale, name, origins, region, tone; "
            "did you mean 'name'?"
        ),
    ),
    "an unknown key in a table in a table": (
        changed('region = "DE"', 'regoin = "DE"'),
        (
            "moderation.pii.regoin: this key is unknown; allowed: countries, for_tools, kinds, order_pattern, region; "
            "did you mean 'region'?"
        ),
    ),
    "an unknown key in an intent": (
        changed('outcomes = ["handoff"]', 'outcomes = ["handoff"]\noutcome = "x"'),
        f"intents[1].outcome: this key is unknown; allowed: {INTENT_KEYS}; did you mean 'outcomes'?",
    ),
    "an unknown key in a tool's parameter": (
        changed('pattern = "^[A-Z]$"', 'patern = "^[A-Z]$"'),
        (
            "tools[0].parameters[0].patern: this key is unknown; allowed: description, name, pattern, type; "
            "did you mean 'pattern'?"
        ),
    ),
    "an unknown key under a name of one's own": (
        GOOD + "[moderation.thresholds.classifier.violence]\nblock = 0.5\n",
        (
            "moderation.thresholds.classifier.violence.block: this key is unknown; allowed: block_at, review_at; "
            "did you mean 'block_at'?"
        ),
    ),
    "an unknown name where names are given": (
        GOOD + "[moderation.thresholds.model.violense]\nblock_at = 0.9\n",
        (
            'moderation.thresholds.model.violense: found "violense"; allowed: harassment, hate, sexual, self_harm, '
            "violence, illegal, fraud, injection, spam; did you mean 'violence'?"
        ),
    ),
    "a missing key": (changed('id = "demo"', ""), "site.id: this key is missing; add it."),
    "a missing key of an intent": (
        changed('label = "A person"', ""),
        "intents[1].label: this key is missing; add it.",
    ),
    "a word that is not allowed": (
        changed('kind = "http"', 'kind = "htpp"'),
        "tools[0].kind: found \"htpp\"; allowed: sql, http; did you mean 'http'?",
    ),
    "a word that is not allowed in a list": (
        changed('outcomes = ["handoff"]', 'outcomes = ["hand-off"]'),
        (
            'intents[1].outcomes[0]: found "hand-off"; allowed: answer, clarify, decline, handoff; '
            "did you mean 'handoff'?"
        ),
    ),
    "a word that is near to none": (
        changed('name = "Demo"', 'name = "Demo"\ntone = "zzz"'),
        'site.tone: found "zzz"; allowed: plain, warm.',
    ),
    "a text for a number": (
        changed("deadline_ms = 8000", 'deadline_ms = "8000"'),
        'budget.deadline_ms: found "8000"; it should be a valid integer.',
    ),
    "a number out of range": (
        changed("deadline_ms = 8000", "deadline_ms = 100"),
        "budget.deadline_ms: found 100; it should be greater than or equal to 200.",
    ),
    "no number at all": (
        changed("hop_ms = 4000", "usd = nan"),
        "budget.usd: found NaN; it should be a finite number.",
    ),
    "a budget without end": (
        changed("hop_ms = 4000", "usd = inf"),
        "budget.usd: found Infinity; it should be a finite number.",
    ),
    "a value where a table belongs": (
        changed('[sources]\nproducts = "products.jsonl"', "").replace("[site]", 'sources = "x"\n[site]', 1),
        'sources: found "x"; it should be a table.',
    ),
    "a long value, shortened": (
        changed("deadline_ms = 8000", f'deadline_ms = "{"x" * 200}"'),
        f'budget.deadline_ms: found "{"x" * 59}…; it should be a valid integer.',
    ),
    "an empty list": (
        changed('outcomes = ["handoff"]', "outcomes = []"),
        "intents[1].outcomes: found []; the list should have at least 1 item.",
    ),
    "an id of another shape": (
        changed('id = "support.human"', 'id = "Support"').replace('next = ["support.human"]\n', ""),
        "intents[1].id: found \"Support\"; string should match pattern '^[a-z][a-z0-9_]*\\.[a-z][a-z0-9_]*$'.",
    ),
    "a language model in capitals": (
        changed("[budget]\n", '[models]\nintent = ["OpenAI/x"]\n\n[budget]\n'),
        (
            'models.intent[0]: found "OpenAI/x"; write provider/model in small letters as litellm does, '
            "such as 'openai/gpt-4.1-mini'."
        ),
    ),
    "a threshold of a language model": (
        changed("[budget]\n", '[models]\nintent = ["openai/x@0.9"]\n\n[budget]\n'),
        (
            'models.intent[0]: found "openai/x@0.9"; a threshold is for the embedded model alone, as in '
            "'embedded@0.9'; leave it out here."
        ),
    ),
    "an address without a scheme": (
        changed("[budget]\n", '[[language_models]]\nname = "a/b"\nbase_url = "host:1/v1"\n\n[budget]\n'),
        (
            'language_models[0].base_url: found "host:1/v1"; write it with http:// or https://, '
            "such as 'http://127.0.0.1:8000/v1'."
        ),
    ),
    "a model twice in a hop": (
        changed("[budget]\n", '[models]\nintent = ["embedded@0.9", "openai/x", "embedded"]\n\n[budget]\n'),
        "models.intent[2]: found 'embedded' twice; name each model once.",
    ),
    "a pattern that is none": (
        changed('pattern = "^[A-Z]$"', 'pattern = "("'),
        (
            'tools[0].parameters[0].pattern: found "("; not a regular expression, or one with look-around; '
            "write one like ^[0-9]{5}$."
        ),
    ),
    "a reserved name": (
        changed('name = "hall"', 'name = "json"'),
        "tools[0].parameters[0].name: found \"json\"; this name is reserved; choose another one, such as 'json_value'.",
    ),
    "a name that is none": (
        changed('space = "free space"', '"Free" = "free space"'),
        "tools[0].returns.Free: found \"Free\"; string should match pattern '^[a-z][a-z0-9_]{0,59}$'.",
    ),
    "an intent given twice": (
        changed('id = "support.human"', 'id = "product.price"').replace('next = ["support.human"]\n', ""),
        "intents[1].id: found 'product.price' twice; join the two.",
    ),
    "a tool given twice": (
        GOOD + GOOD[GOOD.index("[[tools]]") :],
        "tools[1].name: found 'warehouse' twice; give each tool a name of its own.",
    ),
    "a tool that is built in": (
        changed('name = "warehouse"', 'name = "get_order"').replace(', "warehouse"', ""),
        "tools[0].name: found 'get_order' twice; give each tool a name of its own.",
    ),
    "a parameter given twice": (
        changed("parameters = [", 'parameters = [{ name = "hall", type = "sku" }, '),
        "tools[0].parameters[1].name: found 'hall' twice; give each parameter a name of its own.",
    ),
    "an unknown tool": (
        changed('"get_product"', '"get_products"'),
        (
            "intents[0].tools[0]: found 'get_products'; allowed: search_products, get_product, compare_products, "
            "check_stock, list_categories, find_policy, get_order, warehouse; did you mean 'get_product'?"
        ),
    ),
    "an unknown next intent": (
        changed('next = ["support.human"]', 'next = ["support.humans"]'),
        (
            "intents[0].next[0]: found 'support.humans'; allowed: product.price, support.human; "
            "did you mean 'support.human'?"
        ),
    ),
    "an answer that cannot be reached": (
        changed('outcomes = ["handoff"]', 'outcomes = ["answer", "handoff"]'),
        "intents[1].outcomes: 'answer' cannot be reached without tools or a reply; add one of them, or remove it.",
    ),
    "tools that are never called": (
        changed('outcomes = ["answer", "handoff"]', 'outcomes = ["handoff"]'),
        "intents[0].tools: they are never called, because outcomes lacks 'answer'; add it, or remove the tools.",
    ),
    "an identity that cannot be asked for": (
        changed('outcomes = ["answer", "handoff"]', 'outcomes = ["answer", "decline"]\nidentity = "verified"'),
        "intents[0].outcomes: identity 'verified' needs 'clarify' or 'handoff' for customers who are not known.",
    ),
    "no way out": (
        changed('outcomes = ["answer", "handoff"]', 'outcomes = ["answer"]'),
        "intents[0].outcomes: add 'handoff' or 'decline', for when no answer can be given.",
    ),
    "a tool that is called as language models ask": (
        GOOD.replace('"warehouse"', '"ask_customer"'),
        "tools[0].name: 'ask_customer' is how a language model asks; give the tool another name.",
    ),
    "a worked example with another intent's tool": (
        shown("[{ get_order = {} }]"),
        (
            "intents[0].shots[0].calls[0]: found 'get_order', which is no tool of this intent; allowed: get_product, "
            "warehouse; did you mean 'get_product'?"
        ),
    ),
    "a worked example of an intent without tools": (
        shown("[{ get_order = {} }]", "[[tools]]"),
        "intents[1].shots[0].calls[0]: found 'get_order', which is no tool of this intent; it has none.",
    ),
    "a worked example with two tools in one call": (
        shown('[{ get_product = { sku = "A" }, warehouse = { hall = "B" } }]'),
        "intents[0].shots[0].calls[0]: found 2 tools; write each call as one tool with its arguments.",
    ),
    "a worked example with an unknown argument": (
        shown('[{ warehouse = { hall = "A" } }, { get_product = { sku = "A", feilds = [] } }]'),
        (
            "intents[0].shots[0].calls[1].get_product.feilds: this key is unknown; allowed: fields, sku; "
            "did you mean 'fields'?"
        ),
    ),
    "a worked example without an argument that is needed": (
        shown("[{ get_product = {} }]"),
        "intents[0].shots[0].calls[0].get_product.sku: this key is missing; add it.",
    ),
    "a worked example with an argument of another form": (
        shown('[{ warehouse = { hall = "12" } }]'),
        ("intents[0].shots[0].calls[0].warehouse.hall: found \"12\"; string should match pattern '^[A-Z]$'."),
    ),
    "a hop that may take longer than the turn": (
        changed("hop_ms = 4000", "hop_ms = 9000"),
        "budget.hop_ms: found 9000, which is more than the deadline_ms of the whole turn (8000); make it smaller.",
    ),
    "brackets in brackets in brackets": (
        "a = " + "[" * 5000 + "]" * 5000,
        "a value is too long or too deeply nested to be read; make it simpler.",
    ),
    "keys under keys under keys": (
        ".".join("a" * 5000) + " = 1",
        "a value is too long or too deeply nested to be read; make it simpler.",
    ),
    "a number of thousands of digits": (
        "a = " + "9" * 5000,
        "a value is too long or too deeply nested to be read; make it simpler.",
    ),
}


@pytest.mark.parametrize(("text", "problem"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_sentence_with_the_key_what_was_found_and_what_is_allowed(text: str, problem: str) -> None:
    assert problems(text) == [problem]


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
