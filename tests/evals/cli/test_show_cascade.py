"""What `hopdesk evals cascade` says of a threshold."""

import io

from rich.console import Console

from evals.cli.show_cascade import Tuned, as_figures, show
from evals.thresholds import Pair, choose

LANGUAGE_MODELS = ("mistral/small", "openai/gpt-4.1")


def tuned(right: int, wrong: int, precision: float = 0.9, *, models: tuple[str, ...] = ()) -> Tuned:
    """So many right outputs at .9, some wrong ones above it, and as many again far below."""
    pairs = (
        *(Pair(f"right-{place}", 0.9, right=True) for place in range(right)),
        *(Pair(f"wrong-{place}", 0.95, right=False) for place in range(wrong)),
        *(Pair(f"low-{place}", 0.1, right=False) for place in range(right)),
    )
    return Tuned("intent", precision, pairs, choose(pairs, precision), models)


def said(shown: Tuned) -> str:
    out = io.StringIO()
    show(shown, Console(file=out, width=140))
    return out.getvalue()


def test_the_line_keeps_the_language_models_of_the_scope() -> None:
    line = 'intent = ["embedded@0.9", "mistral/small", "openai/gpt-4.1"]'
    assert tuned(50, 0, models=LANGUAGE_MODELS).line == line
    assert line in said(tuned(50, 0, models=LANGUAGE_MODELS))


def test_enough_right_ones_are_called_enough() -> None:
    assert "Here are 50, 0 of them wrong, which is enough." in said(tuned(50, 0))
    assert "Here are 40, 0 of them wrong, which is not enough" in said(tuned(40, 0, 0.95))
    assert as_figures(tuned(50, 0)).proven


def test_what_it_saves_is_said_in_calls() -> None:
    assert "of 100 requests that reach this hop 50 need no language model, so 50 calls are saved." in said(tuned(50, 0))


def test_a_few_of_those_that_are_wrong_are_listed() -> None:
    shown = said(tuned(200, 12))
    assert "wrong-9" in shown
    assert "wrong-10" not in shown
    assert "and 2 more" in shown
    assert len(as_figures(tuned(200, 12)).wrong) == 12


def test_without_a_good_threshold_there_is_a_table_and_no_line() -> None:
    none = tuned(5, 0)
    assert (none.chosen, none.line) == (None, None)
    assert "0.000" in said(none)
    assert "For the scope" not in said(none)
    figures = as_figures(none)
    assert (figures.chosen, figures.saved_calls_per_100, figures.proven, figures.wrong) == (None, 0.0, False, ())


def test_thresholds_between_which_nothing_changes_are_shown_once() -> None:
    assert [point.decided for point in tuned(50, 0).around] == [100, 50, 0]
