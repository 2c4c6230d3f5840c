import pytest

from assistant.wiring import Site
from tests.brains.driving import Tally, drive, open_settings
from tests.brains.random_model import RandomModel
from tests.brains.shelf import Shelf
from tests.llm.demo_texts import demo_requests


def driven(demo_site: Site, count: int, seed: int) -> Tally:
    sites = open_settings(
        lambda place, one: RandomModel(seed + place, one.structure, takes_functions=one.takes_functions), demo_site
    )
    return drive(demo_requests(count), sites, Shelf(demo_site))


def test_every_turn_on_schema_valid_noise_ends_valid_in_scope_and_true(demo_site: Site) -> None:
    tally = driven(demo_site, 60, 1)
    assert tally.turns == 60
    assert all(tally.hops[hop]["gave up"] for hop in ("intent", "lookup", "response"))  # moderation: one in a hundred
    assert all(tally.hops[hop]["repaired"] for hop in ("moderation", "intent", "lookup"))


@pytest.mark.soak
def test_every_turn_on_schema_valid_noise_ends_valid_in_scope_and_true_over_300_requests(demo_site: Site) -> None:
    tally = driven(demo_site, 300, 2)
    tally.print("Schema-valid noise, a fifth of it broken")
    assert tally.turns == 300
    assert all(counts["gave up"] for counts in tally.hops.values())
