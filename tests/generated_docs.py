"""Makes the parts of the docs that come from code, and puts them between their markers.

python -m tests.generated_docs          # says whether the docs are up to date
python -m tests.generated_docs --write  # brings them up to date
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from pydantic import BaseModel
from typer.main import get_command

from assistant.settings import Settings
from chains.catalogue import CATALOGUE
from chains.scope import Budget, LanguageModelSettings
from chains.tools import BUILT_IN
from moderation import OutboundPolicy
from moderation.policy import BlockedTerm, ModerationPolicy, PiiPolicy
from moderation.thresholds import DEFAULT_THRESHOLDS
from moderation.verdict import Category

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "deploy" / "moderation.md")
_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def settings_table() -> str:
    """Every environment variable, its default and its meaning."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "the user's data folder" if field.default_factory else f"`{field.default}`" if field.default else ""
        default = "" if "Secret" in default else default
        variable = field.validation_alias or f"HOPDESK_{name.upper()}"
        rows.append(f"| `{variable}` | {default} | {field.description} |")
    return "\n".join(rows)


def commands_table() -> str:
    """Every command with the first sentence of its help."""
    from click import Command, Context, Group

    from assistant.cli.main import app

    rows = ["| command | what it does |", "| --- | --- |"]

    def walk(command: Command, path: str) -> None:
        if not isinstance(command, Group):
            said = (command.help or "").strip().split("\n\n")[0].replace("\n", " ")
            rows.append(f"| `{path}` | {said} |")
            return
        context = Context(command)
        for name in command.list_commands(context):
            if child := command.get_command(context, name):
                walk(child, f"{path} {name}")

    walk(get_command(app), "hopdesk")
    return "\n".join(rows)


def tools_table() -> str:
    """The built-in tools, the identity they need, and what they do."""
    rows = ["| tool | identity | what it does |", "| --- | --- | --- |"]
    rows += [
        f"| `{spec.name}` | {spec.identity.name.lower()} | {spec.description.split('.')[0]} |" for spec in BUILT_IN
    ]
    return "\n".join(rows)


def checks_table() -> str:
    """Every check of the chain: where it runs, what must hold, and what happens where it does not."""
    rows = ["| check | hop | what must hold | where it does not |", "| --- | --- | --- | --- |"]
    rows += [f"| `{info.name}` | {info.hop} | {info.holds} | {info.then} |" for info in CATALOGUE]
    return "\n".join(rows)


def thresholds_table() -> str:
    """By category, the scores from which a text goes to a person or is refused, where a site sets nothing."""
    layers = list(DEFAULT_THRESHOLDS)
    heads = [f"`{layer}` {limit}" for layer in layers for limit in ("review_at", "block_at")]
    rows = [f"| category | {' | '.join(heads)} |", f"| --- |{' ---: |' * len(heads)}"]
    for category in get_args(Category):
        limits = [DEFAULT_THRESHOLDS[layer][category] for layer in layers]
        cells = [str(cell) for limit in limits for cell in (limit.review_at, limit.block_at)]
        rows.append(f"| {category} | {' | '.join(cells)} |")
    return "\n".join(rows)


def fields_table(model: type[BaseModel], table: str) -> str:
    """The keys of one table of the scope file, with their defaults and meanings."""
    rows = [f"| key of `{table}` | default | meaning |", "| --- | --- | --- |"]
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            continue  # a table of its own
        required = field.is_required() or field.default is None
        default = "" if required else f"`{json.dumps(field.default)}`"
        rows.append(f"| `{name}` | {default} | {field.description or name.replace('_', ' ')} |")
    return "\n".join(rows)


BLOCKS: dict[str, Callable[[], str]] = {
    "settings": settings_table,
    "language_models": lambda: fields_table(LanguageModelSettings, "[[language_models]]"),
    "budget": lambda: fields_table(Budget, "[budget]"),
    "moderation": lambda: fields_table(ModerationPolicy, "[moderation]"),
    "pii": lambda: fields_table(PiiPolicy, "[moderation.pii]"),
    "blocked_terms": lambda: fields_table(BlockedTerm, "[[moderation.blocked_terms]]"),
    "thresholds": thresholds_table,
    "outbound": lambda: fields_table(OutboundPolicy, "[moderation.outbound]"),
    "commands": commands_table,
    "tools": tools_table,
    "checks": checks_table,
}


def brought_up_to_date(text: str) -> str:
    """A document with every generated block made anew."""
    return _BLOCK.sub(lambda found: f"{found[1]}{BLOCKS[found[2]]()}\n{found[3]}", text)


def main() -> int:
    """Check or write; 1 where a document is out of date."""
    stale = [path for path in DOCS if brought_up_to_date(path.read_text("utf-8")) != path.read_text("utf-8")]
    for path in stale:
        if "--write" in sys.argv:
            path.write_text(brought_up_to_date(path.read_text("utf-8")), encoding="utf-8")
        sys.stdout.write(f"{path.name}: {'brought up to date' if '--write' in sys.argv else 'out of date'}\n")
    return int(bool(stale) and "--write" not in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
