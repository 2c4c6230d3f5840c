import re
from typing import get_args

import pytest
from pydantic import ValidationError

from moderation.checks import OUTBOUND_CHECKS
from moderation.outbound_policy import LanguageCode, OptionalCheck, OutboundPolicy
from moderation.policy import ModerationPolicy


def test_the_default_is_calm_english_with_every_check_on() -> None:
    policy = ModerationPolicy.model_validate_json("{}").outbound
    assert policy == OutboundPolicy(
        competitors=(), languages=("en",), capitals=False, exclamation_marks=1, emoji=False, off=()
    )


@pytest.mark.parametrize("name", ["no_foreign_link", "no_foreign_pii", "no_canary", "no_prompt_text", "moderated"])
def test_what_must_not_get_out_cannot_be_turned_off(name: str) -> None:
    assert name in {check.__name__ for check in OUTBOUND_CHECKS}
    with pytest.raises(ValidationError, match="'no_promise', 'no_competitor', 'in_tone' or 'in_language'"):
        OutboundPolicy.model_validate_json(f'{{"off": ["{name}"]}}')


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ('{"competitors": ["x"]}', "competitors.0"),
        ('{"competitors": ["--"]}', "competitors.0"),
        ('{"languages": []}', "languages"),
        ('{"languages": ["xx"]}', "languages.0"),
        ('{"exclamation_marks": -1}', "exclamation_marks"),
        ('{"emoji": "yes"}', "emoji"),
        ('{"tone": "plain"}', "tone"),
    ],
)
def test_a_bad_value_is_refused_with_its_key(raw: str, complaint: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(complaint)):
        OutboundPolicy.model_validate_json(raw)


def test_every_key_describes_itself_and_names_what_is_allowed() -> None:
    fields = OutboundPolicy.model_fields
    assert all(field.description for field in fields.values())
    assert all(name in str(fields["off"].description) for name in get_args(OptionalCheck))
    assert all(code in str(fields["languages"].description) for code in get_args(LanguageCode))


def test_what_may_be_turned_off_is_a_check() -> None:
    assert set(get_args(OptionalCheck)) < {check.__name__ for check in OUTBOUND_CHECKS}
