"""What a lookup found: facts, records, passages and query results, all of them data with a source."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypeVar

from pydantic import Field

from chains.contract import Contract
from chains.values import Value, Word

Key = Word
FilterOp = Literal["eq", "ne", "lt", "le", "gt", "ge", "has", "has_not"]
RecordKind = Literal["product", "variant", "order", "shop"]


class Wording(Contract):
    """How the operator's field file says a field; every part has a plain default in the templates.

    `phrase` is a sentence with one `{value}`; `yes` and `no` are sentences for a flag; the four
    comparison words are those of "lighter" and "lightest".
    """

    phrase: str | None = Field(default=None, max_length=200)
    yes: str | None = Field(default=None, max_length=200)
    no: str | None = Field(default=None, max_length=200)
    more: str | None = Field(default=None, max_length=40)
    less: str | None = Field(default=None, max_length=40)
    most: str | None = Field(default=None, max_length=40)
    least: str | None = Field(default=None, max_length=40)


class Fact(Contract):
    """One typed value of one field of one record, with where and when it was read."""

    id: Key = Field(description="unique in the turn: record and field, as in `LAP-1:memory`")
    record: Key
    field: Key
    label: Word = Field(description="the field's name as a customer reads it")
    value: Value
    wording: Wording = Wording()
    source: Key = Field(description="the tool that read it")
    version: Key = Field(description="the catalog's content hash, or the order source's name")
    as_of: datetime | None = Field(default=None, description="for what changes by the minute, such as stock")


class Record(Contract):
    """A thing that facts speak of: a product, one of its variants, an order, or the shop itself."""

    id: Key
    kind: RecordKind
    name: Word
    category: str | None = None
    parent: str | None = Field(default=None, description="for a variant: the product it belongs to")
    url: str | None = Field(default=None, max_length=500)


class Absence(Contract):
    """A field that was looked for on a record and is not there; it licenses "not listed", never "no"."""

    record: Key
    field: Key
    label: Word


class Passage(Contract):
    """One whole paragraph of a policy."""

    id: Key = Field(description="as in `returns#time-limit.1`")
    title: Word
    text: str = Field(min_length=1, max_length=4000)


class Condition(Contract):
    """One condition of a search, as it was carried out: words come from the catalog's own vocabulary."""

    field: Key
    label: Word
    op: FilterOp
    value: Value


class Query(Contract):
    """The result of a search: which records it holds, in order, and whether these are all of them."""

    id: Key
    noun: Word = Field(description="what was searched, as a customer reads it: `laptops`")
    records: tuple[Key, ...] = Field(max_length=60)
    total: int = Field(ge=0, description="how many records satisfy the conditions")
    exact: bool = Field(description="False where free text was only ranked, so that no count can be stated")
    named: bool = Field(default=False, description="products were searched by a name that the customer gave")
    in_stock: bool = Field(default=False, description="only what is in stock was searched")
    conditions: tuple[Condition, ...] = ()
    sort_by: str | None = None
    order: Literal["asc", "desc"] = "asc"
    unlisted: int = Field(default=0, ge=0, description="how many of `total` do not state the field it is sorted by")


FoundT = TypeVar("FoundT", Record, Fact, Passage, Query)


class Evidence(Contract):
    """All that the lookup hop found for a turn; the response hop can state nothing else."""

    records: tuple[Record, ...] = ()
    facts: tuple[Fact, ...] = ()
    absences: tuple[Absence, ...] = ()
    passages: tuple[Passage, ...] = ()
    queries: tuple[Query, ...] = ()
    vocabulary: dict[str, tuple[Word, ...]] = Field(
        default={}, description="the values that a field takes anywhere in the catalog; wanted words come from here"
    )

    def ids(self) -> tuple[str, ...]:
        """The ids of all facts, absences (`record:field`), passages and searches."""
        absences = tuple(f"{absence.record}:{absence.field}" for absence in self.absences)
        return tuple(found.id for group in (self.facts, self.passages, self.queries) for found in group) + absences

    def only(self, ids: tuple[str, ...]) -> "Evidence":
        """The same evidence with no more facts, absences, passages and searches than these ids name."""
        return self.model_copy(
            update={
                "facts": tuple(fact for fact in self.facts if fact.id in ids),
                "absences": tuple(a for a in self.absences if f"{a.record}:{a.field}" in ids),
                "passages": tuple(passage for passage in self.passages if passage.id in ids),
                "queries": tuple(query for query in self.queries if query.id in ids),
            }
        )

    def fact(self, fact_id: str) -> Fact | None:
        """The fact of that id, or None."""
        return next((fact for fact in self.facts if fact.id == fact_id), None)

    def value_of(self, record: str, field: str) -> Fact | None:
        """The fact that states a field of a record, or None."""
        return next((fact for fact in self.facts if fact.record == record and fact.field == field), None)

    def record(self, record_id: str) -> Record | None:
        """The record of that id, or None."""
        return next((record for record in self.records if record.id == record_id), None)

    def query(self, query_id: str) -> Query | None:
        """The search of that id, or None."""
        return next((query for query in self.queries if query.id == query_id), None)

    def passage(self, passage_id: str) -> Passage | None:
        """The policy paragraph of that id, or None."""
        return next((passage for passage in self.passages if passage.id == passage_id), None)


def merge(parts: tuple[Evidence, ...]) -> Evidence:
    """One evidence from several: in their order, the first kept where two state the same thing, vocabularies joined."""
    vocabulary: dict[str, tuple[Word, ...]] = {}
    for part in parts:
        for field, words in part.vocabulary.items():
            vocabulary[field] = tuple(dict.fromkeys((*vocabulary.get(field, ()), *words)))
    return Evidence(
        records=_first_of_each(record for part in parts for record in part.records),
        facts=_first_of_each(fact for part in parts for fact in part.facts),
        absences=tuple(dict.fromkeys(absence for part in parts for absence in part.absences)),
        passages=_first_of_each(passage for part in parts for passage in part.passages),
        queries=_first_of_each(query for part in parts for query in part.queries),
        vocabulary=vocabulary,
    )


def _first_of_each(found: Iterable[FoundT]) -> tuple[FoundT, ...]:
    """What was found, without what comes later under the same id."""
    by_id: dict[str, FoundT] = {}
    for one in found:
        by_id.setdefault(one.id, one)
    return tuple(by_id.values())
