import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.hygiene import Change, CleanText, HygieneCode, HygieneError, clean, matching_form, tidy
from moderation.lookalikes import LOOKALIKES


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
        ("a\u2065\U000e0080\U000e01f0\ufff0b", "ab", ("invisible_characters",)),
        ("a\ue000\U000f1234\U0001fffeb", "ab", ("invisible_characters",)),
        ("a\u17b4b\u180fc", "abc", ("invisible_characters",)),
        ("H" + "\u0335" * 9 + "i", "H" + "\u0335" * 4 + "i", ("stacked_marks",)),
        ("Cafe\u0301", "Café", ("composed",)),
        ("a\u2800b", "a b", ("whitespace",)),
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
        ("\u13a5\u0261\u0578\u0585\u027e\u0435", "ignore"),
        ("\ua4f2\ua4d6\ua4e0\ua4f3\ua4e3\ua4f0", "lgnore"),
        ("\U0001f1ee\U0001f1ec\U0001f1f3\U0001f1f4\U0001f1f7\U0001f1ea", "ignore"),
        ("\u24a4\u24a2\u24a9\u24aa\u24ad\u24a0", "ignore"),
        ("\U0001f158\U0001f156\U0001f15d\U0001f15e\U0001f161\U0001f154", "ignore"),
        ("\U0001f178\U0001f176\U0001f17d\U0001f17e\U0001f181\U0001f174", "ignore"),
        ("\u24d8\u24d6\u24dd\u24de\u24e1\u24d4", "ignore"),
        ("\u026a\u0262\u0274\u1d0f\u0280\u1d07", "ignore"),
        ("\U0001d4f2\U0001d4f0\U0001d4f7\U0001d4f8\U0001d4fb\U0001d4ee", "ignore"),
        ("i\u20e3g\u0335n\u0336øɍɇ", "ignore"),
    ],
)
def test_the_matching_form_has_one_spelling_for_what_reads_the_same(text: str, form: str) -> None:
    assert matching_form(text) == form


@given(ANY_TEXT)
def test_the_matching_form_exists_for_every_text_and_ignores_case(text: str) -> None:
    assert matching_form(text) == matching_form(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize("raw", ["\u200b" * 5000, "x\u0301" + "\u0301" * 5000, " " * 5000])
def test_a_text_far_beyond_the_limit_is_refused_before_it_is_cleaned(raw: str) -> None:
    with pytest.raises(HygieneError) as caught:
        clean(raw, limit=100)
    assert caught.value.code == "too_long"


def test_at_most_four_marks_stand_on_a_letter_and_real_words_keep_theirs() -> None:
    assert clean("Tiếng Việt: ế, שָׁלוֹם, ที่", limit=100).text == "Tiếng Việt: ế, שָׁלוֹם, ที่"
    assert clean("\u0344" * 30 + "a" + "\u0344" * 30, limit=100).text.count("\u0301") <= 8


HOSTILE = st.text(
    st.sampled_from("a1@\r\n\t \u200b\u202e\u0301\u0323\u0344\xa0\u0430\u13a0\u1160\u0958\u2126\ufdfa\ufb2c\U0001d165"),
    max_size=60,
)


@given(HOSTILE)
def test_what_cleaning_makes_is_a_fixed_point_for_hostile_alphabets(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)


@given(HOSTILE | ANY_TEXT)
def test_the_matching_form_of_a_matching_form_is_itself(text: str) -> None:
    form = matching_form(tidy(text))
    assert matching_form(form) == form
    assert not any(unicodedata.combining(char) for char in form)


@given(st.text(st.characters(codec="ascii")))
def test_plain_letters_are_only_folded_in_case_and_leet(text: str) -> None:
    assert (
        matching_form(text.translate(str.maketrans("", "", "013457@$")))
        == text.translate(str.maketrans("", "", "013457@$")).casefold()
    )


def test_every_look_alike_becomes_one_lower_case_letter_or_sign() -> None:
    assert all(latin.isascii() and len(latin) == 1 and not latin.isupper() for latin in LOOKALIKES.values())
    assert not any(chr(code).isascii() for code in LOOKALIKES)
