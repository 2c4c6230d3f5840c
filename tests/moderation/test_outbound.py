"""What of an outgoing text is sourced and what is prose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.outbound import Outgoing, prose_of, sentences_of
from tests.moderation.outbound import sourced

FACT = "It costs 49 EUR."
POLICY = "Returns: “Send it back within 30 days.\nWe pay for it.”"


def prose(text: str, *passages: str) -> str:
    return prose_of(Outgoing(text=text), sourced(*passages)).strip()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (FACT, ""),
        (f"{FACT}\n{POLICY}\n{FACT}", ""),
        (f"Hello. {FACT} Bye.", "Hello. \n Bye."),
        (f"We say: “{FACT}”", "We say: “\n”"),
        (f"So ({FACT})", "So (\n)"),
        (f"X{FACT}", f"X{FACT}"),
        (f"{FACT}X", f"{FACT}X"),
        (f"today {FACT}", f"today {FACT}"),
    ],
)
def test_a_sourced_passage_is_taken_out_where_it_stands_by_itself(text: str, left: str) -> None:
    assert prose(text, FACT, POLICY) == left


@pytest.mark.parametrize("text", ["Colour: black", "Colour: black.", "Colour: black!", "Colour: black;"])
def test_a_detail_may_get_its_full_stop(text: str) -> None:
    assert prose(text, "Colour: black").strip(".!;") == ""


@pytest.mark.parametrize("text", ["a refund now", "refund now", "refund.x", "my refund"])
def test_a_sourced_word_takes_nothing_out_of_a_sentence(text: str) -> None:
    assert prose(text, "refund") == text


def test_longer_passages_go_first_and_empty_ones_take_nothing() -> None:
    assert prose(f"{FACT} It is blue.", f"{FACT} It is blue.", FACT, "", " ") == ""


def test_sentences_are_told_apart_by_their_ends_and_by_lines() -> None:
    assert sentences_of('It is  1.5 kg. "Yes." No!\nWhy? ') == ("It is 1.5 kg.", '"Yes.', "No!", "Why?")
    assert sentences_of(" \n ") == ()


@given(st.lists(st.text(max_size=20), max_size=4), st.text(max_size=60))
def test_prose_is_never_longer_and_a_text_without_sources_is_all_prose(passages: list[str], text: str) -> None:
    left = prose_of(Outgoing(text=text), sourced(*passages))
    assert len(left) <= len(text) + 1
    assert prose_of(Outgoing(text=text), sourced()) == text
    assert prose_of(Outgoing(text=text), sourced(text)).strip() == "" or text != text.strip()


@given(st.lists(st.text(st.characters(exclude_characters="\n"), min_size=1, max_size=20).filter(str.strip), min_size=1))
def test_lines_that_are_all_sourced_leave_no_prose(lines: list[str]) -> None:
    assert prose_of(Outgoing(text="\n".join(lines)), sourced(*lines)).strip() == ""
