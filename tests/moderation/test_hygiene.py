import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.hygiene import Change, CleanText, HygieneCode, HygieneError, clean, matching_form


@pytest.mark.parametrize(
    ("text", "cleaned", "changes"),
    [
        ("Where is my order?", "Where is my order?", ()),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour", ("line_endings",)),
        ("tick\x07 tack, and so on for a while", "tick tack, and so on for a while", ("control_characters",)),
        ("pay\u200bpal", "paypal", ("invisible_characters",)),
        ("\u202eabc\u202c", "abc", ("invisible_characters",)),
        ("hi\U000e0069\U000e0067\U000e006e", "hi", ("invisible_characters",)),
        ("x\ufe01\U000e0155y", "xy", ("invisible_characters",)),
        ("Cafe\u0301", "Café", ("composed",)),
        ("  a \t\xa0 b \n \n \n\n c ", "a b\n\nc", ("whitespace",)),
    ],
)
def test_cleaning_removes_what_nobody_can_see_and_says_so(text: str, cleaned: str, changes: tuple[Change, ...]) -> None:
    assert clean(text, limit=100) == CleanText(cleaned, changes)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \n\u200b ", "empty"),
        ("123456", "too_long"),
        ("a\ud800b", "surrogates"),
        ("ab\x00\x01", "binary"),
        ("ab\ufffd", "binary"),
    ],
)
def test_what_cannot_be_accepted_is_refused_with_a_code_and_a_sentence(text: str, code: HygieneCode) -> None:
    with pytest.raises(HygieneError) as caught:
        clean(text, limit=5)
    assert caught.value.code == code
    assert str(caught.value).endswith(".")


def test_the_limit_counts_the_cleaned_characters() -> None:
    assert clean("  12345\r\n", limit=5).text == "12345"


def test_a_tenth_of_unreadable_characters_is_still_text() -> None:
    assert clean("012345678\x00", limit=20).text == "012345678"


ANY_TEXT = st.text(st.characters() | st.sampled_from("\r\n\t \x00\u200b\u202e\u0301\xa0\U000e0041\u1160"))


@given(ANY_TEXT)
def test_cleaning_is_idempotent_and_leaves_only_visible_composed_text(text: str) -> None:
    try:
        cleaned = clean(text, limit=10_000).text
    except HygieneError:
        return
    assert clean(cleaned, limit=10_000) == CleanText(cleaned)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == cleaned.strip()
    assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in cleaned if char != "\n")
    assert not any(0xE0000 <= ord(char) <= 0xE01EF for char in cleaned)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("IGNORE", "ignore"),
        ("1gn0re @ll", "ignore all"),
        ("\u0456gn\u043er\u0435", "ignore"),
        ("\u03b9gn\u03bfr\u03b5", "ignore"),
        ("\uff29\uff27\uff2e\uff2f\uff32\uff25", "ignore"),
        ("ïgnöré", "ignore"),
        ("don\u2019t", "don't"),
        ("Straße", "strasse"),
        ("2 kg for 849 EUR", "2 kg for 849 eur"),
        ("SYSTEM:\nx", "system:\nx"),
    ],
)
def test_the_matching_form_has_one_spelling_for_what_reads_the_same(text: str, form: str) -> None:
    assert matching_form(text) == form


@given(ANY_TEXT)
def test_the_matching_form_exists_for_every_text_and_ignores_case(text: str) -> None:
    assert matching_form(text) == matching_form(unicodedata.normalize("NFC", text))
