import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.embedded.encoder import Encoder
from assistant.embedded.moderation.classifier_file import RELEASED, Loaded, load, write
from chains.errors import EmbeddedModelError


def stated(path: Path) -> Path:
    return path.with_suffix(".sha256")


def test_the_released_file_is_small_and_is_the_one_that_is_stated(released: Loaded) -> None:
    data = RELEASED.read_bytes()
    assert len(data) < 5_000_000
    assert released.sha256 == hashlib.sha256(data).hexdigest() == stated(RELEASED).read_text(encoding="ascii").strip()


def test_the_model_card_states_the_released_file(released: Loaded) -> None:
    assert released.sha256 in (RELEASED.parent / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_what_is_written_is_read_again_and_the_same_parts_make_the_same_file(
    released: Loaded, encoder: Encoder, tmp_path: Path
) -> None:
    path = tmp_path / "classifier.npz"
    assert write(path, released.classifier) == released.sha256
    again = load(encoder.fingerprint, path)
    text = "Where is my parcel, you liars?"
    assert again.classifier.scores(text, encoder) == released.classifier.scores(text, encoder)


def test_a_damaged_file_is_refused_with_both_hashes(released: Loaded, tmp_path: Path) -> None:
    path = tmp_path / "classifier.npz"
    write(path, released.classifier)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(EmbeddedModelError, match=f"is damaged or not the released one: .*, not {released.sha256};"):
        load("any", path)


def test_a_missing_file_or_hash_is_told_with_its_path(released: Loaded, tmp_path: Path) -> None:
    path = tmp_path / "classifier.npz"
    with pytest.raises(EmbeddedModelError, match=r"classifier\.npz cannot be read .*; install Hopdesk again\."):
        load("any", path)
    write(path, released.classifier)
    stated(path).unlink()
    with pytest.raises(EmbeddedModelError, match="cannot be read"):
        load("any", path)


def test_a_classifier_of_another_encoder_is_refused(released: Loaded) -> None:
    with pytest.raises(EmbeddedModelError, match="belongs to another sentence encoder"):
        load("another fingerprint")


def test_a_file_whose_hash_is_stated_but_which_is_no_classifier_is_refused(released: Loaded, tmp_path: Path) -> None:
    path = tmp_path / "classifier.npz"
    foreign = io.BytesIO()
    np.savez(foreign, about=np.frombuffer(json.dumps({"format": "other"}).encode(), dtype=np.uint8))
    for data in (b"no archive", foreign.getvalue()):
        path.write_bytes(data)
        stated(path).write_text(hashlib.sha256(data).hexdigest(), encoding="ascii")
        with pytest.raises(EmbeddedModelError, match="cannot be used"):
            load("any", path)
    write(path, replace(released.classifier, bias=released.classifier.bias[:-1]))
    with pytest.raises(EmbeddedModelError, match="its arrays have the shapes"):
        load("any", path)
