import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.embedded.language import LANGUAGES, foreign_language
from tests.assistant.embedded.counter import INSIDE, OUTSIDE


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wo ist meine Bestellung?", "de"),
        ("¿Dónde está mi pedido?", "es"),
        ("Où est ma commande ?", "fr"),
        ("Hvor er min pakke henne?", "da"),
        ("Dov'è il mio ordine?", "it"),
        ("Gdzie jest moja paczka?", "pl"),
        ("Waar blijft mijn bestelling?", "nl"),
        ("Onde está a minha encomenda?", "pt"),
        ("Var är mitt paket?", "sv"),
    ],
)
def test_each_language_of_the_hand_off_is_told_from_english(text: str, language: str) -> None:
    assert foreign_language(text) == language


@pytest.mark.parametrize("text", [*(text for texts in INSIDE.values() for text in texts), *OUTSIDE])
def test_english_is_no_foreign_language(text: str) -> None:
    assert foreign_language(text) is None


@pytest.mark.parametrize("text", ["", " ", "ok", "42", "danke", "LAP-1"])
def test_a_text_too_short_to_be_sure_is_read_as_english(text: str) -> None:
    assert foreign_language(text) is None


@given(text=st.text(max_size=80))
def test_any_text_is_english_or_of_a_known_language(text: str) -> None:
    assert foreign_language(text) in {None, *LANGUAGES} - {"en"}
