"""Counts what Django's connections are asked, in every thread, and tells the route.

Call `instrument()` in `asgi.py`. The class `RouteMiddleware`, first of `MIDDLEWARE`, is for the log
line alone: without it the route is null.
"""

from collections.abc import Awaitable
from typing import Any, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.db import connections
from django.db.backends.signals import connection_created

from vedette_asgi._guard import guarded
from vedette_asgi.tally import begin, current, finish, source_added


def instrument() -> None:
    """Count the calls of all connections, those to come included; a second time changes nothing."""
    source_added()
    connection_created.connect(_created, dispatch_uid="vedette_asgi")
    for connection in connections.all(initialized_only=True):
        _wrap(connection)


def _created(connection: Any, **_: Any) -> None:
    _wrap(connection)


@guarded
def _wrap(connection: Any) -> None:
    # First, not last: `with connection.execute_wrapper(…)` takes away the last one at its end,
    # whichever that is, and a connection may be made within.
    if _counted not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _counted)


def _counted(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    began = begin(sql)
    try:
        return execute(sql, params, many, context)
    finally:
        finish(began)


class RouteMiddleware:
    """Notes the route of a request, which Django keeps to itself."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        """Wrap the rest of the middlewares."""
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        """Pass one request on."""
        if self._is_async:
            return self._answered(request)
        response = self._get_response(request)
        _note(request)
        return response

    async def _answered(self, request: Any) -> Any:
        answer: Awaitable[Any] = self._get_response(request)
        response = await answer
        _note(request)
        return response


@guarded
def _note(request: Any) -> None:
    tally = current.get()
    route = getattr(request.resolver_match, "route", None)
    if tally is not None and isinstance(route, str):
        tally.route = f"/{route}"
