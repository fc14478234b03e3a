"""Puts the service together: its endpoints and the layers around them."""

import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from vedette_asgi import VedetteMiddleware, tell_cache

from origin import __version__, misbehave, orders
from origin.cache import Lookup, ResponseCache
from origin.counts import CountingMiddleware, RequestCounts
from origin.database import open_for_reading
from origin.health import HealthEndpoint, absent
from origin.name import NameMiddleware

NO_STORE = {"Cache-Control": "no-store"}
MAX_LIMIT = 200
MAX_CUSTOMER = 2**31 - 1


@dataclass(frozen=True)
class Settings:
    """What an instance is started with; `cache_ttl_s` is in seconds, 0 for no cache.

    With `log` each request is a line of JSON on standard output.
    """

    name: str
    database: Path
    allow_misbehave: bool = False
    cache_ttl_s: float = 0
    log: bool = False


class Origin(NamedTuple):
    """The finished ASGI application, and the switch that the server turns off at its end."""

    asgi: ASGIApp
    switch: misbehave.Switch


def _database(request: Request, settings: Settings) -> Path:
    if misbehave.has_no_database(request.scope):
        return absent(settings.database)
    return settings.database


def _orders_headers(known: Lookup, cache: ResponseCache, *, stored: bool) -> dict[str, str]:
    tell_cache(replace(known.status, stored=stored))
    if known.body is None and not stored:
        return NO_STORE
    headers = {"Cache-Control": f"max-age={cache.ttl_s:.0f}"}
    if known.body is not None:
        headers["Age"] = str(known.age_s)
    return headers


def _refusal(status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail}, status_code=status)


def _orders(
    request: Request, settings: Settings, cache: ResponseCache, customer: int, limit: int
) -> Response:
    url = f"{request.url.path}?{request.url.query}"
    known = cache.look_up(url)
    if known.body is not None:
        headers = _orders_headers(known, cache, stored=False)
        return Response(known.body, media_type="application/json", headers=headers)
    stored = False
    try:
        with open_for_reading(_database(request, settings)) as connection:
            found = orders.orders_of(connection, customer, limit)
    except sqlite3.Error as error:
        answer = _refusal(503, f"the database cannot be queried: {error}")
    else:
        if found is None:
            answer = _refusal(404, f"customer {customer} is unknown")
        else:
            answer = JSONResponse(found)
            stored = cache.store(url, bytes(answer.body))
    answer.headers.update(_orders_headers(known, cache, stored=stored))
    return answer


def _about(settings: Settings) -> dict[str, Any]:
    endpoints = {
        "GET /health": "checks the database",
        "GET /orders?customer=ID&limit=N": "a customer's newest orders",
        "GET /requests": "counts of the requests so far",
    }
    if settings.allow_misbehave:
        endpoints[f"GET, POST, DELETE {misbehave.PATH}"] = "shows, sets and resets misbehaviour"
    return {
        "service": "origin",
        "about": "a sample service for Vedette to probe",
        "version": __version__,
        "name": settings.name,
        "endpoints": endpoints,
    }


def _print(line: str) -> None:
    print(line, flush=True)


def create(settings: Settings) -> Origin:
    """Build the service; only the connection-breaking modes need more than any ASGI server."""
    cache = ResponseCache(settings.cache_ttl_s)
    counts = RequestCounts()
    switch = misbehave.Switch()
    api = FastAPI(
        title="origin", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False
    )

    @api.get("/")
    @api.head("/", include_in_schema=False)
    def about() -> dict[str, Any]:
        """Say what this is."""
        return _about(settings)

    api.router.routes.append(Route("/health", HealthEndpoint(settings.name, settings.database)))

    @api.get("/orders")
    @api.head("/orders", include_in_schema=False)
    def customer_orders(
        request: Request,
        customer: Annotated[int, Query(ge=1, le=MAX_CUSTOMER)],
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 20,
    ) -> Response:
        """Return a customer's totals and newest orders, from the cache when it is on."""
        return _orders(request, settings, cache, customer, limit)

    @api.get("/requests")
    async def requests() -> JSONResponse:
        """Return the counts by method and path and by vantage."""
        return JSONResponse(counts.as_dict(), headers=NO_STORE)

    asgi: ASGIApp = api
    if settings.allow_misbehave:
        api.include_router(misbehave.router(switch, cache))
        asgi = misbehave.MisbehaveMiddleware(asgi, switch)
    asgi = CountingMiddleware(asgi, counts)
    # A sample hides nothing: it has its numbers for whoever looks at them.
    asgi = VedetteMiddleware(asgi, tell="everyone", log=_print if settings.log else None)
    return Origin(NameMiddleware(asgi, settings.name), switch)
