"""`hopdesk evals import` and `hopdesk evals variants`: more cases from what is there."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from evals.cli.options import WrittenCases

if TYPE_CHECKING:
    from evals.happened import Happened

Format = Literal["csv", "jsonl", "judgements", "preferences", "promptfoo", "inspect"]


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What the cases are made of.")],
    *,
    output: WrittenCases,
    kind: Annotated[Format, typer.Option("--from", help="What the file is.")] = "csv",
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Which column or key holds a field, as text=Question."),
    ] = None,
    split: Annotated[
        Literal["train", "dev", "test"], typer.Option(help="The split of cases that name none.")
    ] = "train",
    tags: Annotated[list[str] | None, typer.Option("--tag", help="A tag for all of them.")] = None,
    hops: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Hop records of the turns that judgements speak of.")
    ] = None,
) -> None:
    """Make cases of a table, of JSON Lines, of judgements or preferences, or of promptfoo's or Inspect's cases.

    What the file does not say is not expected. Lists in one cell have bars between their items.
    """
    from evals.cases import cases_sha256, write_cases
    from evals.importers import FIELDS, Options, import_cases

    mapped = dict(_pair(one) for one in columns or ())
    if unknown := mapped.keys() - set(FIELDS):
        raise typer.BadParameter(
            f"There is no field {min(unknown)!r}; there are: {', '.join(FIELDS)}.", param_hint="--map"
        )
    options = Options(mapped, split, tuple(tags or ()), _turns(hops) if hops else {})
    cases = import_cases(file, kind, options)
    count = write_cases(cases, output)
    typer.echo(f"{count} cases written to {output} (sha256 {cases_sha256(cases)[:12]})", err=True)


def variants(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Cases, as JSON Lines; none of the test split.")],
    *,
    output: WrittenCases,
    method: Annotated[
        Literal["typos", "paraphrase", "constraint"] | None,
        typer.Option("--by", help="How they are made; absent: in every way."),
    ] = None,
    each: Annotated[int, typer.Option(min=1, max=20, help="How many of each case, by each method.")] = 1,
    seed: Annotated[int, typer.Option(help="Another seed makes other ones.")] = 7,
) -> None:
    """Make synthetic variants of cases: with typos, with courtesies around them, or with another price limit.

    They are marked as synthetic and stay in the split of their case, which is never the test split.
    """
    from evals.cases import load_cases, refuse_test_split, write_cases
    from evals.variants import METHODS
    from evals.variants import variants as make

    cases = load_cases(file)
    refuse_test_split(cases, str(file))
    count = write_cases(make(cases, (method,) if method else METHODS, each, seed), output)
    typer.echo(f"{count} variants of {len(cases)} cases written to {output}", err=True)


def _pair(text: str) -> tuple[str, str]:
    name, sign, column = text.partition("=")
    if not (name and sign and column):
        raise typer.BadParameter("Write it as text=Question.", param_hint="--map")
    return name.strip(), column.strip()


def _turns(path: Path) -> "dict[str, Happened]":
    from chains.errors import ReplayError
    from evals.happened import read_turns

    try:
        with path.open(encoding="utf-8") as lines:
            return {turn.turn_id: turn for turn in read_turns(lines, str(path))}
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise ReplayError(f"{path}: the hop records cannot be read ({why}).") from None
