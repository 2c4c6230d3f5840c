"""What litellm knows of the models that there are, read from its data file: importing it would take seconds."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_FILE = "model_prices_and_context_window_backup.json"
KEYS = frozenset(
    {
        "litellm_provider",
        "supports_response_schema",
        "supports_function_calling",
        "input_cost_per_token",
        "output_cost_per_token",
        "cache_read_input_token_cost",
        "cache_creation_input_token_cost",
    }
)
"""What is used of it; the rest of its 3 MB is not kept."""

Entry = Mapping[str, object]


def known_of(name: str) -> Entry:
    """The entry of a model by its name with its provider's or, if that is the same, without it; else empty."""
    listed = _listed()
    provider, _, bare = name.partition("/")
    if name in listed:
        return listed[name]
    known = listed.get(bare, {})
    return known if known.get("litellm_provider") == provider else {}


@cache
def _listed() -> Mapping[str, Entry]:
    package = find_spec("litellm")
    assert package is not None
    assert package.origin is not None
    entries = json.loads(Path(package.origin).with_name(_FILE).read_bytes())
    return {name: {key: entry[key] for key in KEYS & entry.keys()} for name, entry in entries.items()}
