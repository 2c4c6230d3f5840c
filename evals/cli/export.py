"""`hopdesk evals export`: training data from records with a configuration for Axolotl, or a run as Inspect's log."""

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from assistant.cli.options import ScopeFile

if TYPE_CHECKING:
    from chains.language import Json
    from chains.messages import HopName
    from chains.record import HopRecord
    from evals.exporting import Collection
    from evals.verdicts import Verdicts
    from moderation import ModerationPolicy

_REPLY_TOKENS = 1024  # a reply's share of the sequence; a multiple of it is the whole


def export(
    *,
    records: Annotated[
        Path, typer.Option(metavar="FILE", help="Hop records as JSON Lines, or a run's folder with its scores.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Write the lines into this file.")],
    judgements: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Which records are right, as judgement/1 lines.")
    ] = None,
    preferences: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Which of two replies is better, as preference/1 lines.")
    ] = None,
    held_out: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Labelled cases; what has the text of one of the test split is left out."),
    ] = None,
    hop: Annotated[str | None, typer.Option(help="Only this hop: moderation, intent, lookup or response.")] = None,
    base_model: Annotated[
        str, typer.Option(metavar="NAME", help="The model that is to be tuned, for Axolotl's configuration.")
    ] = "Qwen/Qwen2.5-7B-Instruct",
    inspect: Annotated[
        bool, typer.Option("--inspect", help="A run's folder as a log of Inspect AI, for its viewer.")
    ] = False,
    sft: Annotated[bool, typer.Option("--sft", help="Right replies, to be learned: OpenAI's chat format.")] = False,
    dpo: Annotated[
        bool, typer.Option("--dpo", help="Pairs of a right and a wrong reply to the same question.")
    ] = False,
    dev: Annotated[
        bool, typer.Option("--dev", help="Take the dev split too; a gate on these cases says nothing afterwards.")
    ] = False,
    scope: ScopeFile = None,
) -> None:
    """Write training data for language models from what they were asked and what was right, or a log for Inspect.

    The test split is never learned from. Records hold placeholders instead of personal data; what does not is left out.
    """
    if (sft, dpo, inspect).count(True) != 1:
        raise typer.BadParameter("Give one of --sft, --dpo and --inspect.")
    if inspect:
        from evals.inspect_log import write_inspect_log

        file = write_inspect_log(records, output)
        typer.echo(f"written to {file}; look at it with: inspect view --log-dir {file.parent}", err=True)
        return

    from assistant.cli.opening import Unlogged, open_sites, read_settings, scope_paths
    from assistant.cli.screen import warn
    from chains.errors import HopdeskError
    from evals.exporting import LEAST_EXAMPLES, Collection, rewriting

    settings = read_settings()
    [site] = open_sites(scope_paths([scope] if scope else None, settings)[:1], settings, Unlogged()).values()
    try:
        chain = site.chain
        public = site.loaded.path.read_text(encoding="utf-8")
        collection = Collection(chain.scope, _verdicts(records, judgements), rewriting(chain), public, dev=dev)
        for text in _test_texts(held_out or [], chain.scope.moderation):
            collection.hold_out(text)
        for record in _read(records):
            if hop in {None, record.hop}:
                collection.add(record)
    finally:
        site.catalog.close()
    written = _write(collection, preferences, output, sft=sft)
    total = sum(written.values())
    _show(collection, written)
    if not total:
        output.unlink()
        raise HopdeskError(f"{records}: there is nothing to learn from; label more records, or run cases of theirs.")
    config = output.with_suffix(".axolotl.yaml")
    config.write_text(_config(output, config, base_model, chain.scope.budget.prompt_tokens, sft=sft), encoding="utf-8")
    typer.echo(f"{total} lines written to {output}, and how to train with Axolotl to {config}", err=True)
    if total < LEAST_EXAMPLES:
        warn(
            f"Fine-tuning is not justified: {total} examples are fewer than {LEAST_EXAMPLES}. Better prompts, worked "
            "examples and retrieval come first; label more until then."
        )


def _verdicts(records: Path, judgements: Path | None) -> "Verdicts":
    from evals.labels import read_judgements
    from evals.verdicts import Verdicts

    verdicts = Verdicts()
    if records.is_dir():
        verdicts.add_results(records)
    for judgement in read_judgements(judgements) if judgements else ():
        verdicts.add_judgement(judgement)
    return verdicts


def _read(records: Path) -> "Iterator[HopRecord]":
    from chains.record import HopRecord
    from evals.labels import read_lines
    from evals.run_folder import RECORDS

    return read_lines(records / RECORDS if records.is_dir() else records, HopRecord, "hop/1")


def _test_texts(files: list[Path], policy: "ModerationPolicy") -> Iterator[str]:
    """The texts of test cases, as records have them."""
    from evals.cases import load_cases
    from moderation import inbound

    for file in files:
        yield from (inbound(case.text, policy).redacted.text for case in load_cases(file) if case.split == "test")


def _write(collection: "Collection", preferences: Path | None, output: Path, *, sft: bool) -> "Counter[HopName]":
    """Write the lines; how many there are of each hop."""
    from chains.errors import HopdeskError
    from evals.labels import read_preferences

    lines = collection.sft() if sft else collection.dpo(read_preferences(preferences) if preferences else ())
    try:
        with output.open("w", encoding="utf-8") as file:
            return Counter(hop for hop, line in lines if _written(line, file))
    except OSError as error:
        raise HopdeskError(f"{output}: the file cannot be written ({error.strerror}); choose another.") from None


def _written(line: "Json", file: TextIO) -> bool:
    from pydantic_core import to_json

    return file.write(f"{to_json(line).decode()}\n") > 0


def _show(collection: "Collection", written: "Counter[HopName]") -> None:
    """What was taken, and what was left out and why."""
    from assistant.cli.screen import out, table

    rows: list[tuple[str, str]] = [(hop, f"{count}") for hop, count in written.most_common()]
    rows += [(f"left out: {why}", f"{count}") for why, count in collection.left_out.most_common() if count]
    rows.append(("questions written anew from their prompt, all equal", f"{collection.compared}"))
    out().print(table("Examples", ["", "records"], rows, numbers=["records"]))


def _config(data: Path, config: Path, base_model: str, prompt_tokens: int, *, sft: bool) -> str:
    from evals.axolotl import axolotl_config

    sequence_len = (math.ceil(prompt_tokens / _REPLY_TOKENS) + 1) * _REPLY_TOKENS
    return axolotl_config("sft" if sft else "dpo", data, config, base_model, sequence_len)
