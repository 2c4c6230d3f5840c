"""`hopdesk serve`: the widget's API and a page to try it, until stopped."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from starlette.applications import Starlette


def serve(
    scope: Annotated[
        list[Path] | None,
        typer.Option("--scope", metavar="FILE", help="A scope file to serve, once per site; absent: HOPDESK_SCOPES."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on; absent: HOPDESK_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port; 0 picks a free one; absent: HOPDESK_PORT.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes to serve from.")] = 1,
) -> None:
    """Serve one or more sites; without any, the demo shop."""
    from assistant.cli.opening import open_desk, read_settings, scope_paths, share_store
    from assistant.cli.sockets import address_of, listen
    from assistant.cli.workers import serve_from_workers
    from assistant.web.app import build_app
    from chains.scope_file import load_scope

    settings = read_settings(quiet=False)
    paths = scope_paths(scope, settings)
    scopes = [load_scope(path).scope for path in paths]
    listening = listen(settings.host if host is None else host, settings.port if port is None else port)
    with contextlib.closing(listening), share_store(settings, embedded=workers > 1) as redis_url:
        settings = settings.model_copy(update={"redis_url": redis_url})
        grace_s = max(scope.budget.deadline_ms for scope in scopes) // 1000 + 1
        announce = _announcement([scope.site.id for scope in scopes], address_of(listening))
        if workers == 1:
            with open_desk(paths, settings) as desk:
                _serve_here(build_app(desk, settings, ready=announce), listening, grace_s)
            return
        with open_desk(paths, settings):
            pass  # so that the catalogs, the fitted models and the ledger are in place for all of them
        serve_from_workers(
            listening,
            address_of(listening),
            workers,
            scopes=paths,
            redis_url=redis_url,
            grace_s=grace_s,
            ready=announce,
        )


def _serve_here(app: "Starlette", listening: "socket.socket", grace_s: int) -> None:
    """Serve from this process; turns that run when it is stopped may take `grace_s` seconds more."""
    import uvicorn

    config = uvicorn.Config(
        app, access_log=False, log_config=None, server_header=False, timeout_graceful_shutdown=grace_s
    )
    with contextlib.suppress(KeyboardInterrupt):  # the server stops gracefully, and then raises it again
        uvicorn.Server(config).run(sockets=[listening])


def _announcement(sites: list[str], address: str) -> "Callable[[], None]":
    """Says on standard error what is served where, and how to try it."""
    from assistant.cli.screen import data, err

    def announce() -> None:
        console = err()
        console.print(data(f"Serving {', '.join(sites)} on {address}", "bold green"), soft_wrap=True)
        console.print(data(f"  page to try it  {address}/"), soft_wrap=True)
        body = f'{{"site": "{sites[0]}", "text": "do you sell laptops?"}}'
        command = f"curl {address}/v1/requests -H 'Content-Type: application/json' -d '{body}'"
        console.print(data(f"  request         {command}"), soft_wrap=True)
        console.print(data("  stop            Ctrl-C"))

    return announce
