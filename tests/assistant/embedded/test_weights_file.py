import io
import os
from pathlib import Path

import numpy as np
import pytest

from assistant.embedded import weights_file

ABOUT = {"format": "a/1", "names": ["one", "zwölf"]}
PACKED = weights_file.packed(ABOUT, {"weights": np.arange(3, dtype=np.float32)})


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "weights.npz"
    weights_file.write(path, PACKED)
    with path.open("rb") as file:
        about, arrays = weights_file.read(file, "a/1")
    assert about == ABOUT
    assert {name: array.tolist() for name, array in arrays.items()} == {"weights": [0.0, 1.0, 2.0]}


def test_the_same_arrays_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.npz", "two.npz"):
        weights_file.write(tmp_path / name, PACKED)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_a_write_that_fails_leaves_the_file_before_it_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights.npz"
    path.write_bytes(b"the file before")

    def full_disk(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        weights_file.write(path, PACKED)
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("weights.npz", b"the file before")]


def test_another_format_is_refused() -> None:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **PACKED)
    file.seek(0)
    with pytest.raises(ValueError, match="its format is 'a/1', not 'b/1'"):
        weights_file.read(file, "b/1")


def test_shapes_that_are_not_the_expected_ones_are_told() -> None:
    weights_file.check_shapes([(1, 2)], [(1, 2)])
    with pytest.raises(ValueError, match=r"its arrays have the shapes \(\(1, 2\),\), not \(\(2, 1\),\)"):
        weights_file.check_shapes([(1, 2)], [(2, 1)])
