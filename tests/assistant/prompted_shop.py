"""The starter shop with a language model on some hops, and what such a model replies."""

import json
from collections.abc import Mapping
from pathlib import Path

from tests.assistant.shops import write_shop
from tests.model_server import Reply

NAME = "openai/scripted"
QUESTION = "How much memory does the Aurel Nova 14 have?"


def intent_reply(intent: str, score: float = 0.95) -> Reply:
    """What a language model replies that is sure of one intent."""
    found = {"ranked": [{"intent": intent, "score": score}], "second": None, "out_of_scope": 0.0, "language": None}
    return Reply(json.dumps({"reasoning": "", **found}))


def write_prompted_shop(
    folder: Path,
    base_url: str | None = None,
    hops: Mapping[str, str] | None = None,
    settings: str = "",
    *,
    name: str = NAME,
    site: str = "prompted",
) -> Path:
    """Write the starter with these lists of models (on the intent hop alone: the model); the scope file's path."""
    path = write_shop(folder, site=site)
    text = path.read_text(encoding="utf-8")
    for hop, models in (hops or {"intent": f'["{name}"]'}).items():
        local = '["rules", "embedded"]' if hop == "moderation" else '["embedded"]'
        assert f"{hop} = {local}" in text
        text = text.replace(f"{hop} = {local}", f"{hop} = {models}")
    address = f'base_url = "{base_url}"\n' if base_url else ""
    path.write_text(f'{text}\n[[language_models]]\nname = "{name}"\n{address}{settings}\n', encoding="utf-8")
    return path
