from pathlib import Path

import numpy as np
import pytest

from assistant.embedded import encoder as module
from assistant.embedded.encoder import DIMENSIONS, MAX_TOKENS, Encoder
from chains.errors import EmbeddedModelError

ODD_TEXTS = ["", " ", "\U0001f600\U0001f600", "a" * 10_000, "word " * 2_000, "\ud800", "\x00", "?"]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


def test_texts_of_one_meaning_are_nearer_than_texts_of_another(encoder: Encoder) -> None:
    parcel, delivery, weather = map(
        encoder.encode, ("where is my parcel", "has my order shipped", "will it rain today")
    )
    assert parcel @ delivery > parcel @ weather + 0.2


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_every_string_has_a_finite_unit_vector(encoder: Encoder, text: str) -> None:
    vector = encoder.encode(text)
    assert vector.shape == (DIMENSIONS,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_a_known_text_is_answered_from_the_cache_and_cannot_be_changed(encoder: Encoder) -> None:
    first = encoder.encode("a text said twice")
    assert encoder.encode("a text said twice") is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1.0


def test_the_cache_forgets_the_text_that_was_not_used_longest(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder._cache.clear()
    monkeypatch.setattr(module, "CACHE_TEXTS", 2)
    for text in ("one", "two", "one", "three"):
        encoder.encode(text)
    assert list(encoder._cache) == ["one", "three"]


def test_many_texts_keep_their_order_and_get_the_vectors_they_get_alone(encoder: Encoder) -> None:
    texts = ["a somewhat longer text about a blue kettle", "kettle", "", "is it in stock", "kettle"]
    together = encoder.encode_many(texts, batch_size=2)
    assert np.allclose(together, [encoder.encode(text) for text in texts], atol=1e-5)


def test_progress_is_told_after_every_batch(encoder: Encoder) -> None:
    told: list[tuple[int, int]] = []
    encoder.encode_many(["a", "b", "c"], batch_size=2, progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 3), (3, 3)]


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode_many([]).shape == (0, DIMENSIONS)


def test_a_text_beyond_the_limit_reads_as_its_beginning(encoder: Encoder) -> None:
    beginning = "word " * MAX_TOKENS
    assert np.allclose(encoder.encode(beginning), encoder.encode(beginning + "and much more"))


def test_the_fingerprint_is_the_same_for_the_same_files_and_another_for_other_weights(
    encoder: Encoder, tmp_path: Path
) -> None:
    assert len(encoder.fingerprint) == 64
    other = Encoder()
    assert other.fingerprint == encoder.fingerprint
    changed = Encoder()
    weights = tmp_path / "model.onnx"
    weights.write_bytes(b"other weights")
    changed._files = (weights, changed._files[1])
    assert changed.fingerprint != encoder.fingerprint


@pytest.mark.parametrize("package", ["hopdesk_no_such_package", "json"])
def test_missing_weights_are_named_with_the_package_that_carries_them(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setattr(module, "WEIGHTS_PACKAGE", package)
    with pytest.raises(
        EmbeddedModelError, match=f"model.onnx is missing: install the package {package.replace('_', '-')}"
    ):
        Encoder()


@pytest.mark.parametrize("damaged", ["model.onnx", "tokenizer.json"])
def test_damaged_files_are_refused_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, damaged: str
) -> None:
    broken, found = tmp_path / "broken", module._find
    broken.write_bytes(b"not a model")
    monkeypatch.setattr(module, "_find", lambda package, name: broken if name == damaged else found(package, name))
    with pytest.raises(EmbeddedModelError, match=r"cannot be loaded from .*Install it again\."):
        Encoder().encode("?")
