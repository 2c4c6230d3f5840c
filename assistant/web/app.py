"""The web app: the widget's API, two probes, and a page to try it."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from assistant.desk import Desk, sweep_for_ever
from assistant.settings import Settings
from assistant.web.body import read_key, read_request
from assistant.web.errors import error_response, on_http_error, on_refused
from assistant.web.guarding import Admission, Defects, SecurityHeaders
from assistant.web.public import public_reply
from assistant.web.warm_up import warm_up
from assistant.wiring import Site
from chains.errors import CatalogError, LedgerError, RequestRefused

STATIC = Path(__file__).parent / "static"
_LISTED_PRODUCTS = 200
_LISTED_EXAMPLES = 6
log = structlog.get_logger(__name__)


def _nothing() -> None:
    """Do nothing once the app is ready."""


def build_app(desk: Desk, settings: Settings, ready: Callable[[], None] = _nothing) -> Starlette:
    """The app that serves a desk's sites; it closes the desk's ledger when it ends. `ready` is called once it serves.

    POST /v1/requests   one request of a customer (`AskRequest`), answered by `PublicReply`
    GET  /v1/sites      the sites served here, and GET /v1/products?site= some of a site's products, for the page
    GET  /healthz       the process is alive; GET /readyz: requests can be accepted
    GET  /              a page to try it
    """
    api = Api(desk, settings)
    origins = sorted({origin for site in desk.sites.values() for origin in site.loaded.scope.site.origins})

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await warm_up(desk.sites.values())
        await desk.warm_up()
        sweep = asyncio.create_task(sweep_for_ever(desk))
        ready()
        try:
            yield
        finally:
            sweep.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sweep
            await asyncio.to_thread(desk.ledger.close)

    return Starlette(
        routes=[
            Route("/v1/requests", api.ask, methods=["POST"]),
            Route("/v1/sites", api.sites, methods=["GET"]),
            Route("/v1/products", api.products, methods=["GET"]),
            Route("/healthz", api.health, methods=["GET"]),
            Route("/readyz", api.readiness, methods=["GET"]),
            Route("/", _page, methods=["GET"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(
                CORSMiddleware,
                allow_origins=origins,
                allow_methods=["POST"],
                allow_headers=["content-type", "idempotency-key"],
                expose_headers=["retry-after"],
            ),
            Middleware(Defects),
        ],
        exception_handlers={RequestRefused: on_refused, HTTPException: on_http_error},
        lifespan=lifespan,
    )


async def _page(_request: Request) -> Response:
    return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})


class Api:
    """The endpoints on one desk."""

    def __init__(self, desk: Desk, settings: Settings) -> None:
        self._desk = desk
        self._limit_bytes = settings.body_limit_bytes
        self._admission = Admission(settings.running_limit)

    async def ask(self, request: Request) -> Response:
        """Answer one request of a customer."""
        self._admission.check()  # before the body is read, so that a crowd costs little
        try:
            key = read_key(request)
            asked = await read_request(request, self._limit_bytes)
            with self._admission.turn():
                handled = await self._desk.handle(asked, key)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except LedgerError as error:
            log.error("request_not_accepted", error=str(error))  # noqa: TRY400 - the sentence says it all
            return error_response(503, "unavailable", "Requests cannot be accepted right now; please try again soon.")
        return Response(public_reply(handled).model_dump_json(), media_type="application/json")

    async def health(self, _request: Request) -> Response:
        """Tell that the process is alive."""
        return JSONResponse({"status": "alive"})

    async def readiness(self, _request: Request) -> Response:
        """Tell whether requests can be accepted: the ledger takes writes, and every catalog can be read."""
        try:
            await self._desk.ledger.ready()
            for site in self._desk.sites.values():
                site.catalog.get("-")
        except (LedgerError, CatalogError, sqlite3.Error) as error:
            log.error("not_ready", error=str(error))  # noqa: TRY400 - the sentence says it all
            return error_response(503, "not_ready", "Requests cannot be accepted right now.")
        return JSONResponse({"status": "ready"})

    async def sites(self, _request: Request) -> Response:
        """List the sites with a few questions to try."""
        listed = [
            {"id": name, "name": site.loaded.scope.site.name, "examples": _examples(site)}
            for name, site in self._desk.sites.items()
        ]
        return JSONResponse({"sites": listed})

    async def products(self, request: Request) -> Response:
        """List some products of a site, by name."""
        site = self._desk.sites.get(request.query_params.get("site", ""))
        if site is None:
            raise RequestRefused("There is no such site here.", code="unknown_site", status=404, field="site")
        named = sorted((p.name, p.sku) for p in site.catalog.vocabulary.products if p.parent is None)
        listed = [{"sku": sku, "name": name} for name, sku in named[:_LISTED_PRODUCTS]]
        return JSONResponse({"products": listed})


def _examples(site: Site) -> list[str]:
    """The first example of each intent that looks something up, as far as they go."""
    asked = [intent.examples[0] for intent in site.loaded.scope.intents if intent.tools and intent.examples]
    return asked[:_LISTED_EXAMPLES]
