import pytest

from chains.attempt import CodeModel
from chains.hops import outbound
from chains.hops.outbound import may_leave, with_own_links
from chains.messages import OutboundInput
from chains.outcomes import ProductCard
from chains.ports import ModelCard
from chains.scope import Scope
from chains.trail import Trail
from moderation import BlockedTerm, ModerationPolicy, OutboundPolicy, Outgoing
from tests.chains.fakes import EMAIL, ORDER_NUMBER, shop_scope
from tests.chains.scripts import MemoryLog, within
from tests.chains.trails import FRAME

SCOPE = shop_scope()
ORIGINALS = {"[ORDER_1]": ORDER_NUMBER, "[EMAIL_1]": EMAIL}


def leaving(
    *texts: str, prose: tuple[str, ...] = (), public: tuple[str, ...] = (), scope: Scope = SCOPE
) -> tuple[bool, Trail]:
    trail = Trail(FRAME, MemoryLog())
    given = OutboundInput(texts=texts, prose=prose, locale="en", placeholders=tuple(ORIGINALS), public=public)
    return within(lambda allowance: may_leave(given, scope, ORIGINALS, trail, allowance)), trail


@pytest.mark.parametrize(
    "texts",
    [
        ("It costs 49 EUR.", "It is in stock: 3 left."),
        ("See https://shop.example/lamps.",),
        ("Your order [ORDER_1] is shipped.",),
        (f"We wrote to {EMAIL}.",),
    ],
)
def test_what_is_the_shops_or_the_customers_may_leave(texts: tuple[str, ...]) -> None:
    allowed, trail = leaving(*texts)
    assert allowed
    assert trail.records[0].parsed == {"text": "\n".join(texts)}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (" ", "empty"),
        ("a" * 12_001, "too_long"),
        ("It costs\x00 49 EUR.", "control_characters"),
        ("See https://evil.example/.", "foreign_link"),
        ("Your order [ORDER_2] is shipped.", "placeholder"),
        ("Write to eve@evil.example.", "foreign_email"),
        ("Your order LO-99999 is shipped.", "foreign_order"),
    ],
)
def test_what_is_neither_may_not(text: str, code: str) -> None:
    allowed, trail = leaving(text)
    assert not allowed
    assert code in [failure.code for failure in trail.records[0].validation_errors]


def test_one_bad_text_keeps_all_of_them() -> None:
    assert not leaving("It costs 49 EUR.", "See https://evil.example/.")[0]


def test_what_the_shop_publishes_may_be_said() -> None:
    assert leaving("Ask help@shop.example.", public=("help@shop.example",))[0]
    assert not leaving("Ask help@shop.example.")[0]


LOUD = "[ORDER_1]: we refund you! By BRIGHTLY! Wir sind für Sie da und das ist gut."
SHY = SCOPE.model_copy(
    update={
        "moderation": ModerationPolicy(
            outbound=OutboundPolicy(competitors=("Brightly",)),
            blocked_terms=(BlockedTerm(term="Evil Corp", category="fraud"),),
        )
    }
)


def test_what_grounding_verified_may_promise_and_sound_as_it_likes() -> None:
    assert leaving(LOUD, "Made by Evil Corp.", scope=SHY)[0]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("We will refund order [ORDER_1].", "promise_refund"),
        ("Brightly has it.", "competitor"),
        ("Ask Evil Corp.", "unfit_fraud"),
        ("Here it is!!", "exclamation_marks"),
        ("Wir sind für Sie da und das ist gut.", "foreign_language"),
    ],
)
def test_words_that_no_claim_stands_behind_may_not(text: str, code: str) -> None:
    allowed, trail = leaving("It costs 49 EUR.", prose=(text,), scope=SHY)
    assert not allowed
    (failure,) = trail.records[0].validation_errors
    assert failure.code == code
    assert text not in failure.model_dump_json()


def test_a_friendly_opening_line_stands_before_the_answer() -> None:
    allowed, trail = leaving("It costs 49 EUR.", prose=("Thank you for asking!",))
    assert allowed
    assert trail.records[0].parsed == {"text": "Thank you for asking!\nIt costs 49 EUR."}


def test_an_insult_does_not_leave_even_if_the_catalog_holds_it() -> None:
    allowed, trail = leaving("Its name is “you stupid bitch”.")
    assert not allowed
    assert [failure.code for failure in trail.records[0].validation_errors] == ["unfit_harassment"]


def test_the_record_holds_placeholders_and_not_what_they_stand_for() -> None:
    _, trail = leaving("Your order [ORDER_1] is shipped.")
    assert ORDER_NUMBER not in trail.records[0].model_dump_json()
    assert EMAIL not in trail.records[0].model_dump_json()


def test_a_check_that_fails_to_run_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(given: OutboundInput) -> Outgoing:
        raise ZeroDivisionError

    card = ModelCard("hopdesk", "outbound/1", "check")
    monkeypatch.setattr(outbound, "MODEL", CodeModel[OutboundInput](card, fail))
    allowed, trail = leaving("It costs 49 EUR.")
    assert not allowed
    assert trail.records[0].status == "error"


@pytest.mark.parametrize("url", [None, "/p/lamp", "https://shop.example/p/lamp?x=1#more"])
def test_a_card_keeps_a_link_to_the_site(url: str | None) -> None:
    card = ProductCard(sku="L-1", name="Desk Lamp", url=url, details=(("colour", "black"),))
    assert with_own_links([card], SCOPE) == (card,)


@pytest.mark.parametrize("url", ["https://evil.example/p/lamp", "//evil.example", "javascript:alert(1)"])
def test_a_card_whose_link_leads_elsewhere_is_shown_without_it(url: str) -> None:
    card = ProductCard(sku="L-1", name="Desk Lamp", url="/p/lamp", details=(("colour", "black"),))
    foreign = card.model_copy(update={"url": url})
    assert with_own_links([foreign, card], SCOPE) == (card.model_copy(update={"url": None}), card)
