"""How sure planner and responder are: the more of a request they explain, and the less they guess, the surer."""

import pytest
from hypothesis import given, settings

from assistant.embedded.confidence import answered, quoted, understood
from tests.assistant.embedded.counter import Asked, Counter
from tests.assistant.embedded.texts import BUILT_IN_REQUESTS

SEARCH = ("search_products",)
BY_MEANING = "how much does the thing in my hand bring to the scales"  # its weight
PRODUCT = ("get_product", "search_products")


def planned(counter: Counter, text: str, *tools: str, page: tuple[str, ...] = ()) -> float:
    confidence = counter.plan(text, *tools, page=page).confidence
    assert confidence is not None
    return confidence


def drafted(counter: Counter, text: str, *tools: str, page: tuple[str, ...] = ()) -> float:
    draft = counter.tell(text, *tools, page=page).draft
    assert draft is not None
    assert draft.confidence is not None
    return draft.confidence


class TestReading:
    @pytest.mark.parametrize(
        ("text", "share"),
        [
            ("any silver laptops?", 1.0),
            ("silver laptops for my grandmother", 2 / 3),
            ("do you have any?", 1.0),
            ("", 1.0),
        ],
    )
    def test_it_is_the_share_of_the_content_words_that_are_explained(
        self, counter: Counter, text: str, share: float
    ) -> None:
        assert understood(counter.reader.read(text)) == pytest.approx(share)

    def test_a_value_before_a_word_that_is_not_explained_may_be_no_wish(self, counter: Counter) -> None:
        astray = understood(counter.reader.read("laptops for the silver wedding"))
        meant = understood(counter.reader.read("wedding laptops in silver"))
        assert astray == meant / 2

    def test_the_story_around_a_question_counts_for_half(self, counter: Counter) -> None:
        reading = counter.reader.read("my grandmother bakes, so how heavy is the nova 14")
        assert answered(reading) == pytest.approx((1 + understood(reading)) / 2)

    def test_a_paragraph_is_surer_the_more_words_of_the_question_it_has(self) -> None:
        returns = "You can return every item within 30 days."
        assert quoted("how many days to return an item", (returns,)) == pytest.approx(0.6)
        assert 0.3 < quoted("can my aunt return it", (returns,)) < 0.6
        assert quoted("gift wrapping", (returns,)) == quoted("?", (returns,)) == pytest.approx(0.3)


class TestPlan:
    def test_what_is_understood_entirely_is_certain(self, counter: Counter) -> None:
        assert planned(counter, "how heavy is the aurel nova 14?", *PRODUCT) == 1.0
        assert planned(counter, "any silver laptops?", *SEARCH) == 1.0

    @pytest.mark.parametrize("tool", ["find_policy", "get_order"])
    def test_a_call_that_takes_nothing_from_the_reading_is_certain(self, counter: Counter, tool: str) -> None:
        assert planned(counter, "my aunt wants to know about [ORDER_1]", tool) == 1.0

    @pytest.mark.parametrize(
        ("surer", "less_sure", "tools", "page"),
        [
            ("any silver laptops?", "any silver laptops for knitting patterns?", SEARCH, ()),
            ("how heavy is it", BY_MEANING, PRODUCT, ("HEA-1",)),
            (BY_MEANING, "is it good for gaming", PRODUCT, ("HEA-1",)),
            ("how heavy is the nova 14?", "how heavy?", PRODUCT, ("LAP-1",)),
            ("is the velm 700 wireless", "is the tonika velm wireless", PRODUCT, ()),
            ("is the nova 14 in stock", "is the nova 14 in stock for my wedding party", ("check_stock",), ()),
            (
                "is this lighter than the northvik fjord 13?",
                "compare with the northvik fjord 13",
                ("compare_products",),
                (),
            ),
            ("any silver laptops?", "do you sell the nova 99", SEARCH, ()),
        ],
    )
    def test_what_has_to_be_guessed_is_less_so(
        self, counter: Counter, surer: str, less_sure: str, tools: tuple[str, ...], page: tuple[str, ...]
    ) -> None:
        page = page or ("LAP-1",)
        assert planned(counter, less_sure, *tools, page=page) < planned(counter, surer, *tools, page=page) <= 1.0

    def test_two_intents_are_as_certain_as_the_less_certain_one(self, counter: Counter) -> None:
        both = Asked("silver laptops for knitting, and how do i return one", {"a.b": SEARCH, "a.c": ("find_policy",)})
        alone = Asked(both.text, {"a.b": SEARCH})
        assert counter.planner.plan(both.given).confidence == counter.planner.plan(alone.given).confidence


class TestDraft:
    def test_what_was_asked_and_found_is_certain(self, counter: Counter) -> None:
        assert drafted(counter, "how heavy is the nova 14?", *PRODUCT) == 1.0
        assert drafted(counter, "any silver laptops?", *SEARCH) == 1.0
        assert drafted(counter, "where is [ORDER_1]", "get_order") == 1.0

    @pytest.mark.parametrize(
        ("surer", "less_sure", "tools"),
        [
            ("how heavy is it", BY_MEANING, PRODUCT),
            ("how heavy is it", "is it good for gaming", PRODUCT),
            ("any silver laptops?", "any silver laptops for knitting?", SEARCH),
            ("any silver laptops?", "do you sell the nova 99", SEARCH),
            ("any silver laptops?", "something for knitting", SEARCH),
        ],
    )
    def test_what_may_miss_the_question_is_less_so(
        self, counter: Counter, surer: str, less_sure: str, tools: tuple[str, ...]
    ) -> None:
        page = ("HEA-1",)
        assert drafted(counter, less_sure, *tools, page=page) < drafted(counter, surer, *tools, page=page)

    def test_an_intent_of_which_nothing_was_found_is_not_answered(self, counter: Counter) -> None:
        told = counter.ask(Asked("how heavy is the nova 14", {"a.b": PRODUCT, "a.c": ()}))
        assert told.draft is not None
        assert told.draft.confidence == 0.0


@settings(max_examples=100, deadline=None)
@given(BUILT_IN_REQUESTS)
def test_every_confidence_is_between_0_and_1(counter: Counter, asked: Asked) -> None:
    told = counter.ask(asked)
    assert told.plan.certainty is not None
    assert told.draft is None or told.draft.certainty is not None
