"""The part of a scope file that says how outgoing prose may sound."""

from pathlib import Path

import pytest

from chains.errors import ScopeError
from chains.scope_file import parse_scope

STARTER = """
[site]
id = "demo"
name = "Demo"

[sources]

[[intents]]
id = "support.human"
label = "A person"
description = "Wants a person."
outcomes = ["handoff"]

[moderation.outbound]
"""


def test_a_site_says_whom_its_prose_does_not_name_and_how_it_sounds() -> None:
    text = 'competitors = ["Brightly"]\nlanguages = ["en", "de"]\nemoji = true\nexclamation_marks = 0\n'
    text += 'off = ["no_promise"]'
    outbound = parse_scope(STARTER + text, "scope.toml").moderation.outbound
    assert outbound.competitors == ("Brightly",)
    assert outbound.languages == ("en", "de")
    assert (outbound.emoji, outbound.capitals, outbound.exclamation_marks) == (True, False, 0)
    assert outbound.off == ("no_promise",)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            'off = ["no_foreign_link"]',
            'moderation.outbound.off[0]: found "no_foreign_link"; allowed: no_promise, no_competitor, in_tone',
        ),
        ('off = ["no_foreign_pii"]', "allowed: no_promise, no_competitor, in_tone, in_language"),
        ('off = ["no_canary"]', "allowed: no_promise, no_competitor, in_tone, in_language"),
        ('languages = ["english"]', 'moderation.outbound.languages[0]: found "english"; allowed: da, de, en'),
        ("languages = []", "moderation.outbound.languages: found []"),
        ('competitors = ["x"]', 'moderation.outbound.competitors[0]: found "x"'),
        ("exclamation_marks = 21", "moderation.outbound.exclamation_marks: found 21"),
        ("emojis = true", "moderation.outbound.emojis: this key is unknown; allowed: capitals, competitors, emoji"),
    ],
)
def test_a_bad_value_is_refused_with_its_key_and_what_is_allowed(line: str, says: str) -> None:
    with pytest.raises(ScopeError) as raised:
        parse_scope(STARTER + line, "scope.toml")
    assert says in str(raised.value)
    assert str(raised.value).count("\n") == 0


def test_the_demo_shop_keeps_the_defaults_and_is_read() -> None:
    demo = Path(__file__).parents[2] / "assistant" / "demo" / "shop" / "scope.toml"
    assert parse_scope(demo.read_text(encoding="utf-8"), "scope.toml").moderation.outbound.off == ()
