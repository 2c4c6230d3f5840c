"""`hopdesk moderate`: a text, or a file of them, before the layers of moderation alone."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from assistant.cli.options import ScopeFile

if TYPE_CHECKING:
    from assistant.cli.moderation_trial import ModerationTrial, Tried
    from moderation import Verdict

_STDIN = Path("-")
_AT_ONCE = 8  # texts on their way at a time; what runs here takes turns anyway


def moderate(
    text: Annotated[str | None, typer.Argument(help="What a customer might write.")] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Judge each line of this file instead; - is stdin.")
    ] = None,
    field: Annotated[
        str | None, typer.Option(metavar="NAME", help="The lines are JSON with the text in this key; .jsonl: text.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where the verdicts of a file go; - absent.")
    ] = None,
    layers: Annotated[
        str | None, typer.Option(metavar="A,B", help="These layers, such as rules,embedded; absent: the scope's.")
    ] = None,
    scope: ScopeFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all that is known of one text as JSON.")] = False,
) -> None:
    """Try what moderation makes of a text, or of each line of a file; nothing is stored.

    A file's verdicts are JSON Lines in the order of its lines: line, action, categories, layer, reasons. Exit code 0:
    every text was judged, whatever the verdict; 1: a layer gave no verdict on some text, or nothing could be judged.
    """
    if (text is None) == (file is None):
        raise typer.BadParameter("Give either a text or --file.", param_hint="TEXT")
    if file is None and (field is not None or output is not None):
        raise typer.BadParameter("It goes with --file.", param_hint="--field" if field is not None else "--output")
    if file is not None and output is not None and output.exists() and file != _STDIN and output.samefile(file):
        raise typer.BadParameter("It would overwrite what is read; name another file.", param_hint="--output")
    import asyncio

    from assistant.cli.moderation_trial import ModerationTrial
    from assistant.cli.opening import read_settings, scope_paths
    from assistant.cli.screen import warn
    from chains.scope_file import load_scope

    loaded = load_scope(scope_paths([scope] if scope else None, read_settings())[0])
    trial = ModerationTrial(loaded, [one.strip() for one in layers.split(",")] if layers is not None else ())
    if file is not None:
        with _reading(file) as (lines, total), _writing(output) as out:
            key = field or ("text" if file.suffix == ".jsonl" else None)
            silent = asyncio.run(_judge_lines(trial, lines, total, key, out))
    else:
        tried = asyncio.run(_judge_one(trial, text or ""))
        _show(tried, as_json=as_json)
        silent = Counter(tried.silent)
    for model, times in silent.items():
        warn(f"{model} gave no verdict on {times} of the texts; what that comes to is set by [fallback] moderation.")
    if silent:
        raise typer.Exit(1)


async def _judge_one(trial: "ModerationTrial", text: str) -> "Tried":
    await trial.warm_up()
    return await trial.judge(text, every=True)


def _show(tried: "Tried", *, as_json: bool) -> None:
    import json

    from assistant.cli.screen import out, visible_json
    from assistant.cli.show_moderation import show_tried

    if as_json:
        typer.echo(visible_json(json.dumps(tried.as_json(), indent=2, ensure_ascii=False)))
    else:
        show_tried(tried, out())


async def _judge_lines(
    trial: "ModerationTrial", lines: Iterable[bytes], total: int, field: str | None, out: IO[str]
) -> Counter[str]:
    """Write a verdict for each line, in order, and a summary; which models gave none, and how often."""
    import asyncio
    import json
    from itertools import islice

    from assistant.cli.screen import err, progress_bar
    from assistant.cli.show_moderation import Summary

    await trial.warm_up()
    summary, silent = Summary(), Counter[str]()
    with progress_bar("Moderating") as progress:
        numbered = enumerate(lines, start=1)
        while some := list(islice(numbered, _AT_ONCE)):
            judged = await asyncio.gather(*(_judge_line(trial, line, field) for _, line in some))
            for (number, _), tried in zip(some, judged, strict=True):
                out.write(json.dumps({"line": number, **tried.verdict.model_dump(mode="json")}) + "\n")
                summary.add(tried.verdict)
                silent.update(tried.silent)
            progress(summary.texts, total)
    summary.show(err())
    return silent


async def _judge_line(trial: "ModerationTrial", line: bytes, field: str | None) -> "Tried":
    from assistant.cli.moderation_trial import Tried

    text = text_of(line, field)
    return await trial.judge(text) if isinstance(text, str) else Tried(text)


def text_of(line: bytes, field: str | None) -> "str | Verdict":
    """The text of a line, of its JSON where there is a field; a verdict of hygiene where there is none to be read."""
    import json

    from moderation import Verdict

    try:
        text = line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError:
        return Verdict(action="block", layer="hygiene", reasons=("The line is not UTF-8; save the file as such.",))
    if field is None:
        return text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    said = found.get(field) if isinstance(found, dict) else None
    if isinstance(said, str):
        return said
    reason = f"The line is no JSON object with a text under {field!r}; write one, or name its key by --field."
    return Verdict(action="block", layer="hygiene", reasons=(reason,))


@contextmanager
def _reading(file: Path) -> "Iterator[tuple[Iterable[bytes], int]]":
    """The lines of a file and how many there are; of standard input nobody knows."""
    from chains.errors import HopdeskError

    if file == _STDIN:
        yield sys.stdin.buffer, 0
        return
    try:
        with file.open("rb") as lines:
            total = sum(1 for _ in lines)
            lines.seek(0)
            yield lines, total
    except OSError as error:
        raise HopdeskError(f"{file}: this file cannot be read ({error.strerror}); name one that can.") from None


@contextmanager
def _writing(output: Path | None) -> Iterator[IO[str]]:
    from chains.errors import HopdeskError

    if output is None:
        yield sys.stdout
        return
    try:
        out = output.open("w", encoding="utf-8")
    except OSError as error:
        raise HopdeskError(f"{output}: this file cannot be written ({error.strerror}); name another one.") from None
    with out:
        yield out
