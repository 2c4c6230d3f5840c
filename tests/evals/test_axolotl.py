"""The configuration for Axolotl is YAML with the keys that its documentation names."""

from importlib import import_module
from pathlib import Path

import pytest

from evals.axolotl import Method, axolotl_config

NAME = 'a "model": #1'


@pytest.mark.parametrize(("method", "packs"), [("sft", True), ("dpo", False)])
def test_the_configuration_is_yaml_that_names_the_data(method: Method, *, packs: bool) -> None:
    text = axolotl_config(method, Path("out/train: 1.jsonl"), Path("out/train.axolotl.yaml"), NAME, 5120)
    read = import_module("yaml").safe_load(text)
    [data] = read["datasets"]
    assert (read["base_model"], data["path"], read["sequence_len"]) == (NAME, "out/train: 1.jsonl", 5120)
    assert (read["sample_packing"], read["output_dir"]) == (packs, "out/train: 1-adapter")
    assert isinstance(read["learning_rate"], float)


def test_only_the_reply_is_learned_from_and_pairs_are_preferences() -> None:
    sft, dpo = (
        import_module("yaml").safe_load(axolotl_config(method, Path("x.jsonl"), Path("x.yaml"), "m", 4096))
        for method in ("sft", "dpo")
    )
    assert sft["datasets"][0]["message_field_training"] == "weight"
    assert (sft["datasets"][0]["roles_to_train"], sft["train_on_inputs"]) == ([], False)
    assert (dpo["rl"], dpo["datasets"][0]["type"]) == ("dpo", "chat_template.default")
