import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from chains.claims import Draft, DraftPart, Value
from chains.facts import Evidence
from tests.chains.strategies import turns


@settings(max_examples=30, deadline=None)
@given(turns())
def test_a_draft_survives_its_json(turn: tuple[Evidence, Draft]) -> None:
    assert Draft.model_validate_json(turn[1].model_dump_json()) == turn[1]


@pytest.mark.parametrize(
    "json",
    [
        "{}",
        "null",
        '{"parts": []}',
        '{"parts": [{"intent": "a.b", "claims": []}]}',
        '{"parts": [{"intent": "a.b", "claims": [{"kind": "value"}]}]}',
        '{"parts": [{"intent": "a.b", "claims": [{"kind": "value", "fact": "f", "text": "It is free."}]}]}',
        '{"parts": [{"intent": "a.b", "claims": [{"kind": "prose", "text": "It is free."}]}]}',
        '{"parts": [{"intent": "a.b", "claims": [{"kind": "value", "fact": "f"}], "text": "It is free."}]}',
        '{"parts": [{"intent": "a.b", "claims": [{"kind": "extreme", "query": "q", "field": "f", "end": "best"}]}]}',
        '{"parts": [{"intent": "a.b", "claims": [{"kind": "meets", "fact": "f", "op": "ne", "wanted": {}}]}]}',
    ],
)
def test_a_draft_has_no_place_for_prose_or_for_what_is_no_claim(json: str) -> None:
    with pytest.raises(ValidationError):
        Draft.model_validate_json(json)


def test_a_draft_is_bounded() -> None:
    claims = (Value(fact="f"),) * 8
    part = DraftPart(intent="a.b", claims=claims)
    with pytest.raises(ValidationError):
        DraftPart(intent="a.b", claims=(*claims, Value(fact="f")))
    with pytest.raises(ValidationError):
        Draft(parts=(part, part, part))
    with pytest.raises(ValidationError):
        Draft(parts=(part,), products=("A",) * 9)


def test_claims_are_compared_by_what_they_say() -> None:
    assert len({Value(fact="f"), Value(fact="f"), Value(fact="g")}) == 2
