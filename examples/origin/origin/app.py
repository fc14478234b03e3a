"""Puts the service together: its endpoints and the layers around them."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.types import ASGIApp

from origin import __version__, misbehave, orders
from origin.cache import Lookup, ResponseCache
from origin.counts import CountingMiddleware, RequestCounts
from origin.database import open_for_reading
from origin.timing import Timing, TimingMiddleware

NO_STORE = {"Cache-Control": "no-store"}
MAX_LIMIT = 200
MAX_CUSTOMER = 2**31 - 1


@dataclass(frozen=True)
class Settings:
    """What an instance is started with; `cache_ttl_s` is in seconds, 0 for no cache."""

    name: str
    database: Path
    allow_misbehave: bool = False
    cache_ttl_s: float = 0


class Origin(NamedTuple):
    """The finished ASGI application, and the switch that the server turns off at its end."""

    asgi: ASGIApp
    switch: misbehave.Switch


class HealthResponse(JSONResponse):
    """Health checks have a media type of their own; monitors look for it."""

    media_type = "application/health+json"


def _timing(request: Request) -> Timing:
    return request.state.timing


def _database(request: Request, settings: Settings) -> Path:
    if getattr(request.state, misbehave.NO_DATABASE_KEY, False):
        # The checks then fail by themselves, just as if the file had been deleted.
        return settings.database.with_name(f"{settings.database.name}.absent")
    return settings.database


def _health(request: Request, settings: Settings) -> HealthResponse:
    timing = _timing(request)
    problem = None
    try:
        with open_for_reading(_database(request, settings)) as connection:
            if not timing.rows(connection, orders.HEALTH):
                problem = "the database holds no orders"
    except sqlite3.Error as error:
        problem = f"the database cannot be queried: {error}"
    status = "fail" if problem else "pass"
    check: dict[str, Any] = {
        "componentType": "datastore",
        "observedValue": round(timing.db_seconds * 1000, 1),
        "observedUnit": "ms",
        "status": status,
    }
    if problem:
        check["output"] = problem
    answer = {
        "status": status,
        "ok": problem is None,
        "releaseId": __version__,
        "serviceId": settings.name,
        "checks": {"database:responseTime": [check]},
    }
    return HealthResponse(answer, status_code=503 if problem else 200, headers=NO_STORE)


def _orders_headers(known: Lookup, cache: ResponseCache, *, stored: bool) -> dict[str, str]:
    headers = {"Cache-Status": f"{known.status}; stored" if stored else known.status}
    if known.body is not None:
        headers["Age"] = str(known.age_s)
    if known.body is not None or stored:
        headers["Cache-Control"] = f"max-age={cache.ttl_s:.0f}"
    else:
        headers.update(NO_STORE)
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
            found = orders.orders_of(connection, _timing(request), customer, limit)
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

    @api.get("/health")
    @api.head("/health", include_in_schema=False)
    def health(request: Request) -> HealthResponse:
        """Check the database with a query: 200 when it answers, else 503."""
        return _health(request, settings)

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
    return Origin(TimingMiddleware(asgi, settings.name), switch)
