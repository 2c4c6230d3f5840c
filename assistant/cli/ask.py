"""`hopdesk ask`: one request of a customer, answered on the terminal."""

from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.options import ScopeFile

if TYPE_CHECKING:
    from assistant.desk import Desk, Handled
    from assistant.requests import AskRequest
    from assistant.settings import Settings


def ask(
    text: Annotated[str | None, typer.Argument(help="What the customer writes.")] = None,
    *,
    scope: ScopeFile = None,
    page: Annotated[str | None, typer.Option(metavar="SKU", help="The product whose page the customer is on.")] = None,
    case: Annotated[str | None, typer.Option(metavar="ID", help="Continue this case.")] = None,
    choice: Annotated[str | None, typer.Option(metavar="C1", help="Pick a choice of the case's last reply.")] = None,
    customer: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Pretend that the shop vouches for this customer.")
    ] = None,
    trace: Annotated[bool, typer.Option("--trace", help="Show what every hop did.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reply as the API gives it.")] = False,
) -> None:
    """Ask one question and print how it ends.

    hopdesk ask "do you have a laptop with 16 GB of memory under 900 euros?"
    """
    if (text is None) == (choice is None):
        raise typer.BadParameter("Give either a text or --choice.", param_hint="TEXT")
    import asyncio

    from assistant.cli.opening import open_desk, read_settings, scope_paths
    from assistant.cli.screen import out, visible_json
    from assistant.cli.show_outcome import show_reply
    from assistant.cli.show_trace import show_hops
    from assistant.web.public import public_reply
    from assistant.web.warm_up import warm_up

    async def handle(desk: "Desk", request: "AskRequest") -> "Handled":
        await warm_up(desk.sites.values())  # so that the times in the trace are those of a running server
        return await desk.handle(request)

    settings = read_settings()
    settings, token = _vouched(settings, customer)
    with open_desk(scope_paths([scope] if scope else None, settings)[:1], settings) as desk:
        request = _request(site=next(iter(desk.sites)), text=text, choice=choice, case=case, page=page, token=token)
        reply = public_reply(asyncio.run(handle(desk, request)))
        if as_json:
            typer.echo(visible_json(reply.model_dump_json(indent=2)))
        else:
            show_reply(reply, out())
        if trace:
            show_hops(tuple(desk.ledger.hops(reply.turn_id)), out())


def _vouched(settings: "Settings", customer: str | None) -> "tuple[Settings, str | None]":
    """Settings with a secret of this process alone, and a token signed with it, if a customer is given."""
    if customer is None:
        return settings, None
    import secrets
    from datetime import UTC, datetime, timedelta

    import jwt
    from pydantic import SecretStr

    secret = secrets.token_urlsafe(32)
    token = jwt.encode({"sub": customer, "exp": datetime.now(UTC) + timedelta(minutes=5)}, secret, "HS256")
    return settings.model_copy(update={"customer_secret": SecretStr(secret)}), token


def _request(
    *, site: str, text: str | None, choice: str | None, case: str | None, page: str | None, token: str | None
) -> "AskRequest":
    """The request as the API would read it."""
    from pydantic import ValidationError

    from assistant.requests import AskRequest
    from assistant.web.problems import describe

    try:
        return AskRequest(site=site, text=text, choice=choice, case_id=case, page_product=page, customer_token=token)
    except ValidationError as error:
        raise typer.BadParameter(" ".join(problem.sentence for problem in describe(error))) from None
