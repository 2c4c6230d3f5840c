import re

import pytest
from pydantic import ValidationError

from moderation.policy import BlockedTerm, ModerationPolicy, PiiKind, PiiPolicy


def test_the_default_policy_redacts_everything_and_limits_a_request_to_2000_characters() -> None:
    policy = ModerationPolicy.model_validate_json("{}")
    assert policy.text_limit_chars == 2000
    kinds: tuple[PiiKind, ...] = ("email", "phone", "card", "iban", "order", "address", "nationalid")
    assert policy.pii == PiiPolicy(region="DE", order_pattern=None, kinds=kinds, countries=None)
    assert policy.pii.for_tools == ("email", "order")


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ('{"region": "Germany"}', "region"),
        ('{"order_pattern": "LO-(\\\\d"}', "not a regular expression"),
        ('{"order_pattern": "\\\\d*"}', "matches the empty text"),
        ('{"kinds": ["name"]}', "kinds"),
        ('{"regions": "DE"}', "regions"),
        ('{"countries": ["XX"]}', "countries"),
        ('{"order_pattern": "a{99999999999999999999}"}', "too large to be compiled"),
        ('{"order_pattern": "' + "(" * 5000 + "a" + ")" * 5000 + '"}', "too large to be compiled"),
        ('{"for_tools": ["order", "card"]}', "for_tools names card, which no tool may be given"),
        ('{"for_tools": ["iban", "nationalid"]}', "for_tools names iban, nationalid, which no tool may be given"),
        ('{"kinds": ["email"], "for_tools": ["order"]}', "for_tools names order, which kinds does not replace"),
    ],
)
def test_a_bad_pii_policy_is_refused_with_its_key_or_reason(raw: str, complaint: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(complaint)):
        PiiPolicy.model_validate_json(raw)


def test_a_term_of_self_harm_is_never_refused() -> None:
    with pytest.raises(ValidationError, match="a term of self_harm is never refused; write action = 'review'"):
        BlockedTerm(term="goodbye forever", category="self_harm")
    assert BlockedTerm(term="goodbye forever", category="self_harm", action="review").action == "review"


def test_every_field_describes_itself_for_the_scope_file() -> None:
    for model in (ModerationPolicy, PiiPolicy):
        assert all(field.description for field in model.model_fields.values())
