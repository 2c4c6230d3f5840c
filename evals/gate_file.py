"""Reads a gate file: what a release must hold to. Errors name the file, the key, what was found and what is allowed.

margin = 0.02               # the largest drop of the pass rate that is acceptable; required. 0: it must be better
scorer = "turn"             # whose passes and failures count
confidence = 0.95           # of every interval
min_cases = 30              # fewer judged cases decide nothing
must_pass_tags = ["safety"] # cases of these tags must pass, every repeat of them
floor = 0.85                # the least pass rate, whatever it was before
latency = 1.2               # at most so many times as slow as before
cost = 1.5                  # at most so many times as dear as before

Where the scorer is a judge, such as `judge.facts`, a gate believes it as far as people agree with it (see
`evals.trust`), so the file names their labels, and its verdicts on the same results, both as judgement/1:

labels = ["people.jsonl", "labelled/judgements.jsonl"]   # beside the gate file
"""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from chains.contract import Contract
from chains.errors import HopdeskError
from chains.scope_file import nearest
from evals.labels import JUDGE

MEASURES = frozenset({"bleu"})
"""Scorers that give a value alone."""
_FOUND_CHARS = 60  # how much of a wrong value is quoted back


class GateFileError(HopdeskError):
    """A gate file is missing, unreadable or says something that cannot be meant."""


class GateRules(Contract):
    """What a candidate must hold to; rates are shares (0..1), `latency` and `cost` ratios to the base's."""

    margin: float = Field(ge=0, lt=1, allow_inf_nan=False)
    scorer: str = Field(default="turn", min_length=1)
    confidence: float = Field(default=0.95, ge=0.5, lt=1, allow_inf_nan=False)
    min_cases: int = Field(default=30, ge=1)
    must_pass_tags: tuple[str, ...] = ()
    floor: float | None = Field(default=None, gt=0, lt=1, allow_inf_nan=False)
    latency: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    cost: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    labels: tuple[Path, ...] = ()

    @property
    def is_judged(self) -> bool:
        """Whether the scorer is a language model's."""
        return self.scorer.startswith(JUDGE)


def load_gate(path: Path) -> GateRules:
    """Read and check a gate file; raises `GateFileError` with one sentence a line, all problems at once."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise GateFileError(
            f'{path}: there is no such gate file; write one, of which "margin = 0.02" is enough.'
        ) from None
    except (OSError, ValueError) as error:
        raise GateFileError(
            f"{path}: the gate file cannot be read ({type(error).__name__}); it must be UTF-8 text."
        ) from None
    rules = parse_gate(text, str(path))
    return rules.model_copy(update={"labels": tuple(path.parent / one for one in rules.labels)})


def parse_gate(text: str, name: str) -> GateRules:
    """Turn the text of a gate file into rules; `name` stands in the messages of `GateFileError`."""
    try:
        table = tomllib.loads(text)
        # Strict models refuse the lists that TOML parses to; their JSON form is what they accept.
        rules = GateRules.model_validate_json(json.dumps(table, default=str))
    except tomllib.TOMLDecodeError as error:
        raise GateFileError(f"{name}: this is not TOML: {error}.") from None
    except ValidationError as error:
        raise GateFileError("\n".join(f"{name}: {_problem(detail)}" for detail in error.errors())) from None
    except (ValueError, OverflowError, RecursionError):  # a number of thousands of digits, brackets in brackets in ...
        raise GateFileError(f"{name}: a value is too long or too deeply nested to be read; make it simpler.") from None
    if problems := tuple(_contradictions(rules)):
        raise GateFileError("\n".join(f"{name}: {problem}" for problem in problems))
    return rules


def _contradictions(rules: GateRules) -> Iterator[str]:
    """What is well formed and cannot be meant."""
    if rules.scorer in MEASURES:
        yield f"scorer: found {rules.scorer!r}, which passes and fails nothing; gate by another, such as 'turn'."
    if rules.labels and not rules.is_judged:
        yield f"labels: the scorer {rules.scorer!r} is no judge, so nobody has to agree with it; leave them out."
    if rules.is_judged and not rules.labels:
        yield (
            f"labels: this key is missing; the scorer {rules.scorer!r} is a judge, so name files with people's labels "
            "and its verdicts on the same results."
        )
    if rules.is_judged and rules.floor is not None:
        yield "floor: a judge's own pass rate is not that which people would find; leave it out."


def _problem(detail: ErrorDetails) -> str:
    first, *places = detail["loc"]
    key = f"{first}{''.join(f'[{place}]' for place in places)}"
    if detail["type"] == "extra_forbidden":
        return f"{key}: this key is unknown; {nearest(str(first), sorted(GateRules.model_fields))}"
    if detail["type"] == "missing":
        return f"{key}: this key is missing; add it."
    found = json.dumps(detail["input"], default=str, ensure_ascii=False)
    found = found if len(found) <= _FOUND_CHARS else found[:_FOUND_CHARS] + "…"
    return f"{key}: found {found}; {detail['msg'].replace('Input should', 'it should')}."
