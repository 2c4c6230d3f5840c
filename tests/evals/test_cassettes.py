"""Cassettes: what a language model once replied to a request is what it replies, for nothing."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.web.warm_up import warm_up
from chains.allowance import Allowance
from chains.errors import HopdeskError
from chains.language import Completion, FunctionCall, Json, ModelCall, Structure
from chains.messages import IntentInput
from chains.ports import Cascade
from chains.prompt_files import load_prompt
from chains.prompted.intent import PromptedIntent
from chains.record import HopRecord, Usage, digest
from evals.cassettes import REPEAT, Cassette, CassetteModel, EvaluatedModels, NotOnCassette, key_of, replies_of
from evals.pacing import Metered, Purse
from evals.running import run_case
from tests.chains.fakes import names, shop_chain, shop_scope
from tests.chains.scripts import within
from tests.evals.runs import some_cases

CALL = ModelCall(
    hop="intent",
    messages=({"role": "user", "content": "Hello “you”"},),
    schema_name="Intent",
    schema={"type": "object"},
    input_tokens=10,
)
REPLY = Completion(
    text='{"é": 1}',
    calls=(FunctionCall("f", "1", "{}"),),
    params={"temperature": 0, "max_tokens": 800, "structure": "json_schema", "stream": False},
    output_messages=({"role": "assistant", "content": "x"},),
    response_id="id",
    response_model="x-1",
    finish_reasons=("stop",),
    usage=Usage(input_total=7, output=3),
    cost_usd="0.5",
    retries=1,
)


class Live:
    """A live model that counts how often it is asked."""

    name = "openai/x"
    structure: Structure = "json_schema"
    takes_functions = False
    price_table_sha256 = None

    def __init__(self, text: str | None = None) -> None:
        self.asked = 0
        self.text = text

    def params(self, call: ModelCall) -> Json:
        return {"temperature": 0, "max_tokens": 800, "structure": "functions" if call.functions else self.structure}

    async def complete(self, call: ModelCall, allowance: Allowance) -> Completion:
        self.asked += 1
        message: Json = {"role": "assistant", "content": self.text or REPLY.text}
        reply = replace(REPLY, params=self.params(call))
        return replace(reply, text=self.text, calls=(), output_messages=(message,)) if self.text else reply


Tape = Callable[[Path], Cassette]


@pytest.fixture
def tape() -> Iterator[Tape]:
    """Opens cassettes, and closes them after the test."""
    with ExitStack() as stack:
        yield lambda path: stack.enter_context(closing(Cassette(path)))


def ask(model: CassetteModel, call: ModelCall = CALL) -> Completion:
    return within(lambda allowance: model.complete(call, allowance))


def test_a_reply_is_asked_for_once_and_costs_nothing_from_then_on(tmp_path: Path, tape: Tape) -> None:
    live, cassette = Live(), tape(tmp_path / "c.jsonl")
    model = CassetteModel(live, cassette, only=False)
    assert not model.knows(CALL)
    assert ask(model).served_from == "provider"
    assert model.knows(CALL)
    assert len(cassette) == 1
    again = ask(model)
    assert live.asked == 1
    params = live.params(CALL)
    assert again == replace(REPLY, params=params, cost_usd="0", retries=0, served_from="cassette")


def test_another_process_finds_it_too(tmp_path: Path, tape: Tape) -> None:
    path = tmp_path / "c.jsonl"
    first = tape(path)
    ask(CassetteModel(Live(), first, only=False))
    second = tape(path)
    assert len(second) == 1
    assert ask(CassetteModel(Live(), second, only=True)).text == REPLY.text


def test_without_live_models_what_is_missing_is_a_failure(tmp_path: Path, tape: Tape) -> None:
    live = Live()
    model = CassetteModel(live, tape(tmp_path / "c.jsonl"), only=True)
    with pytest.raises(NotOnCassette, match=r"no reply of the model openai/x to this request of the hop intent; run"):
        ask(model)
    assert live.asked == 0


@pytest.mark.parametrize(
    "other",
    [
        replace(CALL, messages=({"role": "user", "content": "Hello"},)),
        replace(CALL, functions=({"type": "function"},)),
        replace(CALL, schema={"type": "string"}),
    ],
)
def test_another_question_has_another_reply(tmp_path: Path, other: ModelCall, tape: Tape) -> None:
    live = Live()
    model = CassetteModel(live, tape(tmp_path / "c.jsonl"), only=False)
    ask(model)
    ask(model, other)
    assert live.asked == 2


def test_a_repeat_has_a_reply_of_its_own(tmp_path: Path, tape: Tape) -> None:
    live = Live()
    model = CassetteModel(live, tape(tmp_path / "c.jsonl"), only=False)
    for repeat in (0, 1, 0, 1):
        token = REPEAT.set(repeat)
        ask(model)
        REPEAT.reset(token)
    assert live.asked == 2


def test_of_the_parameters_only_those_count_that_change_a_reply() -> None:
    def key(params: Json) -> str:
        return key_of("m", params, (), None, None, repeat=0)

    plain = key({"temperature": 0, "max_tokens": 5, "structure": "plain"})
    assert key({"temperature": 0.0, "max_tokens": 5, "structure": "plain", "stream": True}) == plain
    assert key({"temperature": 0.5, "max_tokens": 5, "structure": "plain"}) != plain


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1))
@example(0.666015625)
def test_a_torn_or_damaged_line_hides_no_other(tmp_path_factory: pytest.TempPathFactory, share: float) -> None:
    path = tmp_path_factory.mktemp("torn") / "c.jsonl"
    keys = [digest(str(place)) for place in range(4)]
    with closing(Cassette(path)) as cassette:
        for key in keys[:3]:
            cassette.put(key, REPLY)
    size = path.stat().st_size
    cut = int(share * size)
    path.write_bytes(path.read_bytes()[:cut])
    with closing(Cassette(path)) as again:
        again.put(keys[3], REPLY)
    with closing(Cassette(path)) as found:
        whole = (cut + 1) // (size // 3)  # a line that lost no more than its end is still whole
        assert [key for key in keys if found.get(key)] == [*keys[:whole], keys[3]]


def test_a_line_that_is_no_reply_is_passed_over(tmp_path: Path, tape: Tape) -> None:
    path = tmp_path / "c.jsonl"
    key = "a" * 64
    path.write_text(f'{{"key":"{key}","completion":{{"text":1}}}}\n{{"key":"{"b" * 64}"}}\nnot a line\n')
    cassette = tape(path)
    assert cassette.get(key) is None
    assert cassette.get("b" * 64) is None
    assert cassette.get("c" * 64) is None
    assert cassette.get("a" * 32 + "d" * 32) is None


def test_long_replies_are_read_whole(tmp_path: Path, tape: Tape) -> None:
    path = tmp_path / "c.jsonl"
    long = replace(REPLY, text="x" * 30_000)
    cassette = tape(path)
    cassette.put("a" * 64, long)
    cassette.put("b" * 64, REPLY)
    for one in (cassette, tape(path)):
        reply = one.get("a" * 64)
        assert reply is not None
        assert reply.text == long.text


def test_a_cassette_that_cannot_be_opened_is_said(tmp_path: Path, tape: Tape) -> None:
    with pytest.raises(HopdeskError, match="the cassette cannot be opened"):
        tape(tmp_path)


class TestFromRecords:
    """Replies taken from records answer the very requests that the records are of."""

    def records(
        self, live: Live, cassette: Cassette | None = None, structure: Structure = "json_schema"
    ) -> list[HopRecord]:
        live.structure = structure
        scope = shop_scope()
        model = live if cassette is None else CassetteModel(live, cassette, only=True)
        intent = PromptedIntent(model, load_prompt("intent", "1", None), scope, scope.budget.prompt_tokens)
        chain = replace(shop_chain(scope=scope), intent_model=Cascade[IntentInput].of(intent))
        asyncio.run(warm_up(()))  # within the deadline of a turn it may be too late
        return [*asyncio.run(run_case(some_cases(1)[0], chain)).records]

    @pytest.mark.parametrize("structure", ["json_schema", "plain"])
    def test_a_run_from_its_own_records_is_the_same(self, tmp_path: Path, structure: Structure, tape: Tape) -> None:
        text = names("product.price").model_dump_json(exclude={"confidence"})
        recorded = self.records(Live(text), structure=structure)
        cassette = tape(tmp_path / "c.jsonl")
        for key, completion in replies_of(recorded):
            cassette.put(key, completion)
        assert len(cassette) == 1
        live = Live(text)
        again = self.records(live, cassette, structure)
        assert live.asked == 0
        assert [record.parsed for record in again] == [record.parsed for record in recorded]
        assert [record.served_from for record in again if record.hop == "intent"] == ["cassette"]
        assert [record.cost_usd for record in again if record.hop == "intent"] == ["0"]

    def test_the_same_request_again_is_a_repeat(self) -> None:
        recorded = self.records(Live(names("product.price").model_dump_json(exclude={"confidence"})))
        assert len({key for key, _ in replies_of([*recorded, *recorded])}) == 2

    def test_function_calls_are_read_and_what_is_none_is_left_out(self) -> None:
        [record] = [r for r in self.records(Live('{"ranked":[]}')) if r.hop == "intent"][:1]
        call: Json = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        message: Json = {"role": "assistant", "content": None, "tool_calls": [call, {"id": 3}]}
        [(_, completion)] = replies_of([record.model_copy(update={"output_messages": (message,)})])
        assert completion.calls == (FunctionCall("f", "1", "{}"),)
        assert completion.text == ""


class TestEvaluatedModels:
    def test_without_a_cassette_they_are_metered_alone(self) -> None:
        models = EvaluatedModels(shop_scope(), Purse(), None, offline=False)
        assert isinstance(models("openai/x"), Metered)
        assert not models.knows("openai/x", CALL)

    def test_with_a_cassette_they_answer_from_it(self, tmp_path: Path, tape: Tape) -> None:
        models = EvaluatedModels(shop_scope(), Purse(), tape(tmp_path / "c.jsonl"), offline=True)
        model = models("openai/gpt-4.1-mini")
        assert isinstance(model, CassetteModel)
        assert model.name == "openai/gpt-4.1-mini"
        assert model.price_table_sha256 is not None
        assert model.takes_functions
        assert model.params(CALL)["structure"] == model.structure == "json_schema"
        assert not models.knows(model.name, CALL)
        with pytest.raises(NotOnCassette):
            ask(model)
