"""`hopdesk prompts`: the versions of the hops' prompts, how they differ, and what a language model would read."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.options import ScopeFile

if TYPE_CHECKING:
    from rich.text import Text

    from chains.prompt_files import Prompt
    from chains.scope import Scope
    from chains.scope_file import LoadedScope

prompts = typer.Typer(help="Prompts of language models: list, read, compare and try them.", no_args_is_help=True)
Which = Annotated[str, typer.Argument(metavar="PROMPT", help="As in intent/1, or intent for the scope's version.")]


@prompts.command("list")
def list_(scope: ScopeFile = None) -> None:
    """List all versions: those that come with Hopdesk, and the scope's own."""
    from assistant.cli.screen import data, out, table
    from chains.prompt_files import PROMPTED_HOPS, list_prompts, state

    loaded = _scope(scope)
    found = list_prompts(_folder(loaded))
    rows = [
        (
            prompt.hop,
            prompt.version,
            state(prompt),
            prompt.sha256[:12],
            ", ".join(sorted(prompt.variables)),
            _chosen(prompt, loaded.scope),
        )
        for prompt in found
    ]
    columns = ("hop", "version", "state", "sha256", "variables", "chosen")
    whole = ("hop", "version", "state", "sha256", "chosen")
    out().print(table(f"Prompts of {loaded.scope.site.name}", columns, rows, whole=whole))
    known = {prompt.name for prompt in found}
    for hop in PROMPTED_HOPS:
        version = getattr(loaded.scope.prompts, hop)
        if f"{hop}/{version}" not in known:
            out().print(data(f"The scope chooses the prompt {hop}/{version}, which does not exist."))


@prompts.command()
def show(which: Which, scope: ScopeFile = None) -> None:
    """Print a prompt as it was written."""
    from assistant.cli.screen import data, out

    out().print(data(_prompt(which, _scope(scope)).text), soft_wrap=True, end="")


@prompts.command()
def diff(
    old: Annotated[str, typer.Argument(metavar="HOP/A", help="A version, as in intent/1.")],
    new: Annotated[str, typer.Argument(metavar="HOP/B", help="Another one, as in intent/2-short.")],
    scope: ScopeFile = None,
) -> None:
    """Print how two versions differ, line by line."""
    import difflib

    from assistant.cli.screen import data, out

    loaded = _scope(scope)
    before, after = _prompt(old, loaded), _prompt(new, loaded)
    colours = {"+": "green", "-": "red", "@": "cyan"}
    texts = (before.text.splitlines(), after.text.splitlines())
    for line in difflib.unified_diff(*texts, before.name, after.name, lineterm=""):
        out().print(data(line, colours.get(line[:1], "")), soft_wrap=True)


@prompts.command()
def render(
    which: Which,
    text: Annotated[str | None, typer.Argument(help="What the customer writes.")] = None,
    *,
    scope: ScopeFile = None,
    turn: Annotated[
        str | None, typer.Option(metavar="ID", help="Take what the hop was given in this turn; the start will do.")
    ] = None,
) -> None:
    """Print what a language model would read. Nothing is sent.

    For lookup and response the hops before them are run by the embedded models, on the scope's own catalog.
    """
    if (text is None) == (turn is None):
        raise typer.BadParameter("Give either a text or --turn.", param_hint="TEXT")

    from assistant.cli.prompt_trial import Trial
    from assistant.cli.screen import out

    loaded = _scope(scope)
    trial = Trial(loaded, _prompt(which, loaded))
    call, reference = trial.recorded(turn) if turn else trial.written(text or "")
    for message in call.messages:
        out().print(_block(str(message["role"]), _body(message)), soft_wrap=True)
    for function in call.functions:
        out().print(_block("function", _json(function)), soft_wrap=True)
    left_out = ", ".join(f"{count} of {name}" for name, count in reference.trimmed.items()) or "nothing"
    held = "functions" if call.functions else f"the schema {call.schema_name}"
    out().print(
        f"About {reference.tokens} of {loaded.scope.budget.prompt_tokens} tokens with {held}; left out: {left_out}."
    )


def _scope(path: Path | None) -> "LoadedScope":
    from assistant.cli.opening import read_settings, scope_paths
    from chains.scope_file import load_scope

    return load_scope(scope_paths([path] if path else None, read_settings())[0])


def _folder(loaded: "LoadedScope") -> Path | None:
    """Where the scope's own prompts lie."""
    own = loaded.scope.prompts.folder
    return loaded.path.parent / own if own else None


def _prompt(which: str, loaded: "LoadedScope") -> "Prompt":
    """The prompt that is meant; without a version the one that the scope uses."""
    from chains.prompt_files import load_prompt

    hop, _, version = which.partition("/")
    return load_prompt(hop, version or getattr(loaded.scope.prompts, hop, "1"), _folder(loaded))


def _chosen(prompt: "Prompt", scope: "Scope") -> str:
    """Whether the scope chooses this version, and whether any language model would read it."""
    if getattr(scope.prompts, prompt.hop) != prompt.version:
        return ""
    return "yes" if any("/" in name for name in getattr(scope.models, prompt.hop)) else "not needed"


def _block(title: str, body: str) -> "Text":
    """One message: whose it is, and its text as the model gets it."""
    from rich.text import Text

    from assistant.cli.screen import data

    return Text.assemble((f"--- {title} ---\n", "bold cyan"), data(body), "\n")


def _body(message: "dict[str, object] | object") -> str:
    from typing import cast

    fields = cast("dict[str, object]", message)
    rest = {name: value for name, value in fields.items() if name not in {"role", "content"}}
    return "\n".join(part for part in (str(fields.get("content") or ""), _json(rest) if rest else "") if part)


def _json(value: object) -> str:
    from pydantic_core import to_json

    return to_json(value).decode()
