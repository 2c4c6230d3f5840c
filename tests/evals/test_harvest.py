"""Harvesting: which turns become cases, and that sampling keeps its promises."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chains.messages import HopName
from chains.outcomes import OutcomeKind
from evals.happened import Happened
from evals.harvest import Harvest, Wanted, harvest
from moderation import PiiPolicy
from tests.evals.test_happened import happened

POLICY = PiiPolicy(order_pattern=r"LO-\d{5}")


def asking(text: str, turn_id: str = "t1", **update: object) -> Happened:
    """A turn that asked this, and got as far as its moderation."""
    [record, *_] = _RECORDS
    given_ = record.model_copy(update={"input": {"text": text, "locale": "en"}, "turn_id": turn_id, **update})
    return Happened(turn_id, "shop", [given_])


_RECORDS = happened().records
WORDS = ["lamp", "chair", "order", "refund", "red", "cheap", "today", "kettle", "warranty", "invoice", "size", "blue"]


def different(count: int, seed: int = 1) -> list[Happened]:
    """Turns with requests that have little in common."""
    chance = random.Random(seed)
    return [asking(" ".join(chance.choices(WORDS, k=9)) + f" {place}", f"t{place:03}") for place in range(count)]


def texts(found: Harvest) -> set[str]:
    return {case.text for case in found.cases}


def gathered(turns: list[Happened], wanted: Wanted | None = None, count: int = 10, seed: int = 7) -> Harvest:
    return harvest(turns, wanted or Wanted(), count, seed, POLICY)


class TestFilters:
    @pytest.mark.parametrize(
        ("wanted", "holds"),
        [
            (Wanted(), True),
            (Wanted(site="shop"), True),
            (Wanted(site="other"), False),
            (Wanted(intent="product.price"), True),
            (Wanted(intent="order.status"), False),
            (Wanted(status="ok"), True),
            (Wanted(status="invalid"), False),
            (Wanted(since_ns=0), True),
            (Wanted(since_ns=2**62), False),
        ],
    )
    def test_only_turns_that_are_wanted_are_taken(self, wanted: Wanted, holds: bool) -> None:
        found = gathered([happened()], wanted)
        assert (found.seen, found.matching, len(found.cases)) == (1, int(holds), int(holds))

    @pytest.mark.parametrize(("hop", "holds"), [("outbound", True), ("moderation", True)])
    def test_a_hop_is_one_that_the_turn_got_to(self, hop: HopName, holds: bool) -> None:
        assert gathered([happened()], Wanted(hop=hop)).matching == int(holds)
        assert gathered([asking("hi there")], Wanted(hop="outbound")).matching == 0

    @pytest.mark.parametrize(("outcome", "matching"), [("answer", 1), ("decline", 0)])
    def test_an_outcome_is_the_one_that_is_known(self, outcome: OutcomeKind, matching: int) -> None:
        assert gathered([happened()], Wanted(outcome=outcome)).matching == matching


class TestDuplicates:
    def test_requests_with_the_same_words_are_one(self) -> None:
        turns = [asking("What's the price?", "b"), asking("what s the PRICE", "a"), asking("where is it", "c")]
        found = gathered(turns)
        assert [case.id for case in found.cases] == ["h-a", "h-c"]

    def test_near_duplicates_are_one(self) -> None:
        turns = [asking("can i return the floor lamp", "a"), asking("can i return the floor lamps", "b")]
        assert len(gathered(turns).cases) == 1

    def test_what_takes_their_place_is_something_else(self) -> None:
        turns = [*different(5), *(asking(f"can i return the floor lamp no{place}", f"x{place}") for place in range(5))]
        assert len(gathered(turns, count=6).cases) == 6


class TestSampling:
    def test_the_same_seed_takes_the_same_and_another_one_others(self) -> None:
        turns = different(200)
        assert texts(gathered(turns)) == texts(gathered(turns)) != texts(gathered(turns, seed=8))
        assert len(gathered(turns).cases) == 10

    @given(st.integers(0, 10_000))
    @settings(max_examples=20, deadline=None)
    def test_the_order_of_the_log_does_not_matter(self, seed: int) -> None:
        turns = different(60)
        shuffled = random.Random(seed).sample(turns, len(turns))
        assert gathered(shuffled).cases == gathered(turns).cases

    def test_every_request_is_as_likely_as_any_other(self) -> None:
        turns = different(40)
        taken = dict.fromkeys((turn.text for turn in turns), 0)
        for seed in range(300):
            for case in gathered(turns, seed=seed).cases:
                taken[case.text] += 1
        # 300 draws of 10 of 40: 75 each; 4.5 standard deviations of sqrt(300 * .25 * .75) = 7.5
        assert all(41 <= count <= 109 for count in taken.values()), taken

    def test_no_more_is_held_than_is_wanted(self) -> None:
        found = gathered(different(300), count=3)
        assert (len(found.cases), found.seen, found.matching) == (3, 300, 300)


class TestPersonalData:
    @pytest.mark.parametrize("text", ["I am ada@example.org", "call +49 151 23456789", "where is LO-12345"])
    def test_a_request_that_still_holds_some_is_left_out(self, text: str) -> None:
        found = gathered([asking(text), asking("where is it", "t2")])
        assert (found.personal, texts(found)) == (1, {"where is it"})

    def test_placeholders_are_none(self) -> None:
        found = gathered([asking("where is [ORDER_1], I am [EMAIL_1]")])
        assert (found.personal, len(found.cases)) == (0, 1)

    def test_a_turn_without_a_request_is_counted(self) -> None:
        assert gathered([asking("  ")]).unreadable == 1
