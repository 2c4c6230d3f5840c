"""The examples file of a scope: what it adds, that it is part of the scope's hash, and how a wrong line is told."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains.errors import ScopeError
from chains.record import digest
from chains.scope import EXAMPLE_CHARS, LabelledExample
from chains.scope_file import LoadedScope, load_scope, read_examples, with_examples
from tests.chains.test_scope_file import GOOD

PRICE = LabelledExample(
    intent="product.price", text="how much is [ORDER_1]", source="t1", split="train", labeller="kim"
)
OUTSIDE = LabelledExample(intent=None, text="who won", source="t2", split="train")
NAMED = GOOD.replace('products = "products.jsonl"', 'products = "products.jsonl"\nexamples = "more/examples.jsonl"')


@pytest.fixture
def scope(tmp_path: Path) -> Path:
    """A scope file that names an empty examples file in a folder beside it."""
    path = tmp_path / "scope.toml"
    path.write_text(NAMED, encoding="utf-8")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "examples.jsonl").touch()
    return path


def write(scope: Path, *lines: str) -> Path:
    path = scope.parent / "more" / "examples.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def as_line(example: LabelledExample, **changes: object) -> str:
    return json.dumps({**json.loads(example.model_dump_json()), **changes})


def problem(scope: Path) -> str:
    with pytest.raises(ScopeError) as raised:
        load_scope(scope)
    said = str(raised.value)
    assert said.endswith((".", "?"))
    return said


def test_the_examples_come_after_the_scopes_own(scope: Path) -> None:
    text = NAMED.replace('description = "Asks what it costs."', 'description = "A"\nexamples = ["what is the price"]')
    scope.write_text(f'{text}\n[out_of_scope]\nexamples = ["tell me a joke"]\n', encoding="utf-8")
    write(scope, as_line(PRICE), "", as_line(OUTSIDE))
    loaded = load_scope(scope)
    assert loaded.scope.by_id["product.price"].examples == ("what is the price", "how much is [ORDER_1]")
    assert loaded.scope.by_id["support.human"].examples == ()
    assert loaded.scope.out_of_scope.examples == ("tell me a joke", "who won")
    assert loaded.examples == (PRICE, OUTSIDE)


def test_a_scope_without_further_examples_is_as_it_was(scope: Path) -> None:
    loaded = load_scope(scope)
    assert (loaded.text, loaded.sha256, loaded.examples) == (NAMED, digest(NAMED), ())


def test_the_hash_of_the_scope_changes_with_its_examples(scope: Path) -> None:
    seen = []
    for lines in ((), (PRICE,), (PRICE, OUTSIDE), (OUTSIDE, PRICE)):
        write(scope, *map(as_line, lines))
        loaded = load_scope(scope)
        assert loaded.sha256 == digest(loaded.text)
        seen.append(loaded.sha256)
    assert len({*seen}) == 4


def test_blank_lines_and_the_spelling_of_json_change_nothing(scope: Path) -> None:
    write(scope, PRICE.model_dump_json())
    before = load_scope(scope)
    write(scope, "", as_line(PRICE), "  ")
    assert load_scope(scope) == before


EXAMPLES = st.builds(
    LabelledExample,
    intent=st.sampled_from(("product.price", "support.human", None)),
    text=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
    source=st.text(st.characters(codec="utf-8"), max_size=5),
    split=st.just("train"),
    labeller=st.none() | st.text(st.characters(codec="utf-8"), max_size=5),
)


@given(old=st.lists(EXAMPLES, max_size=3), new=st.lists(EXAMPLES, max_size=3))
def test_what_is_added_and_what_is_read_again_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, old: list[LabelledExample], new: list[LabelledExample]
) -> None:
    folder = tmp_path_factory.mktemp("scope")
    path = folder / "scope.toml"
    path.write_text(NAMED, encoding="utf-8")
    (folder / "more").mkdir()
    lines = [one.model_dump_json() for one in old]
    write(path, *lines)
    added: LoadedScope = with_examples(load_scope(path), new)
    write(path, *lines, *(one.model_dump_json() for one in new))
    assert load_scope(path) == added


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "found {; write one JSON object with the keys intent, text, source, split, labeller."),
        ("[]", "found []; write one JSON object with the keys"),
        (f'["{"x" * 80}', "…; write one JSON object"),
        (
            as_line(PRICE, intent="product.prize"),
            "intent: found 'product.prize'; allowed: product.price, support.human",
        ),
        (as_line(PRICE, intent="product.prize"), "did you mean 'product.price'?"),
        (as_line(PRICE, intent="price"), 'intent: found "price"; '),
        (as_line(PRICE, split="test"), 'split: found "test"; allowed: train'),
        (as_line(PRICE, split="dev"), 'split: found "dev"; allowed: train'),
        (as_line(PRICE, text=""), 'text: found ""; string should have at least 1 character.'),
        (as_line(PRICE, text="x" * (EXAMPLE_CHARS + 1)), f"string should have at most {EXAMPLE_CHARS} characters."),
        (as_line(PRICE, score=1), "score: this key is unknown; allowed: intent, labeller, source, split, text"),
        ('{"text": "x", "source": "t", "split": "train"}', "intent: this key is missing; add it."),
        ('{"text": "\\ud800", "intent": null, "source": "t", "split": "train"}', "write one JSON object"),
    ],
)
def test_a_wrong_line_is_refused_with_its_place_and_what_is_allowed(scope: Path, line: str, said: str) -> None:
    path = write(scope, as_line(PRICE), line, "{")
    told = problem(scope)
    assert told.startswith(f"{path} line 2: ")
    assert said in told


def test_a_text_may_be_as_long_as_the_scopes_own(scope: Path) -> None:
    write(scope, as_line(PRICE, text="x" * EXAMPLE_CHARS))
    assert len(load_scope(scope).examples) == 1


def test_a_file_that_is_named_and_missing_is_told_with_what_to_do(scope: Path) -> None:
    path = scope.parent / "more" / "examples.jsonl"
    path.unlink()
    assert problem(scope) == (
        f"{path}: there is no such file, and sources.examples names it; make an empty one, or remove the key."
    )


def test_a_file_that_cannot_be_read_is_told(scope: Path) -> None:
    path = write(scope)
    path.write_bytes(b"\xff\xfe")
    assert "the examples cannot be read (UnicodeDecodeError); the file must be UTF-8 text." in problem(scope)
    path.unlink()
    path.mkdir()
    assert "the examples cannot be read (IsADirectoryError)" in problem(scope)


def test_an_empty_name_is_no_way_to_have_none(scope: Path) -> None:
    scope.write_text(NAMED.replace("more/examples.jsonl", ""), encoding="utf-8")
    assert "the examples cannot be read" in problem(scope)


def test_a_wrong_scope_is_told_before_its_examples(scope: Path) -> None:
    write(scope, "{")
    scope.write_text(NAMED.replace('id = "demo"', 'id = "D"'), encoding="utf-8")
    assert "site.id" in problem(scope)


def test_the_reader_alone_knows_the_intents_of_a_scope(scope: Path) -> None:
    path = write(scope, as_line(OUTSIDE))
    assert read_examples(path, load_scope(scope).scope) == (OUTSIDE,)
