"""Whether a run that costs money may begin."""

from decimal import Decimal

import pytest
import typer

from chains.errors import HopdeskError
from chains.scope import LanguageModelSettings
from evals.cli import consent
from evals.cli.consent import Spending, check_may_begin
from evals.pacing import BudgetSpent, Estimate
from tests.chains.fakes import changed, shop_scope

OWN = LanguageModelSettings(name="openai/own", base_url="http://127.0.0.1:1/v1")
SCOPE = changed(shop_scope(), language_models=(OWN,))


def estimated(usd: str = "0", calls: int = 3, *unpriced: str) -> Estimate:
    return Estimate(calls, 0, 1000, Decimal(usd), 10.0, unpriced)


@pytest.mark.parametrize(
    ("expected", "is_asked"),
    [
        (estimated("0.5"), True),
        (estimated("0", 3, "openai/unknown"), True),
        (estimated("0", 3, "openai/own"), False),
        (estimated("0", 0), False),
    ],
)
def test_who_pays_is_asked_and_may_say_no(expected: Estimate, is_asked: bool) -> None:
    asked = []

    def answer(yes: bool) -> bool:
        asked.append(yes)
        return yes

    check_may_begin(expected, Spending(1, None, None, lambda: answer(True)), SCOPE)
    assert asked == [True] * is_asked
    if is_asked:
        with pytest.raises(HopdeskError, match=r"Nothing was run\."):
            check_may_begin(expected, Spending(1, None, None, lambda: answer(False)), SCOPE)
    check_may_begin(expected, Spending(1, None, None, None), SCOPE)


def test_at_a_terminal_a_person_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda _self: True})())
    monkeypatch.setattr(typer, "confirm", lambda text, *, err: (text, err) == ("Go on?", True))
    assert consent.confirm()


def test_a_purse_holds_what_may_be_spent() -> None:
    purse = Spending(1, 0.1, 50, None).purse()
    purse.take(50, Decimal("0.1"))
    with pytest.raises(BudgetSpent):
        purse.take(1, Decimal(0))
    unlimited = Spending(1, None, None, None).purse()
    unlimited.take(10**9, Decimal(10**6))
