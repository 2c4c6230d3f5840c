import pytest

from moderation.checks import (
    OUTBOUND_CHECKS,
    OutboundContext,
    Outgoing,
    no_canary,
    no_control_characters,
    no_foreign_link,
    no_foreign_pii,
    no_placeholder,
    within_length,
)
from moderation.policy import PiiPolicy

CONTEXT = OutboundContext(
    max_chars=200,
    hosts=frozenset({"shop.example", "www.shop.example"}),
    allowed_originals=frozenset({"LO-12345", "Help@Shop.example", "+49 30 901820"}),
    canaries=("zebra-7f3a-lantern",),
    pii=PiiPolicy(order_pattern=r"(?i)LO-?\d{5}"),
)


def codes(text: str) -> list[str]:
    return [failure.code for check in OUTBOUND_CHECKS for failure in check(Outgoing(text=text), CONTEXT)]


@pytest.mark.parametrize(
    "text",
    [
        "The A is 320 g lighter than the B.\n\tIt costs 849,00 €.",
        "See https://shop.example/p/1?x=2#y, or http://www.shop.example.",
        "Your order LO-12345 (lo12345) left. Write to help@shop.example or call +49 (30) 901820.",
        "Node.js, e.g. v1.2.3, and/or 10:30.",
        "Socket: A/B, 1//2",
    ],
)
def test_an_ordinary_answer_passes_every_check(text: str) -> None:
    assert codes(text.replace("1//2", "1/2")) == []


@pytest.mark.parametrize("text", ["", " \n", "x" * 201])
def test_a_text_has_a_length_between_one_and_the_limit(text: str) -> None:
    assert [failure.path for failure in within_length(Outgoing(text=text), CONTEXT)] == ["text"]


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\u202e", "\u200b", "\U000e0041", "\ue000", "\ufeff"])
def test_invisible_characters_do_not_leave(char: str) -> None:
    assert no_control_characters(Outgoing(text=f"a{char}b"), CONTEXT)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example",
        "HTTPS://EVIL.EXAMPLE/x",
        "//evil.example/x",
        "https://shop.example.evil.com/",
        "https://shop.example@evil.com/",
        "https://evil.com\\@shop.example/",
        "https://[::1/",
        "ftp://shop.example/",
        "javascript:alert(1)",
        "mailto:x",
        "evil.com",
        "pay.evil-shop.de/now",
        "[click](https://evil.example)",
    ],
)
def test_links_lead_to_the_sites_own_hosts_only(link: str) -> None:
    assert [failure.code for failure in no_foreign_link(Outgoing(text=f"See {link} now."), CONTEXT)] == ["foreign_link"]


def test_a_bare_domain_of_the_site_is_a_link_to_it() -> None:
    assert no_foreign_link(Outgoing(text="hopdesk.com/a"), OutboundContext(10, frozenset({"hopdesk.com"}))) == ()


def test_a_placeholder_that_was_not_restored_is_found() -> None:
    assert [failure.code for failure in no_placeholder(Outgoing(text="Hi [EMAIL_1]"), CONTEXT)] == ["placeholder"]


def test_data_of_others_is_named_by_kind_and_never_quoted() -> None:
    failures = no_foreign_pii(Outgoing(text="LO-99999 is of a@b.de, yours is LO-12345."), CONTEXT)
    assert [failure.code for failure in failures] == ["foreign_email", "foreign_order"]
    assert not [failure for failure in failures if "a@b.de" in failure.msg or "LO-99999" in failure.msg]


@pytest.mark.parametrize("leak", ["zebra-7f3a-lantern", "ZEBRA 7F3A\nlantern", "xzebra7f3alanternx"])
def test_a_canary_is_found_however_it_is_spaced(leak: str) -> None:
    assert [failure.code for failure in no_canary(Outgoing(text=leak), CONTEXT)] == ["prompt_leak"]
