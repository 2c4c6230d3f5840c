"""How much is found of personal data that was made by rule, on a draw of `tests.benchmarks.bench_pii`'s generator."""

import random

import pytest

from moderation.pii import redact, restore
from moderation.policy import PII_KINDS, PiiKind, PiiPolicy
from tests.moderation.personal_data import ORDER_PATTERN, REGION, Counts, count, with_look_alikes, with_personal_data

POLICY = PiiPolicy(region=REGION, order_pattern=ORDER_PATTERN)
# Below what the benchmark measures with 2,000 texts, for the chance in a draw of 500.
LEAST_RECALL: dict[PiiKind, float] = {"address": 0.85, "nationalid": 0.92}
LEAST_PRECISION: dict[PiiKind, float] = {"phone": 0.95}


@pytest.fixture(scope="module")
def counts() -> dict[PiiKind, Counts]:
    rng = random.Random(7)
    texts = [with_personal_data(rng) for _ in range(500)] + [with_look_alikes(rng) for _ in range(500)]
    return count(texts, POLICY)


@pytest.mark.parametrize("kind", PII_KINDS)
def test_what_is_there_is_found_and_what_is_found_is_there(counts: dict[PiiKind, Counts], kind: PiiKind) -> None:
    one = counts[kind]
    assert one.covered + one.left > 80
    assert one.covered >= LEAST_RECALL.get(kind, 0.97) * (one.covered + one.left)
    assert one.right >= LEAST_PRECISION.get(kind, 0.98) * (one.right + one.wrong)


@pytest.mark.parametrize("seed", range(50))
def test_what_was_replaced_can_be_put_back(seed: int) -> None:
    text = with_personal_data(random.Random(seed)).text
    redacted = redact(text, POLICY)
    assert restore(redacted.text, redacted.originals) == text
    assert not [original for original in redacted.originals.values() if original in redacted.text]
