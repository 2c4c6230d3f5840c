"""Reads OpenAI's public moderation samples: the half that the classifier is fitted on, or the half it is tested on.

They are of openai/moderation-api-release (MIT), described by Markov et al. 2023, "A Holistic Approach to Undesired
Content Detection in the Real World".
"""

import gzip
import hashlib
import json
from pathlib import Path

from assistant.embedded.moderation.examples import Example
from chains.errors import EmbeddedModelError
from moderation.verdict import Category

KIND = "openai sample"
_MEANS: dict[str, frozenset[Category]] = {
    "S": frozenset({"sexual"}),
    "S3": frozenset({"sexual", "illegal"}),
    "H": frozenset({"hate"}),
    "H2": frozenset({"hate", "violence"}),
    "V": frozenset({"violence"}),
    "V2": frozenset({"violence"}),
    "HR": frozenset({"harassment"}),
    "SH": frozenset({"self_harm"}),
}
# What the set does not ask for; in a harmful sample it may be there.
_OF_OTHERS: frozenset[Category] = frozenset({"illegal", "fraud", "injection", "spam"})


def read_samples(path: Path, *, odd: bool) -> tuple[Example, ...]:
    """The samples of `samples.jsonl.gz` whose prompt has an even or an odd sha256.

    A label that is absent was not judged: its categories are unknown. A sample with any harm says nothing of the
    categories that the set does not know. Raises EmbeddedModelError for a file that cannot be read.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows: list[dict[str, str | int]] = [json.loads(line) for line in lines]
        samples = [(str(row["prompt"]), {name: row[name] == 1 for name in _MEANS if name in row}) for row in rows]
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        message = f"{path} cannot be read as OpenAI's moderation samples ({error}); give their samples.jsonl.gz."
        raise EmbeddedModelError(message) from error
    return tuple(_example(prompt, labels) for prompt, labels in samples if is_odd(prompt) == odd)


def is_odd(prompt: str) -> bool:
    """Whether the sha256 of a prompt, read as a number, is odd: such a sample is never learnt from."""
    return hashlib.sha256(prompt.encode()).digest()[-1] % 2 == 1


def _example(prompt: str, labels: dict[str, bool]) -> Example:
    found = frozenset(category for label, is_so in labels.items() if is_so for category in _MEANS[label])
    judged = frozenset(category for label in labels for category in _MEANS[label])
    of_the_set = frozenset(category for categories in _MEANS.values() for category in categories)
    unknown = of_the_set - judged | (_OF_OTHERS if found else frozenset())
    return Example(prompt, found, unknown - found, KIND, prompt)
