"""Mistakes in a scope file: each is one sentence with its place, what was found, and what is allowed."""

import pytest

from chains.scope import IntentScope
from tests.chains.test_scope_file import GOOD, changed, problems, shown

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
