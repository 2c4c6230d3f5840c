"""Shows what every hop of a turn did: one row per attempt with time, model, status and what it decided."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from pydantic import JsonValue, ValidationError
from pydantic_core import to_json
from rich.console import Console
from rich.text import Text

from assistant.cli.screen import data, table, visible
from chains.claims import Draft
from chains.facts import Evidence
from chains.messages import Grounded, Intent, Plan
from chains.record import CalledTool, HopRecord
from moderation import Outgoing, Verdict

_COLUMNS = ("hop", "try", "ms", "model", "status", "decided")
_PAID_COLUMNS = ("hop", "try", "ms", "model", "tokens", "USD", "status", "decided")
_STATUS = {"ok": "green", "unsure": "yellow", "invalid": "yellow", "refused": "yellow", "error": "red"}
_ELSEWHERE = {"cache", "cassette", "frozen"}  # places that a reply may come from other than its model
_TEXT_CHARACTERS = 90


def show_hops(records: Sequence[HopRecord], console: Console, *, timed: bool = True) -> None:
    """Print the attempts of a turn, in their order; what they cost too, where a language model was asked.

    Without `timed` nothing is said of how long they took, which the records of an evaluation do not hold.
    """
    took = f", {sum(record.latency_ms for record in records):.1f} ms" if timed else ""
    asked = [record for record in records if record.prompt is not None]
    title = f"{len(records)} attempts{took}" + (f", {_spent(asked)}" if asked else "")
    rows = (_row(record, timed=timed, paid=bool(asked)) for record in records)
    columns = [name for name in (_PAID_COLUMNS if asked else _COLUMNS) if timed or name != "ms"]
    console.print(table(title, columns, rows, numbers=("try", "ms", "tokens", "USD"), whole=("hop", "model", "status")))


def _spent(asked: Sequence[HopRecord]) -> str:
    """What the language models of a turn used and cost, as far as their prices are known."""
    used = sum(record.usage.input_total + record.usage.output for record in asked)
    cost = sum(Decimal(record.cost_usd) for record in asked)
    unknown = " and what has no known price" if any(record.price_table_sha256 is None for record in asked) else ""
    return f"{len(asked)} of them of language models, {used:,} tokens, {cost:f} USD{unknown}"


def _row(record: HopRecord, *, timed: bool, paid: bool) -> tuple[Text, ...]:
    model = f"{record.model}\nfrom {record.served_from}" if record.served_from in _ELSEWHERE else record.model
    status = "unsure" if record.valid and not record.decides else record.status
    return (
        data(record.hop, "bold"),
        data(record.attempt),
        *((data(f"{record.latency_ms:.1f}"),) if timed else ()),
        data(model),
        *(_cost(record) if paid else ()),
        data(status, _STATUS[status]),
        Text(visible("\n".join(decided(record)))),
    )


def _cost(record: HopRecord) -> tuple[Text, ...]:
    if record.prompt is None:
        return data("–"), data("–")
    tokens = f"{record.usage.input_total}+{record.usage.output}"
    return data(tokens), data("unknown" if record.price_table_sha256 is None else record.cost_usd)


def decided(record: HopRecord) -> Iterator[str]:
    """What an attempt came to, in lines; for one that failed, why."""
    for failure in record.validation_errors:
        yield f"{failure.path or record.contract}: {failure.msg}"
    if record.error_type:
        yield record.error or record.error_type
    if record.threshold is not None and record.valid and not record.decides:
        yield f"{record.certainty or 0:.2f} sure, below {record.threshold:g}"
    if record.parsed is None:
        return
    try:
        yield from _output(record, to_json(record.parsed))
    except ValidationError:
        yield f"{record.contract} of version {record.app_version}, which this version cannot read"


def _output(record: HopRecord, raw: bytes) -> Iterator[str]:
    match record.hop:
        case "moderation":
            yield from _verdict(Verdict.model_validate_json(raw))
        case "intent":
            yield from _intent(Intent.model_validate_json(raw))
        case "lookup":
            yield from _lookup(Plan.model_validate_json(raw), record.tool_calls)
        case "response":
            yield from _draft(Draft.model_validate_json(raw))
        case "grounding":
            yield from _grounded(Grounded.model_validate_json(raw))
        case "outbound":
            Outgoing.model_validate_json(raw)
            yield "may leave"


def _verdict(verdict: Verdict) -> Iterator[str]:
    found = ", ".join(f"{name} {score:.2f}" for name, score in verdict.categories.items())
    yield f"{verdict.action} by {verdict.layer}" + (f": {found}" if found else "")
    yield from verdict.reasons


def _intent(intent: Intent) -> Iterator[str]:
    yield ", ".join(f"{score.intent} {score.score:.2f}" for score in intent.ranked[:3])
    if intent.second:
        yield f"also {intent.second.intent} {intent.second.score:.2f}"
    language = f", language {intent.language}" if intent.language else ""
    yield f"out of scope {intent.out_of_scope:.2f}{language}"


def _lookup(plan: Plan, carried_out: tuple[CalledTool, ...]) -> Iterator[str]:
    done = {call.call_id: call for call in carried_out}
    for call in plan.calls:
        yield f"{call.name}({_arguments(call.arguments)})"
        if found := done.get(call.call_id):
            yield f"  {found.error or _found(found.result or Evidence())}"
    if plan.needs:
        yield f"needs {plan.needs}" + (f": {', '.join(plan.candidates)}" if plan.candidates else "")


def _arguments(arguments: dict[str, JsonValue]) -> str:
    return ", ".join(f"{name}={_argument(value)}" for name, value in arguments.items())


def _argument(value: JsonValue) -> str:
    """A filter as `memory ge 16 GB`, anything else as it is."""
    match value:
        case list():
            return f"[{', '.join(map(_argument, value))}]"
        case {"field": field, "op": op, "value": wanted, "unit": unit}:
            return f"{field} {op} {wanted} {unit}".rstrip()
        case dict():
            return f"{{{_arguments(value)}}}"
        case _:
            return repr(value)


def _found(evidence: Evidence) -> str:
    counts = {
        "facts": len(evidence.facts),
        "records": len(evidence.records),
        "passages": len(evidence.passages),
        "not listed": len(evidence.absences),
    }
    said = [f"{count} {name}" for name, count in counts.items() if count]
    said += [f"{query.total} matches" for query in evidence.queries]
    return "found " + (", ".join(said) or "nothing")


def _draft(draft: Draft) -> Iterator[str]:
    for part in draft.parts:
        for claim in part.claims:
            about = ", ".join(str(value) for name, value in claim if name not in {"kind", "wanted"})
            yield f"{claim.kind} {about}"
    if draft.products:
        yield f"shows {', '.join(draft.products)}"


def _grounded(grounded: Grounded) -> Iterator[str]:
    for part in grounded.parts:
        for sentence in part.sentences:
            text = sentence.text if len(sentence.text) <= _TEXT_CHARACTERS else f"{sentence.text[:_TEXT_CHARACTERS]}…"
            yield f"{sentence.polarity}: {text}"
