"""Cases from what is there already: tables, other tools' case files, and what people said of results.

Nothing is guessed: what a file does not say is not expected. Every case says where it comes from in `source`.
"""

import csv
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic_core import from_json

from evals.cases import Case, CaseError, Expectation, Split, first_problem, part_of_hop
from evals.happened import Happened, as_expected
from evals.labels import read_judgements, read_preferences

Format = Literal["csv", "jsonl", "judgements", "preferences", "promptfoo", "inspect"]
FORMATS: tuple[Format, ...] = get_args(Format)
FIELDS = (
    "id", "text", "page", "customer", "tags", "split", "ideal",
    "intents", "outcome", "moderation", "mention", "must_not_mention",
)  # fmt: skip
"""What a column or key can be mapped to."""
_LISTS = frozenset({"tags", "intents", "mention", "must_not_mention"})
_EXPECTED = frozenset({"intents", "outcome", "moderation", "mention", "must_not_mention"})
_BETWEEN = "|"  # between the items of a list in one cell
_REQUEST = ("text", "input", "question", "query", "message", "request", "prompt")
_ROWS: TypeAdapter[list[dict[str, JsonValue]]] = TypeAdapter(list[dict[str, JsonValue]])

Row = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Options:
    """How a file is read: columns by field (others are known by their names), and what all its cases share.

    `turns` are those that judgements speak of, by turn id, for judgements that do not hold the request themselves.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    split: Split = "train"
    tags: tuple[str, ...] = ()
    turns: Mapping[str, Happened] = field(default_factory=dict)


def import_cases(path: Path, kind: Format, options: Options) -> tuple[Case, ...]:
    """The cases of a file; raises `CaseError` or `LabelError` naming what in it cannot be a case."""
    cases = tuple(_READERS[kind](path, options))
    places: dict[str, int] = {}
    for number, case in enumerate(cases, start=1):
        if (first := places.setdefault(case.id, number)) != number:
            raise CaseError(f"{path}: the cases {first} and {number} have the id {case.id!r}; give each its own.")
    return cases


def _from_csv(path: Path, options: Options) -> Iterator[Case]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, strict=True)
            unknown = [column for column in options.columns.values() if column not in (table.fieldnames or ())]
            if unknown:
                known = ", ".join(table.fieldnames or ()) or "none"
                raise CaseError(f"{path}: there is no column {unknown[0]!r}; there are: {known}.")
            for row in table:
                cells: dict[str, JsonValue] = {name: cell for name, cell in row.items() if name and cell}
                yield _of_row(cells, options, f"{path} line {table.line_num}", path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CaseError(f"{path}: this cannot be read as CSV in UTF-8 ({_why(error)}).") from None


def _from_jsonl(path: Path, options: Options) -> Iterator[Case]:
    """Cases as they are, and objects whose keys are fields, or are mapped to them."""
    for number, line in _lines(path):
        where = f"{path} line {number}"
        row = _object(line, where)
        if "expect" not in row:
            yield _of_row(row, options, where, path)
            continue
        made = {"id": f"{path.stem}-{number}", "split": options.split, **row}
        yield _checked(made, options, where)


def _of_row(row: Row, options: Options, where: str, path: Path) -> Case:
    """A case of a table's row or of a flat object; raises `CaseError`."""
    taken = {name: row[column] for name in FIELDS if (column := options.columns.get(name, name)) in row}
    if "text" not in taken:
        text = next((row[name] for name in _REQUEST if name in row), None)
        if text is None:
            raise CaseError(f"{where}: there is no request; say which column holds it with --map text=COLUMN.")
        taken["text"] = text
    values = {name: _listed(value) if name in _LISTS else value for name, value in taken.items()}
    expect = {name: values.pop(name) for name in tuple(values) if name in _EXPECTED}
    number = where.rpartition(" ")[2]
    made: dict[str, JsonValue] = {"id": f"{path.stem}-{number}", "split": options.split, **values}
    made["expect"] = [expect]
    return _checked(made, options, where)


def _listed(value: JsonValue) -> JsonValue:
    """A list; a text becomes one at its bars."""
    if isinstance(value, str):
        return [part for item in value.split(_BETWEEN) if (part := item.strip())]
    return value


def _checked(made: Mapping[str, JsonValue], options: Options, where: str) -> Case:
    try:
        case = Case.model_validate_json(TypeAdapter(dict[str, JsonValue]).dump_json({"source": where, **made}))
    except ValidationError as error:
        raise CaseError(f"{where}: {first_problem(error)}.") from None
    return case.model_copy(update={"tags": tuple(dict.fromkeys((*case.tags, *options.tags)))})


def _from_judgements(path: Path, options: Options) -> Iterator[Case]:
    """Cases of judgements that say what is right: a corrected value, or that what happened was, in the turn or one hop.

    Those without a request of their own need the turn; others, and what nobody is sure of, make no case.
    """
    for number, judgement in enumerate(read_judgements(path), start=1):
        target = judgement.target
        turn = options.turns.get(target.turn_id or "")
        text = judgement.text or (turn.text if turn else None)
        expected = judgement.corrected
        if expected is None and judgement.label == "pass" and turn is not None:
            happened = as_expected(turn)
            expected = part_of_hop(happened, target.hop) if target.hop else happened
        if text is None or expected is None or judgement.label == "unsure":
            continue
        yield Case(
            id=f"j-{target.key.replace('/', '-').strip('-')}-{number}",
            text=text,
            split=options.split,
            tags=tuple(dict.fromkeys(("judged", judgement.kind, *options.tags))),
            expect=(expected,),
            source=target.event_id or target.turn_id or target.case_id,
        )


def _from_preferences(path: Path, options: Options) -> Iterator[Case]:
    """Cases whose ideal answer is the one that was preferred."""
    for number, preference in enumerate(read_preferences(path), start=1):
        if (chosen := preference.chosen) is not None:
            yield Case(
                id=f"p-{path.stem}-{number}",
                text=preference.request,
                split=options.split,
                tags=tuple(dict.fromkeys(("preferred", preference.kind, *options.tags))),
                expect=(Expectation(),),
                ideal=chosen.text,
                source=f"{path} line {number}",
            )


def _from_promptfoo(path: Path, options: Options) -> Iterator[Case]:
    """The tests of a promptfoo file: the request is one of `vars`; `contains` and its like say what is mentioned."""
    for number, test in enumerate(_tests(path), start=1):
        where = f"{path} test {number}"
        given = test.get("vars")
        request = _request(given if isinstance(given, dict) else {}, options, where)
        asserts = test.get("assert")
        expect: dict[str, JsonValue] = {"mention": [], "must_not_mention": []}
        ideal: JsonValue = None
        for one in asserts if isinstance(asserts, list) else []:
            kind, value = (one.get("type"), one.get("value")) if isinstance(one, dict) else (None, None)
            words: list[JsonValue] = value if isinstance(value, list) else [value]
            match str(kind):
                case "contains" | "icontains" | "contains-all" | "icontains-all":
                    expect["mention"] = [*cast("list[JsonValue]", expect["mention"]), *words]
                case "not-contains" | "not-icontains" | "not-contains-any" | "not-icontains-any":
                    expect["must_not_mention"] = [*cast("list[JsonValue]", expect["must_not_mention"]), *words]
                case "equals" | "similar" | "factuality" | "rouge-n" | "bleu":
                    ideal = value
        made: dict[str, JsonValue] = {
            "id": f"{path.stem}-{number}",
            "text": request,
            "split": options.split,
            "expect": [expect],
            "ideal": ideal,
        }
        yield _checked(made, options, where)


def _tests(path: Path) -> list[dict[str, JsonValue]]:
    """The tests of a promptfoo file in JSON, JSON Lines or YAML, by themselves or under `tests`."""
    text = _text(path)
    try:
        if path.suffix == ".jsonl":
            return [_object(line, f"{path} line {number}") for number, line in _lines(path)]
        read = from_json(text) if path.suffix == ".json" else _yaml(text, path)
        return _ROWS.validate_python(read.get("tests") if isinstance(read, dict) else read)
    except (ValueError, ValidationError):
        raise CaseError(f"{path}: there is no list of tests in it; give promptfoo's tests as YAML or JSON.") from None


def _yaml(text: str, path: Path) -> JsonValue:
    try:
        yaml = importlib.import_module("yaml")
    except ImportError:
        raise CaseError(f"{path}: YAML cannot be read without PyYAML; install hopdesk[evals].") from None
    try:
        return cast("JsonValue", yaml.safe_load(text))
    except yaml.YAMLError:
        raise ValueError("no YAML") from None


def _from_inspect(path: Path, options: Options) -> Iterator[Case]:
    """The samples of an Inspect data set: the last message of a user is the request, the target the ideal answer."""
    samples = _lines(path) if path.suffix == ".jsonl" else None
    rows = [_object(line, f"{path} line {number}") for number, line in samples] if samples else _array(path)
    for number, row in enumerate(rows, start=1):
        where = f"{path} sample {number}"
        given, target = row.get("input"), row.get("target")
        if isinstance(given, list):
            said = [one.get("content") for one in given if isinstance(one, dict) and one.get("role") == "user"]
            given = said[-1] if said else None
        if not isinstance(given, str):
            raise CaseError(f"{where}: there is no request of a user in `input`.")
        ideal = target[0] if isinstance(target, list) and target else target
        name = row.get("id")
        made: dict[str, JsonValue] = {
            "id": f"{path.stem}-{number}" if name is None else str(name),
            "text": given,
            "split": options.split,
            "expect": [{}],
            "ideal": ideal or None,
        }
        yield _checked(made, options, where)


def _request(given: Row, options: Options, where: str) -> JsonValue:
    """The request among a test's variables: the one that is mapped, the one that is called so, or the only one."""
    names = [options.columns["text"]] if "text" in options.columns else [name for name in _REQUEST if name in given]
    names = names or ([*given] if len(given) == 1 else [])
    if not names or names[0] not in given:
        raise CaseError(f"{where}: it is not clear which variable is the request; say so with --map text=VARIABLE.")
    return given[names[0]]


def _array(path: Path) -> list[dict[str, JsonValue]]:
    try:
        return _ROWS.validate_json(_text(path))
    except ValidationError:
        raise CaseError(f"{path}: this is no JSON array of samples.") from None


def _object(line: str, where: str) -> dict[str, JsonValue]:
    try:
        read = from_json(line)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise CaseError(f"{where}: this is no JSON object.")
    return cast("dict[str, JsonValue]", read)


def _lines(path: Path) -> Iterable[tuple[int, str]]:
    numbered = enumerate(_text(path).split("\n"), start=1)
    return ((number, line) for number, line in numbered if line.strip())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(f"{path}: the file cannot be read as text in UTF-8 ({_why(error)}).") from None


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


_READERS: dict[Format, Callable[[Path, Options], Iterator[Case]]] = {
    "csv": _from_csv,
    "jsonl": _from_jsonl,
    "judgements": _from_judgements,
    "preferences": _from_preferences,
    "promptfoo": _from_promptfoo,
    "inspect": _from_inspect,
}
