"""`hopdesk serve`: the widget's API and a page to try it, until stopped."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer


def serve(
    scope: Annotated[
        list[Path] | None,
        typer.Option("--scope", metavar="FILE", help="A scope file to serve, once per site; absent: HOPDESK_SCOPES."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on; absent: HOPDESK_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port; 0 picks a free one; absent: HOPDESK_PORT.")
    ] = None,
) -> None:
    """Serve one or more sites; without any, the demo shop."""
    import uvicorn

    from assistant.cli.opening import open_desk, read_settings, scope_paths
    from assistant.cli.screen import data, err
    from assistant.cli.sockets import address_of, listen
    from assistant.web.app import build_app

    settings = read_settings(quiet=False)
    socket = listen(settings.host if host is None else host, settings.port if port is None else port)
    with contextlib.closing(socket), open_desk(scope_paths(scope, settings), settings) as desk:

        def announce() -> None:
            address = address_of(socket)
            site = next(iter(desk.sites))
            console = err()
            console.print(data(f"Serving {', '.join(desk.sites)} on {address}", "bold green"), soft_wrap=True)
            console.print(data(f"  page to try it  {address}/"), soft_wrap=True)
            body = f'{{"site": "{site}", "text": "do you sell laptops?"}}'
            command = f"curl {address}/v1/requests -H 'Content-Type: application/json' -d '{body}'"
            console.print(data(f"  request         {command}"), soft_wrap=True)
            console.print(data("  stop            Ctrl-C"))

        config = uvicorn.Config(
            build_app(desk, settings, ready=announce),
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_grace_s(max(s.chain.scope.budget.deadline_ms for s in desk.sites.values())),
        )
        with contextlib.suppress(KeyboardInterrupt):  # the server stops gracefully, and then raises it again
            uvicorn.Server(config).run(sockets=[socket])


def _grace_s(deadline_ms: int) -> int:
    """How long running turns may still take: their deadline, and a second to send what they came to."""
    return deadline_ms // 1000 + 1
