"""One server of the real model for all tests that ask it; they are skipped where it is not installed."""

from collections.abc import Iterator

import pytest

from tests.llm.smollm2 import missing, smollm2


@pytest.fixture(scope="session")
def smollm2_url() -> Iterator[str]:
    if reason := missing():
        pytest.skip(reason)
    with smollm2() as base_url:
        yield base_url
