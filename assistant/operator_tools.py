"""The read-only tools that an operator adds to a scope: one SELECT or one GET, whose answer becomes facts."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, JsonValue, TypeAdapter
from pydantic_core import to_json

from assistant.readonly import ReadOnlySource, check_names
from assistant.readonly_http import ReadOnlyHttp
from assistant.readonly_sql import ReadOnlySql
from chains.errors import ToolFailed
from chains.facts import Absence, Evidence, Fact, Record
from chains.scope import OperatorTool
from chains.tools import Caller
from chains.values import Day, Flag, Quantity, Terms, Text, Value

_DOCUMENT = TypeAdapter(dict[str, JsonValue])
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PLACES = Decimal("0.000001")


class OperatorCall:
    """One declared tool, ready to run; `shop` is the name of the site, which its facts speak of.

    Raises `ScopeError` or `CatalogError` where the declaration cannot be used.
    """

    def __init__(self, tool: OperatorTool, shop: str, base: Path) -> None:
        label, timeout_s = f"The tool {tool.name!r}", tool.timeout_ms / 1000
        self._source: ReadOnlySource = (
            ReadOnlySql(label, tool.source, tool.query, base, timeout_s)
            if tool.kind == "sql"
            else ReadOnlyHttp(label, tool.source, timeout_s)
        )
        check_names(label, self._source.names, required=[parameter.name for parameter in tool.parameters])
        self._tool, self._shop, self._label = tool, shop, label

    async def run(self, arguments: BaseModel, caller: Caller) -> Evidence:
        """Read once, and make facts of the fields named in `returns`; nothing found is an empty evidence.

        A field that is absent or null becomes an `Absence`. Raises `ToolFailed`.
        """
        document = await self._source.read(arguments.model_dump())
        if document is None:
            return Evidence()
        try:
            found = _DOCUMENT.validate_json(document)
            # two calls with different arguments must not overwrite each other's facts
            call = sha256(arguments.model_dump_json().encode()).hexdigest()[:8]
            record = f"{self._tool.name}#{call}" if self._tool.parameters else self._tool.name
            read = [(field, label, _value(found.get(field))) for field, label in self._tool.returns.items()]
            return Evidence(
                records=(Record(id=record, kind="shop", name=self._shop),),
                facts=tuple(self._facts(record, read, caller)),
                absences=tuple(
                    Absence(record=record, field=f, label=label) for f, label, value in read if value is None
                ),
            )
        except (ValueError, ArithmeticError, TypeError):
            raise ToolFailed(f"{self._label} answered with something that cannot be stated as facts.") from None

    def _facts(self, record: str, read: Sequence[tuple[str, str, Value | None]], caller: Caller) -> Iterator[Fact]:
        for field, label, value in read:
            if value is not None:
                yield Fact(
                    id=f"{record}:{field}",
                    record=record,
                    field=field,
                    label=label,
                    value=value,
                    source=self._tool.name,
                    version=self._tool.name,
                    as_of=caller.now,
                )


def _value(raw: JsonValue) -> Value | None:
    """A JSON value as a typed one, None for nothing; raises where it is neither a word, a number nor words."""
    match raw:
        case None | "" | []:
            return None
        case bool():
            return Flag(value=raw)
        case int() | float():
            return Quantity(value=Decimal(repr(raw)).quantize(_PLACES).normalize())
        case str() if _DAY.fullmatch(raw):
            return _day(raw)
        case str():
            return Text(value=raw)
        case list():
            return Terms.model_validate_json(to_json({"values": raw}))
        case _:
            raise TypeError(type(raw))


def _day(raw: str) -> Day | Text:
    try:
        return Day(value=date.fromisoformat(raw))
    except ValueError:
        return Text(value=raw)
