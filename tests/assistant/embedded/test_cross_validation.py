"""The embedded intent model on its own examples, each unseen by the model that judges it."""

from collections import Counter as Tally

import pytest

from assistant.embedded.cross_validation import HeldOutIntent, cross_validate
from assistant.embedded.encoder import Encoder
from assistant.embedded.intent_model import Examples
from tests.assistant.embedded.counter import INSIDE, OUTSIDE, Counter

TWO = {"shop.hours": ("when do you open", "are you open on sundays")}


@pytest.fixture(scope="module")
def held_out(counter: Counter, encoder: Encoder) -> tuple[HeldOutIntent, ...]:
    return cross_validate(Examples({**INSIDE, **TWO}, OUTSIDE), counter.vocabulary, encoder, 7)


def test_every_example_in_scope_and_out_is_judged_once(held_out: tuple[HeldOutIntent, ...]) -> None:
    labelled = [(text, label) for label, texts in INSIDE.items() for text in texts]
    assert Tally((one.text, one.label) for one in held_out) == Tally([*labelled, *((text, None) for text in OUTSIDE)])


def test_an_intent_with_too_few_examples_to_spare_one_is_learnt_from_alone(held_out: tuple[HeldOutIntent, ...]) -> None:
    assert "shop.hours" not in {one.label for one in held_out}
    assert "shop.hours" in {score.intent for one in held_out for score in one.intent.ranked}


def test_what_was_not_seen_is_right_more_often_than_by_chance(held_out: tuple[HeldOutIntent, ...]) -> None:
    inside = [one for one in held_out if one.label]
    right = sum(one.intent.ranked[0].intent == one.label for one in inside)
    assert right > len(inside) / 2
    assert all(one.intent.certainty is not None for one in held_out)


def test_progress_is_told_after_every_fold(counter: Counter, encoder: Encoder) -> None:
    told: list[tuple[int, int]] = []
    few = {label: texts[:3] for label, texts in INSIDE.items()}
    cross_validate(Examples(few, ()), counter.vocabulary, encoder, 7, lambda done, of: told.append((done, of)))
    assert told == [(done, 5) for done in range(1, 6)]
