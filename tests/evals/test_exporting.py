"""Training data: exactly what was asked, only what is known to be right, nothing of the test split, nobody's data."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace

import pytest

from chains.facets import Facets
from chains.language import Completion, FunctionCall, Json
from chains.ports import Cascade
from chains.prompt_files import load_prompt
from chains.prompted.lookup import PromptedPlanner
from chains.prompted.moderation import PromptedModerator
from chains.prompted.response import PromptedResponder
from chains.record import HopRecord
from chains.scope import Scope
from evals.cases import Expectation, ExpectedCall, ExpectedFact, ModerationLabel
from evals.exporting import Collection, Question, rewriting
from evals.labels import Candidate, Evaluator, Judgement, JudgementLabel, Preference, Preferred, Target
from evals.running import run_case
from evals.verdicts import Verdicts
from tests.chains.fake_language import FakeLanguage
from tests.chains.fakes import shop_scope
from tests.evals.prompted_records import TEXT, prompted_chain, records_of, said, says
from tests.evals.test_running import case

EVALUATOR = Evaluator(name="reader")
RIGHT, WRONG, BROKEN = says("product.price"), says("returns.policy"), said("{")


def intents(records: Iterable[HopRecord]) -> list[HopRecord]:
    return [record for record in records if record.hop == "intent"]


def judged(record: HopRecord, label: JudgementLabel, corrected: tuple[str, ...] | None = None) -> Judgement:
    return Judgement(
        target=Target(event_id=record.event_id),
        evaluator=EVALUATOR,
        kind="human",
        label=label,
        corrected=None if corrected is None else Expectation(intents=corrected),
        critique="It asks for a price.",
    )


def collected(
    records: Iterable[HopRecord],
    *judgements: Judgement,
    dev: bool = False,
    scope: Scope | None = None,
    public: str = "",
) -> Collection:
    verdicts = Verdicts()
    for judgement in judgements:
        verdicts.add_judgement(judgement)
    made = Collection(scope or shop_scope(), verdicts, rewriting(prompted_chain(RIGHT)), public, dev=dev)
    for record in records:
        made.add(record)
    return made


def lines(made: Collection) -> list[Json]:
    return [line for _, line in made.sft()]


def pairs(made: Collection, *preferences: Preference) -> list[Json]:
    return [line for _, line in made.dpo(preferences)]


def left_out(made: Collection) -> dict[str, int]:
    return {why: count for why, count in made.left_out.items() if count}


def asked(record: HopRecord) -> list[Json]:
    return [*(record.input_messages or ())]


def test_a_right_reply_is_learned_on_exactly_what_was_asked() -> None:
    [record] = intents(records := records_of(RIGHT))
    made = collected(records, judged(record, "pass"))
    [line] = lines(made)
    messages = line["messages"]
    assert isinstance(messages, list)
    *prompt, reply = messages
    bare = [{key: value for key, value in message.items() if key != "weight"} for message in prompt]  # type: ignore[union-attr]
    assert bare == asked(record)
    assert reply == {"role": "assistant", "content": RIGHT.text, "weight": 1}
    assert {message["role"]: message.get("weight") for message in prompt} == {  # type: ignore[index,union-attr,call-overload]
        "system": None,
        "user": None,
        "assistant": 0,
    }
    assert (made.compared, left_out(made)) == (1, {})


def test_what_nobody_judged_and_what_is_wrong_is_not_learned() -> None:
    unjudged, wrong = records_of(RIGHT), records_of(WRONG, turn="t2")
    made = collected([*unjudged, *wrong], judged(intents(wrong)[0], "fail"))
    assert lines(made) == []
    assert left_out(made) == {"judged by nobody": 1, "wrong and not corrected": 1}


def test_a_corrected_reply_is_written_as_the_model_would_have_had_to() -> None:
    [record] = intents(records := records_of(WRONG))
    made = collected(records, judged(record, "fail", ("product.price", "returns.policy")))
    [line] = lines(made)
    reply = json.loads(line["messages"][-1]["content"])  # type: ignore[index,call-overload,arg-type]
    assert reply["ranked"] == [{"intent": "product.price", "score": 0.95}]
    assert reply["second"]["intent"] == "returns.policy"
    assert (reply["reasoning"], reply["out_of_scope"]) == ("It asks for a price.", 0.02)
    [pair] = pairs(made)
    assert pair["rejected"] == {"role": "assistant", "content": WRONG.text}
    assert pair["messages"] == asked(record)


def test_a_request_that_was_out_of_scope_is_corrected_to_that() -> None:
    [record] = intents(records := records_of(WRONG))
    [line] = lines(collected(records, judged(record, "fail", ())))
    reply = json.loads(line["messages"][-1]["content"])  # type: ignore[index,call-overload,arg-type]
    assert (reply["out_of_scope"], reply["ranked"][0]["score"]) == (0.97, 0.05)


def test_a_correction_of_nothing_that_the_model_said_teaches_nothing() -> None:
    first, _second = intents(records := records_of(BROKEN))
    assert lines(collected(records, judged(first, "fail", ()))) == []


def moderated(action: str, *categories: str) -> HopRecord:
    """The record of a language model's moderation."""
    reply = {"action": action, "categories": categories, "reasons": ["It asks for help with it."] if categories else []}
    model = FakeLanguage(said(json.dumps({"reasoning": "Hm.", **reply})))
    chain = prompted_chain(RIGHT)
    layer = PromptedModerator(model, load_prompt("moderation", "1"), 4000)
    run = asyncio.run(run_case(case(TEXT), replace(chain, moderators=(*chain.moderators, layer))))
    return next(record for record in run.records if record.model == model.name and record.hop == "moderation")


@pytest.mark.parametrize(
    ("said_so", "corrected", "learned"),
    [
        (("block", "illegal"), "pass", ("allow", [], [])),
        (("review", "illegal"), "block", ("block", ["illegal"], ["It asks for help with it."])),
        (("block", "illegal"), "review", ("review", ["illegal"], ["It asks for help with it."])),
        (("review", "self_harm"), "block", None),
        (("allow",), "block", None),
        (("allow",), None, None),
    ],
)
def test_a_corrected_action_is_learned_where_the_rest_of_the_verdict_is_known(
    said_so: tuple[str, ...], corrected: ModerationLabel | None, learned: tuple[str, list[str], list[str]] | None
) -> None:
    record = moderated(*said_so).model_copy(update={"split": "train"})
    wrong = judged(record, "fail").model_copy(update={"corrected": Expectation(moderation=corrected)})
    found = lines(collected([record], wrong))
    replies = [json.loads(line["messages"][-1]["content"]) for line in found]  # type: ignore[index,call-overload,arg-type]
    assert [(reply["action"], reply["categories"], reply["reasons"]) for reply in replies] == [learned] * bool(learned)
    assert {reply["reasoning"] for reply in replies} <= {"It asks for a price."}


def test_corrected_calls_and_facts_are_no_whole_replies() -> None:
    [record] = intents(records := records_of(WRONG))
    corrected = Expectation(tools=(ExpectedCall(name="get_product"),), facts=(ExpectedFact(none_found=True),))
    wrong = judged(record, "fail").model_copy(update={"corrected": corrected})
    assert lines(collected(records, wrong)) == []
    lookup = record.model_copy(update={"hop": "lookup", "prompt": None})
    assert lines(collected([lookup], wrong)) == []


def test_equal_replies_to_one_question_are_learned_once() -> None:
    records = [*records_of(RIGHT), *records_of(RIGHT, turn="t2")]
    made = collected(records, *(judged(record, "pass") for record in intents(records)))
    assert len(lines(made)) == 1
    assert left_out(made) == {"the same as another": 1}


def test_a_repaired_reply_answers_the_first_question() -> None:
    first, second = intents(records := records_of(BROKEN, RIGHT))
    made = collected(records, judged(second, "pass"))
    [line] = lines(made)
    assert len(line["messages"]) == len(asked(first)) + 1  # type: ignore[arg-type]
    [pair] = pairs(made)
    assert (pair["messages"], pair["rejected"]) == (asked(first), {"role": "assistant", "content": "{"})
    alone = collected([second], judged(second, "pass"))
    assert (lines(alone), left_out(alone)) == ([], {"without their first attempt": 1})


def test_a_mended_reply_is_better_than_the_refused_one_and_no_more_is_known_of_it() -> None:
    made = collected(records_of(BROKEN, RIGHT))
    assert lines(made) == []
    [pair] = pairs(made)
    assert pair["chosen"] == {"role": "assistant", "content": RIGHT.text}


def test_every_wrong_reply_stands_beside_a_right_one() -> None:
    good, bad, other = records_of(RIGHT), records_of(WRONG, turn="t2"), records_of(says("courtesy.hello"), turn="t3")
    verdicts = [judged(intents(good)[0], "pass"), *(judged(intents(one)[0], "fail") for one in (bad, other))]
    found = pairs(collected([*good, *bad, *other], *verdicts))
    assert [pair["chosen"] for pair in found] == [{"role": "assistant", "content": RIGHT.text}] * 2
    assert len({json.dumps(pair["rejected"]) for pair in found}) == 2


@pytest.mark.parametrize(("preferred", "count"), [("a", 1), ("b", 1), ("tie", 0)])
def test_preferences_between_records_are_pairs(preferred: Preferred, count: int) -> None:
    records = [*records_of(RIGHT), *records_of(WRONG, turn="t2")]
    one, other = intents(records)
    made = collected(records)
    found = pairs(made, preference(one, other, preferred))
    assert len(found) == count
    for pair in found:
        assert pair["chosen"] == {"role": "assistant", "content": (RIGHT if preferred == "a" else WRONG).text}


def preference(one: HopRecord, other: HopRecord | None, preferred: Preferred = "a") -> Preference:
    a, b = (Target(event_id=record.event_id) if record else None for record in (one, other))
    return Preference(
        request=TEXT,
        a=Candidate(text="a", target=a),
        b=Candidate(text="b", target=b),
        preferred=preferred,
        evaluator=EVALUATOR,
        kind="human",
    )


def test_preferences_without_records_or_between_two_questions_are_left_out() -> None:
    records = [*records_of(RIGHT), *records_of(WRONG, text="And the floor lamp?", turn="t2")]
    one, other = intents(records)
    made = collected(records)
    assert pairs(made, preference(one, other), preference(one, None)) == []
    assert left_out(made) == {"without the records that were preferred": 2}


def test_equal_replies_are_no_pair() -> None:
    records = [*records_of(RIGHT), *records_of(RIGHT, turn="t2")]
    made = collected(records)
    one, other = intents(records)
    assert pairs(made, preference(one, other)) == []
    assert left_out(made) == {"the same as another": 1}


def test_function_calls_are_learned_and_are_no_pairs() -> None:
    calls: Json = {"role": "assistant", "content": None, "tool_calls": [{"id": "call_1", "type": "function"}]}
    tools = ({"type": "function", "function": {"name": "get_product"}},)
    right, wrong = (
        one.model_copy(update={"tools": tools, "prompt": None, "output_messages": (message,)})
        for one, message in zip(
            intents([*records_of(RIGHT), *records_of(WRONG, turn="t2")]),
            (calls, {**calls, "content": "x"}),
            strict=True,
        )
    )
    made = collected([right, wrong], judged(right, "pass"), judged(wrong, "fail"))
    [line] = lines(made)
    assert line["tools"] == [*tools]
    assert line["messages"][-1] == {**calls, "weight": 1}  # type: ignore[index]
    assert pairs(made) == []
    assert made.left_out["with function calls, which pairs cannot hold"] == 1


def test_the_test_split_is_never_taken_nor_what_has_its_text() -> None:
    live, tested = records_of(RIGHT), records_of(RIGHT, split="test", turn="t2")
    made = collected([*live, *tested], *(judged(record, "pass") for record in intents([*live, *tested])), dev=True)
    assert lines(made) == pairs(made) == []
    assert made.left_out["of the test split"] == 1
    assert made.left_out["with the text of a test case"] == 2  # once for each kind of lines
    held = collected(live, judged(intents(live)[0], "pass"))
    held.hold_out(TEXT)
    assert lines(held) == []


def test_the_dev_split_is_taken_only_where_that_is_wanted() -> None:
    [record] = intents(records := records_of(RIGHT, split="dev"))
    assert lines(made := collected(records, judged(record, "pass"))) == []
    assert left_out(made) == {"of the dev split": 1}
    assert len(lines(collected(records, judged(record, "pass"), dev=True))) == 1


def test_personal_data_is_never_learned_and_the_shops_own_is_nobodys() -> None:
    [record] = intents(records_of(RIGHT))
    leaked = {"role": "assistant", "content": "Write to ada@example.org."}
    with_data = record.model_copy(update={"output_messages": (leaked,)})
    made = collected([with_data], judged(record, "pass"))
    assert lines(made) == []
    assert left_out(made) == {"with personal data": 1}
    assert len(lines(collected([with_data], judged(record, "pass"), public='mail = "ada@example.org"'))) == 1
    policy: Json = {"evidence": {"passages": [{"text": "Mail ada@example.org"}]}}
    quoted = with_data.model_copy(update={"input": {**record.input, **policy}, "prompt": None})
    assert len(lines(collected([quoted], judged(record, "pass")))) == 1


def test_a_question_that_its_prompt_does_not_give_is_left_out() -> None:
    [record] = intents(records_of(RIGHT))
    changed_by_hand = asked(record)
    changed_by_hand[0] = {**changed_by_hand[0], "content": "You are a pirate."}
    forged = record.model_copy(update={"input_messages": tuple(changed_by_hand)})
    made = collected([forged], judged(record, "pass"))
    assert (lines(made), left_out(made)) == ([], {"not as their prompt is written today": 1})


@pytest.mark.parametrize(
    "of",
    [
        {"scope_sha256": "0" * 64},
        {"catalog_sha256": "other"},
        {"model": "openai/other"},
        {"prompt": None},
        {"prompt": "other"},
    ],
)
def test_what_cannot_be_written_anew_is_taken_as_it_was_recorded(of: dict[str, object]) -> None:
    [record] = intents(records_of(RIGHT))
    assert record.prompt is not None
    if of.get("prompt") == "other":
        of = {"prompt": record.prompt.model_copy(update={"template_sha256": "0" * 64})}
    made = collected([record.model_copy(update=of)], judged(record, "pass"))
    assert len(lines(made)) == 1
    assert made.compared == 0


def test_the_questions_of_all_four_hops_are_written_anew_as_they_were_asked() -> None:
    chain = prompted_chain(RIGHT)
    scope, tokens = chain.scope, 4000
    allow = FakeLanguage('{"action": "allow", "categories": [], "reasons": []}')
    calls = FakeLanguage(Completion(calls=(FunctionCall("get_product", "call_1", '{"sku": "L-1"}'),)))
    facets = Facets(currency="EUR", categories=(("lamps", "lamps"),))
    planner = PromptedPlanner(calls, load_prompt("lookup", "1"), scope, facets, lambda _text, _skus: (), tokens)
    chain = replace(
        chain,
        moderators=(*chain.moderators, PromptedModerator(allow, load_prompt("moderation", "1"), tokens)),
        planner=Cascade.of(planner),
        responder=Cascade.of(PromptedResponder(FakeLanguage("{}"), load_prompt("response", "1"), tokens)),
    )
    rewrite = rewriting(chain)
    asked_first = [
        record
        for record in asyncio.run(run_case(case(TEXT, page="L-1"), chain)).records
        if record.input_messages and record.attempt == 1
    ]
    assert {record.hop for record in asked_first} == {"moderation", "intent", "lookup", "response"}
    for record in asked_first:
        assert rewrite(record) == Question(record.hop, record.input_messages or (), record.tools)
        read_back = HopRecord.model_validate_json(record.model_dump_json(by_alias=True))
        again = rewrite(read_back)
        assert again is not None
        assert again.key == Question(record.hop, read_back.input_messages or (), read_back.tools).key


def test_a_question_without_room_is_not_compared() -> None:
    chain = prompted_chain(RIGHT)
    [record] = intents(records_of(RIGHT))
    long = record.model_copy(update={"input": {**record.input, "text": "lamp " * 6000}})
    assert rewriting(chain)(long) is None
    assert rewriting(replace(chain, scope_sha256="x"))(record) is None
    assert rewriting(chain)(record) == Question("intent", record.input_messages or (), None)


def test_what_no_language_model_said_is_not_looked_at() -> None:
    [record] = intents(records := records_of(RIGHT))
    made = collected([*records, record.model_copy(update={"output_messages": None})])
    assert left_out(made) == {"without a reply": 1}
