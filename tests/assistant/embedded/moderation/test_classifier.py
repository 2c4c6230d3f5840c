import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assistant.embedded.encoder import Encoder
from assistant.embedded.moderation.classifier import LONE_WINDOW, joined_logits
from assistant.embedded.moderation.classifier_file import Loaded
from assistant.embedded.moderation.examples import CATEGORIES

LOGIT = st.floats(-20, 20).map(lambda value: np.array([value]))


def test_a_short_text_is_judged_as_a_whole() -> None:
    assert joined_logits(np.array([3.0]), []) == 3.0


def test_a_surely_harmful_window_counts_in_an_honest_text_and_a_doubtful_one_needs_the_rest() -> None:
    honest = np.array([-6.0])
    assert joined_logits(honest, [np.array([-5.0]), np.array([8.0])]) == 8.0 - LONE_WINDOW
    assert joined_logits(np.array([1.0]), [np.array([2.0])]) == 1.5


@given(LOGIT, st.lists(LOGIT, min_size=1, max_size=5), LOGIT)
def test_another_window_never_makes_a_text_look_milder(
    whole: np.ndarray, parts: list[np.ndarray], more: np.ndarray
) -> None:
    assert joined_logits(whole, [*parts, more]) >= joined_logits(whole, parts)


def test_every_text_has_a_score_for_every_category(released: Loaded, encoder: Encoder) -> None:
    for text in ("", " ", "?", "\ud800 broken", "x" * 3000, "Where is my parcel?"):
        scores = released.classifier.scores(text, encoder)
        assert tuple(scores) == CATEGORIES
        assert all(0 <= score <= 1 for score in scores.values())


def test_a_harm_is_found_at_the_end_of_a_long_text_that_the_encoder_cuts_off(
    released: Loaded, encoder: Encoder
) -> None:
    honest = "The lamp that I ordered came late, but it is very beautiful and fits our living room. " * 12
    threat = "I will come to your warehouse and kill your driver with a knife."
    assert released.classifier.scores(honest, encoder)["violence"] < 0.1
    assert released.classifier.scores(honest + threat, encoder)["violence"] > 0.5
