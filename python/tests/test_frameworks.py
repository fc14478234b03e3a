"""Each framework on a real uvicorn, over a real SQLite: header, log line and route."""

import sqlite3
from contextlib import closing

import httpx
import pytest
from fastapi import FastAPI
from litestar import Litestar
from litestar import get as litestar_get
from litestar.params import FromPath
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import vedette_asgi.sqlalchemy
import vedette_asgi.sqlite
from vedette_asgi import CacheStatus, Health, tell_cache

from .conftest import Lines, served, told

THREE = "SELECT 1", "SELECT 2", "SELECT 3"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "test.db"


def fastapi(path) -> FastAPI:
    engine = create_engine(f"sqlite:///{path}")
    asynchronous = create_async_engine(f"sqlite+aiosqlite:///{path}")
    for one in (engine, asynchronous):
        vedette_asgi.sqlalchemy.instrument(one)
        vedette_asgi.sqlalchemy.instrument(one)
    app = FastAPI()

    @app.get("/sync/{number}")
    def sync(number: int) -> int:
        with engine.connect() as connection:
            for statement in THREE:
                connection.execute(text(statement)).all()
        return number

    @app.get("/many/{number}")
    def many(number: int) -> int:
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO t VALUES (:n)"), [{"n": 1}, {"n": 2}])
            connection.execution_options(no_parameters=True).exec_driver_sql("SELECT 1")
            connection.exec_driver_sql("SELECT ?", (1,))
        return number

    @app.get("/async/{number}")
    async def awaited(number: int) -> int:
        async with asynchronous.connect() as connection:
            for statement in THREE:
                await connection.execute(text(statement))
        await asynchronous.dispose()
        return number

    @app.get("/sqlite/{number}")
    def plain(number: int) -> int:
        factory = vedette_asgi.sqlite.Connection
        with closing(sqlite3.connect(path, factory=factory)) as connection:
            connection.execute(THREE[0]).fetchall()
            connection.cursor().execute(THREE[1]).fetchone()
            connection.executemany("INSERT INTO t VALUES (?)", [(1,), (2,)])
        return number

    inner = FastAPI()
    inner.get("/things/{thing}")(lambda thing: thing)
    app.mount("/inner/{tenant}", inner)
    return app


@pytest.mark.parametrize("kind", ["sync", "async", "many", "sqlite"])
def test_fastapi(wrapped, lines: Lines, path, kind: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (n)")
    with served(wrapped(fastapi(path))) as at:
        answer = httpx.get(f"{at}/{kind}/7")
    assert answer.status_code == 200
    assert told(answer).calls == 3
    assert told(answer).db_ms <= told(answer).app_ms
    (line,) = lines
    assert (line["method"], line["route"], line["status"]) == ("GET", f"/{kind}/{{number}}", 200)
    assert line["db_calls"] == 3


def test_fastapi_by_add_middleware(lines: Lines, path) -> None:
    app = fastapi(path)
    app.add_middleware(vedette_asgi.VedetteMiddleware, tell="everyone", log=lines)
    with served(app) as at:
        assert told(httpx.get(f"{at}/sync/7")).calls == 3
        assert httpx.get(f"{at}/inner/acme/things/9").json() == "9"
        assert httpx.get(f"{at}/nowhere/9").status_code == 404
    routes = [line["route"] for line in lines]
    assert routes == ["/sync/{number}", "/inner/{tenant}/things/{thing}", None]


def test_starlette(wrapped, lines: Lines, path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    vedette_asgi.sqlalchemy.instrument(engine)

    def thing(_):
        with engine.connect() as connection:
            connection.execute(text(THREE[0])).all()
        tell_cache(CacheStatus("things", fwd="uri-miss", stored=True))
        return PlainTextResponse("thing")

    routes = [Route("/things/{id:int}", thing), Route("/same/{a}", thing)]
    app = Starlette(routes=[*routes, Mount("/v1", routes=[Route("/other/{id}", lambda _: 1 / 0)])])
    with served(wrapped(app)) as at:
        answer = httpx.get(f"{at}/things/3")
        httpx.get(f"{at}/same/3")
        assert httpx.get(f"{at}/v1/other/3").status_code == 500
    assert told(answer).calls == 1
    assert answer.headers["cache-status"] == "things; fwd=uri-miss; stored"
    assert [line["route"] for line in lines] == ["/things/{id:int}", "/same/{a}", "/v1/other/{id}"]
    assert [line["cache"] for line in lines] == ["uri-miss", "uri-miss", None]
    assert [line["status"] for line in lines] == [200, 200, 500]
    assert lines[-1]["error"] == "ZeroDivisionError"


def test_litestar(wrapped, lines: Lines, path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    vedette_asgi.sqlalchemy.instrument(engine)

    @litestar_get("/things/{number:int}", sync_to_thread=True)
    def thing(number: FromPath[int]) -> int:
        with engine.connect() as connection:
            connection.execute(text(THREE[0])).all()
        return number

    health = Health()
    with served(wrapped(Litestar([thing]), health=health)) as at:
        answer = httpx.get(f"{at}/things/3")
        assert httpx.get(f"{at}/health").json()["status"] == "pass"
    assert answer.json() == 3
    assert told(answer).calls == 1
    assert [line["route"] for line in lines] == ["/things/{number}", "/health"]
