"""The drivers of PostgreSQL, against a server that counts what it is sent."""

import asyncpg
import psycopg
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import vedette_asgi.asyncpg
import vedette_asgi.psycopg

from .conftest import Lines, get, told
from .postgres import Postgres, postgres


@pytest.fixture
def server():
    with postgres() as serving:
        yield serving


def address(server: Postgres) -> str:
    return f"postgresql://shop@127.0.0.1:{server.port}/shop?sslmode=disable"


def calls_of(wrapped, work) -> int:
    """Return how many calls an answer states whose endpoint awaits `work`."""

    async def endpoint(_) -> PlainTextResponse:
        await work()
        return PlainTextResponse("done")

    answer = get(wrapped(Starlette(routes=[Route("/", endpoint)])))
    assert answer.text == "done"
    return told(answer).calls


def test_asyncpg(wrapped, lines: Lines, server: Postgres) -> None:
    async def work() -> None:
        pool = await asyncpg.create_pool(
            address(server),
            min_size=1,
            max_size=2,
            connection_class=vedette_asgi.asyncpg.Connection,
        )
        async with pool.acquire() as connection, connection.transaction():
            assert await connection.fetchval("SELECT 7") == 7
            assert (await connection.fetchrow("SELECT 7 -- row"))["n"] == 7
            await connection.execute("SELECT 7 -- execute")
        assert [row["n"] for row in await pool.fetch("SELECT 7 -- pool")] == [7]
        await pool.close()

    calls = calls_of(wrapped, work)
    asked = {one: times for one, times in server.executed.items() if one.startswith("SELECT 7")}
    assert calls == sum(asked.values()) == 4
    # What the driver sent by itself is there, and was left out.
    assert any("BEGIN" in statement for statement in server.executed)
    assert any("RESET ALL" in statement for statement in server.executed)
    assert lines[0]["db_calls"] == 4


def test_psycopg(wrapped, server: Postgres) -> None:
    async def work() -> None:
        connection = await psycopg.AsyncConnection.connect(
            address(server), cursor_factory=vedette_asgi.psycopg.AsyncCursor
        )
        async with connection:
            cursor = await connection.execute("SELECT 7")
            assert await cursor.fetchone() == (7,)
            async with connection.cursor() as own:
                await own.execute("SELECT 7 -- own")
        with psycopg.connect(
            address(server), cursor_factory=vedette_asgi.psycopg.Cursor
        ) as connection:
            assert connection.execute("SELECT 7 -- sync").fetchall() == [(7,)]

    calls = calls_of(wrapped, work)
    asked = {one: times for one, times in server.executed.items() if one.startswith("SELECT 7")}
    assert calls == sum(asked.values()) == 3
    # What the driver sent by itself is there, and was left out.
    assert server.executed["BEGIN"] > 0
