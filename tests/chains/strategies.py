"""Hypothesis strategies: evidence with nasty names, words and numbers, and any claims over it, valid or not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from chains.claims import (
    Claim,
    Compare,
    Count,
    Draft,
    DraftPart,
    Extreme,
    Meets,
    NoneFound,
    NotFound,
    NotListed,
    Quote,
    Stock,
    Value,
)
from chains.facts import (
    Absence,
    Condition,
    Evidence,
    Fact,
    FilterOp,
    Passage,
    Query,
    Record,
    RecordKind,
    Wording,
)
from chains.values import Day, Flag, Money, Quantity, Terms, Text

NOW = datetime(2026, 11, 21, tzinfo=UTC)
AnyValue = Money | Quantity | Flag | Text | Terms | Day

# `{}` is a tag which tells one name from another; the rest is there to be misread
NAMES = (
    "Nova {}",
    "Yes {}",
    "No, the {}",
    "not {}",
    "{} 849 EUR",
    "{} (12 GB against 3 GB)",
    "The “{}”",
    "It {}, which is under 5 kg",
    "5 {} each",
    "{} is not listed",
    "Of the {} in stock, the cheapest",
    "{}’s 1,000",
    "{}: yes for both",
    "{}.",
)
ORDER_NAMES = ("order {}", "your latest order {}", "order not {} 12 EUR")
WORDS = (
    "black Wka",
    "not black Wkb",
    "Yes Wkc",
    "12 GB Wkd",
    "USB-C Wke",
    "blue Wkf",
    "midnight blue Wkf",
    "no; Wkg (5 EUR)",
    "iOS Wkh and Wkh",
    "“3 kg” Wki",
)
NOUNS = ("laptops {}", "not {} (price at most 5 EUR)", "{} in stock", "12 {}")
CURRENCIES = ("EUR", "EUR", "USD", "JPY", "TND")
AMOUNTS = (0, 1, 99, 100, 84900, 85000, 84999, 1_099_00, 250, -500, 10**12)
NUMBERS = tuple(
    Decimal(number)
    for number in ("0", "1", "2", "8", "12", "16", "24", "1.32", "980", "1000", "1024", "2025", "25000", "0.5", "1E+3")
)


@dataclass(frozen=True)
class Kind:
    """A field that records may have: how it is called and what values it takes."""

    key: str
    labels: tuple[str, ...]
    values: SearchStrategy[AnyValue]
    ops: tuple[FilterOp, ...]
    stem: str


def _quantities(*units: str) -> SearchStrategy[AnyValue]:
    decimals = st.decimals(min_value=-1000, max_value=10**6, places=6)
    numbers = st.one_of(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS), decimals)
    return st.builds(Quantity, value=numbers, unit=st.sampled_from(units))


_MONEY: SearchStrategy[AnyValue] = st.builds(
    Money,
    amount_minor=st.one_of(st.sampled_from(AMOUNTS), st.integers(-(10**12), 10**12)),
    currency=st.sampled_from(CURRENCIES),
)
_FLAG: SearchStrategy[AnyValue] = st.builds(Flag, value=st.booleans())
_TEXT: SearchStrategy[AnyValue] = st.builds(Text, value=st.sampled_from(WORDS))
_TERMS: SearchStrategy[AnyValue] = st.builds(
    Terms, values=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True).map(tuple)
)
_DAY: SearchStrategy[AnyValue] = st.builds(
    Day, value=st.one_of(st.sampled_from((date(2026, 5, 3), date(2026, 11, 21))), st.dates())
)
_SIZES: tuple[FilterOp, ...] = ("eq", "ne", "lt", "le", "gt", "ge")

KINDS = (
    Kind("price", ("price", "asking price (not 5 EUR)"), _MONEY, _SIZES, "Pri"),
    Kind("stock", ("stock level",), _quantities("", "", "m"), _SIZES, "Sto"),
    Kind("memory", ("memory", "no. of GB"), _quantities("MB", "GB", "TB"), _SIZES, "Mem"),
    Kind("weight", ("weight", "12 kg weights"), _quantities("g", "kg", "lb", "oz", "mg"), _SIZES, "Wei"),
    Kind("warranty", ("warranty", "yes, cover (not 5 years)"), _quantities("months", "years"), _SIZES, "War"),
    Kind("runtime", ("runtime",), _quantities("h", "min", "s", "days"), _SIZES, "Run"),
    Kind("recycled", ("recycled content",), _quantities("%"), _SIZES, "Rec"),
    Kind("year", ("release year", "under 2025s"), _quantities(""), _SIZES, "Yea"),
    Kind("heat", ("highest heat", "status"), _quantities("°C", "zorkmids"), _SIZES, "Hea"),
    Kind("released", ("release day",), _DAY, _SIZES, "Rel"),
    Kind("bluetooth", ("Bluetooth", "not Bluetooth"), _FLAG, ("eq", "ne"), "Blu"),
    Kind("colour", ("colour", "“colours”"), _TEXT, ("eq", "ne"), "Col"),
    Kind("ports", ("ports", "sockets: no"), _TERMS, ("has", "has_not"), "Por"),
    Kind(
        "mixed", ("mixed bag",), st.one_of(_MONEY, _quantities("g", "GB"), _FLAG, _TEXT, _TERMS, _DAY), ("eq",), "Mix"
    ),
)

STOCK = KINDS[1]


def _maybe(draw: DrawFn, *texts: str) -> str | None:
    return draw(st.sampled_from((None, *texts)))


def _wording(draw: DrawFn, stem: str) -> Wording:
    more, less, most, least = draw(
        st.sampled_from(
            (
                (None, None, None, None),
                (f"{stem}ier", f"less {stem}y", f"{stem}iest", f"least {stem}y"),
                (f"more {stem}", f"not so {stem}", f"not un{stem}", f"cheapest {stem}"),
            )
        )
    )
    return Wording(
        phrase=_maybe(
            draw,
            f"It has {{value}} of {stem}.",
            f"Its {stem} is {{value}}, not more.",
            f"The {stem} lasts {{value}}.",
            f"{stem}, under all else: {{value}}, which is fine.",
        ),
        yes=_maybe(draw, f"It does {stem}.", f"{stem} is not unsupported."),
        no=_maybe(draw, f"It does not {stem}.", f"{stem} is unsupported."),
        more=more,
        less=less,
        most=most,
        least=least,
    )


def _record(draw: DrawFn, number: int) -> Record:
    kinds: tuple[RecordKind, ...] = ("product", "product", "product", "variant", "order", "shop")
    kind = draw(st.sampled_from(kinds))
    shapes = ORDER_NAMES if kind == "order" else NAMES
    name = draw(st.sampled_from(shapes)).format(f"Vx{'abcde'[number]}")
    return Record(id=f"R{number}", kind=kind, name=name)


@st.composite
def evidences(draw: DrawFn) -> Evidence:
    """Any evidence: up to four records, five fields, two searches and two passages."""
    records = [_record(draw, number) for number in range(draw(st.sampled_from((2, 3, 4, 1))))]
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4, unique_by=lambda kind: kind.key))
    if draw(st.booleans()) and STOCK not in kinds:
        kinds.append(STOCK)
    facts: list[Fact] = []
    absences: list[Absence] = []
    conditions: list[SearchStrategy[Condition]] = []
    for kind in kinds:
        label, wording = draw(st.sampled_from(kind.labels)), _wording(draw, kind.stem)
        as_of = draw(st.sampled_from((NOW, NOW, None))) if kind.key == "stock" else None
        for record in records:
            found = draw(st.sampled_from((*["fact"] * 7, "absence", "nothing", "both")))
            if found in {"fact", "both"}:
                facts.append(
                    Fact(
                        id=f"{record.id}:{kind.key}",
                        record=record.id,
                        field=kind.key,
                        label=label,
                        value=draw(kind.values),
                        wording=wording,
                        source="tool",
                        version="1",
                        as_of=as_of,
                    )
                )
            if found in {"absence", "both"}:
                absences.append(Absence(record=record.id, field=kind.key, label=label))
        conditions.append(
            st.builds(
                Condition,
                field=st.just(kind.key),
                label=st.just(label),
                op=st.sampled_from(kind.ops),
                value=kind.values,
            )
        )
    vocabulary = {
        kind.key: tuple(draw(st.lists(st.sampled_from(WORDS), unique=True))) for kind in kinds if draw(st.booleans())
    }
    evidence = Evidence(
        records=tuple(records), facts=tuple(facts), absences=tuple(absences), passages=PASSAGES, vocabulary=vocabulary
    )
    queries = [
        _query(draw, number, evidence, kinds, st.one_of(conditions))
        for number in range(draw(st.sampled_from((2, 1, 0))))
    ]
    return evidence.model_copy(update={"queries": tuple(queries)})


PASSAGES = (
    Passage(id="returns#1", title="Returns", text="You have 30 days. “No” ifs: Yes, it is under 5 EUR."),
    Passage(id="delivery#1", title="Delivery (not 5 EUR)", text="We deliver within 2 days."),
)


def _query(
    draw: DrawFn, number: int, evidence: Evidence, kinds: list[Kind], conditions: SearchStrategy[Condition]
) -> Query:
    every = [record.id for record in evidence.records]
    records = draw(st.one_of(st.just([]), *[st.lists(st.sampled_from(every), unique=True)] * 3))
    sort_by = draw(st.sampled_from((*(kind.key for kind in kinds), None)))
    order: Literal["asc", "desc"] = "desc" if draw(st.booleans()) else "asc"
    if sort_by and draw(st.integers(0, 4)):
        records.sort(key=_sort_key(evidence, sort_by), reverse=order == "desc")
    # a wrong order, a lacking field or a ranked result must be refused, so all of them are drawn
    return Query(
        id=f"q{number}",
        noun=draw(st.sampled_from(NOUNS)).format(f"Nz{'ab'[number]}"),
        records=tuple(records),
        total=len(records) + draw(st.sampled_from((0, 0, 1, 30_000))),
        exact=draw(st.sampled_from((True, True, True, False))),
        in_stock=draw(st.booleans()),
        conditions=tuple(draw(st.lists(conditions, max_size=2))),
        sort_by=sort_by,
        order=order,
        unlisted=draw(st.sampled_from((0, 0, 1, 2))),
    )


def _sort_key(evidence: Evidence, field: str) -> Callable[[str], Decimal]:
    """A rough order, right among values of one unit; it need not be right for all."""

    def key(record: str) -> Decimal:
        fact = evidence.value_of(record, field)
        match fact.value if fact else None:
            case Quantity(value=value):
                return value
            case Money(amount_minor=amount):
                return Decimal(amount)
            case Day(value=day):
                return Decimal(day.toordinal())
            case _:
                return Decimal(0)

    return key


def claims(evidence: Evidence) -> SearchStrategy[Claim]:
    """Any claim over the evidence: of things that it holds, mostly, and of things that it does not."""
    facts = st.sampled_from([*(fact.id for fact in evidence.facts), "R9:bogus"])
    records = st.sampled_from([*(record.id for record in evidence.records), "R9"])
    stated = sorted({fact.field for fact in evidence.facts} | {absence.field for absence in evidence.absences})
    fields = st.sampled_from([*stated, "bogus"])
    queries = st.sampled_from([*(query.id for query in evidence.queries), "q9"])
    passages = st.sampled_from([*(passage.id for passage in evidence.passages), "bogus#1"])
    absences = [NotListed(record=absence.record, field=absence.field) for absence in evidence.absences]
    return st.one_of(
        st.builds(Value, fact=facts),
        facts.flatmap(lambda fact: _tests(evidence, fact)),
        facts.flatmap(lambda fact: _tests(evidence, fact)),
        facts.flatmap(lambda fact: _comparisons(evidence, fact)),
        facts.flatmap(lambda fact: _comparisons(evidence, fact)),
        _extremes(evidence),
        _extremes(evidence),
        st.builds(Extreme, query=queries, field=fields, end=st.sampled_from(("least", "most"))),
        st.sampled_from(
            [*(Stock(fact=fact.id) for fact in evidence.facts if fact.field == "stock")] or [Stock(fact="R9")]
        ),
        st.builds(Stock, fact=facts),
        st.sampled_from(absences) if absences else st.builds(NotListed, record=records, field=fields),
        st.builds(NotListed, record=records, field=fields),
        st.builds(NotFound, record=records),
        st.builds(Quote, passage=passages),
        st.builds(Count, query=queries),
        st.builds(NoneFound, query=queries),
    )


def _tests(evidence: Evidence, fact_id: str) -> SearchStrategy[Claim]:
    fact = evidence.fact(fact_id)
    kind = next((kind for kind in KINDS if fact and kind.key == fact.field), KINDS[-1])
    wanted = [kind.values, KINDS[-1].values]
    if fact:
        wanted.append(st.just(fact.value))
    match fact.value if fact else None:
        case Text() | Terms():
            words = st.sampled_from(WORDS)
            wanted += [st.builds(Text, value=words), st.builds(Text, value=words.map(str.upper))]
        case Quantity(value=value, unit=unit):
            wanted.append(st.just(Quantity(value=value + 1, unit=unit)))
    ops = st.sampled_from(("eq", "lt", "le", "gt", "ge", "has"))
    return st.builds(Meets, fact=st.just(fact_id), op=ops, wanted=st.one_of(wanted))


def _comparisons(evidence: Evidence, fact_id: str) -> SearchStrategy[Claim]:
    fact = evidence.fact(fact_id)
    same = [other.id for other in evidence.facts if fact and other.field == fact.field]
    every = [other.id for other in evidence.facts]
    return st.builds(Compare, left=st.just(fact_id), right=st.sampled_from([*same * 3, *every, "R9:bogus"]))


def _extremes(evidence: Evidence) -> SearchStrategy[Claim]:
    """What a result is sorted by, at the end that comes first."""
    sorted_by = [
        Extreme(query=query.id, field=query.sort_by, end="least" if query.order == "asc" else "most")
        for query in evidence.queries
        if query.sort_by
    ]
    return st.sampled_from(sorted_by or [Extreme(query="q9", field="bogus", end="least")])


@st.composite
def turns(draw: DrawFn) -> tuple[Evidence, Draft]:
    """Evidence with a draft over it, whose claims may be such as must be refused."""
    evidence = draw(evidences())
    chosen = draw(st.lists(claims(evidence), min_size=5, max_size=8))
    split = draw(st.integers(1, len(chosen)))
    parts = [DraftPart(intent="product.question", claims=tuple(chosen[:split]))]
    if chosen[split:]:
        parts.append(DraftPart(intent="product.price", claims=tuple(chosen[split:])))
    products = draw(st.lists(st.sampled_from([*(record.id for record in evidence.records), "R9"]), max_size=3))
    return evidence, Draft(parts=tuple(parts), products=tuple(products))
