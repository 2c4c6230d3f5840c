"""What tests of the embedded models share: the counter of a small shop, and a reader of the hand-made one."""

from collections.abc import Iterator

import pytest

from assistant.embedded.encoder import Encoder
from assistant.embedded.reader import Reader
from tests.assistant.embedded.counter import Counter
from tests.assistant.embedded.reader_shop import SHOP


@pytest.fixture(scope="session")
def counter(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Iterator[Counter]:
    opened = Counter(tmp_path_factory.mktemp("counter"), encoder)
    yield opened
    opened.catalog.close()


@pytest.fixture(scope="session")
def reader() -> Reader:
    return Reader(SHOP)
