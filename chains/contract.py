"""The base of every typed contract between hops."""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A frozen, strict record: unknown keys and silent coercions are refused.

    Strictness is pydantic's: in JSON a tuple is a list and a date or decimal is a string; in Python
    the declared type is required. Untrusted JSON enters by `model_validate_json` alone, because
    `json.loads` overflows on deep nesting and lets lone surrogates pass.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", ser_json_inf_nan="null")
