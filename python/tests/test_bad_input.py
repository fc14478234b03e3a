"""What goes on beside a request is counted right or left out, and never harms the application."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient

import vedette_asgi.sqlite
from vedette_asgi import CacheStatus, VedetteMiddleware, database_call, tell_cache
from vedette_asgi import tally as tally_module

from .conftest import Lines, client, get, served, told


def ask(times: int = 1) -> None:
    """Ask SQLite something."""
    factory = vedette_asgi.sqlite.Connection
    with closing(sqlite3.connect(":memory:", factory=factory)) as connection:
        for _ in range(times):
            connection.execute("SELECT 1").fetchall()


def app_of(endpoint: Any) -> Starlette:
    return Starlette(routes=[Route("/", endpoint)])


def test_a_thread_that_is_given_the_context_counts_and_one_that_is_not_is_left_out(
    wrapped, lines: Lines
) -> None:
    with ThreadPoolExecutor(1) as pool:

        async def endpoint(_) -> Response:
            await asyncio.to_thread(ask, 2)
            await asyncio.get_running_loop().run_in_executor(pool, ask, 5)
            return PlainTextResponse("done")

        assert told(get(wrapped(app_of(endpoint)))).calls == 2
    assert lines[0]["db_calls"] == 2


def test_a_task_that_outlives_its_request_counts_for_nobody(wrapped, lines: Lines) -> None:
    left = []

    async def endpoint(request) -> Response:
        if request.query_params:
            go_on = asyncio.Event()

            async def late() -> None:
                ask()
                await go_on.wait()
                ask(7)

            left.append((go_on, asyncio.create_task(late())))
            await asyncio.sleep(0)
        else:
            # While this request is under way, the task of the other one asks.
            go_on, task = left.pop()
            go_on.set()
            await task
            ask(3)
        return PlainTextResponse("done")

    async def both() -> list[httpx.Response]:
        async with client(wrapped(app_of(endpoint))) as asking:
            return [await asking.get("/?first"), await asking.get("/")]

    first, second = asyncio.run(both())
    assert (told(first).calls, told(second).calls) == (1, 3)
    assert [line["db_calls"] for line in lines] == [1, 3]


def test_a_background_task_is_no_part_of_the_answer(wrapped, lines: Lines) -> None:
    async def endpoint(_) -> Response:
        ask()
        return PlainTextResponse("done", background=BackgroundTask(ask, 4))

    assert told(get(wrapped(app_of(endpoint)))).calls == 1
    assert lines[0]["db_calls"] == 1


@pytest.mark.parametrize("headers", [{}, {"content-length": "4"}])
def test_a_stream_states_no_calls_in_its_header(wrapped, lines: Lines, headers) -> None:
    async def body():
        ask(2)
        yield b"ab"
        ask(3)
        yield b"cd"

    async def endpoint(_) -> Response:
        ask()
        return StreamingResponse(body(), headers=headers)

    with served(wrapped(app_of(endpoint))) as at:
        answer = httpx.get(at)
    assert answer.text == "abcd"
    assert told(answer).calls is None
    assert told(answer).app_ms is not None
    assert lines[0]["db_calls"] == 6


def test_the_header_of_a_stream_does_not_wait_for_its_first_piece(wrapped) -> None:
    async def run() -> None:
        go_on, seen = asyncio.Event(), []

        async def app(_scope, _receive, send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await go_on.wait()
            await send({"type": "http.response.body", "body": b"event"})

        async def send(message) -> None:
            seen.append(message["type"])

        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        request = asyncio.create_task(wrapped(app)(scope, None, send))
        await asyncio.sleep(0)
        assert seen == ["http.response.start"]
        go_on.set()
        await request
        assert seen == ["http.response.start", "http.response.body"]

    asyncio.run(run())


def test_an_answer_without_a_body_is_whole(wrapped) -> None:
    async def endpoint(_) -> Response:
        ask(2)
        return Response(status_code=204)

    assert told(get(wrapped(app_of(endpoint)))).calls == 2


def test_an_exception_passes_as_it_is_and_is_told(wrapped, lines: Lines) -> None:
    async def app(_scope, _receive, _send) -> None:
        ask()
        raise ZeroDivisionError("of the application")

    with pytest.raises(ZeroDivisionError, match="of the application"):
        get(wrapped(app))
    assert (lines[0]["status"], lines[0]["error"]) == (500, "ZeroDivisionError")
    assert lines[0]["db_calls"] == 1


@pytest.mark.parametrize("ends", ["raises", "returns"])
def test_an_answer_that_stops_after_its_start_is_handed_on_as_far_as_it_came(
    wrapped, lines: Lines, ends: str
) -> None:
    async def app(_scope, _receive, send) -> None:
        headers = [(b"content-length", b"4")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if ends == "raises":
            raise ZeroDivisionError

    seen = []

    async def send(message) -> None:
        seen.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    request = wrapped(app)(scope, None, send)
    if ends == "raises":
        with pytest.raises(ZeroDivisionError):
            asyncio.run(request)
    else:
        asyncio.run(request)
    assert [message["type"] for message in seen] == ["http.response.start"]
    assert lines[0]["status"] == 200


def test_a_client_that_leaves_is_told_of(wrapped, lines: Lines) -> None:
    async def app(_scope, _receive, _send) -> None:
        ask()
        await asyncio.Event().wait()

    async def run() -> None:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        request = asyncio.create_task(wrapped(app)(scope, None, None))
        await asyncio.sleep(0)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request

    asyncio.run(run())
    assert (lines[0]["status"], lines[0]["error"]) == (None, "CancelledError")
    assert lines[0]["db_calls"] == 1


def test_a_websocket_counts_for_nobody(wrapped, lines: Lines) -> None:
    async def echo(socket) -> None:
        await socket.accept()
        ask(2)
        await socket.send_text("here")
        await socket.close()

    app = wrapped(Starlette(routes=[WebSocketRoute("/", echo)]))
    with TestClient(app) as testing, testing.websocket_connect("/") as socket:
        assert socket.receive_text() == "here"
    assert lines == []


def test_a_websocket_begun_by_the_task_of_a_request_counts_for_nobody(wrapped) -> None:
    async def run() -> int:
        before = tally_module.Tally()
        tally_module.current.set(before)

        async def app(_scope, _receive, _send) -> None:
            ask(2)

        await wrapped(app)({"type": "websocket", "path": "/", "headers": []}, None, None)
        return before.db_calls

    assert asyncio.run(run()) == 0


def test_a_request_within_a_request_counts_for_itself(wrapped, lines: Lines) -> None:
    async def inner(_) -> Response:
        ask(5)
        return PlainTextResponse("inner")

    async def outer(_) -> Response:
        ask()
        async with client(wrapped(app_of(inner))) as asking:
            assert told(await asking.get("/")).calls == 5
        ask()
        return PlainTextResponse("outer")

    assert told(get(wrapped(app_of(outer)))).calls == 2
    assert [line["db_calls"] for line in lines] == [5, 2]


def test_twice_around_one_application_counts_once(wrapped, lines: Lines) -> None:
    async def endpoint(_) -> Response:
        ask()
        return PlainTextResponse("done")

    answer = get(wrapped(wrapped(app_of(endpoint))))
    assert told(answer).calls == 1
    assert len(answer.headers.get_list("server-timing")) == 1
    assert len(lines) == 1


def test_an_application_that_tells_of_its_database_itself_is_not_contradicted(wrapped) -> None:
    async def endpoint(_) -> Response:
        ask()
        headers = {"server-timing": 'cache;dur=1, db;dur=2;desc="9"'}
        return PlainTextResponse("done", headers=headers)

    field = get(wrapped(app_of(endpoint))).headers.get_list("server-timing")
    assert field[0] == 'cache;dur=1, db;dur=2;desc="9"'
    assert field[1].startswith("app;dur=")


@pytest.mark.parametrize(
    "broken",
    [
        "vedette_asgi.tally.perf_counter",
        "vedette_asgi._answer.perf_counter",
        "vedette_asgi._log_line.quoted",
    ],
)
def test_a_fault_of_the_package_is_none_of_the_application(
    wrapped, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    async def endpoint(_) -> Response:
        ask()
        with database_call():
            pass
        return PlainTextResponse("done")

    app = wrapped(app_of(endpoint))

    def fails(*_args, **_kwargs):
        raise RuntimeError("a fault of the package")

    monkeypatch.setattr(broken, fails)
    answer = get(app)
    assert (answer.status_code, answer.text) == (200, "done")


def test_a_log_that_cannot_be_written_harms_no_request(wrapped) -> None:
    def full(_line: str) -> None:
        raise OSError("no space left on device")

    async def endpoint(_) -> Response:
        return PlainTextResponse("done")

    assert get(wrapped(app_of(endpoint), log=full)).text == "done"


def test_what_is_told_outside_of_a_request_is_no_other_ones(wrapped, lines: Lines) -> None:
    async def endpoint(_) -> Response:
        return PlainTextResponse("done")

    tell_cache(CacheStatus("things", hit=True))
    with database_call("SELECT 1"):
        answer = get(wrapped(app_of(endpoint)))
    assert "cache-status" not in answer.headers
    assert (lines[0]["cache"], lines[0]["db_calls"]) == (None, 0)


def test_transactions_are_no_calls(wrapped) -> None:
    async def endpoint(_) -> Response:
        factory = vedette_asgi.sqlite.Connection
        with closing(sqlite3.connect(":memory:", factory=factory, isolation_level=None)) as one:
            for statement in ("BEGIN", "SAVEPOINT a", "CREATE TABLE t (n)", " commit", "SELECT 1"):
                one.execute(statement)
        return PlainTextResponse("done")

    assert told(get(wrapped(app_of(endpoint)))).calls == 2


def test_hostile_text_stays_in_its_line(wrapped, lines: Lines) -> None:
    async def endpoint(_) -> Response:
        return PlainTextResponse("done")

    app: VedetteMiddleware = wrapped(app_of(endpoint))

    scope = {
        "type": "http",
        "method": 'GET"}\n{"level":"error" \u202e' * 9,
        "path": "/",
        "headers": [(b"traceparent", b"00-\xff\n"), (b"vedette-key", b"\xff" * 9000)],
    }

    async def send(_message) -> None:
        pass

    asyncio.run(app(scope, None, send))
    (line,) = lines
    assert len(line["method"]) == 32
    assert line["trace_id"] is None
