from decimal import Decimal

from assistant.language.prices import Prices, plain
from chains.record import Usage
from chains.scope import LanguageModelSettings

LISTED: dict[str, object] = {
    "input_cost_per_token": 4e-07,
    "output_cost_per_token": 1.6e-06,
    "cache_read_input_token_cost": 1e-07,
}


def prices(known: dict[str, object], **own: float) -> Prices | None:
    return Prices.of(LanguageModelSettings(name="openai/scripted", **own), known)  # type: ignore[arg-type]


def test_cached_tokens_have_their_own_price() -> None:
    listed = prices(LISTED)
    assert listed
    usage = Usage(input_total=1000, cache_read=600, cache_write=100, output=50)
    # 300 plain and 100 written at 0.4, 600 read at 0.1 and 50 made at 1.6 dollars per million
    assert listed.cost(usage) == Decimal("0.0003")


def test_a_servers_odd_counts_never_make_a_cost_negative() -> None:
    listed = prices(LISTED)
    assert listed
    assert listed.cost(Usage(input_total=10, cache_read=600)) == Decimal("0.00006")


def test_own_prices_come_first_and_hold_for_cached_tokens_too() -> None:
    own = prices(LISTED, input_usd_per_mtok=2, output_usd_per_mtok=3)
    assert own
    assert own.cost(Usage(input_total=1_000_000, cache_read=1_000_000, output=1_000_000)) == Decimal(5)


def test_one_own_price_is_completed_from_the_list() -> None:
    own = prices(LISTED, output_usd_per_mtok=3)
    assert own
    assert (own.input, own.output) == (Decimal("4E-7"), Decimal("0.000003"))


def test_half_a_price_is_none() -> None:
    assert prices({}) is None
    assert prices({}, input_usd_per_mtok=2) is None
    assert prices({"input_cost_per_token": "cheap"}, output_usd_per_mtok=2) is None


def test_a_model_for_nothing_is_priced() -> None:
    free = prices({}, input_usd_per_mtok=0, output_usd_per_mtok=0)
    assert free
    assert plain(free.cost(Usage(input_total=7, output=7))) == "0"


def test_the_hash_tells_tables_apart() -> None:
    one, same, other = prices(LISTED), prices(dict(LISTED)), prices(LISTED, input_usd_per_mtok=1)
    assert one
    assert same
    assert other
    assert one.sha256 == same.sha256 != other.sha256


def test_amounts_are_written_without_exponents() -> None:
    assert plain(Decimal("4E-7")) == "0.0000004"
    assert plain(Decimal("1E+2")) == "100"
    assert plain(Decimal("0.100")) == "0.1"
