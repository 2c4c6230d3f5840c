import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.embedded.moderation.windows import WINDOW_CHARS, windows

TEXTS = st.text(st.sampled_from("ab .!?\n\u2026"), max_size=6 * WINDOW_CHARS)


@pytest.mark.parametrize("text", ["", "short", "a" * WINDOW_CHARS])
def test_a_text_that_fits_into_one_window_has_none(text: str) -> None:
    assert windows(text) == ()


def test_windows_hold_whole_sentences_while_these_are_short() -> None:
    sentence = "This is a sentence of forty characters.."
    assert windows(" ".join([sentence] * 5)) == (f"{sentence} {sentence}", f"{sentence} {sentence}", sentence)


def test_a_long_sentence_is_cut_between_words_and_a_long_word_anywhere() -> None:
    first, second = windows("word " * 30)
    assert (len(first), second) == (119, "word word word word word word")
    assert windows("x" * 250) == ("x" * 120, "x" * 120, "x" * 10)


@given(TEXTS)
def test_no_sign_of_a_long_text_is_lost_and_no_window_is_too_long(text: str) -> None:
    found = windows(text)
    assert all(0 < len(window) <= WINDOW_CHARS for window in found)
    if len(text) > WINDOW_CHARS:
        assert "".join("".join(found).split()) == "".join(text.split())
