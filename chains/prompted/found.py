"""What a call of a first round found, as a language model reads it in the second: compact, and within some tokens."""

from pydantic import JsonValue

from chains.facts import Evidence
from chains.formats import say_value
from chains.language import Json
from chains.prompt_files import as_json
from chains.prompted.functions import plain
from chains.prompted.trimming import estimate_tokens
from chains.tools import ToolResult

_SIZES = (60, 20, 6, 2)  # how many of each kind are told, from plenty to few
_CHARS = 120


def found_row(result: ToolResult, tokens: int) -> Json:
    """The error of a call, or what it found, with as much as fits these tokens; the barest where nothing does."""
    if result.error is not None:
        return {"function": result.call.name, "error": plain(result.error)}
    rows = (_row(result, size) for size in _SIZES)
    return next((row for row in rows if estimate_tokens(as_json(row)) <= tokens), _row(result, 1))


def _row(result: ToolResult, size: int) -> Json:
    found = result.evidence
    told: dict[str, JsonValue] = {
        "searches": [{"found": query.total, "products": [*query.records[:size]]} for query in found.queries[:size]],
        "records": [
            {"id": record.id, "name": plain(record.name, _CHARS), "category": record.category}
            for record in found.records[:size]
        ],
        "facts": _facts(found, size),
        "not_listed": [f"{absence.record}:{absence.field}" for absence in found.absences[:size]],
        "passages": [{"id": passage.id, "title": plain(passage.title, _CHARS)} for passage in found.passages[:size]],
    }
    told = {name: rows for name, rows in told.items() if rows}
    return {"function": result.call.name} | (told or {"found": "nothing"})


def _facts(found: Evidence, size: int) -> Json:
    """Values by record and field."""
    facts: Json = {}
    for record in dict.fromkeys(fact.record for fact in found.facts[:size]):
        told = [fact for fact in found.facts[:size] if fact.record == record]
        facts[record] = {fact.field: plain(say_value(fact.value), _CHARS) for fact in told}
    return facts
