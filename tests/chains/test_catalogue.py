"""The catalogue lists what the guards run, no more and no less."""

import importlib
import pkgutil

from pydantic import BaseModel

from chains import hops
from chains.catalogue import CATALOGUE
from chains.messages import HOPS
from moderation import OUTBOUND_CHECKS, Guard


def guards() -> list[Guard[BaseModel, object]]:
    """Every guard that a hop holds, by whatever name."""
    modules = [importlib.import_module(f"chains.hops.{one.name}") for one in pkgutil.iter_modules(hops.__path__)]
    return [value for module in modules for value in vars(module).values() if isinstance(value, Guard)]


def test_every_check_that_a_guard_runs_is_listed_and_every_listed_check_is_run() -> None:
    run = [(guard.name, name) for guard in guards() for name in _names(guard)]
    assert sorted(run) == sorted((info.hop, info.name) for info in CATALOGUE)


def _names(guard: Guard[BaseModel, object]) -> list[str]:
    return [f"{guard.name}_valid", *(check.__name__ for check in guard._checks)]


def test_names_are_unique_and_in_the_order_of_the_hops() -> None:
    assert len({info.name for info in CATALOGUE}) == len(CATALOGUE)
    places = [HOPS.index(info.hop) for info in CATALOGUE]
    assert places == sorted(places)
    assert set(places) == set(range(len(HOPS)))


def test_each_says_what_it_holds_and_what_happens_then() -> None:
    assert all(info.holds.endswith(".") and info.then for info in CATALOGUE)
    assert not [info for info in CATALOGUE if "|" in info.holds + info.then]


def test_the_outbound_checks_are_listed_by_their_own_names() -> None:
    listed = [info.name for info in CATALOGUE if info.hop == "outbound"]
    assert listed == ["outbound_valid", *(check.__name__ for check in OUTBOUND_CHECKS)]
