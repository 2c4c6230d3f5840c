import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.embedded.encoder import Encoder
from assistant.embedded.masking import Masker
from assistant.embedded.reader import Reader
from tests.assistant.embedded.reader_shop import SHOP

KNOWN = (
    "where is my parcel",
    "how long is the loan",
    "will the loan run long",
    "has my delivery been shipped",
    "what is your return policy",
    "recommend a laptop, zzyzx",
)


@pytest.fixture(scope="module")
def mask(reader: Reader, encoder: Encoder) -> Masker:
    return Masker(reader, SHOP, encoder, KNOWN)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Can you dim the Lumera Halo?", "can you dim the lamp?"),
        ("is the Aurel Nova 14 or the tonika qc-750 better", "is the laptop or the pair of headphones better"),
        ("LAP-NOVA14-BLUE in stock", "laptop in stock"),
        ("Keystead K80", "keyboard or mouse"),
    ],
)
def test_products_become_what_they_are(mask: Masker, text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_name_that_fits_several_products_is_masked_once(mask: Masker) -> None:
    assert mask("does the Nova have it") == "does the laptop have it"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("where is [ORDER_1]", "where is my order"),
        ("I am [EMAIL_1] or [PHONE_12]", "i am my e-mail address or my phone number"),
        ("paid with [CARD_1]", "paid with my card"),
        ("refund to [IBAN_1]", "refund to my number"),
    ],
)
def test_placeholders_become_what_they_stand_for(mask: Masker, text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("my parcle", "my parcel"),
        ("delivry shiped", "delivery shipped"),
        ("the rturn policy", "the return policy"),
        ("a logn loan", "a long loan"),  # the same letters go before the same distance
    ],
)
def test_misspelled_words_are_mended_towards_the_examples(mask: Masker, text: str, masked: str) -> None:
    assert mask(text) == masked


def test_of_equally_near_words_the_one_used_most_is_meant(reader: Reader, encoder: Encoder) -> None:
    often = Masker(reader, SHOP, encoder, ("lamp", "camp", "camp"))
    assert often("zamp") == "camp"
    assert Masker(reader, SHOP, encoder, ("lamp", "lamp", "camp"))("zamp") == "lamp"


@pytest.mark.parametrize("text", ["zebras like museums", "a peach", "return", "how are you", "wxq vlo", "qwertyuiopas"])
def test_ordinary_words_short_words_and_riddles_are_left_alone(mask: Masker, text: str) -> None:
    assert mask(text) == text


def test_a_word_of_the_examples_that_is_no_english_mends_nothing(mask: Masker) -> None:
    assert mask("zzyzy") == "zzyzy"


@pytest.mark.parametrize(
    ("word", "strange"),
    [
        ("zephyrion", True),
        ("Kallax", True),
        ("laptop", False),
        ("museums", False),
        ("driveable", False),  # drive
        ("parcle", False),  # parcel
        ("zyx", False),  # too short to say
        ("x9000", False),
    ],
)
def test_a_strange_word_is_no_english_and_no_slip_of_the_pen(mask: Masker, word: str, strange: bool) -> None:
    assert mask.is_strange(word) is strange


@settings(deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_can_be_masked_and_holds_no_placeholder_afterwards(mask: Masker, text: str) -> None:
    assert "[order_1]" not in mask(f"{text} [ORDER_1]")
