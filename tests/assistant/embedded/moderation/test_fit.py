import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from assistant.embedded.encoder import Encoder
from assistant.embedded.moderation import fit as fit_module
from assistant.embedded.moderation.classifier_file import load
from assistant.embedded.moderation.examples import CATEGORIES, Example
from assistant.embedded.moderation.fit import report
from assistant.embedded.moderation.fitting import FOLDS, fit, folds
from assistant.embedded.moderation.openai_samples import KIND


def few_examples() -> tuple[Example, ...]:
    """Ten texts of each category, and as many without any."""
    made = [
        Example(f"number {number} is about {name}", frozenset({name}), frozenset(), "written", f"{name} {number}")
        for name in CATEGORIES
        for number in range(10)
    ]
    made += [
        Example(f"number {number} is harmless", frozenset(), frozenset(), kind, f"none {number}")
        for number in range(10)
        for kind in ("written",)
    ]
    made.append(Example("an honest one. " * 20, frozenset(), frozenset({"hate"}), KIND, "long"))
    made.append(Example("another sample about hate", frozenset({"hate"}), frozenset(), KIND, "other"))
    return tuple(made)


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> tuple[CliRunner, typer.Typer]:
    monkeypatch.setattr(fit_module, "written_examples", few_examples)
    app = typer.Typer()
    app.command()(fit_module.main)
    return CliRunner(), app


def test_groups_stay_together_and_folds_are_even() -> None:
    examples = [Example(str(n), frozenset(), frozenset(), "k", f"g{n // 4}") for n in range(40)]
    fold = folds(examples)
    for group in range(10):
        assert len(set(fold[4 * group : 4 * group + 4])) == 1
    assert np.bincount(fold).tolist() == [8] * FOLDS


def test_each_category_is_told_from_the_others_and_from_nothing(encoder: Encoder) -> None:
    fitted = fit(few_examples(), encoder)
    for name in CATEGORIES:
        scores = fitted.classifier.scores(f"number 77 is about {name}", encoder)
        assert max(scores, key=lambda category: scores[category]) == name
    assert fitted.held_out.shape == (len(few_examples()), len(CATEGORIES))
    assert ((fitted.held_out >= 0) & (fitted.held_out <= 1)).all()


def test_the_report_names_every_category_and_leaves_out_what_cannot_be_measured(encoder: Encoder) -> None:
    console = Console(record=True, width=200)
    console.print(report(few_examples(), fit(few_examples(), encoder)))
    said = console.export_text()
    assert all(name in said for name in CATEGORIES)
    assert "nan" not in said


def test_the_command_writes_the_same_file_twice(
    runner: tuple[CliRunner, typer.Typer], tmp_path: Path, encoder: Encoder
) -> None:
    samples = tmp_path / "samples.jsonl.gz"
    rows = [{"prompt": f"sample {number}", "S": number % 2, "H": 0} for number in range(20)]
    samples.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    digests = []
    for name in ("one.npz", "two.npz"):
        done = runner[0].invoke(runner[1], ["--openai", str(samples), "--out", str(tmp_path / name)])
        assert done.exit_code == 0, done.output
        digests.append(load(encoder.fingerprint, tmp_path / name).sha256)
        assert digests[-1] in done.output.replace("\n", "")
    assert digests[0] == digests[1]


def test_samples_that_cannot_be_read_end_it_with_a_sentence(
    runner: tuple[CliRunner, typer.Typer], tmp_path: Path
) -> None:
    done = runner[0].invoke(runner[1], ["--openai", str(tmp_path / "none.gz"), "--out", str(tmp_path / "x.npz")])
    assert done.exit_code == 1
    assert "cannot be read as OpenAI's moderation samples" in " ".join(done.output.split())
    assert not (tmp_path / "x.npz").exists()
