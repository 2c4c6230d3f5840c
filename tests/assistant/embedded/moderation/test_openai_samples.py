import gzip
import json
from pathlib import Path

import pytest

from assistant.embedded.moderation.openai_samples import is_odd, read_samples
from chains.errors import EmbeddedModelError

EVERY = ("S", "H", "V", "HR", "SH", "S3", "H2", "V2")


def samples(path: Path, *rows: dict[str, object]) -> Path:
    file = path / "samples.jsonl.gz"
    with gzip.open(file, "wt", encoding="utf-8") as lines:
        lines.writelines(f"{json.dumps(row)}\n" for row in rows)
    return file


def prompt(*, odd: bool) -> str:
    return next(text for text in map(str, range(100)) if is_odd(text) == odd)


def test_each_sample_is_in_exactly_one_half(tmp_path: Path) -> None:
    rows = [{"prompt": str(number), "S": 0} for number in range(50)]
    file = samples(tmp_path, *rows)
    even, odd = read_samples(file, odd=False), read_samples(file, odd=True)
    assert len(even) + len(odd) == 50
    assert {one.text for one in even}.isdisjoint(one.text for one in odd)
    assert is_odd("4") == (int("4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a", 16) % 2 == 1)


def test_labels_become_our_categories_and_what_was_not_judged_is_unknown(tmp_path: Path) -> None:
    file = samples(tmp_path, {"prompt": prompt(odd=False), "H2": 1, "S": 0})
    (sample,) = read_samples(file, odd=False)
    assert sample.categories == {"hate", "violence"}
    assert sample.unknown == {"harassment", "self_harm", "illegal", "fraud", "injection", "spam"}


def test_a_sample_that_was_found_harmless_is_harmless_for_every_category(tmp_path: Path) -> None:
    file = samples(tmp_path, {"prompt": prompt(odd=True), **dict.fromkeys(EVERY, 0)})
    (sample,) = read_samples(file, odd=True)
    assert (sample.categories, sample.unknown) == (frozenset(), frozenset())


@pytest.mark.parametrize("content", [b"not gzip", gzip.compress(b"[1]\n"), gzip.compress(b'{"S": 1}\n'), None])
def test_a_file_that_is_something_else_is_refused_with_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "other.gz"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(EmbeddedModelError, match=r"cannot be read as OpenAI's moderation samples .*; give their"):
        read_samples(file, odd=False)
