"""Three laptops, their searches and a policy, for tests that need something to speak of."""

from datetime import UTC, date, datetime
from decimal import Decimal

from chains.claims import Claim
from chains.facts import Absence, Condition, Evidence, Fact, Passage, Query, Record, Wording
from chains.grounding import Statement, ground
from chains.values import Day, Flag, Money, Quantity, Terms, Text
from moderation import Failure

NOW = datetime(2026, 11, 21, tzinfo=UTC)

WORDINGS = {
    "price": Wording(
        phrase="It costs {value}.", more="more expensive", less="cheaper", most="most expensive", least="cheapest"
    ),
    "weight": Wording(phrase="It weighs {value}.", more="heavier", less="lighter", most="heaviest", least="lightest"),
    "memory": Wording(phrase="It has {value} of memory."),
    "bluetooth": Wording(yes="It has Bluetooth.", no="It does not have Bluetooth."),
    "colour": Wording(phrase="It comes in {value}."),
    "ports": Wording(phrase="It has these ports: {value}."),
    "battery_life": Wording(phrase="The battery lasts {value}."),
    "released": Wording(phrase="It was released on {value}."),
}
LABELS = {
    "stock": "stock level",
    "bluetooth": "Bluetooth",
    "recycled": "recycled content",
    "released": "release date",
    "battery_life": "battery life",
}


def eur(amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency="EUR")


def gb(value: str | int) -> Quantity:
    return Quantity(value=Decimal(value), unit="GB")


def kg(value: str | int) -> Quantity:
    return Quantity(value=Decimal(value), unit="kg")


def number(value: str | int, unit: str = "") -> Quantity:
    return Quantity(value=Decimal(value), unit=unit)


def flag(*, value: bool) -> Flag:
    return Flag(value=value)


def text(value: str) -> Text:
    return Text(value=value)


def terms(*values: str) -> Terms:
    return Terms(values=values)


def day(year: int, month: int, day_: int) -> Day:
    return Day(value=date(year, month, day_))


def fact(
    record: str,
    field: str,
    value: Money | Quantity | Flag | Text | Terms | Day,
    *,
    label: str | None = None,
    wording: Wording | None = None,
    as_of: datetime | None = None,
) -> Fact:
    """A fact of the id `record:field`; a stock level holds as of now."""
    return Fact(
        id=f"{record}:{field}",
        record=record,
        field=field,
        label=label or LABELS.get(field, field.replace("_", " ")),
        value=value,
        wording=wording or WORDINGS.get(field, Wording()),
        source="get_product",
        version="catalog",
        as_of=NOW if field == "stock" else as_of,
    )


LAPTOPS = Evidence(
    records=(
        Record(id="A", kind="product", name="Aurel Nova 14", url="/p/aurel-nova-14"),
        Record(id="B", kind="product", name="Bergen 15"),
        Record(id="C", kind="product", name="Citadel"),
        Record(id="O", kind="order", name="order [ORDER_1]"),
        Record(id="S", kind="shop", name="Lumen & Oak"),
    ),
    facts=(
        fact("A", "price", eur(84900)),
        fact("A", "weight", kg(1)),
        fact("A", "memory", gb(16)),
        fact("A", "bluetooth", flag(value=True)),
        fact("A", "colour", text("midnight blue")),
        fact("A", "ports", terms("USB-C", "HDMI")),
        fact("A", "recycled", number(20, "%")),
        fact("A", "released", day(2026, 5, 3)),
        fact("A", "stock", number(12)),
        fact("B", "price", eur(94900)),
        fact("B", "weight", number(1320, "g")),
        fact("B", "memory", gb(16)),
        fact("B", "bluetooth", flag(value=False)),
        fact("B", "colour", text("black")),
        fact("B", "ports", terms("USB-C")),
        fact("B", "recycled", number(30, "%")),
        fact("B", "released", day(2026, 6, 1)),
        fact("B", "stock", number(0)),
        fact("C", "price", eur(99900)),
        fact("C", "memory", gb(8)),
        fact("O", "status", text("shipped"), wording=Wording(phrase="It has been {value}.")),
        fact("S", "brands", terms("Aurel", "Bergen"), wording=Wording(phrase="It has laptops by {value}.")),
    ),
    absences=(
        Absence(record="C", field="weight", label="weight"),
        Absence(record="O", field="carrier", label="carrier"),
    ),
    passages=(Passage(id="returns#1", title="Returns", text="You can return it within 30 days."),),
    queries=(
        Query(id="all", noun="laptops", records=("A", "B", "C"), total=3, exact=True),
        Query(
            id="first",
            noun="notebooks",
            records=("A", "B"),
            total=9,
            exact=True,
            sort_by="price",
            conditions=(Condition(field="memory", label="memory", op="ge", value=gb(8)),),
        ),
        Query(id="one", noun="machines", records=("A",), total=9, exact=True, sort_by="price", in_stock=True),
        Query(id="ranked", noun="things", records=("B", "A"), total=2, exact=False),
        Query(
            id="none",
            noun="tablets",
            records=(),
            total=0,
            exact=True,
            conditions=(Condition(field="colour", label="colour", op="ne", value=text("black")),),
        ),
    ),
    vocabulary={
        "colour": ("black", "blue", "midnight blue", "silver"),
        "ports": ("USB-C", "HDMI", "USB-A", "USB"),
        "brands": ("Aurel", "Bergen", "Cedar"),
    },
)


def holds(claim: Claim, evidence: Evidence = LAPTOPS) -> Statement:
    """What a claim comes to that the evidence permits."""
    done = ground(claim, evidence)
    assert isinstance(done, Statement), done
    return done


def refusal(claim: Claim, evidence: Evidence = LAPTOPS) -> str:
    """Why the evidence does not permit a claim."""
    done = ground(claim, evidence)
    assert isinstance(done, Failure), done
    return done.code
