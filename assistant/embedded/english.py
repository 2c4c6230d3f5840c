"""Which words are English, so that none of them is taken for a misspelt word of the catalog."""

import importlib.util
import json
from functools import cache
from pathlib import Path

from assistant.embedded.encoder import TOKENIZER_FILE, TOKENIZER_PACKAGE
from chains.errors import EmbeddedModelError


@cache
def english_words() -> frozenset[str]:
    """Return about 21,000 common words in lower case: the whole words of the sentence encoder's own vocabulary.

    Raises EmbeddedModelError where the tokenizer is not installed.
    """
    spec = importlib.util.find_spec(TOKENIZER_PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    path = next((path for folder in folders for path in sorted(Path(folder).rglob(TOKENIZER_FILE))), None)
    if path is None:
        message = f"The file {TOKENIZER_FILE} is missing: install the package {TOKENIZER_PACKAGE} which carries it."
        raise EmbeddedModelError(message)
    pieces: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]
    return frozenset(piece for piece in pieces if piece.isalpha() and piece.isascii())
