"""The package counts what SQLite itself counts, over a generated load of concurrent requests."""

import asyncio
import random
import re
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import vedette_asgi.sqlalchemy
import vedette_asgi.sqlite

from .conftest import Lines, served, told

SEED = 20
REQUESTS = 240
AT_ONCE = 24
KINDS = "engine", "async engine", "sqlite3", "failing"


class Trace:
    """SQLite's own count of statements, by the request that they name."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.calls: Counter = Counter()
        self._lock = threading.Lock()

    def __call__(self, statement: str) -> None:
        """Take a statement that SQLite runs."""
        named = re.search(r"'request (\d+)'", statement)
        if named:
            with self._lock:
                self.calls[int(named[1])] += 1


class Service:
    """An application that asks as often, and in as many ways, as a request says."""

    def __init__(self, path: Path) -> None:
        """Ask one file in several ways, all of them traced."""
        self.trace = Trace()
        self.app = Starlette(routes=[Route("/", self._answer)])
        self._path = path
        self._engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
        self._async = create_async_engine(f"sqlite+aiosqlite:///{path}", poolclass=NullPool)
        vedette_asgi.sqlalchemy.instrument(self._engine)
        vedette_asgi.sqlalchemy.instrument(self._async)
        event.listen(self._engine, "connect", self._connected)
        event.listen(self._async.sync_engine, "connect", self._async_connected)

    def _connected(self, connection, _record) -> None:
        connection.set_trace_callback(self.trace)

    def _async_connected(self, connection, _record) -> None:
        connection.driver_connection._conn.set_trace_callback(self.trace)

    async def _answer(self, request) -> PlainTextResponse:
        number = int(request.query_params["number"])
        plan = [part.split("*") for part in request.query_params["plan"].split(",")]
        kinds = [kind for kind, times in plan for _ in range(int(times))]
        work = [self._ask(kind, f"SELECT 'request {number}'") for kind in kinds]
        if number % 2:
            await asyncio.gather(*work)
        else:
            for one in work:
                await one
        return PlainTextResponse("done")

    async def _ask(self, kind: str, statement: str) -> None:
        if kind == "async engine":
            async with self._async.begin() as connection:
                (await connection.execute(text(statement))).all()
        else:
            ways = {"engine": self._in_engine, "sqlite3": self._in_sqlite, "failing": self._failing}
            await run_in_threadpool(ways[kind], statement)

    def _in_engine(self, statement: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(text(statement)).all()

    def _in_sqlite(self, statement: str) -> None:
        factory = vedette_asgi.sqlite.Connection
        with closing(sqlite3.connect(self._path, factory=factory)) as connection:
            connection.set_trace_callback(self.trace)
            connection.execute(statement).fetchall()

    def _failing(self, statement: str) -> None:
        # It is prepared, begun, and fails at its last row.
        with self._engine.begin() as connection, pytest.raises(OperationalError):
            connection.execute(text(f"{statement} UNION ALL SELECT load_extension('x')")).all()


def test_every_request_counts_what_sqlite_counts_for_it(wrapped, lines: Lines, tmp_path) -> None:
    service = Service(tmp_path / "test.db")
    chance = random.Random(SEED)  # noqa: S311 - a load, no secret
    plans = [
        ",".join(f"{kind}*{chance.randrange(3)}" for kind in chance.sample(KINDS, 3))
        for _ in range(REQUESTS)
    ]
    stated = {}

    async def load(at: str) -> None:
        places = asyncio.Semaphore(AT_ONCE)
        async with httpx.AsyncClient(base_url=at, timeout=60) as asking:

            async def one(number: int) -> None:
                async with places:
                    params = {"number": number, "plan": plans[number]}
                    stated[number] = told(await asking.get("/", params=params)).calls

            await asyncio.gather(*map(one, range(REQUESTS)))

    with served(wrapped(service.app)) as at:
        asyncio.run(load(at))
    trace = service.trace
    assert sum(trace.calls.values()) > REQUESTS
    assert stated == {number: trace.calls[number] for number in range(REQUESTS)}
    assert Counter(line["db_calls"] for line in lines) == Counter(stated.values())
