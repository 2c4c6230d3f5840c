"""Where turns go wrong, by the rule that the module states."""

from collections import Counter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains.messages import HOPS, HopName
from evals.results import CaseResult, Label
from evals.transitions import FIRST_BAD, LAST_GOOD, bad_hops, hop_label, label_by, transition, transitions
from tests.evals.report.scored import attempt, result, score

LABELS: tuple[Label, ...] = get_args(Label)


def failed(ran: tuple[HopName, ...], **labels: Label) -> CaseResult:
    """A wrong turn: the hops that ran, and one score for each hop named."""
    scores = [score(hop, label, hop) for hop, label in labels.items()]  # type: ignore[arg-type]
    return result("c", [attempt(hop) for hop in ran], [*scores, score("turn", "fail")])


@pytest.mark.parametrize(
    ("wrong", "step"),
    [
        (failed(("moderation", "intent"), moderation="pass", intent="fail"), ("moderation", "intent")),
        (failed(("moderation",), moderation="fail"), ("start", "moderation")),
        (failed(("moderation", "intent"), intent="fail", lookup="fail"), ("start", "intent")),
        (failed(("moderation", "intent"), moderation="pass", intent="pass"), ("intent", "outcome")),
        (failed(()), ("start", "outcome")),
    ],
    ids=["the next one", "the first one", "unscored is not good", "all hops are good", "nothing is known"],
)
def test_a_wrong_turn_goes_from_its_last_good_hop_to_its_first_bad_one(
    wrong: CaseResult, step: tuple[str, str]
) -> None:
    assert transition(wrong) == step


def test_a_hop_that_did_not_run_is_not_good_and_may_be_the_first_that_is_bad() -> None:
    assert transition(failed(("moderation",), moderation="pass", intent="pass", lookup="fail")) == (
        "moderation",
        "lookup",
    )


@pytest.mark.parametrize("label", ["unsure", "error"])
def test_a_hop_of_which_nothing_can_be_said_is_neither(label: Label) -> None:
    wrong = failed(("moderation", "intent", "lookup"), moderation="pass", intent=label, lookup="fail")
    assert transition(wrong) == ("moderation", "lookup")


def test_only_wrong_turns_are_counted() -> None:
    bad = score("tools", "fail", "lookup")
    is_right = result("c1", [attempt("lookup")], [bad, score("turn", "pass")])
    unreached = result("c2", [attempt("lookup")], [bad, score("turn", "error")], error="It is down.")
    unscored = result("c3", [attempt("lookup")], [bad])
    assert transitions([is_right, unreached, unscored]) == Counter()
    assert bad_hops(is_right) == ("lookup",)
    assert label_by(unreached, "turn") == "error"


def test_another_scorer_may_say_which_turns_are_wrong() -> None:
    one = result("c1", [attempt("lookup")], [score("tools", "fail", "lookup"), score("mention", "fail")])
    assert transitions([one, one], "mention") == Counter({("start", "lookup"): 2})


def test_the_worst_score_of_a_hop_is_its_label() -> None:
    scores = [score(label, label, "lookup") for label in reversed(LABELS)]
    assert hop_label(result("c", (), scores), "lookup") == "fail"
    assert hop_label(result("c", (), scores[:-1]), "intent") is None


@given(
    st.lists(st.sampled_from(HOPS), unique=True),
    st.lists(st.tuples(st.sampled_from(HOPS), st.sampled_from(LABELS))),
)
def test_the_good_hop_is_before_the_bad_one(ran: list[HopName], labels: list[tuple[HopName, Label]]) -> None:
    scores = [score(f"s{place}", label, hop) for place, (hop, label) in enumerate(labels)]
    one = result("c", [attempt(hop) for hop in ran], [*scores, score("turn", "fail")])
    step = transition(one)
    assert step is not None
    assert LAST_GOOD.index(step[0]) <= FIRST_BAD.index(step[1])
    assert set(bad_hops(one)) == {hop for hop, label in labels if label == "fail"} & set(ran)
