import pytest

from assistant.language.model_map import KEYS, known_of
from assistant.language.wire import litellm
from tests.assistant.language.asking import SILENCED

pytestmark = [pytest.mark.usefixtures("warm"), *SILENCED]


def test_it_says_what_litellm_says_of_every_model() -> None:
    for name, entry in litellm().model_cost.items():
        provider = str(entry.get("litellm_provider"))
        if name == "sample_spec":  # explains the file
            continue
        if "/" in name:
            assert known_of(name) == {key: entry[key] for key in KEYS & entry.keys()}, name
        elif f"{provider}/{name}" not in litellm().model_cost:
            assert known_of(f"{provider}/{name}") == {key: entry[key] for key in KEYS & entry.keys()}, name


def test_a_model_of_another_provider_is_another_model() -> None:
    assert known_of("openai/gpt-4.1-mini")
    assert known_of("hosted_vllm/gpt-4.1-mini") == {}
    assert known_of("nosuch/model") == {}
