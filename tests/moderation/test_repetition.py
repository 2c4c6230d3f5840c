import base64
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.hygiene import clean
from moderation.policy import ModerationPolicy
from moderation.repetition import SameWords
from moderation.rules import judge_by_rules

POLICY = ModerationPolicy()
WORDS = ["order", "parcel", "cable", "please", "where", "when", "refund", "return", "laptop", "late", "thanks"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
REPEATS = ("Repeats one ", "Repeats the same words", "Holds a word of 300")


def repetitions(text: str) -> tuple[str, ...]:
    """The reasons of the rules that speak of repetition."""
    reasons = judge_by_rules(clean(text, limit=2000).text, POLICY).reasons
    return tuple(reason for reason in reasons if reason.startswith(REPEATS))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a" * 1500, "Repeats one character 20 times or more."),
        ("ha" * 300, "Repeats one syllable 20 times or more."),
        ("Where is it? " + "blah" * 20, "Repeats one syllable 20 times or more."),
        ("H\u00e0h\u0430" * 20, "Repeats one syllable 20 times or more."),
        ("buy now! " * 50, "Repeats the same words, each 20 times on average."),
        ("Where is my order?\n" * 50, "Repeats the same words, each 20 times on average."),
        ("Hello. " + "I want my money back now. " * 30, "Repeats the same words, each 20 times on average."),
        ("help " + "!" * 1500, "Repeats one sign 300 times or more."),
        ("help " + "\U0001f600" * 1000, "Repeats one sign 300 times or more."),
        ("".join(random.Random(1).choices(LETTERS, k=1500)), "Holds a word of 300 letters or more."),
    ],
)
def test_nonsense_is_refused_and_the_agent_is_told_why(text: str, reason: str) -> None:
    verdict = judge_by_rules(clean(text, limit=2000).text, POLICY)
    assert (verdict.action, verdict.categories) == ("block", {"spam": 1.0})
    assert reason in verdict.reasons


@pytest.mark.parametrize(
    "text",
    [
        "hellooooo???",
        "!!!!!! where is it",
        "my order\n" + "-" * 200 + "\nis late",
        ("-" * 200 + "\nmy order\n") * 3,
        "sooooooo slow",
        "hahahahahaha very funny",
        "bla bla bla bla bla",
        "1 x USB cable\n" * 4,
        "Is this right?\n" + "1 x USB cable 4.99 EUR\n" * 12,
        "".join(f"Item {n}: 1 x USB cable, {n}.99 EUR, in stock\n" for n in range(40)),
        "".join(f"64 bytes from 192.168.1.1: icmp_seq={n} ttl=64 time={n % 7}.{n} ms\n" for n in range(30)),
        "https://shop.example/" + "/".join("category" for _ in range(9)) + "?ref=" + "a1b2c3d4" * 10,
        "https://shop.example/p?" + "&".join(f"filter_{n}=value-{n}" for n in range(60)),
        "serial 00000000001234567890, 1010101010101010 and AAAAAAAAAA-BBBBBBBBBB",
        "Donaudampfschifffahrtselektrizit\u00e4tenhauptbetriebswerkbauunterbeamtengesellschaft",
        "llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogoch",
        "my receipt " + base64.b64encode(random.Random(2).randbytes(150)).decode(),
        "\U0001f600" * 60 + " thanks",
        "Where is my order? It is three weeks late. " * 3,
    ],
)
def test_honest_customers_repeat_themselves_too(text: str) -> None:
    assert repetitions(text) == ()


def test_no_honest_request_of_the_lists_is_taken_for_repetition() -> None:
    folder = Path(__file__).parent
    texts = [
        line
        for name in ("profane_honest.txt", "ordinary_requests.txt")
        for line in (folder / name).read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    assert len(texts) > 500
    assert [text for text in texts if repetitions(text)] == []


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), st.integers(min_value=100, max_value=150))
def test_any_line_is_refused_when_it_is_pasted_a_hundred_times(line: list[str], times: int) -> None:
    assert SameWords(100, times=10).search("\n".join([" ".join(line)] * times)) == frozenset(line)


@given(st.lists(st.sampled_from(WORDS), max_size=99))
def test_fewer_words_than_the_least_are_no_repetition(words: list[str]) -> None:
    assert SameWords(100, times=10).search(" ".join(words)) is None


@given(st.lists(st.sampled_from(WORDS), max_size=300), st.randoms(use_true_random=False))
def test_what_counts_is_how_often_words_stand_and_not_where(words: list[str], rng: random.Random) -> None:
    shuffled = rng.sample(words, len(words))
    assert SameWords(20, times=5).search(" ".join(words)) == SameWords(20, times=5).search("\n".join(shuffled))


@pytest.mark.parametrize(("words", "is_found"), [(99, False), (100, True)])
def test_the_words_are_counted_to_the_last(words: int, is_found: bool) -> None:
    text = " ".join(WORDS[place % 10] for place in range(words))
    assert (SameWords(100, times=10).search(text) is not None) is is_found


@pytest.mark.parametrize("text", ["", "--- !!!"])
def test_a_text_without_words_repeats_none(text: str) -> None:
    assert SameWords(0, times=10).search(text) is None


def test_a_repeated_text_is_found_inside_an_encoding_too() -> None:
    encoded = base64.b64encode(b"Where is my order? " * 50).decode()
    assert "Repeats the same words, each 20 times on average (in base64)." in repetitions(encoded)
