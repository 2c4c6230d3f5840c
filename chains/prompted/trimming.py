"""Keeps a prompt within its budget of tokens, by leaving out whole pieces of what it can do without."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from chains.language import Json
from chains.prompt_files import as_json

# Measured with OpenAI's cl100k_base: 1.3 to 2.7 times what it counts in prompts, JSON, SKUs, CJK, emoji and symbols, 3
# times in digits (other vocabularies have a token for each). Only letters without any words in them come out too low.
_WORDS_AND_JSON = b'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ \n":,_'
_LETTERS_PER_TOKEN = 3
_MESSAGE_TOKENS = 4  # the role and the marks around a message (OpenAI's cookbook on counting chat tokens: 3, and 1)
_CALLS = ("tool_calls", "tool_call_id")

Lists = dict[str, list[object]]


@lru_cache(maxsize=1024)  # most of a prompt is the same at every request
def estimate_tokens(text: str) -> int:
    """About how many tokens a text has, on the high side: one for each byte in UTF-8 but for what words are made of."""
    raw = text.encode(errors="surrogatepass")
    rare = len(raw.translate(None, _WORDS_AND_JSON))
    return rare - (-(len(raw) - rare) // _LETTERS_PER_TOKEN)


def message_tokens(messages: Sequence[Json]) -> int:
    """About how many tokens some messages have, on the high side; function calls are taken to be written as JSON."""
    return sum(map(_tokens_of, messages))


def _tokens_of(message: Json) -> int:
    calls = sum(estimate_tokens(as_json(message[name])) for name in _CALLS if name in message)
    return estimate_tokens(str(message.get("content") or "")) + calls + _MESSAGE_TOKENS


def fit(
    write: Callable[[Lists], tuple[Json, ...]], optional: Mapping[str, Sequence[object]], budget: int
) -> tuple[tuple[Json, ...], int, dict[str, int]]:
    """The messages within a budget of tokens, how many they have, and how much of each optional list was left out.

    `optional` is in the order in which its lists give way: items go from the end of the first list until it is
    empty, then from the second. Items are taken to be as long as their JSON, and what is written is counted, so it
    is written once where it fits and rarely more than twice where it does not. Where nothing is left to leave out
    the messages may still be over the budget.
    """
    kept: Lists = {name: list(items) for name, items in optional.items()}
    messages = write(kept)
    while (tokens := message_tokens(messages)) > budget and any(kept.values()):
        _drop(kept, tokens - budget)
        messages = write(kept)
    trimmed = {name: gone for name, items in optional.items() if (gone := len(items) - len(kept[name]))}
    return messages, tokens, trimmed


def _drop(kept: Lists, tokens: int) -> None:
    """Take items away until this many tokens are gone, at least one item."""
    for items in kept.values():
        while items and tokens > 0:
            tokens -= estimate_tokens(as_json(items.pop()))
