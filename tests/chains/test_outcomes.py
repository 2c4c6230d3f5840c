import pytest
from pydantic import TypeAdapter, ValidationError

from chains.outcomes import (
    Answer,
    AnswerPart,
    Choice,
    ChoiceEffect,
    Clarify,
    Decline,
    Handoff,
    Outcome,
    ProductCard,
    Sentence,
    Withdrawn,
)

ADAPTER: TypeAdapter[Answer | Clarify | Decline | Handoff | Withdrawn] = TypeAdapter(Outcome)
PART = AnswerPart(intent="a.b", sentences=(Sentence(text="It is.", claim="value", facts=("A:price",)),))
CHOICE = Choice(id="c1", label="Compare", effect=ChoiceEffect(intent="a.b", product="A", text="compare"))


@pytest.mark.parametrize(
    "outcome",
    [
        Answer(parts=(PART, PART), products=(ProductCard(sku="A", name="A"),), choices=(CHOICE,)),
        Clarify(reason="order_proof", question="Which order?", form="order", answered=(PART,)),
        Decline(reason="out_of_scope", text="Only the shop."),
        Handoff(reason="unsure", text="A colleague will answer.", answered=(PART,)),
        Withdrawn(reason="superseded"),
    ],
)
def test_each_way_to_end_survives_its_json(outcome: Answer | Clarify | Decline | Handoff | Withdrawn) -> None:
    assert ADAPTER.validate_json(outcome.model_dump_json()) == outcome


@pytest.mark.parametrize(
    "json",
    [
        '{"kind": "answer", "parts": []}',
        '{"kind": "answer", "parts": [{"intent": "a.b", "sentences": []}]}',
        '{"kind": "decline", "reason": "rude", "text": "No."}',
        '{"kind": "decline", "reason": "moderation", "text": ""}',
        '{"kind": "handoff", "reason": "unsure", "text": "x", "owner": "me"}',
        '{"kind": "withdrawn", "reason": "tired"}',
        '{"kind": "shrug"}',
        '{"kind": "clarify", "reason": "intent", "question": "?", "choices": [{"id": "one", "label": "One"}]}',
    ],
)
def test_there_are_no_other_ways_to_end(json: str) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_json(json)


def test_an_answer_has_at_most_two_parts() -> None:
    with pytest.raises(ValidationError):
        Answer(parts=(PART, PART, PART))
