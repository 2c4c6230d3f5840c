"""What an evaluation run leaves behind: which run it was, and one result for each case and repeat.

A run is a folder: `run.json` (`Run`), `results.jsonl` (one `CaseResult` a line, sorted by key), `records.jsonl` (the
`hop/1` records of all cases) and `timings.jsonl` (one `Timing` a line). Results hold nothing that differs from one
execution to the next with the same models' replies, so that two runs can be compared byte by byte; what does differ,
such as times, is in the timings.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from chains.contract import Contract
from chains.messages import HopName
from chains.record import ServedFrom, Sha256, Status, Usage
from evals.cases import Split

Label = Literal["pass", "fail", "unsure", "error"]
"""`error` is not `fail`: nothing could be said of the case."""


class Run(Contract):
    """One run: what was evaluated on what, and what differs from the scope as it is.

    `hop` is None where the whole chain ran; else that hop alone ran again, with everything before it frozen from
    records. `changes` are the swaps that were asked for, such as `{"prompts.intent": "2", "models.lookup": "..."}`.
    """

    schema_: Literal["run/1"] = Field(default="run/1", alias="schema")
    run_id: str
    started: datetime
    app_version: str
    site: str
    hop: HopName | None = None
    cases_sha256: Sha256 = Field(description="of the cases, sorted by id, or of the records that were run again")
    cases: int = Field(ge=0)
    repeats: int = Field(default=1, ge=1)
    scope_sha256: Sha256
    catalog_sha256: str
    models: dict[str, tuple[str, ...]] = Field(default={}, description="names by hop, as the scope lists them")
    prompts: dict[str, str] = Field(default={}, description="versions by hop")
    changes: dict[str, str] = {}
    shard: str | None = Field(default=None, pattern=r"^[0-9]+/[0-9]+$", description="as in 1/4: the first of four")
    scorers: tuple[str, ...] = Field(default=(), description="asked for beside those that always score")
    note: str = ""


class Score(Contract):
    """What one scorer says of one result. `hop` is None where the whole turn is judged; `value` is for numbers."""

    scorer: str
    version: str = "1"
    hop: HopName | None = None
    label: Label
    value: float | None = Field(default=None, allow_inf_nan=False)
    critique: str | None = None


class HopResult(Contract):
    """One attempt of one hop, in short; the whole record is in `records.jsonl` under `event_id`'s key."""

    hop: HopName
    attempt: int
    tier: int = 0
    provider: str
    model: str
    status: Status
    valid: bool
    repaired: bool = False
    decides: bool = True
    error_type: str | None = None
    certainty: float | None = None
    served_from: ServedFrom
    request_key: Sha256
    usage: Usage = Usage()
    cost_usd: str = "0"
    parsed: JsonValue = None


class CaseResult(Contract):
    """How one case ended, and how it was scored. `key` is the content address of case, repeat and configuration."""

    schema_: Literal["result/1"] = Field(default="result/1", alias="schema")
    key: Sha256
    run_id: str
    case_id: str
    repeat: int = Field(default=0, ge=0)
    split: Split
    tags: tuple[str, ...] = ()
    text: str = Field(description="redacted")
    outcome: JsonValue = Field(default=None, description="the turn's outcome; None for one hop alone, or an error")
    hops: tuple[HopResult, ...] = ()
    scores: tuple[Score, ...] = ()
    error: str | None = Field(default=None, description="why there is no result, as a sentence")

    def label(self, scorer: str) -> Label | None:
        """What a scorer said; None where it was not asked."""
        return next((score.label for score in self.scores if score.scorer == scorer), None)


class Timing(Contract):
    """How long a case took, in this execution."""

    key: Sha256
    latency_ms: float
    hops: dict[str, float] = Field(default={}, description="milliseconds by hop, all attempts together")
