"""What somebody else wrote reaches the terminal as plain visible text."""

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from assistant.cli.screen import data, progress_bar, table, visible, visible_json

# every kind of character, surrogates and unassigned ones too
ANY_TEXT = st.text(st.characters(exclude_categories=[]))


@given(ANY_TEXT)
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    assert all(char == "\n" or unicodedata.category(char)[0] != "C" for char in shown)


@given(
    st.recursive(st.none() | st.booleans() | ANY_TEXT, lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner))
)
def test_json_is_shown_as_the_same_value(value: object) -> None:
    shown = visible_json(json.dumps(value, ensure_ascii=False, indent=1))
    assert json.loads(shown) == json.loads(json.dumps(value))
    assert visible(shown) == shown


def test_markup_and_escapes_in_a_cell_are_text() -> None:
    written = io.StringIO()
    console = Console(file=written, width=80)
    console.print(table("[red]title", ("name",), [["[bold]x[/bold]\x1b[2J\u202e"], [data("y", "red")]]))
    assert "[red]title" in written.getvalue()
    assert "[bold]x[/bold]�[2J�" in written.getvalue()
    assert "\x1b" not in written.getvalue()


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("Working") as progress:
        progress(1, 2)
        progress(2, 2)
    assert "".join(capsys.readouterr()) == ""


def test_progress_has_a_rate_where_somebody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(
        "assistant.cli.screen.err", lambda: Console(file=written, force_terminal=True, width=100, color_system=None)
    )
    with progress_bar("Working") as progress:
        for done in range(5):
            progress(done, 4)
    assert "Working" in written.getvalue()
    assert "4/4" in written.getvalue()
