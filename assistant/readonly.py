"""What the read-only sources of a site have in common: one row or object per reading, by named parameters."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from chains.errors import ScopeError

Values = Mapping[str, str | int | float | None]


class ReadOnlySource(Protocol):
    """One thing that an operator lets us read: a SELECT or a GET with named parameters."""

    @property
    def names(self) -> frozenset[str]:
        """The parameters that the SELECT or the URL names."""
        ...

    async def read(self, values: Values) -> bytes | None:
        """The first row or the answer as JSON text, None where there is none.

        `values` holds at least the parameters of `names`. Raises `ToolFailed` with a sentence that names the source
        and none of the values.
        """
        ...


def check_names(label: str, found: frozenset[str], required: Iterable[str], optional: Iterable[str] = ()) -> None:
    """Refuse a SELECT or URL that lacks a parameter or names an unknown one; raises `ScopeError`."""
    if missing := sorted(set(required) - found):
        raise ScopeError(f"{label} never uses its parameter {missing[0]!r}; add it to the query or the URL.")
    if unknown := sorted(found - set(required) - set(optional)):
        raise ScopeError(f"{label} names {unknown[0]!r}, which is not one of its parameters; declare or remove it.")
