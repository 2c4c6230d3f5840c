"""A configuration for Axolotl, which fine-tunes open models, to stand beside exported training data.

The keys are those of Axolotl's documentation (config reference, conversation data sets and RLHF). The model's own chat
template renders the messages, as the server that serves the model does, so training sees what inference will.
"""

from pathlib import Path
from typing import Literal

from pydantic_core import to_json

Method = Literal["sft", "dpo"]

_COMMON = """\
# How to train: axolotl train {config}
base_model: {base_model}
chat_template: tokenizer_default

{datasets}
val_set_size: 0.05
dataset_prepared_path: {prepared}
output_dir: {output}

adapter: lora
lora_r: 32
lora_alpha: 32
lora_dropout: 0.05
lora_target_linear: true

sequence_len: {sequence_len}
sample_packing: {packing}
micro_batch_size: 2
gradient_accumulation_steps: 4
gradient_checkpointing: true
num_epochs: {epochs}
optimizer: adamw_8bit
lr_scheduler: cosine
learning_rate: {learning_rate}
warmup_ratio: 0.1
bf16: auto
logging_steps: 1
saves_per_epoch: 1
seed: 7
"""

_SFT = """\
# Only the last reply of a line is learned; the worked examples before it have the weight 0.
datasets:
  - path: {data}
    ds_type: json
    type: chat_template
    field_messages: messages
    message_field_training: weight
    roles_to_train: []
    train_on_eos: turn
train_on_inputs: false
"""

_DPO = """\
rl: dpo
rl_beta: 0.1
datasets:
  - path: {data}
    ds_type: json
    split: train
    type: chat_template.default
    field_messages: messages
    field_chosen: chosen
    field_rejected: rejected
    message_property_mappings:
      role: role
      content: content
    roles:
      user: ["user"]
      assistant: ["assistant"]
      system: ["system"]
"""


def axolotl_config(method: Method, data: Path, config: Path, base_model: str, sequence_len: int) -> str:
    """The configuration as YAML, for the lines in `data`; `sequence_len` is in tokens, prompt and reply together."""
    beside = data.with_suffix("")
    sft = method == "sft"
    return _COMMON.format(
        config=config,
        base_model=_text(base_model),
        datasets=(_SFT if sft else _DPO).format(data=_text(str(data))),
        prepared=_text(f"{beside}-prepared"),
        output=_text(f"{beside}-adapter"),
        sequence_len=sequence_len,
        packing="true" if sft else "false",  # preference tuning does not support it
        epochs=3 if sft else 1,
        learning_rate="0.0002" if sft else "0.000005",
    )


def _text(text: str) -> str:
    """A text in YAML: a string of JSON is one there, too."""
    return to_json(text).decode()
