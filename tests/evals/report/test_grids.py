"""Matrices as tables."""

from urllib.parse import parse_qs

from evals.report.figures import figures
from evals.report.grids import Cell, intent_grid, transition_grid
from tests.evals.paired_runs import finished
from tests.evals.report.scored import attempt, case, result, right, score, wrong


def test_transitions_stand_in_the_order_of_the_hops() -> None:
    late = result("c3", [attempt("intent")], [score("intents", "pass", "intent"), score("turn", "fail")])
    grid = transition_grid(figures(finished([wrong("c1"), wrong("c2"), late]), "turn"))
    assert grid.columns == (("intent", 2), ("outcome", 1))
    assert [(name, total) for name, total, _ in grid.rows] == [("moderation", 2), ("intent", 1)]
    assert grid.rows[0][2] == (
        Cell(2, 1.0, "#cases?from=moderation&to=intent"),
        Cell(0, 0.0, "#cases?from=moderation&to=outcome"),
    )
    assert grid.rows[1][2][1].heat == 0.5
    assert grid.total == 3


def test_intents_got_as_expected_have_a_heat_of_their_own() -> None:
    results = [right("c1"), right("c2"), wrong("c3")]
    grid = intent_grid(figures(finished(results), "turn", [case(name, ["a.b"]) for name in ("c1", "c2", "c3")]))
    assert grid is not None
    assert grid.columns == (("a.b", 2), ("c.d", 1))
    [(name, total, cells)] = grid.rows
    assert (name, total) == ("a.b", 3)
    assert [(cell.count, cell.heat, cell.expected) for cell in cells] == [(2, 1.0, True), (1, 1.0, False)]


def test_names_in_links_are_quoted() -> None:
    found = figures(finished([wrong("c1")]), "turn", [case("c1", ["a&to=b"])])
    grid = intent_grid(found)
    assert grid is not None
    link = grid.rows[0][2][0].link
    assert parse_qs(link.partition("?")[2]) == {"want": ["a&to=b"], "got": ["c.d"]}


def test_without_cases_there_is_no_matrix_and_without_failures_an_empty_one() -> None:
    found = figures(finished([right("c1")]), "turn")
    assert intent_grid(found) is None
    assert transition_grid(found).rows == ()
