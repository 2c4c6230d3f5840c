"""One file for one fitted model: an npz of plain arrays and a JSON text, never a pickle, written atomically."""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32] | NDArray[np.float64] | NDArray[np.uint8]


def packed(about: Mapping[str, object], arrays: Mapping[str, Array]) -> dict[str, Array]:
    """All that a file holds: the arrays, and before them what is told about them, as the bytes of a JSON text."""
    return {"about": np.frombuffer(json.dumps(about).encode("ascii"), dtype=np.uint8), **arrays}


def write(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write what was packed, so that a reader finds the whole file or the one before; the same arrays, the same bytes.

    Raises OSError where it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def read(file: BinaryIO, wanted_format: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return what is told about the arrays, and the arrays by name.

    Raises ValueError for another format; a file that is damaged or foreign makes zipfile and numpy raise nearly
    anything.
    """
    with np.load(file, allow_pickle=False) as archive:
        arrays = dict(archive)
    about = json.loads(arrays.pop("about").tobytes())
    if about["format"] != wanted_format:
        message = f"its format is {about['format']!r}, not {wanted_format!r}"
        raise ValueError(message)
    return about, arrays


def check_shapes(found: Sequence[tuple[int, ...]], expected: Sequence[tuple[int, ...]]) -> None:
    """Raise ValueError where the shapes of what was read are not the expected ones, in their order."""
    if tuple(found) != tuple(expected):
        message = f"its arrays have the shapes {tuple(found)}, not {tuple(expected)}"
        raise ValueError(message)
