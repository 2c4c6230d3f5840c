"""What the widget's API takes: one request, strictly typed."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from chains.contract import Contract
from chains.tools import Sku

CaseId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]


class OrderForm(Contract):
    """The form that proves an order: its number and the e-mail address it was placed with."""

    order_number: str = Field(min_length=1, max_length=60)
    email: str = Field(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")


class AskRequest(Contract):
    """One request of a customer: exactly one of free text, a closed choice, or a filled form.

    `case_id` continues a case and comes from an earlier reply. `page_product` is the SKU of the page that
    the customer is on. `customer_token` is the shop server's signed word on who the customer is.
    """

    site: str = Field(min_length=1, max_length=63)
    text: str | None = None
    choice: str | None = Field(default=None, pattern=r"^c[0-9]{1,2}$")
    form: OrderForm | None = None
    case_id: CaseId | None = None
    page_product: Sku | None = None
    locale: str = Field(default="en", pattern=r"^[a-z]{2}(-[A-Z]{2})?$")
    customer_token: str | None = Field(default=None, max_length=4096)

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in ("text", "choice", "form") if getattr(self, name) is not None]
        if len(given) != 1:
            message = f"give exactly one of text, choice and form, not {' and '.join(given) or 'none'}"
            raise ValueError(message)
        if self.text is None and self.case_id is None:
            message = f"a {given[0]} continues a case, so it needs the case_id of the reply that offered it"
            raise ValueError(message)
        return self
