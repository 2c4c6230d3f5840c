"""Loading litellm takes seconds, so it is done once, before the first test that is timed."""

import pytest

from tests.assistant.language.asking import reached, reply_of
from tests.model_server import Reply, serving


@pytest.fixture(scope="session")
def warm() -> None:
    with serving(Reply("{}")) as served:
        for name in ("openai/scripted", "hosted_vllm/scripted"):
            reply_of(reached(served.base_url, name))
            reply_of(reached(served.base_url, name, stream=True))
