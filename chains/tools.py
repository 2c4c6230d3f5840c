"""The functions that a lookup may call: their arguments, the identity they need, and who may call what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, Field, JsonValue, StringConstraints, create_model
from pydantic.fields import FieldInfo

from chains.contract import Contract
from chains.facts import Evidence, FilterOp, Key

SKU_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._/-]*$"
Sku = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=SKU_PATTERN)]
FieldKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Topic = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
SearchText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]


class Identity(IntEnum):
    """How well the customer is known, in rising order.

    `ORDER_PROOF` means that the request itself carries an order number and an e-mail address, which
    `get_order` compares with the order; `VERIFIED` means that the shop's own server vouched for them.
    """

    ANONYMOUS = 0
    ORDER_PROOF = 1
    VERIFIED = 2


def identity_of(originals: Mapping[str, str], customer: str | None) -> Identity:
    """How well a customer is known, by the request's placeholders and by whom the shop's server vouched for.

    An order number with an e-mail address is a proof that `get_order` still compares with the order.
    """
    if customer is not None:
        return Identity.VERIFIED
    kinds = {placeholder.partition("_")[0] for placeholder in originals}
    return Identity.ORDER_PROOF if {"[ORDER", "[EMAIL"} <= kinds else Identity.ANONYMOUS


class Filter(Contract):
    """One condition on an attribute, such as memory ge 16 GB, colour eq black, ports has HDMI."""

    field: FieldKey
    op: FilterOp
    value: bool | int | FiniteFloat | SearchText
    unit: str = Field(default="", max_length=12)


class SearchProducts(Contract):
    """Finds products by category, price range and attributes; free text only ranks what is left."""

    query: SearchText | None = Field(default=None, description="words for what the conditions cannot say")
    all_words: bool = Field(default=False, description="for a product's name: only what holds every word of the query")
    category: FieldKey | None = None
    brand: SearchText | None = None
    price_min_minor: int | None = Field(default=None, ge=0, le=10**10)
    price_max_minor: int | None = Field(default=None, ge=0, le=10**10)
    filters: tuple[Filter, ...] = Field(default=(), max_length=8)
    in_stock: bool | None = None
    sort_by: FieldKey | None = Field(default=None, description="`price` or a numeric attribute; relevance if absent")
    order: Literal["asc", "desc"] = "asc"
    limit: int = Field(default=5, ge=1, le=20)


class GetProduct(Contract):
    """Reads one product; `fields` names the attributes that the customer asks about."""

    sku: Sku
    fields: tuple[FieldKey, ...] = Field(default=(), max_length=12)


class CompareProducts(Contract):
    """Reads the same fields of two to four products side by side."""

    skus: tuple[Sku, ...] = Field(min_length=2, max_length=4)
    fields: tuple[FieldKey, ...] = Field(default=(), max_length=12)


class CheckStock(Contract):
    """Reads how many of a product or variant are in stock."""

    sku: Sku


class ListCategories(Contract):
    """Lists what the shop sells; with `category`, that category's brands and size."""

    category: FieldKey | None = None


class FindPolicy(Contract):
    """Finds the policy paragraphs that answer a question."""

    query: SearchText
    topics: tuple[Topic, ...] = Field(default=(), max_length=8, description="the policies to look in; all if empty")
    limit: int = Field(default=2, ge=1, le=4)


class GetOrder(Contract):
    """Reads one order of this customer; the placeholders stand for what the customer wrote."""

    order_number: str | None = Field(
        default=None,
        pattern=r"^\[ORDER_[0-9]{1,2}\]$",
        description="absent: the latest order of a verified customer",
    )


@dataclass(frozen=True)
class ToolSpec:
    """A function that lookups can name: its typed arguments and the least identity it needs."""

    name: str
    description: str
    arguments: type[BaseModel]
    identity: Identity = Identity.ANONYMOUS


BUILT_IN: tuple[ToolSpec, ...] = tuple(
    ToolSpec(name, (arguments.__doc__ or "").strip(), arguments, identity)
    for name, arguments, identity in (
        ("search_products", SearchProducts, Identity.ANONYMOUS),
        ("get_product", GetProduct, Identity.ANONYMOUS),
        ("compare_products", CompareProducts, Identity.ANONYMOUS),
        ("check_stock", CheckStock, Identity.ANONYMOUS),
        ("list_categories", ListCategories, Identity.ANONYMOUS),
        ("find_policy", FindPolicy, Identity.ANONYMOUS),
        ("get_order", GetOrder, Identity.ORDER_PROOF),
    )
)


def operator_spec(
    name: str, description: str, identity: Identity, parameters: Mapping[str, tuple[str, str | None, str]]
) -> ToolSpec:
    """A tool that the operator declared: parameter name to (type, pattern, description)."""
    types: dict[str, tuple[type, FieldInfo]] = {}
    for parameter, (kind, pattern, said) in parameters.items():
        match kind:
            case "integer":
                types[parameter] = (int, Field(description=said))
            case "number":
                types[parameter] = (float, Field(description=said, allow_inf_nan=False))
            case "sku":
                types[parameter] = (str, Field(description=said, min_length=1, max_length=80, pattern=SKU_PATTERN))
            case _:
                types[parameter] = (str, Field(description=said, min_length=1, max_length=200, pattern=pattern))
    # pydantic types the keyword arguments of create_model as Any, so the fields cannot be checked here
    arguments: type[Contract] = create_model(name, __base__=Contract, **types)  # type: ignore[call-overload]
    return ToolSpec(name, description, arguments, identity)


class ToolCall(Contract):
    """A function call that a planner proposes; arguments are untrusted until the tool's own model read them."""

    name: Key
    call_id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    intent: Key = Field(description="the intent on whose behalf it is made, which decides whether it is permitted")
    arguments: dict[str, JsonValue]


class ToolResult(Contract):
    """What a call found, or the sentence that says why it found nothing."""

    call: ToolCall
    evidence: Evidence = Evidence()
    error: str | None = Field(default=None, max_length=600)


@dataclass(frozen=True)
class Caller:
    """On whose behalf tools run: what no text can widen.

    `originals` maps placeholders to the personal data of this request; it never enters a record.
    `customer` is the address that the shop's server vouched for, if it did.
    """

    site: str
    identity: Identity
    now: datetime
    originals: Mapping[str, str]
    customer: str | None = None


class Toolbox(Protocol):
    """Carries out permitted calls on one site's data."""

    async def run(self, name: str, arguments: BaseModel, caller: Caller) -> Evidence:
        """Carry out one call with validated arguments; raises `ToolFailed` with a sentence."""
        ...
