"""What an agent is told of a reply before it is sent."""

from hypothesis import given
from hypothesis import strategies as st

from moderation.checks import OUTBOUND_CHECKS
from moderation.outbound import Outgoing
from moderation.outbound_warnings import warnings
from tests.moderation.outbound import CONTEXT


def test_a_good_reply_needs_no_warning() -> None:
    assert warnings("Thank you, I have asked a colleague about your order LO-12345.", CONTEXT) == ()


def test_the_serious_things_come_first_and_repeat_nothing() -> None:
    found = warnings("PLEASE CALM DOWN!! We will refund you, see https://evil.example", CONTEXT)
    assert [(one.code, one.severity) for one in found] == [
        ("foreign_link", "serious"),
        ("promise_refund", "serious"),
        ("shouting", "notice"),
        ("exclamation_marks", "notice"),
        ("blame", "notice"),
    ]
    assert not [one for one in found if "evil" in one.sentence]


def test_how_it_sounds_is_a_notice() -> None:
    severities = {one.code: one.severity for text in ("", "Jeg har det til dig.") for one in warnings(text, CONTEXT)}
    assert severities == {"empty": "notice", "foreign_language": "notice"}


@given(st.text(max_size=200))
def test_an_agent_hears_all_that_the_checks_say(text: str) -> None:
    said = {failure.code for check in OUTBOUND_CHECKS for failure in check(Outgoing(text=text), CONTEXT)}
    assert {one.code for one in warnings(text, CONTEXT)} == said
