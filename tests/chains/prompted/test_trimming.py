import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains.language import Json
from chains.messages import IntentInput, ModerationInput, ResponseInput
from chains.prompt_files import as_json, load_prompt
from chains.prompted.intent import PromptedIntent
from chains.prompted.moderation import PromptedModerator
from chains.prompted.response import PromptedResponder
from chains.prompted.trimming import Lists, estimate_tokens, fit, message_tokens
from chains.scope_file import load_scope
from tests.chains.fake_language import FakeLanguage
from tests.chains.shop import LAPTOPS

ITEMS = st.lists(st.text(max_size=60), max_size=12)


class Writer:
    """Writes all items into one message, and counts how often it did."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, kept: Lists) -> tuple[Json, ...]:
        self.times += 1
        body = "\n".join(f"{name}: {item}" for name, items in kept.items() for item in items)
        return ({"role": "user", "content": f"always here\n{body}"},)


@given(ITEMS, ITEMS, st.integers(0, 400))
def test_the_budget_is_kept_and_what_is_left_out_is_counted(a: list[str], b: list[str], budget: int) -> None:
    write = Writer()
    messages, tokens, trimmed = fit(write, {"a": a, "b": b}, budget)
    kept: Lists = {name: list(items[: len(items) - trimmed.get(name, 0)]) for name, items in (("a", a), ("b", b))}
    assert messages == Writer()(kept)
    assert tokens == message_tokens(messages)
    assert tokens <= budget or not any(kept.values())
    assert not kept["a"] or kept["b"] == b, "the second list gives way only when the first is empty"
    assert all(trimmed.values()), "what is whole is not counted"


def test_what_fits_is_written_once_and_what_does_not_only_a_few_times() -> None:
    long: Sequence[str] = ["word " * 20] * 200
    roomy, tight = Writer(), Writer()
    fit(roomy, {"a": long}, 100_000)
    _, _, trimmed = fit(tight, {"a": long}, 1000)
    assert roomy.times == 1
    assert tight.times <= 4
    assert trimmed["a"] < 180


def test_what_is_long_only_in_print_is_trimmed_as_well() -> None:
    def write(kept: Lists) -> tuple[Json, ...]:
        return ({"role": "user", "content": "much more than its JSON " * len(kept["a"])},)

    messages, tokens, trimmed = fit(write, {"a": [1] * 50}, 100)
    assert message_tokens(messages) == tokens <= 100
    assert messages == write({"a": [1] * (50 - trimmed["a"])})


@given(st.text(), st.text())
def test_an_estimate_grows_with_the_text(a: str, b: str) -> None:
    assert 0 <= estimate_tokens(a) <= estimate_tokens(a + b) <= estimate_tokens(a) + estimate_tokens(b)
    assert estimate_tokens("") == 0
    assert estimate_tokens("\ud800") == 3


@pytest.fixture(scope="module")
def tokens_of() -> Callable[[str], int]:
    """Counts tokens of OpenAI's cl100k_base, from the copy that litellm brings."""
    tiktoken = pytest.importorskip("tiktoken")
    spec = find_spec("litellm")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "litellm_core_utils" / "tokenizers"
    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    try:
        encoding = tiktoken.get_encoding("cl100k_base")
    finally:
        os.environ.pop("TIKTOKEN_CACHE_DIR")
        if before is not None:
            os.environ["TIKTOKEN_CACHE_DIR"] = before
    return lambda text: len(encoding.encode(text, disallowed_special=()))


def test_an_estimate_is_on_the_high_side_of_what_a_tokenizer_counts(tokens_of: Callable[[str], int]) -> None:
    model = FakeLanguage()
    scope = load_scope(Path(__file__).parents[3] / "assistant" / "demo" / "shop" / "scope.toml").scope
    text = "Which of these is lighter, and has it HDMI?"
    calls = (
        PromptedModerator(model, load_prompt("moderation", "1"), 9000).call(ModerationInput(text=text, locale="en"))[0],
        PromptedIntent(model, load_prompt("intent", "1"), scope, 9000).call(IntentInput(text=text, locale="en"))[0],
        PromptedResponder(model, load_prompt("response", "1"), 9000).call(
            ResponseInput(text=text, intents=("a.b",), evidence=LAPTOPS)
        )[0],
    )
    for call in calls:
        counted = sum(tokens_of(str(message["content"])) for message in call.messages)
        assert counted <= message_tokens(call.messages) <= 2 * counted
        counted = tokens_of(as_json(call.schema))
        assert counted <= estimate_tokens(as_json(call.schema)) <= 2 * counted


TEXTS = {
    "prose": "Which of these laptops is lighter, and does any of them have more than 16 GB of memory? " * 9,
    "shouting": "PLEASE REFUND MY ORDER NOW, IT IS BROKEN! " * 20,
    "german": "Welche Größe hat der Rucksack und wie viel wiegt er überhaupt? " * 9,
    "SKUs": " ".join(
        f"{a}{b}X-{7919 * n % 99991}" for n, (a, b) in enumerate(zip("ABCDEFGHZQ" * 20, "XYZKW" * 40, strict=True))
    ),
    "digits": "".join(str(7919 * n % 10) for n in range(999)),
    "prices": "1,299.90 EUR; " * 90,
    "placeholders": "[ORDER_1] [EMAIL_2] " * 90,
    "emoji": "🤷🏽‍♂️👩‍👩‍👧‍👦" * 90,
    "CJK": "这款笔记本电脑有多少内存，价格是多少？" * 20,
    "burmese": "ငါ့ကို ဘာကြောင့်" * 60,
    "rare letters": "".join(chr(0x10000 + 7919 * n % 0xFFF) for n in range(500)),
    "symbols": "".join("~^|}{][<>#@%"[7919 * n % 12 * n % 12] for n in range(999)),
    "evidence": as_json(LAPTOPS),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_an_estimate_of_any_kind_of_text_is_on_the_high_side(text: str, tokens_of: Callable[[str], int]) -> None:
    assert tokens_of(text) <= estimate_tokens(text) <= 3.1 * tokens_of(text)


def test_function_calls_and_their_results_are_counted() -> None:
    call: Json = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"sku": "A"}' * 9}}
    asked: Json = {"role": "assistant", "content": None, "tool_calls": [call]}
    answered: Json = {"role": "tool", "tool_call_id": "call_1", "content": "{}"}
    assert message_tokens((asked,)) > estimate_tokens(as_json(call))
    assert message_tokens((answered,)) > estimate_tokens("call_1") + estimate_tokens("{}")
