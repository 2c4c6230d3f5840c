"""What a run changed: the swaps that it was asked for, or all that differs from the run it is compared with."""

from dataclasses import dataclass

from evals.results import Run

_FIELDS = ("app_version", "site", "hop", "cases_sha256", "repeats", "scope_sha256", "catalog_sha256", "shard", "note")
_TABLES = ("models", "prompts", "changes")


@dataclass(frozen=True)
class Change:
    """One difference; None where a side does not have it."""

    what: str
    before: str | None
    now: str | None


def changes(base: Run | None, run: Run) -> tuple[Change, ...]:
    """What differs between two runs; without a base, the swaps that the run was asked for."""
    if base is None:
        return tuple(Change(key, None, value) for key, value in run.changes.items())
    before, now = _flat(base), _flat(run)
    return tuple(
        Change(what, before.get(what), now.get(what))
        for what in dict.fromkeys([*before, *now])
        if before.get(what) != now.get(what)
    )


def _flat(run: Run) -> dict[str, str]:
    """What a run is of, as one text for each key; what is empty is left out."""
    plain = {name: str(value) for name in _FIELDS if (value := getattr(run, name)) not in {None, ""}}
    nested = {
        f"{name}.{key}" if name != "changes" else key: ", ".join(value) if isinstance(value, tuple) else str(value)
        for name in _TABLES
        for key, value in getattr(run, name).items()
    }
    return plain | nested
