"""What a run changed."""

from evals.report.changes import Change, changes
from tests.evals.paired_runs import run_of


def test_without_a_base_the_swaps_are_what_changed() -> None:
    run = run_of().model_copy(update={"changes": {"prompts.intent": "2"}})
    assert changes(None, run) == (Change("prompts.intent", None, "2"),)
    assert changes(None, run_of()) == ()


def test_against_a_base_all_that_differs_is_named_from_either_side() -> None:
    base = run_of().model_copy(
        update={"models": {"intent": ("embedded",)}, "changes": {"budget.usd": "1"}, "note": "before"}
    )
    run = run_of("new", hop="intent").model_copy(
        update={"models": {"intent": ("embedded", "openai/x")}, "catalog_sha256": "d"}
    )
    assert changes(base, run) == (
        Change("catalog_sha256", "c", "d"),
        Change("note", "before", None),
        Change("models.intent", "embedded", "embedded, openai/x"),
        Change("budget.usd", "1", None),
        Change("hop", None, "intent"),
    )


def test_two_runs_of_the_same_do_not_differ() -> None:
    assert changes(run_of("a"), run_of("b")) == ()
