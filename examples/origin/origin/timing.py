"""Counts and times database calls per request, and stamps the answer with what they took."""

import sqlite3
import time
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Timing:
    """What one request has taken so far: database calls, and seconds spent in them."""

    def __init__(self) -> None:
        """Start the request's clock."""
        self.db_calls = 0
        self.db_seconds = 0.0
        self._started = time.perf_counter()

    def rows(
        self, connection: sqlite3.Connection, sql: str, parameters: Sequence[Any] = ()
    ) -> list[sqlite3.Row]:
        """Run one statement to its last row, as one counted and timed database call.

        A call that fails counts too, since it was made and took its time.
        """
        before = time.perf_counter()
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            self.db_calls += 1
            self.db_seconds += time.perf_counter() - before

    def header(self) -> str:
        """Return the value of `Server-Timing`: durations in ms, `desc` the count of calls."""
        app_ms = (time.perf_counter() - self._started) * 1000
        db_ms = self.db_seconds * 1000
        return f'db;dur={db_ms:.1f};desc="{self.db_calls}", app;dur={app_ms:.1f}'


class TimingMiddleware:
    """Gives each request a `Timing`, and each answer `Server-Timing` and `X-Origin-Name`.

    It stands outside the framework's own error handling, so that a 500 is stamped as well.
    """

    def __init__(self, app: ASGIApp, name: str) -> None:
        """Wrap `app`; `name` is what this instance calls itself."""
        self._app = app
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and stamp its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        timing = Timing()
        scope.setdefault("state", {})["timing"] = timing

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Server-Timing"] = timing.header()
                headers["X-Origin-Name"] = self._name
            await send(message)

        await self._app(scope, receive, stamped)
