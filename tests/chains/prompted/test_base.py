import asyncio
from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from chains.allowance import Allowance
from chains.attempt import Asked as HopAsked
from chains.attempt import ask
from chains.contract import Contract
from chains.errors import AllowanceSpent, ModelDown, PromptError
from chains.language import Completion, Json, Structure
from chains.ports import Cascade, Repair
from chains.prompt_files import Prompt, as_json
from chains.prompted.base import Prompted, Variables
from chains.prompted.trimming import estimate_tokens, message_tokens
from chains.record import Usage, digest
from chains.scope import Budget
from chains.trail import Trail
from moderation import Failure, Guard
from tests.chains.fake_language import FakeLanguage
from tests.chains.scripts import MemoryLog, within
from tests.chains.trails import FRAME

TEXT = """--- system ---
Serve {{ shop }}.{% if schema %} Fit {{ schema }}{% endif %}
--- user ---
{% for row in rows %}
{{ row }}
{% endfor %}
{{ text }}
"""
NAMES = frozenset({"shop", "schema", "rows", "text"})


class Asked(Contract):
    text: str
    rows: tuple[str, ...] = ()


class Said(Contract):
    word: str


class Echo(Prompted[Asked]):
    needs: ClassVar[frozenset[str]] = frozenset({"text"})
    offers: ClassVar[frozenset[str]] = frozenset({"text", "rows"})

    def variables(self, given: Asked) -> Variables:
        return Variables({"text": given.text}, {"rows": given.rows}, {"rows": len(given.rows)})

    def samples(self) -> tuple[Variables, ...]:
        return (self.variables(Asked(text="?", rows=("?",))),)


LOOK: Json = {"type": "function", "function": {"name": "look", "description": "Looks. " * 20}}
NARROW: Json = {"type": "object", "properties": {name: {"type": "string"} for name in "abcdefghij"}}


class Calling(Echo):
    def variables(self, given: Asked) -> Variables:
        return replace(super().variables(given), functions=(LOOK,), must_call=False, left_out={"rows": 2})


class Narrowed(Echo):
    def variables(self, given: Asked) -> Variables:
        return replace(super().variables(given), schema=NARROW)


def prompt(text: str = TEXT, names: frozenset[str] = NAMES) -> Prompt:
    return Prompt("intent", "x", text, "0" * 64, names)


def echo(model: FakeLanguage, tokens: int = 1000, *, of: Prompt | None = None) -> Echo:
    return Echo("intent", model, of or prompt(), Said, tokens, fixed={"shop": "Lamps"})


def test_a_completion_becomes_a_reply_with_all_that_the_record_wants() -> None:
    completion = Completion(
        text='```json\n{"reasoning":"hm","word":"yes"}\n```',
        params={"temperature": 0},
        output_messages=({"role": "assistant", "content": "x"},),
        response_id="id",
        response_model="model-2026",
        finish_reasons=("stop",),
        ttft_ms=1.5,
        usage=Usage(input_total=3, output=1),
        usage_raw={"n": 1},
        cost_usd="0.001",
        retries=1,
        served_from="cache",
    )
    model = FakeLanguage(completion, name="openai/gpt-x")
    model.price_table_sha256 = "1" * 64
    hop = echo(model)
    reply = asyncio.run(hop.propose(Asked(text="hello", rows=("a", "b"))))
    (call,) = model.calls
    assert reply.raw == '{"word":"yes"}'
    assert (hop.card.provider, hop.card.name, hop.card.op, hop.card.repairs) == ("openai", "openai/gpt-x", "chat", True)
    assert hop.card.served_from == "provider"
    assert (
        reply.input_messages
        == call.messages
        == (
            {"role": "system", "content": "Serve Lamps."},
            {"role": "user", "content": "a\nb\nhello"},
        )
    )
    assert reply.prompt is not None
    assert (reply.prompt.name, reply.prompt.version, reply.prompt.template_sha256) == ("intent", "x", "0" * 64)
    assert (reply.prompt.vars, reply.prompt.trimmed, reply.prompt.tokens) == ({"rows": 2}, {}, call.input_tokens)
    assert (call.hop, call.schema_name, call.functions, call.attempt) == ("intent", "Said", (), 1)
    for name in ("params", "output_messages", "response_id", "response_model", "finish_reasons", "ttft_ms", "usage"):
        assert getattr(reply, name) == getattr(completion, name)
    assert (reply.usage_raw, reply.cost_usd, reply.retries, reply.served_from) == ({"n": 1}, "0.001", 1, "cache")
    assert (reply.price_table_sha256, reply.tools) == ("1" * 64, None)


def test_a_repair_shows_the_refused_reply_and_what_is_wrong_with_it() -> None:
    model = FakeLanguage('{"word":"yes"}')
    failures = (Failure(path="word", code="string_type", msg="must be text"),) * 30
    asyncio.run(echo(model, 9000).propose(Asked(text="hello"), Repair('{"word":1}' + "x" * 9000, failures)))
    (call,) = model.calls
    *_, refused, asked = call.messages
    assert call.attempt == 2
    assert refused["role"] == "assistant"
    assert str(refused["content"]).startswith('{"word":1}')
    assert len(str(refused["content"])) == 6000
    assert asked["role"] == "user"
    assert str(asked["content"]).count("- word: must be text (string_type)") == 20


def test_an_empty_refused_reply_is_still_a_message() -> None:
    model = FakeLanguage()
    asyncio.run(echo(model).propose(Asked(text="hello"), Repair("", ())))
    assert model.calls[0].messages[-2]["content"] == "{}"


@given_any(st.lists(st.text(min_size=1, max_size=40), max_size=60), st.booleans())
def test_the_budget_of_tokens_is_kept_and_what_was_left_out_is_recorded(rows: list[str], repaired: bool) -> None:
    repair = Repair('{"word":1}', (Failure(path="word", code="c", msg="m"),)) if repaired else None
    call, reference = echo(FakeLanguage(), 200).call(Asked(text="hello", rows=tuple(rows)), repair)
    assert call.input_tokens == reference.tokens <= 200
    left = len(rows) - reference.trimmed.get("rows", 0)
    whole = echo(FakeLanguage(), 100_000).call(Asked(text="hello", rows=tuple(rows[:left])), repair)[0]
    assert call.messages == whole.messages


def test_a_request_for_which_there_is_no_room_is_not_sent() -> None:
    model = FakeLanguage()
    with pytest.raises(AllowanceSpent, match=r"budget.prompt_tokens is 120"):
        asyncio.run(echo(model, 120).propose(Asked(text="word " * 200, rows=("a",))))
    assert model.calls == []


def test_a_prompt_that_has_no_room_for_any_request_is_refused_at_the_start() -> None:
    with pytest.raises(PromptError, match=r"budget.prompt_tokens is 20: raise it, or write a shorter version"):
        echo(FakeLanguage(), 20)


@pytest.mark.parametrize(
    "source", ["{{ text.nothing }}", "{% for row in rows %}{{ row.nothing }}{% endfor %}{{ text }}"]
)
def test_a_prompt_that_cannot_be_written_is_refused_at_the_start(source: str) -> None:
    with pytest.raises(PromptError, match="The prompt intent/x cannot be written"):
        echo(FakeLanguage(), of=prompt(f"--- user ---\n{source}", frozenset({"text", "rows"})))


def test_a_prompt_that_names_what_the_hop_does_not_offer_is_refused_at_the_start() -> None:
    with pytest.raises(
        PromptError, match="The prompt intent/x names colour; the intent hop offers rows, schema, shop, text"
    ):
        echo(FakeLanguage(), of=prompt(TEXT + "{{ colour }}", NAMES | {"colour"}))


def test_a_prompt_may_leave_out_what_is_fixed_or_optional_but_not_the_text() -> None:
    short = prompt("--- user ---\n{{ text }}", frozenset({"text"}))
    call, _ = echo(FakeLanguage(), of=short).call(Asked(text="hello", rows=("a",)))
    assert call.messages == ({"role": "user", "content": "hello"},)
    with pytest.raises(PromptError, match="The prompt intent/x does not name text, without which the intent hop"):
        echo(FakeLanguage(), of=prompt("--- user ---\nhi", frozenset()))


def test_a_model_that_cannot_be_held_to_a_schema_reads_it_in_its_prompt() -> None:
    held, _ = echo(FakeLanguage()).call(Asked(text="hello"))
    told, _ = echo(FakeLanguage(structure="plain")).call(Asked(text="hello"))
    assert "reasoning" not in str(held.messages)
    assert '"required":["reasoning","word"]' in str(told.messages[0]["content"])
    assert held.schema == told.schema


def test_functions_are_offered_recorded_and_counted() -> None:
    model = FakeLanguage()
    hop = Calling("lookup", model, prompt(), Said, 1000, fixed={"shop": "Lamps"})
    reply = asyncio.run(hop.propose(Asked(text="hello")))
    assert reply.tools == model.calls[0].functions == (LOOK,)
    assert model.calls[0].must_call is False
    asked = model.calls[0]
    assert asked.input_tokens == message_tokens(asked.messages) + estimate_tokens(as_json(LOOK))
    assert reply.sent_schema_sha256 is None


def test_what_was_left_out_before_is_counted_with_what_gives_way() -> None:
    hop = Calling("lookup", FakeLanguage(), prompt(), Said, 170, fixed={"shop": "Lamps"})
    assert hop.call(Asked(text="hello"))[1].trimmed == {"rows": 2}
    assert hop.call(Asked(text="hello", rows=("long " * 90,) * 3))[1].trimmed == {"rows": 5}


@pytest.mark.parametrize("structure", ["json_schema", "plain"])
def test_a_schema_of_the_request_alone_goes_before_the_hops_and_is_within_the_budget(structure: Structure) -> None:
    hop = Narrowed("intent", FakeLanguage(structure=structure), prompt(), Said, 400, fixed={"shop": "Lamps"})
    call, reference = hop.call(Asked(text="hello", rows=("long " * 20,) * 20))
    assert call.schema == NARROW
    sent = message_tokens(call.messages) + (estimate_tokens(as_json(NARROW)) if structure == "json_schema" else 0)
    assert sent == call.input_tokens <= 400
    assert reference.trimmed["rows"] > 0


def test_only_a_schema_that_was_sent_is_recorded() -> None:
    question = echo(FakeLanguage()).question(Asked(text="hello"))
    assert question.sent_schema_sha256 == digest(as_json(echo(FakeLanguage()).call(Asked(text="hello"))[0].schema))
    narrowed = Narrowed("intent", FakeLanguage(), prompt(), Said, 1000, fixed={"shop": "Lamps"})
    assert narrowed.question(Asked(text="hello")).sent_schema_sha256 == digest(as_json(NARROW))
    assert echo(FakeLanguage(structure="plain")).question(Asked(text="hello")).sent_schema_sha256 is None


def test_a_repair_knows_the_messages_of_the_attempt_that_it_repairs() -> None:
    hop, given = echo(FakeLanguage(), 200), Asked(text="hello", rows=("long " * 6,) * 40)
    first, _ = hop.call(given)
    again, _ = hop.call(given, Repair('{"word":1}', (Failure(path="word", code="c", msg="m"),)))
    assert first.first == ()
    assert again.first == first.messages
    assert len(str(again.messages[1]["content"])) < len(str(first.messages[1]["content"]))


def test_a_question_alone_is_a_reply_without_an_answer_and_is_not_sent() -> None:
    model = FakeLanguage()
    question = echo(model).question(Asked(text="hello"))
    asked = asyncio.run(echo(model).propose(Asked(text="hello")))
    assert question.raw == ""
    assert (question.prompt, question.input_messages) == (asked.prompt, asked.input_messages)
    assert question.params == {"temperature": 0, "structure": "json_schema"}
    assert len(model.calls) == 1


def test_the_turns_allowance_is_handed_on_and_a_missing_one_is_made() -> None:
    model = FakeLanguage()

    async def run() -> Allowance:
        allowance = Allowance(Budget())
        await echo(model).propose(Asked(text="hello"), None, allowance)
        await echo(model).propose(Asked(text="hello"))
        return allowance

    allowance = asyncio.run(run())
    assert model.allowances[0] is allowance
    assert model.allowances[1] is not allowance


def test_what_the_model_raises_is_not_hidden() -> None:
    with pytest.raises(ModelDown):
        asyncio.run(echo(FakeLanguage(ModelDown("down"))).propose(Asked(text="hello")))


def test_half_characters_in_a_completion_leave_a_record_that_can_be_stored() -> None:
    half = "\ud800"
    said = Completion(
        text=f'{{"word": "{half}"}}',
        output_messages=({"role": "assistant", "content": half, "tool_calls": [{half: [half, 1, None]}]},),
        response_id=half,
        response_model=half,
        finish_reasons=(half,),
        usage_raw={half: half},
    )
    reply = asyncio.run(echo(FakeLanguage(said)).propose(Asked(text="hello")))
    assert reply.raw == '{"word": "?"}'
    assert reply.output_messages == ({"role": "assistant", "content": "?", "tool_calls": [{"?": ["?", 1, None]}]},)
    assert (reply.response_id, reply.response_model, reply.finish_reasons) == ("?", "?", ("?",))
    assert reply.usage_raw == {"?": "?"}


def test_a_failed_attempt_has_the_request_key_of_the_same_request_when_it_succeeds() -> None:
    records = []
    for reply in (
        Completion(text='{"word":"yes"}', params={"temperature": 0, "structure": "json_schema"}),
        ModelDown("x"),
    ):
        hop, trail = echo(FakeLanguage(reply)), Trail(FRAME, MemoryLog())
        guard: Guard[Said, None] = Guard("intent", Said, ())
        served = serving_once(hop, guard, trail)
        assert (served is None) == isinstance(reply, ModelDown)
        records += trail.records
    assert [record.status for record in records] == ["ok", "error"]
    assert records[0].params == records[1].params != {}
    assert records[0].request_key == records[1].request_key


def serving_once(hop: Echo, guard: Guard[Said, None], trail: Trail) -> Said | None:
    asked = HopAsked("intent", Asked(text="hello"), Said, Cascade.of(hop), guard, None)
    return within(lambda allowance: ask(asked, trail, allowance))
