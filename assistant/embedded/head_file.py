"""The file of a fitted head."""

from __future__ import annotations

import hashlib
from pathlib import Path

from assistant.embedded import weights_file
from assistant.embedded.head_model import Calibration, HeadParts, HeldOutArrays, Weights
from assistant.embedded.lexical import LexicalFeatures
from assistant.embedded.weights_file import Array
from chains.errors import EmbeddedModelError

FORMAT = "hopdesk-head/1"  # raise it with any change to the features or the arithmetic


def write(path: Path, parts: HeadParts) -> None:
    """Write the parts to the file; a reader finds the whole file or none."""
    weights_file.write(path, _arrays(parts))


def content_sha256(parts: HeadParts) -> str:
    """Return the sha256 (hex) of everything that `write` would store."""
    digest = hashlib.sha256()
    for name, array in _arrays(parts).items():
        digest.update(f"{name} {array.dtype} {array.shape} ".encode("ascii"))
        digest.update(array.tobytes())
    return digest.hexdigest()


def _arrays(parts: HeadParts) -> dict[str, Array]:
    about = {
        "format": FORMAT,
        "encoder_fingerprint": parts.encoder_fingerprint,
        "labels": parts.labels,
        "words": list(parts.terms.words),
        "pieces": list(parts.terms.pieces),
        "temperature": parts.calibration.temperature,
        "oos_slope": parts.calibration.oos_slope,
        "oos_middle": parts.calibration.oos_middle,
        "threshold": parts.calibration.threshold,
        "held_out_texts": parts.held_out.texts,
        "held_out_labels": parts.held_out.labels,
    }
    arrays: dict[str, Array] = {
        "idf": parts.terms.idf,
        "dense": parts.weights.dense,
        "lexical": parts.weights.lexical,
        "bias": parts.weights.bias,
        "centroids": parts.weights.centroids,
        "centre": parts.calibration.centre,
        "scale": parts.calibration.scale,
        "held_out_logits": parts.held_out.logits,
        "held_out_evidence": parts.held_out.evidence,
    }
    return weights_file.packed(about, arrays)


def read(path: Path, encoder_fingerprint: str) -> HeadParts:
    """Read what `write` wrote; raises EmbeddedModelError for a file that is missing, damaged or not ours."""
    try:
        parts = _read(path)
    except Exception as error:  # a damaged archive makes zipfile and numpy raise nearly anything
        message = f"The fitted model in {path} cannot be read ({error}); delete the file and fit it again."
        raise EmbeddedModelError(message) from error
    if parts.encoder_fingerprint != encoder_fingerprint:
        message = f"The fitted model in {path} belongs to another sentence encoder; delete the file and fit it again."
        raise EmbeddedModelError(message)
    return parts


def _read(path: Path) -> HeadParts:
    with path.open("rb") as file:
        about, arrays = weights_file.read(file, FORMAT)
    parts = HeadParts(
        encoder_fingerprint=about["encoder_fingerprint"],
        labels=tuple(about["labels"]),
        terms=LexicalFeatures.of(about["words"], about["pieces"], arrays["idf"]),
        weights=Weights(arrays["dense"], arrays["lexical"], arrays["bias"], arrays["centroids"]),
        calibration=Calibration(
            temperature=about["temperature"],
            centre=arrays["centre"],
            scale=arrays["scale"],
            oos_slope=about["oos_slope"],
            oos_middle=about["oos_middle"],
            threshold=about["threshold"],
        ),
        held_out=HeldOutArrays(
            texts=tuple(about["held_out_texts"]),
            labels=tuple(about["held_out_labels"]),
            logits=arrays["held_out_logits"],
            evidence=arrays["held_out_evidence"],
        ),
    )
    _check_shapes(parts)
    return parts


def _check_shapes(parts: HeadParts) -> None:
    columns = len(parts.labels) + 1
    dimensions, terms, examples = len(parts.weights.dense), len(parts.terms.idf), len(parts.held_out.texts)
    found = (
        parts.weights.dense.shape,
        parts.weights.lexical.shape,
        parts.weights.bias.shape,
        parts.weights.centroids.shape,
        (len(parts.terms.words) + len(parts.terms.pieces),),
        parts.held_out.logits.shape,
        parts.held_out.evidence.shape,
        (len(parts.held_out.labels),),
    )
    expected = (
        (dimensions, columns),
        (terms, columns),
        (columns,),
        (columns - 1, dimensions),
        (terms,),
        (examples, columns - 1),
        (examples, 3),
        (examples,),
    )
    weights_file.check_shapes(found, expected)
