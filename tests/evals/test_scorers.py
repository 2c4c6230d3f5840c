"""Scorers on real runs of the small shop, on hops that ran alone, and on runs that failed for others' reasons."""

import asyncio
from dataclasses import replace

import pytest

from chains.outcomes import Clarify, Decline, Handoff, Outcome, OutcomeKind, Withdrawn
from chains.record import HopRecord
from evals.cases import Case, Expectation, ExpectedCall, ExpectedFact, ModerationLabel
from evals.observed import Observed, Setting
from evals.results import Label
from evals.running import run_case
from evals.scorers import SCORERS, TIMED, score_all
from moderation import Verdict
from tests.chains.fakes import changed, shop_chain, shop_scope

SETTING = Setting(shop_scope())
PRICE = Expectation(
    intents=("product.price",),
    tools=(ExpectedCall(name="get_product", arguments={"sku": "L-1"}),),
    facts=(ExpectedFact(record="L-1", field="price"),),
    outcome="answer",
)


def case(*expect: Expectation) -> Case:
    return Case(id="c1", text="What does the desk lamp cost?", split="dev", expect=expect or (PRICE,))


@pytest.fixture(scope="module")
def price() -> Observed:
    return Observed.of(asyncio.run(run_case(case(), shop_chain())))


def expecting(observed: Observed, *expect: Expectation) -> Observed:
    return replace(observed, case=case(*expect))


def label(scorer: str, observed: Observed, setting: Setting = SETTING) -> Label | None:
    score = (SCORERS | TIMED)[scorer](observed, setting)
    if score is None:
        return None
    assert score.scorer == scorer
    return score.label


class TestTheFive:
    def test_a_right_turn_passes_them_all(self, price: Observed) -> None:
        five = ("turn", "intents", "tools", "facts", "outcome")
        assert [label(name, price) for name in five] == ["pass"] * 5
        assert [score.hop for score in score_all(price, SETTING, five)] == [None, "intent", "lookup", "response", None]

    @pytest.mark.parametrize(
        ("change", "failed"),
        [
            ({"intents": ()}, "intents"),
            ({"tools": (ExpectedCall(name="check_stock"),)}, "tools"),
            ({"facts": (ExpectedFact(none_found=True),)}, "facts"),
            ({"outcome": "clarify"}, "outcome"),
        ],
    )
    def test_each_part_fails_by_itself_and_the_turn_with_it(
        self, price: Observed, change: dict[str, object], failed: str
    ) -> None:
        observed = expecting(price, PRICE.model_copy(update=change))
        five = ("turn", "intents", "tools", "facts", "outcome")
        assert [name for name in five if label(name, observed) == "fail"] == ["turn", failed]

    def test_what_the_case_does_not_speak_of_is_not_scored(self, price: Observed) -> None:
        observed = expecting(price, Expectation(outcome="answer"))
        assert [label(name, observed) for name in ("intents", "tools", "facts", "outcome")] == [
            None,
            None,
            None,
            "pass",
        ]

    def test_the_best_acceptable_result_counts(self, price: Observed) -> None:
        wrong = PRICE.model_copy(update={"outcome": "decline"})
        assert label("turn", expecting(price, wrong, PRICE)) == "pass"

    @pytest.mark.parametrize(
        ("hop", "scorer", "wrong"),
        [
            ("intent", "intents", Expectation(intents=("returns.policy",))),
            ("lookup", "tools", Expectation(tools=(ExpectedCall(name="check_stock"),))),
            ("response", "facts", Expectation(facts=(ExpectedFact(record="L-1", field="colour"),))),
        ],
    )
    def test_a_hop_that_ran_alone_is_judged_by_its_own_record(
        self, price: Observed, hop: str, scorer: str, wrong: Expectation
    ) -> None:
        records = tuple(record for record in price.records if record.hop == hop)
        alone = replace(price, outcome=None, records=records)
        assert label(scorer, alone) == "pass"
        assert label(scorer, replace(alone, case=case(wrong))) == "fail"
        assert label(scorer, replace(alone, case=case(wrong, PRICE))) == "pass"
        others = {"turn", "intents", "tools", "facts", "outcome", "in_scope", "mention"} - {scorer}
        assert {name for name in others if label(name, alone)} == set()

    def test_a_response_that_ran_alone_shows_its_products(self, price: Observed) -> None:
        records = tuple(record for record in price.records if record.hop == "response")
        alone = replace(price, outcome=None, records=records, case=case())
        shown = expecting(alone, Expectation(facts=(ExpectedFact(all_products=("L-1",)),)))
        assert label("facts", shown) == label("products_equal", shown) == "pass"

    def test_a_response_of_another_version_used_nothing(self, price: Observed) -> None:
        records = tuple(r.model_copy(update={"parsed": {"x": 1}}) for r in price.records if r.hop == "response")
        assert label("facts", replace(price, outcome=None, records=records)) == "fail"


def broken(observed: Observed, hop: str, error_type: str) -> Observed:
    """The run with a failed attempt of a hop before its others."""
    failed = next(record for record in observed.records if record.hop == hop)
    update = {"valid": False, "status": "error", "error_type": error_type, "parsed": None}
    return replace(observed, records=(failed.model_copy(update=update), *observed.records))


class TestCards:
    def test_what_outbound_kept_in_is_not_the_fault_of_the_hops_before_it(self, price: Observed) -> None:
        expected = PRICE.model_copy(update={"facts": (ExpectedFact(all_products=("L-1",)),)})
        stopped = Handoff(reason="unsure", text="A colleague will write.")
        kept_in = replace(expecting(price, expected), outcome=stopped)
        assert [label(name, kept_in) for name in ("facts", "products_equal", "outcome")] == ["pass", "pass", "fail"]
        never_made = replace(kept_in, records=tuple(one for one in price.records if one.hop != "grounding"))
        assert [label(name, never_made) for name in ("facts", "products_equal")] == ["fail", "fail"]


class TestErrors:
    @pytest.mark.parametrize("error_type", ["ModelDown", "ModelBusy", "CircuitOpen", "AllowanceSpent", "ModelLate"])
    def test_what_failed_before_a_hop_is_an_error_and_neither_pass_nor_fail(
        self, price: Observed, error_type: str
    ) -> None:
        observed = broken(price, "lookup", error_type)
        assert [label(name, observed) for name in ("intents", "tools", "facts", "turn")] == [
            "pass", "error", "error", "error",
        ]  # fmt: skip
        score = SCORERS["tools"](observed, SETTING)
        assert score is not None
        assert score.critique == f"The lookup hop's model script gave no reply ({error_type})."

    @pytest.mark.parametrize("error_type", ["ModelSilent", "ModelRefused", "Cancelled"])
    def test_a_model_that_replied_badly_is_judged(self, price: Observed, error_type: str) -> None:
        assert label("tools", broken(price, "lookup", error_type)) == "pass"

    def test_a_run_without_a_result_is_an_error_throughout(self) -> None:
        observed = Observed(
            case(PRICE.model_copy(update={"moderation": "pass", "mention": ("EUR",)})), None, (), error="x"
        )
        scores = {score.scorer: score.label for score in score_all(observed, SETTING)}
        assert set(scores.values()) == {"error"}
        assert {"turn", "intents", "tools", "facts", "outcome", "moderation", "mention", "in_scope"} <= scores.keys()

    @pytest.mark.parametrize("reason", ["failure", "overdue"])
    def test_a_turn_that_broke_is_an_error(self, price: Observed, reason: str) -> None:
        outcome = Handoff.model_validate({"reason": reason, "text": "A colleague will write."})
        assert label("turn", replace(price, outcome=outcome)) == "error"


class TestModeration:
    @pytest.mark.parametrize(
        ("outcome", "came_to"),
        [
            (Decline(reason="moderation", text="Not that."), "block"),
            (Handoff(reason="moderation", text="A person."), "review"),
            (Decline(reason="out_of_scope", text="Only lamps."), "pass"),
            (Clarify(reason="product", question="Which one?"), "pass"),
        ],
    )
    def test_a_turn_tells_by_its_ending(self, price: Observed, outcome: Outcome, came_to: ModerationLabel) -> None:
        observed = replace(price, outcome=outcome, case=case(Expectation(moderation=came_to)))
        assert label("moderation", observed) == "pass"
        other: ModerationLabel = "review" if came_to == "pass" else "pass"
        assert label("moderation", replace(observed, case=case(Expectation(moderation=other)))) == "fail"

    @pytest.mark.parametrize(
        ("wanted", "stopped", "sent_on"),
        [
            ({"answer"}, "fail", "fail"),
            ({"clarify"}, "fail", "fail"),
            ({"decline"}, "pass", "fail"),
            ({"handoff"}, "fail", "pass"),
            ({"answer", "handoff"}, "fail", "pass"),
        ],
    )
    def test_without_a_label_of_its_own_it_is_held_to_how_the_turn_is_to_end(
        self, price: Observed, wanted: set[OutcomeKind], stopped: Label, sent_on: Label
    ) -> None:
        observed = expecting(price, *(Expectation(outcome=kind) for kind in wanted))
        assert label("moderation", observed) == "pass"
        block, review = Decline(reason="moderation", text="No."), Handoff(reason="moderation", text="A person.")
        assert label("moderation", replace(observed, outcome=block)) == stopped
        assert label("moderation", replace(observed, outcome=review)) == sent_on

    def test_an_intent_that_is_to_be_served_has_to_pass_however_the_turn_ends(self, price: Observed) -> None:
        observed = expecting(price, Expectation(intents=("product.price",), outcome="handoff"))
        assert label("moderation", observed) == "pass"
        assert label("moderation", replace(observed, outcome=Handoff(reason="moderation", text="A person."))) == "fail"

    def test_where_any_ending_is_right_nothing_is_said_of_it(self, price: Observed) -> None:
        assert label("moderation", expecting(price, Expectation(outcome="answer"), Expectation(intents=()))) is None

    @pytest.mark.parametrize(
        ("layers", "came_to"),
        [
            ([Verdict(action="allow", layer="rules")], "pass"),
            ([Verdict(action="allow", layer="rules"), Verdict(action="block", layer="model")], "block"),
            ([Verdict(action="review", layer="rules")], "review"),
            ([Verdict(action="allow", layer="rules"), None], "review"),
            ([None], "review"),
        ],
    )
    def test_the_hop_alone_tells_by_its_layers(
        self, price: Observed, layers: list[Verdict | None], came_to: ModerationLabel
    ) -> None:
        observed = self.alone(price, layers, came_to)
        assert label("moderation", observed) == "pass"

    def test_a_silent_layer_is_ignored_where_the_scope_says_so(self, price: Observed) -> None:
        fallback = SETTING.scope.fallback.model_copy(update={"moderation": "rules"})
        setting = Setting(changed(shop_scope(), fallback=fallback))
        observed = self.alone(price, [Verdict(action="allow", layer="rules"), None], "pass")
        assert label("moderation", observed, setting) == "pass"

    @staticmethod
    def alone(price: Observed, layers: list[Verdict | None], came_to: ModerationLabel) -> Observed:
        made = next(record for record in price.records if record.hop == "moderation")
        records = tuple(
            made.model_copy(
                update={
                    "model": f"layer-{place}",
                    "valid": one is not None,
                    "parsed": one.model_dump(mode="json") if one else None,
                }
            )
            for place, one in enumerate(layers)
        )
        return replace(price, outcome=None, records=records, case=case(Expectation(moderation=came_to)))


def saying(observed: Observed, text: str, *expect: Expectation) -> Observed:
    outcome = Decline(reason="out_of_scope", text=text)
    return replace(observed, outcome=outcome, case=case(*expect))


class TestWords:
    def test_what_is_told_is_looked_through(self, price: Observed) -> None:
        assert label("mention", expecting(price, Expectation(mention=("49 EUR", "desk lamp")))) == "pass"
        assert label("must_not_mention", expecting(price, Expectation(must_not_mention=("Floor Lamp",)))) == "pass"

    @pytest.mark.parametrize(
        ("words", "there"),
        [("30 days", True), ("30\tDAYS", True), ("3", False), ("day", False), ("within 30", True), ("31 days", False)],
    )
    def test_words_are_whole_in_any_case_and_with_any_blanks(self, price: Observed, words: str, there: bool) -> None:
        said = "Send it back WITHIN 30\ndays."
        mentioned = saying(price, said, Expectation(mention=(words,)))
        barred = saying(price, said, Expectation(must_not_mention=(words,)))
        assert label("mention", mentioned) == ("pass" if there else "fail")
        assert label("must_not_mention", barred) == ("fail" if there else "pass")

    def test_what_is_missing_is_counted_and_named(self, price: Observed) -> None:
        score = SCORERS["mention"](saying(price, "Hello.", Expectation(mention=("one", "two"))), SETTING)
        assert score is not None
        assert (score.value, score.critique) == (2, "Not said: one, two.")

    def test_the_acceptable_result_that_fits_best_counts(self, price: Observed) -> None:
        either = (Expectation(mention=("lamp",)), Expectation(mention=("hello",)))
        assert label("mention", saying(price, "Hello.", *either)) == "pass"
        assert label("mention", saying(price, "Hello.", Expectation())) is None

    def test_every_ending_says_something_but_a_withdrawn_turn(self, price: Observed) -> None:
        endings: list[tuple[Outcome, Label | None]] = [
            (Clarify(reason="product", question="Which word?"), "pass"),
            (Handoff(reason="intent", text="A word."), "pass"),
            (Decline(reason="not_permitted", text="No word."), "pass"),
            (Withdrawn(reason="cancelled"), None),
        ]
        expected = Expectation(mention=("word",))
        for outcome, wanted in endings:
            assert label("mention", replace(price, outcome=outcome, case=case(expected))) == wanted


class TestScope:
    def test_what_should_be_declined_is(self, price: Observed) -> None:
        declined = saying(price, "Only lamps.", Expectation(intents=(), outcome="decline"))
        assert label("in_scope", declined) == "pass"
        assert label("in_scope", replace(price, case=declined.case)) == "fail"
        assert label("in_scope", replace(declined, case=case())) == "fail"

    def test_it_does_not_matter_how_else_it_ended(self, price: Observed) -> None:
        assert label("in_scope", expecting(price, Expectation(outcome="handoff"))) == "pass"
        both = (Expectation(outcome="handoff"), Expectation(outcome="decline"))
        assert label("in_scope", expecting(price, *both)) == "pass"
        assert label("in_scope", expecting(price, Expectation())) is None


class TestAmounts:
    def test_costs_are_added_up_and_held_against_the_budget(self, price: Observed) -> None:
        paid = replace(price, records=tuple(r.model_copy(update={"cost_usd": "0.001"}) for r in price.records))
        score = SCORERS["cost"](paid, SETTING)
        assert score is not None
        assert score.label == "pass"
        assert score.value == pytest.approx(0.001 * len(price.records))
        dear = replace(price, records=tuple(r.model_copy(update={"cost_usd": "1"}) for r in price.records))
        assert label("cost", dear) == "fail"

    def test_the_time_is_that_from_first_to_last(self, price: Observed) -> None:
        def at(record: HopRecord, place: int) -> HopRecord:
            return record.model_copy(update={"started_ns": place * 10**9, "ended_ns": place * 10**9 + 5 * 10**8})

        slow = replace(price, records=tuple(at(r, place) for place, r in enumerate(price.records)))
        score = TIMED["latency"](slow, SETTING)
        assert score is not None
        assert score.value == 500 + 1000 * (len(price.records) - 1)
        assert label("latency", slow) == "pass"
        assert label("latency", slow, Setting(shop_scope(deadline_ms=2000))) == "fail"

    def test_of_no_records_nothing_is_said(self, price: Observed) -> None:
        none = replace(price, records=())
        assert (label("cost", none), label("latency", none)) == (None, None)


def test_times_are_no_part_of_what_is_scored_by_default(price: Observed) -> None:
    assert "latency" not in {score.scorer for score in score_all(price, SETTING)}
    assert [score.scorer for score in score_all(price, SETTING, ["latency", "turn"])] == ["latency", "turn"]
    with pytest.raises(KeyError):
        score_all(price, SETTING, ["beauty"])


def test_the_same_replies_are_scored_the_same(price: Observed) -> None:
    again = Observed.of(asyncio.run(run_case(price.case, shop_chain())))
    assert score_all(again, SETTING) == score_all(price, SETTING)
