"""Makes the released moderation classifier of the written examples and the even half of OpenAI's samples.

    python -m assistant.embedded.moderation.fit --openai samples.jsonl.gz

The same inputs make the same file on the same machine. What it prints is cross-validated on the examples alone.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from assistant.embedded.encoder import Encoder
from assistant.embedded.moderation import classifier_file
from assistant.embedded.moderation.examples import CATEGORIES, Example, written_examples
from assistant.embedded.moderation.fitting import Fitted, fit
from assistant.embedded.moderation.openai_samples import KIND, read_samples
from chains.errors import EmbeddedModelError

_QUANTILES = (0.995, 0.999, 1.0)


def main(
    openai: Annotated[Path, typer.Option(help="OpenAI's samples.jsonl.gz; its even half is learnt from.")],
    out: Annotated[Path, typer.Option(help="Where the classifier is written.")] = classifier_file.RELEASED,
) -> None:
    """Fit the moderation classifier, write it and print what cross-validation says of it."""
    console = Console()
    try:
        examples = (*written_examples(), *read_samples(openai, odd=False))
        fitted = fit(examples, Encoder())
    except EmbeddedModelError as error:
        console.print(str(error), markup=False)
        raise typer.Exit(1) from None
    digest = classifier_file.write(out, fitted.classifier)
    console.print(report(examples, fitted))
    console.print(f"{out}: {out.stat().st_size:,} bytes, sha256 {digest}", markup=False)


def report(examples: Sequence[Example], fitted: Fitted) -> Table:
    """By category: AUROC on written and on OpenAI's examples, and how high the scores of harmless written ones go."""
    table = Table(title=f"{len(examples)} examples, cross-validated")
    table.add_column("category")
    for heading in ("AUROC written", "AUROC openai", *(f"harmless {share:.1%}" for share in _QUANTILES)):
        table.add_column(heading, justify="right")
    is_openai = np.array([example.kind == KIND for example in examples])
    harmless = np.array([not example.categories for example in examples]) & ~is_openai
    for column, category in enumerate(CATEGORIES):
        scores = fitted.held_out[:, column]
        shown = np.array([category in example.categories for example in examples])
        known = np.array([category not in example.unknown for example in examples])
        table.add_row(
            category,
            _auroc(shown, scores, known & ~is_openai),
            _auroc(shown, scores, known & is_openai),
            *(f"{value:.3f}" for value in np.quantile(scores[harmless], _QUANTILES)),
        )
    return table


def _auroc(shown: NDArray[np.bool_], scores: NDArray[np.float64], among: NDArray[np.bool_]) -> str:
    from sklearn.metrics import roc_auc_score

    if len(set(shown[among].tolist())) < 2:
        return ""
    return f"{roc_auc_score(shown[among], scores[among]):.3f}"


if __name__ == "__main__":
    typer.run(main)
