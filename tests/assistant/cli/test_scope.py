"""`hopdesk scope`: what a scope file means, what may not be meant, and the starter."""

import json
from pathlib import Path

import pytest

from assistant.cli.opening import demo_scope
from assistant.cli.scope_report import Overlap, foreign_links, hop_rows, limit_rows, overlap_rows, overlaps, warnings
from assistant.embedded.head import HeldOut, Prediction
from chains.scope_file import LoadedScope, load_scope, parse_scope
from tests.assistant.cli.conftest import Run
from tests.assistant.shops import STARTER, write_shop


def test_check_prints_the_permissions_and_the_overlaps(run: Run) -> None:
    result = run("scope", "check", demo_scope())
    assert result.exit_code == 0
    for shown in ("Lumen & Oak (lumen-oak): 18 intents", "get_order (needs order proof)", "Intents that overlap"):
        assert shown in result.stdout
    assert "examples right that it had not seen" in result.stdout
    assert result.stderr == ""


def test_products_whose_pages_are_elsewhere_are_a_warning(run: Run, tmp_path: Path) -> None:
    scope = write_shop(tmp_path)
    products = tmp_path / "products.jsonl"
    text = products.read_text(encoding="utf-8")
    addresses = '"url": "/p/own", "sku": "LAP-9"', '"url": "https://www.shop.example/p/1", "sku": "LAP-1"'
    assert all(address[-14:] in text for address in addresses)
    for address in addresses:
        text = text.replace(address[-14:], address)
    products.write_text(text, encoding="utf-8")
    said = " ".join(run("scope", "check", scope).stderr.split())
    assert "site.origins: it does not name www.shop.example, where the pages of 1 product are" in said
    assert 'add "https://www.shop.example" if it is the shop\'s own.' in said
    owned = scope.read_text(encoding="utf-8")
    assert "origins = [" in owned
    scope.write_text(owned.replace("origins = [", 'origins = ["https://www.shop.example", ', 1), encoding="utf-8")
    assert "site.origins" not in run("scope", "check", scope).stderr


def test_many_foreign_hosts_are_told_by_the_first_three() -> None:
    addresses = [f"https://{host}.example/p" for host in "abcde"]
    (said,) = foreign_links(load_scope(demo_scope()).scope, addresses)
    assert "it does not name a.example, b.example, c.example and others, where the pages of 5 products are" in said


def test_the_layers_of_moderation_are_all_asked_so_that_their_order_is_no_warning(tmp_path: Path) -> None:
    text = (STARTER / "scope.toml").read_text(encoding="utf-8")
    text = text.replace('moderation = ["rules", "embedded"]', 'moderation = ["rules", "embedded", "openai/x"]')
    assert [*warnings(_loaded(text, tmp_path))] == []


def test_the_matrix_is_json_and_nothing_else(run: Run) -> None:
    matrix = json.loads(run("scope", "check", demo_scope(), "--matrix").stdout)
    assert matrix["order.status"] == {"anonymous": [], "order_proof": ["get_order"], "verified": ["get_order"]}
    assert len(matrix) == 18


def test_a_scope_with_errors_is_exit_code_1_with_all_of_them(run: Run, tmp_path: Path) -> None:
    path = write_shop(tmp_path)
    text = path.read_text(encoding="utf-8").replace('"get_product"', '"get_produkt"').replace("calls = 6", "calls = 99")
    path.write_text(text, encoding="utf-8")
    result = run("scope", "check", path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "budget.calls: found 99" in result.stderr
    path.write_text(text.replace("calls = 99", "calls = 6"), encoding="utf-8")
    assert "did you mean 'get_product'?" in run("scope", "check", path).stderr


def test_what_may_not_be_meant_is_a_warning(run: Run, tmp_path: Path) -> None:
    path = write_shop(tmp_path)
    text = path.read_text(encoding="utf-8").replace('    "what ports are on it",\n', "")
    text = text.replace("calls = 6", "calls = 1")
    path.write_text(text.replace('    "how heavy is it",\n    "What does', '    "What does', 1), encoding="utf-8")
    result = run("scope", "check", path)
    assert result.exit_code == 0
    assert "warning: budget.calls: 1 is too few for a message with two requests" in result.stderr


def test_the_starter_is_accepted_without_a_warning_and_answers(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    written = run("scope", "init", path)
    assert written.exit_code == 0
    assert f"Next: hopdesk scope check {path}" in written.stdout
    checked = run("scope", "check", path)
    assert (checked.exit_code, checked.stderr) == (0, "")
    answered = run("ask", "How much memory does the Aurel Nova 14 have?", "--scope", path)
    assert answered.stdout.startswith("answer")
    assert "16 GB" in answered.stdout


def test_init_overwrites_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "products.jsonl").write_text("mine", encoding="utf-8")
    (tmp_path / "scope.toml").write_text("mine", encoding="utf-8")
    refused = run("scope", "init", tmp_path / "scope.toml")
    assert refused.exit_code == 1
    assert "is there already and is left as it is" in refused.stderr
    assert run("scope", "init", tmp_path / "other.toml").exit_code == 0
    assert (tmp_path / "products.jsonl").read_text(encoding="utf-8") == "mine"
    missing = run("scope", "init", tmp_path / "scope.toml" / "inside-a-file.toml")
    assert missing.exit_code == 1
    assert "the file cannot be written" in missing.stderr


def test_overlaps_are_counted_by_pair_with_the_surest_examples_first() -> None:
    scope = parse_scope((STARTER / "scope.toml").read_text(encoding="utf-8"), "starter")
    labels = [intent.id for intent in scope.intents for _ in intent.examples]
    texts = [text for intent in scope.intents for text in intent.examples]
    guesses = dict(enumerate(labels)) | {0: "product.search", 1: "product.search", 2: "support.human"}
    scores = {1: 0.9}
    held = [
        HeldOut("masked", label, Prediction(((guesses[at], scores.get(at, 0.5)),), 0.0))
        for at, label in enumerate(labels)
    ]
    found = overlaps(scope, held)
    assert found == (
        Overlap("product.question", "product.search", (texts[1], texts[0])),
        Overlap("product.question", "support.human", (texts[2],)),
    )
    assert list(overlap_rows(found)) == [
        ("product.question", "product.search", "2", f"“{texts[1]}”\n“{texts[0]}”"),
        ("", "1 more pair", "fewer", ""),
    ]
    assert list(overlap_rows(found[:1])) == [("product.question", "product.search", "2", f"“{texts[1]}”\n“{texts[0]}”")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ('tools = ["search_products", "list_categories"]', 'tools = ["find_policy"]\ntopics = ["returns"]'),
            "not set",
        ),
        (('# policies = "policies"', 'policies = "policies"'), ""),
        (('    "Tell me a joke.",\n', ""), ""),
        (('response = ["embedded"]', 'response = ["openai/x"]\nlookup_ = 1'), None),
        (('lookup = ["embedded"]', 'lookup = ["embedded@0.9", "openai/x"]'), ""),
        (("calls = 6 ", "calls = 6\nmodel_calls = 0\nusd = 0.0 "), ""),
        (("calls = 6 ", "calls = 6\nspeculate = true "), "no language model plans the lookup"),
        (
            ("[texts]", '[[language_models]]\nname = "openai/x"\n\n[texts]'),
            "'openai/x' is described and no hop names it",
        ),
    ],
)
def test_warnings_of_changed_starters(change: tuple[str, str], said: str | None, tmp_path: Path) -> None:
    text = (STARTER / "scope.toml").read_text(encoding="utf-8")
    assert change[0] in text
    changed = text.replace(*change)
    if said is None:
        with pytest.raises(Exception, match="lookup_"):
            parse_scope(changed, "changed")
        return
    found = list(warnings(_loaded(changed, tmp_path)))
    assert len(found) == bool(said)
    assert all(said in warning for warning in found)


def test_every_warning_names_its_place(tmp_path: Path) -> None:
    text = (STARTER / "scope.toml").read_text(encoding="utf-8")
    text = text[: text.index("[[intents]]")].replace("calls = 6", "calls = 1\ntokens = 0")
    text = text.replace('["embedded"]', '["openai/some-model"]').replace('# policies = "policies"', 'policies = "p"')
    start = text.index('    "What is the weather')
    text = text[:start] + text[text.index("]", start) :]
    text += '[[intents]]\nid = "a.b"\nlabel = "b"\ndescription = "b"\noutcomes = ["answer", "handoff"]\n'
    text += 'tools = ["find_policy"]\ntopics = ["returns", "there"]\nexamples = ["one"]\n'
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "there.md").touch()
    found = "\n".join(warnings(_loaded(text, tmp_path)))
    for said in (
        "a.b: it has 1 example; write 10 or more",
        "out_of_scope.examples: there are 0",
        "a.b: the topic 'returns' has no policy; write ",
        "budget.calls: 1 is too few",
        "budget: language models answer one after another in 3 hops, and 3 x 4000 ms is more than the deadline of",
        "budget.tokens: it is 0, so the language models are never asked.",
    ):
        assert said in found
    assert "'there'" not in found


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ("", []),
        ("model_calls = 0", ["budget.model_calls: it is 0, so the language models are never asked."]),
        ("usd = 0.0", ["budget.usd: it is 0, so no language model that has a price is asked."]),
        ("usd = 0.05\nusd_per_day = 0.05\ntokens_per_day = 30000", []),
        (
            "usd_per_day = 0.01",
            [
                (
                    "budget.usd_per_day: 0.01 is less than one turn may spend, 0.05, so the language models are never "
                    "asked; raise it, or lower what one turn may spend."
                )
            ],
        ),
        (
            "tokens_per_day = 100",
            [
                (
                    "budget.tokens_per_day: 100 is less than one turn may spend, 30000, so the language models are "
                    "never asked; raise it, or lower what one turn may spend."
                )
            ],
        ),
        (
            "speculate = true",
            ["budget.speculate: no language model plans the lookup, so there is nothing to gain; leave it out."],
        ),
    ],
)
def test_budgets_with_which_nothing_is_asked_are_warnings(budget: str, said: list[str], tmp_path: Path) -> None:
    text = (STARTER / "scope.toml").read_text(encoding="utf-8")
    text = text.replace('intent = ["embedded"]', 'intent = ["openai/x"]')
    text = text.replace("[budget]\n", f"[budget]\n{budget}\n")
    assert [*warnings(_loaded(text, tmp_path))] == said


def test_hops_that_answer_side_by_side_are_counted_once(tmp_path: Path) -> None:
    text = (STARTER / "scope.toml").read_text(encoding="utf-8")
    text = text.replace('intent = ["embedded"]', 'intent = ["openai/x"]')
    text = text.replace('moderation = ["rules", "embedded"]', 'moderation = ["openai/x"]')
    text = text.replace("hop_ms = 4000", "hop_ms = 5000")
    assert [*warnings(_loaded(text, tmp_path))] == []
    text = text.replace('response = ["embedded"]', 'response = ["openai/x"]')
    (said,) = warnings(_loaded(text, tmp_path))
    assert said == (
        "budget: language models answer one after another in 2 hops, and 2 x 5000 ms is more than the deadline of "
        "8000 ms; lower hop_ms or raise deadline_ms."
    )


def test_who_serves_a_hop_and_what_it_falls_back_on_is_a_row() -> None:
    text = (STARTER / "scope.toml").read_text(encoding="utf-8")
    assert [*hop_rows(parse_scope(text, "starter"))] == [
        ("moderation", "rules and embedded", "handoff", "none needed"),
        ("intent", "embedded", "embedded", "none needed"),
        ("lookup", "embedded", "embedded", "none needed"),
        ("response", "embedded", "embedded", "none needed"),
    ]
    text = text.replace('intent = ["embedded"]', 'intent = ["embedded@0.9", "openai/x"]')
    text = text.replace('moderation = ["rules", "embedded"]', 'moderation = ["openai/x"]')
    text += '\n[fallback]\nmoderation = "rules"\nintent = "clarify"\n\n[prompts]\nintent = "1"\n'
    assert [*hop_rows(parse_scope(text, "changed"))][:2] == [
        ("moderation", "rules and openai/x", "rules", "1"),
        ("intent", "embedded@0.9 then openai/x", "clarify", "1"),
    ]


def test_what_language_models_may_cost_is_told_where_there_are_any() -> None:
    text = (STARTER / "scope.toml").read_text(encoding="utf-8")
    assert "money in a turn" not in limits(text)
    text = text.replace('lookup = ["embedded"]', 'lookup = ["openai/x"]')
    rows = limits(text)
    assert rows["language model calls in a turn"] == "6, of which 2 retries"
    assert (rows["tokens in a turn"], rows["money in a turn"]) == ("30,000", "0.05 USD")
    assert {rows["tokens in a day"], rows["money in a day"]} == {"no limit"}
    assert (rows["replies used again"], rows["lookup planned early"]) == ("none", "no")
    budget = "[budget]\ntokens_per_day = 2000000\nusd_per_day = 2.5\nspeculate = true\n"
    text = text.replace("[budget]\n", budget) + '\n[cache]\nhops = ["intent", "lookup"]\nttl_s = 60\n'
    rows = limits(text)
    assert (rows["tokens in a day"], rows["money in a day"]) == ("2,000,000", "2.5 USD")
    assert rows["replies used again"] == "intent, lookup, 60 s"
    assert rows["lookup planned early"].startswith("yes: one prompt of up to 6,000 tokens more")


def limits(text: str) -> dict[str, str]:
    rows = limit_rows(parse_scope(text, "changed"))
    return {what: value for what, value in rows}  # noqa: C416 - rows are tuples of any length to mypy


def _loaded(text: str, folder: Path) -> LoadedScope:
    return LoadedScope(parse_scope(text, "changed"), folder / "scope.toml", "0" * 64, text)
