"""What `hopdesk evals train` says at its end: what was changed, and what is left to do."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from evals.cli.show_training import show_promoted
from evals.gate import Finding
from evals.promotion import Promoted


def shown(finding: Finding, promoted: Promoted | None) -> str:
    console = Console(file=StringIO(), width=200)
    show_promoted(finding, promoted, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_line_that_the_scope_lacks_is_told() -> None:
    text = shown("pass", Promoted(Path("a.jsonl"), None, 'examples = "a.jsonl"'))
    assert text == (
        "Promoted: the examples are in a.jsonl.\n"
        'The scope names no examples file yet: add this line to its [sources]: examples = "a.jsonl"\n'
    )


def test_where_the_old_file_is_kept_is_told_and_a_path_is_no_markup() -> None:
    text = shown("pass", Promoted(Path("[red]a.jsonl"), Path("[red]a-12.jsonl"), None))
    assert "the examples are in [red]a.jsonl; the old file is [red]a-12.jsonl." in text
    assert "takes them up when it is started again" in text


@pytest.mark.parametrize("finding", ["pass", "regress", "cannot tell"])
def test_without_a_promotion_nothing_was_changed(finding: Finding) -> None:
    assert shown(finding, None).strip().lower().endswith("nothing was changed.")
