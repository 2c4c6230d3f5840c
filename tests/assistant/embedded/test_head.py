import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.embedded import head_fit, head_model
from assistant.embedded.encoder import Encoder
from assistant.embedded.head import Head, Prediction, fit
from chains.errors import EmbeddedModelError

EXAMPLES = {
    "order_status": [
        "where is my order",
        "has my parcel been shipped yet",
        "when will my package arrive",
        "track my delivery please",
        "my order has not come",
        "is my parcel on its way",
    ],
    "returns": [
        "i want to send this back",
        "how do i return a kettle",
        "can i get a refund",
        "i would like my money back",
        "return label please",
        "what is your return policy",
    ],
    "product_search": [
        "do you have a red kettle",
        "show me laptops under 500",
        "i am looking for headphones",
        "which phones do you sell",
        "find me a quiet vacuum cleaner",
        "got any cheap monitors",
    ],
}
OUT_OF_SCOPE = [
    "will it rain tomorrow",
    "write a poem about spring",
    "who won the election",
    "what is the capital of peru",
    "tell me a joke",
    "how tall is mount everest",
]
ODD_TEXTS = ["", " ", "\U0001f600", "a" * 10_000, "where is my order " * 1_000, "\ud800", "\x00", "ß", "你好"]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture(scope="module")
def head(encoder: Encoder) -> Head:
    return fit(EXAMPLES, OUT_OF_SCOPE, encoder, seed=1)


@pytest.fixture(scope="module")
def blind_head(encoder: Encoder) -> Head:
    return fit(EXAMPLES, [], encoder, seed=1)


def assert_sound(prediction: Prediction) -> None:
    scores = [score for _, score in prediction.scores]
    assert sorted(label for label, _ in prediction.scores) == sorted(EXAMPLES)
    assert sum(scores) == pytest.approx(1.0)
    assert scores == sorted(scores, reverse=True)
    assert all(0.0 <= score <= 1.0 for score in (*scores, prediction.out_of_scope))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("hey, where has my parcel got to?", "order_status"),
        ("refund me for the kettle", "returns"),
        ("looking for a cheap phone", "product_search"),
    ],
)
def test_new_wordings_get_their_label(head: Head, text: str, label: str) -> None:
    prediction = head.predict(text)
    assert prediction.label == label
    assert prediction.score == prediction.scores[0][1]
    assert prediction.out_of_scope < head.suggested_oos_threshold


@pytest.mark.parametrize("text", ["what is the capital of norway", "is there life on mars", "how old is the moon"])
def test_foreign_topics_score_above_the_suggested_threshold(head: Head, blind_head: Head, text: str) -> None:
    assert head.predict(text).out_of_scope >= head.suggested_oos_threshold
    assert blind_head.predict(text).out_of_scope >= blind_head.suggested_oos_threshold


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_texts_get_a_sound_prediction(head: Head, text: str) -> None:
    assert_sound(head.predict(text))


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60))
def test_any_text_gets_probabilities_that_add_up_to_one(head: Head, blind_head: Head, text: str) -> None:
    assert_sound(head.predict(text))
    assert_sound(blind_head.predict(text))


def test_the_same_seed_gives_the_same_head(head: Head, encoder: Encoder) -> None:
    again = fit(EXAMPLES, OUT_OF_SCOPE, encoder, seed=1)
    assert again.sha256 == head.sha256
    assert again.predict("a red one please") == head.predict("a red one please")


def test_another_seed_deals_the_folds_differently(head: Head, encoder: Encoder) -> None:
    other = fit(EXAMPLES, OUT_OF_SCOPE, encoder, seed=2)
    assert other.sha256 != head.sha256


def test_a_saved_head_predicts_the_same(head: Head, encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "new" / "head.npz"
    head.save(path)
    loaded = Head.load(path, encoder)
    assert loaded.labels == head.labels
    assert loaded.sha256 == head.sha256
    assert loaded.suggested_oos_threshold == head.suggested_oos_threshold
    assert loaded.cross_validated() == head.cross_validated()
    for text in (*ODD_TEXTS, "where is it", "who are you"):
        assert loaded.predict(text) == head.predict(text)
    assert [file.name for file in path.parent.iterdir()] == ["head.npz"]


def test_saving_replaces_a_damaged_file(head: Head, encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "head.npz"
    path.write_bytes(b"damaged")
    head.save(path)
    assert Head.load(path, encoder).sha256 == head.sha256


def test_every_example_is_judged_by_a_head_that_did_not_see_it(head: Head) -> None:
    held_out = head.cross_validated()
    assert [(item.label, item.text) for item in held_out] == [
        (label, text) for label, texts in EXAMPLES.items() for text in texts
    ]
    assert any(item.prediction != head.predict(item.text) for item in held_out)
    for item in held_out:
        assert_sound(item.prediction)


def test_examples_that_belong_elsewhere_show_in_cross_validation(encoder: Encoder) -> None:
    misplaced = "has my delivery been shipped"
    examples = {**EXAMPLES, "returns": [*EXAMPLES["returns"], misplaced]}
    found = [item for item in fit(examples, OUT_OF_SCOPE, encoder, seed=1).cross_validated() if item.text == misplaced]
    assert [item.prediction.label for item in found] == ["order_status"]


def test_too_few_out_of_scope_examples_are_left_aside(blind_head: Head, encoder: Encoder) -> None:
    few = fit(EXAMPLES, OUT_OF_SCOPE[: head_fit.MIN_OUT_OF_SCOPE - 1], encoder, seed=1)
    assert few.sha256 == blind_head.sha256
    assert blind_head.suggested_oos_threshold == 0.5


def test_two_labels_of_two_examples_that_share_no_term_are_enough(encoder: Encoder) -> None:
    head = fit({"a": ["kettle", "jug"], "b": ["invoice", "bill"]}, [], encoder, seed=0)
    assert head.predict("teapot").label == "a"
    assert head.predict("payment request").label == "b"
    assert sum(score for _, score in head.predict("teapot").scores) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("examples", "sentence"),
    [
        ({}, "at least 2 labels; it was given 0"),
        ({"a": ["x", "y"]}, "at least 2 labels; it was given 1"),
        ({"a": ["x", "y"], "b": ["z"]}, "label 'b' has 1 examples"),
        ({"a": ["x", "y"], "b": []}, "label 'b' has 0 examples"),
    ],
)
def test_too_little_to_learn_from_is_refused(encoder: Encoder, examples: dict[str, list[str]], sentence: str) -> None:
    with pytest.raises(EmbeddedModelError, match=sentence):
        fit(examples, [], encoder, seed=0)


def rewrite(path: Path, **changes: object) -> None:
    """Change keys of the JSON part, or whole arrays, of a saved head."""
    with np.load(path) as stored:
        arrays = dict(stored)
    about = json.loads(arrays["about"].tobytes())
    for name, value in changes.items():
        if name in arrays:
            arrays[name] = np.asarray(value)
        else:
            about[name] = value
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    np.savez(path, allow_pickle=True, **arrays)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 cut off", b"not an archive", b"\x93NUMPY\x01\x00", json.dumps({"a": 1}).encode()]
)
def test_a_foreign_or_cut_off_file_is_refused(encoder: Encoder, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "head.npz"
    path.write_bytes(content)
    with pytest.raises(EmbeddedModelError, match="delete the file and fit it again"):
        Head.load(path, encoder)


def test_a_missing_file_is_refused(encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(EmbeddedModelError, match="cannot be read"):
        Head.load(tmp_path / "none.npz", encoder)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0.0, 0.999), flip=st.booleans())
def test_a_file_cut_off_or_changed_anywhere_is_refused_or_harmless(
    head: Head, encoder: Encoder, tmp_path: Path, share: float, flip: bool
) -> None:
    path = tmp_path / "head.npz"
    head.save(path)
    content = bytearray(path.read_bytes())
    where = int(len(content) * share)
    content[where] ^= 0xFF
    path.write_bytes(content if flip else content[:where])
    try:
        loaded = Head.load(path, encoder)
    except EmbeddedModelError:
        return
    assert loaded.sha256 == head.sha256  # the changed byte was one that a zip archive does not need


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": "hopdesk-head/0"}, "its format is 'hopdesk-head/0'"),
        ({"encoder_fingerprint": "f" * 64}, "belongs to another sentence encoder"),
        ({"labels": ["one"]}, "its arrays have the shapes"),
        ({"held_out_labels": [0]}, "its arrays have the shapes"),
        ({"bias": np.zeros(2)}, "its arrays have the shapes"),
        ({"bias": np.array([object()])}, "cannot be read"),
    ],
)
def test_a_file_of_another_make_is_refused(
    head: Head, encoder: Encoder, tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    path = tmp_path / "head.npz"
    head.save(path)
    rewrite(path, **changes)
    with pytest.raises(EmbeddedModelError, match=sentence):
        Head.load(path, encoder)


def test_a_failed_save_leaves_the_old_file_and_no_other(
    head: Head, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "head.npz"
    head.save(path)

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space left"):
        head.save(path)
    assert Head.load(path, encoder).sha256 == head.sha256
    assert [file.name for file in tmp_path.iterdir()] == ["head.npz"]


@settings(max_examples=50)
@given(logits=st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=6), temperature=st.floats(0.05, 20.0))
def test_extreme_logits_stay_probabilities(logits: list[float], temperature: float) -> None:
    calibration = head_model.Calibration(temperature, np.zeros(3), np.ones(3), 1.0, 0.0, 0.5)
    probabilities = calibration.probabilities(np.array(logits))
    assert probabilities.sum() == pytest.approx(1.0)
    assert np.isfinite(probabilities).all()
    assert 0.0 <= float(calibration.oos_scores(np.array([*logits, 0.0][:3]))) <= 1.0
