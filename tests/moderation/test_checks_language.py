"""Prose is in a language of the site's; short texts and names are in any."""

import unicodedata
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.checks_language import FUNCTION_WORDS, in_language
from moderation.outbound_policy import LanguageCode, OutboundPolicy
from tests.moderation.outbound import codes_of, sourced, under

FOREIGN = {
    "da": "Jeg har sendt det til dig, og du kan få pengene tilbage.",
    "de": "Vielen Dank für Ihre Nachricht, wir werden uns bei Ihnen melden.",
    "es": "Gracias por su mensaje, la lámpara está en nuestra tienda.",
    "fr": "Merci pour votre message, nous vous répondrons dans les jours qui viennent.",
    "it": "Grazie per il suo messaggio, la lampada è nel nostro negozio.",
    "nl": "Bedankt voor uw bericht, wij sturen het naar u op.",
    "pl": "Dziękujemy za wiadomość, lampa jest w naszym sklepie i się nie świeci.",
    "pt": "Obrigado pela sua mensagem, o candeeiro está na nossa loja.",
    "sv": "Tack för ditt meddelande, vi har det i lager och det är på väg till dig.",
}
ENGLISH = (
    "It costs 49 EUR.",
    "I will ask a colleague and get back to you.",
    "The Café au Lait de Luxe is a mug by Maison du Bois.",
    "Thank you for your message, it was in the war museum, so we are also in an old house.",
    "Guten Tag, Ms Braun! Your lamp is on its way to you.",
    "Aurel Nova 14",
    "The lamp is from 東京 and has two switches.",
    "",
)


@pytest.mark.parametrize(
    "text", [*FOREIGN.values(), "Ваш заказ уже в пути.", "您的订单已经发货了谢谢", "الطلب في الطريق إليك"]
)
def test_another_language_is_found(text: str) -> None:
    assert codes_of(in_language, text) == ["foreign_language"]


@pytest.mark.parametrize("text", ENGLISH)
def test_english_passes_with_foreign_names_in_it(text: str) -> None:
    assert codes_of(in_language, text) == []


@pytest.mark.parametrize("language", FOREIGN)
def test_a_site_may_answer_in_other_languages(language: LanguageCode) -> None:
    assert codes_of(in_language, FOREIGN[language], under(OutboundPolicy(languages=("en", language)))) == []
    assert codes_of(in_language, ENGLISH[1], under(OutboundPolicy(languages=("en", language)))) == []


def test_a_policy_may_be_quoted_in_its_own_language_and_the_check_turned_off() -> None:
    assert codes_of(in_language, FOREIGN["de"], sourced(FOREIGN["de"])) == []
    assert codes_of(in_language, FOREIGN["de"], under(OutboundPolicy(off=("in_language",)))) == []


def test_every_language_that_a_site_may_name_is_known() -> None:
    assert set(FUNCTION_WORDS) == set(get_args(LanguageCode)) == {*FOREIGN, "en"}


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    letters = [char for char in text if char.isalpha()]
    if all(unicodedata.name(char, "").startswith("LATIN") for char in letters) and len(text.split()) < 3:
        assert codes_of(in_language, text) == []
    else:
        assert codes_of(in_language, text) in ([], ["foreign_language"])
