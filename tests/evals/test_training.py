"""Further examples from labelled cases and judgements: which are taken, and why the others are not."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from chains.scope import EXAMPLE_CHARS, LabelledExample, Scope
from evals.cases import Case, CaseError, Expectation, Split, Synthetic
from evals.labels import Evaluator, EvaluatorKind, Judgement, JudgementLabel, LabelError, Target
from evals.training import (
    Gathered,
    Offered,
    cases_known_to,
    gather,
    offered_by_cases,
    offered_by_judgements,
    redacted,
)
from tests.chains.fakes import EMAIL, changed, shop_scope

SHOP = shop_scope()
PRICE, RETURNS = Expectation(intents=("product.price",)), Expectation(intents=("returns.policy",))
OUTSIDE = Expectation(intents=(), outcome="decline")


def with_own_examples(scope: Scope = SHOP) -> Scope:
    intents = tuple(
        one.model_copy(update={"examples": ("What's the price?",)}) if one.id == "product.price" else one
        for one in scope.intents
    )
    outside = scope.out_of_scope.model_copy(update={"examples": ("tell me a joke",)})
    return changed(scope, intents=intents, out_of_scope=outside)


def case(text: str, *expect: Expectation, split: Split = "train", name: str = "c1") -> Case:
    return Case(id=name, text=text, split=split, expect=expect or (PRICE,))


def gathered(cases: Iterable[Case], *held_out: Case) -> Gathered:
    return gather(offered_by_cases(cases, "cases.jsonl"), with_own_examples(), held_out)


def judgement(
    text: str | None = "how dear is it",
    corrected: Expectation | None = PRICE,
    *,
    kind: EvaluatorKind = "human",
    label: JudgementLabel = "fail",
    target: Target | None = None,
    labeller: str | None = "kim",
) -> Judgement:
    return Judgement(
        target=target or Target(turn_id="t1"),
        evaluator=Evaluator(name="intent"),
        kind=kind,
        label=label,
        corrected=corrected,
        text=text,
        labeller=labeller,
    )


def from_judgements(folder: Path, *judgements: Judgement, held_out: Iterable[Case] = ()) -> Gathered:
    path = folder / "judgements.jsonl"
    lines = (one.model_dump_json(by_alias=True) for one in judgements)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return gather(offered_by_judgements(path), with_own_examples(), held_out)


class TestCases:
    def test_a_case_with_one_right_intent_is_an_example(self) -> None:
        found = gathered([case("how dear is it"), case("who won", OUTSIDE, name="c2")])
        assert found.examples == (
            LabelledExample(intent="product.price", text="how dear is it", source="c1", split="train"),
            LabelledExample(intent=None, text="who won", source="c2", split="train"),
        )
        assert not found.left_out

    def test_it_comes_from_the_turn_that_the_case_comes_from(self) -> None:
        harvested = case("how dear is it").model_copy(update={"source": "turn-7"})
        assert gathered([harvested]).examples[0].source == "turn-7"

    def test_several_acceptable_results_may_have_one_intent(self) -> None:
        found = gathered([case("how dear is it", PRICE, PRICE.model_copy(update={"outcome": "answer"}))])
        assert [one.intent for one in found.examples] == ["product.price"]

    @pytest.mark.parametrize(
        "expect",
        [
            (PRICE, RETURNS),
            (PRICE, OUTSIDE),
            (Expectation(intents=("product.price", "returns.policy")),),
            (Expectation(),),
            (PRICE, Expectation()),
            (Expectation(intents=(), outcome="handoff"),),
            (Expectation(intents=(), outcome="decline", moderation="block"),),
        ],
    )
    def test_a_case_without_one_right_intent_is_none(self, expect: tuple[Expectation, ...]) -> None:
        found = gathered([case("how dear is it", *expect)])
        assert (found.examples, dict(found.left_out)) == ((), {"without one right intent": 1})

    def test_the_test_split_is_refused(self) -> None:
        with pytest.raises(CaseError, match=r"^cases.jsonl: the case 'c1' is of the test split"):
            gathered([case("how dear is it", split="test")])

    def test_the_dev_split_is_not_learnt_from(self) -> None:
        found = gathered([case("how dear is it", split="dev")])
        assert (found.examples, dict(found.left_out)) == ((), {"of the dev split": 1})

    def test_what_happened_is_not_what_is_right(self) -> None:
        found = gathered([case("how dear is it").model_copy(update={"proposed": True})])
        assert (found.examples, dict(found.left_out)) == ((), {"proposed, and confirmed by nobody": 1})

    def test_intents_of_another_scope_are_left_out(self) -> None:
        found = gathered([case("how dear is it", Expectation(intents=("garden.gnome",)))])
        assert (found.examples, dict(found.left_out)) == ((), {"with an intent that the scope does not have": 1})

    def test_a_text_is_as_long_as_an_example_may_be(self) -> None:
        found = gathered([case("y" * EXAMPLE_CHARS), case("z" * (EXAMPLE_CHARS + 1))])
        assert [len(one.text) for one in found.examples] == [EXAMPLE_CHARS]
        assert dict(found.left_out) == {"longer than an example may be": 1}


class TestDuplicates:
    def test_what_the_scope_knows_is_not_new_whatever_its_spelling(self) -> None:
        found = gathered([case("whats, the PRICE?"), case("what s the price"), case("Tell me a joke!", OUTSIDE)])
        assert [one.text for one in found.examples] == ["whats, the PRICE?"]
        assert dict(found.left_out) == {"among the scope's examples already": 2}

    def test_what_the_scope_knows_otherwise_is_told_apart(self) -> None:
        found = gathered([case("what's the price", RETURNS), case("tell me a joke")])
        assert (found.examples, dict(found.left_out)) == (
            (),
            {"among the scope's examples with another intent": 2},
        )

    def test_texts_that_are_worded_alike_are_one(self) -> None:
        found = gathered([case("How dear is it?"), case("how dear is it", name="c2")])
        assert [one.source for one in found.examples] == ["c1"]
        assert dict(found.left_out) == {"the same as another": 1}

    def test_a_text_with_two_labels_has_none(self) -> None:
        found = gathered([case("How dear is it?"), case("how dear is it", RETURNS), case("what does it cost")])
        assert [one.text for one in found.examples] == ["what does it cost"]
        assert dict(found.left_out) == {"labelled in two ways": 2}


class TestLeaks:
    @pytest.mark.parametrize("split", ["dev", "test"])
    def test_no_text_of_a_case_that_is_held_out_is_taken(self, split: Split) -> None:
        held_out = case("HOW dear is it?!", split=split, name="d1")
        found = gathered([case("how dear is it"), case("what does it cost", name="c2")], held_out)
        assert [one.text for one in found.examples] == ["what does it cost"]
        assert dict(found.left_out) == {"the same as a case that is evaluated or held out": 1}

    def test_nothing_that_was_made_of_one_is_taken(self) -> None:
        variant = case("how deer is it").model_copy(update={"synthetic": Synthetic(method="typos/1", of="d1")})
        found = gathered([variant], case("how dear is it", split="dev", name="d1"))
        assert dict(found.left_out) == {"the same as a case that is evaluated or held out": 1}

    def test_a_judgement_of_one_is_not_taken_either(self, tmp_path: Path) -> None:
        of_case = judgement("another text", target=Target(case_id="d1", run_id="r"))
        found = from_judgements(tmp_path, of_case, held_out=[case("how dear is it", split="dev", name="d1")])
        assert dict(found.left_out) == {"the same as a case that is evaluated or held out": 1}

    def test_texts_are_compared_as_they_are_redacted(self) -> None:
        held_out = case(f"mail {EMAIL} the price", split="dev", name="d1")
        found = gathered([case("mail [EMAIL_1] the price")], held_out)
        assert dict(found.left_out) == {"the same as a case that is evaluated or held out": 1}

    def test_cases_that_the_scope_knows_already_are_named(self) -> None:
        cases = [case("whats the price", name="a"), case("What's the price", name="b"), case("\x00", name="c")]
        assert cases_known_to(with_own_examples(), cases) == ("b",)


class TestPersonalData:
    def test_it_is_replaced(self) -> None:
        [example] = gathered([case(f"send the price to {EMAIL}")]).examples
        assert example.text == "send the price to [EMAIL_1]"

    def test_placeholders_stay(self) -> None:
        assert redacted("send it to [EMAIL_1]", SHOP.moderation) == "send it to [EMAIL_1]"

    @pytest.mark.parametrize("text", [f"[ORDER_1] and {EMAIL}", "\x00", "?!"])
    def test_what_cannot_be_made_safe_or_read_is_left_out(self, text: str) -> None:
        found = gathered([case(text)])
        assert (found.examples, dict(found.left_out)) == ((), {"with personal data, or unreadable": 1})


class TestJudgements:
    def test_a_correction_is_an_example(self, tmp_path: Path) -> None:
        found = from_judgements(tmp_path, judgement())
        assert found.examples == (
            LabelledExample(intent="product.price", text="how dear is it", source="t1", split="train", labeller="kim"),
        )

    def test_a_correction_to_no_intent_is_out_of_scope(self, tmp_path: Path) -> None:
        found = from_judgements(tmp_path, judgement(corrected=Expectation(intents=())))
        assert [one.intent for one in found.examples] == [None]

    @pytest.mark.parametrize(
        ("one", "reason"),
        [
            (judgement(kind="llm"), "judged by no person"),
            (judgement(corrected=None), "not corrected"),
            (judgement(corrected=Expectation(outcome="handoff")), "not corrected"),
            (judgement(label="unsure"), "not corrected"),
            (judgement(text=None), "without the text of the request"),
        ],
    )
    def test_what_says_nothing_is_counted_with_the_reason(self, one: Judgement, reason: str, tmp_path: Path) -> None:
        found = from_judgements(tmp_path, one)
        assert (found.examples, dict(found.left_out)) == ((), {reason: 1})

    def test_the_last_word_of_a_labeller_counts(self, tmp_path: Path) -> None:
        found = from_judgements(tmp_path, judgement(), judgement(corrected=RETURNS))
        assert [one.intent for one in found.examples] == ["returns.policy"]
        assert not found.left_out

    def test_two_labellers_who_do_not_agree_teach_nothing(self, tmp_path: Path) -> None:
        found = from_judgements(tmp_path, judgement(), judgement(corrected=RETURNS, labeller="lou"))
        assert (found.examples, dict(found.left_out)) == ((), {"labelled in two ways": 2})

    @pytest.mark.parametrize(
        ("target", "source"),
        [
            (Target(turn_id="t", event_id="e"), "t"),
            (Target(event_id="e"), "e"),
            (Target(case_id="c"), "c"),
        ],
    )
    def test_the_source_is_what_was_judged(self, target: Target, source: str, tmp_path: Path) -> None:
        assert from_judgements(tmp_path, judgement(target=target)).examples[0].source == source

    def test_a_damaged_line_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "judgements.jsonl"
        path.write_text(json.dumps({"schema": "judgement/1"}), encoding="utf-8")
        with pytest.raises(LabelError, match="line 1 is no judgement/1"):
            [*offered_by_judgements(path)]


@pytest.mark.parametrize(("count", "enough"), [(99, False), (100, True)])
def test_a_hundred_are_enough(count: int, *, enough: bool) -> None:
    texts = (Offered(text=f"price number {place}", expect=(PRICE,), source="s") for place in range(count))
    assert gather(texts, SHOP, ()).is_enough is enough
