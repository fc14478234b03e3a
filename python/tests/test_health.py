"""`/health` says what the checks find, in time, and asks each once at a time."""

import asyncio
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from vedette_asgi import Health, Result

from .conftest import DEADLINE_SECONDS, client, get, served

MEDIA_TYPE = "application/health+json"


def health_of(*checks: Any, keep: float = 0, **settings: Any) -> Health:
    """Return health with checks called `a`, `b` …, of which nothing is kept."""
    health = Health(keep=keep)
    for name, check in zip("abc", checks):
        health.check(name, **settings)(check)
    return health


def found(answer: httpx.Response, name: str = "a") -> Any:
    (check,) = answer.json()["checks"][f"{name}:responseTime"]
    return check


async def well() -> None:
    """Pass."""


def warns() -> Result:
    """Warn."""
    return Result("warn", "the replica lags", observed_value=40, observed_unit="s")


def fails() -> bool:
    """Fail."""
    return False


def raises() -> None:
    """Raise what nobody should read."""
    raise ConnectionError("postgres://shop:hunter2@10.0.0.7 refused")


def test_all_pass() -> None:
    health = Health(service_id="shop", release_id="1.4", keep=0)
    health.check("database", component_type="datastore")(well)
    answer = get(health)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["cache-control"] == "no-store"
    document = answer.json()
    ((check,),) = document.pop("checks").values()
    assert document == {"status": "pass", "ok": True, "releaseId": "1.4", "serviceId": "shop"}
    assert check["observedUnit"] == "ms"
    assert (check["componentType"], check["status"]) == ("datastore", "pass")
    assert set(check) == {"componentType", "observedValue", "observedUnit", "status", "time"}


@pytest.mark.parametrize(
    ("checks", "status", "code"),
    [
        ((), "pass", 200),
        ((well, well), "pass", 200),
        ((well, warns), "warn", 200),
        ((warns, fails), "fail", 503),
        ((well, raises), "fail", 503),
        ((lambda: "yes",), "fail", 503),
        ((lambda: Result("splendid"),), "fail", 503),
        ((lambda: Result(observed_value=float("nan")),), "fail", 503),
        ((lambda: Result(observed_value=object()),), "fail", 503),
        ((lambda: asyncio.sleep(0),), "pass", 200),
    ],
)
def test_the_worst_check_decides(checks, status: str, code: int) -> None:
    answer = get(health_of(*checks))
    assert (answer.json()["status"], answer.status_code) == (status, code)
    assert answer.json()["ok"] is (code == 200)


def test_a_check_that_is_not_critical_warns() -> None:
    answer = get(health_of(fails, critical=False))
    assert (answer.status_code, answer.json()["status"]) == (200, "warn")
    assert found(answer)["status"] == "fail"


def test_what_a_check_says_is_shown_and_what_it_raises_is_not() -> None:
    answer = get(health_of(warns, raises))
    check = found(answer)
    assert (check["output"], check["observedValue"]) == ("the replica lags", 40)
    assert found(answer, "b")["output"] == "ConnectionError"
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("kind", ["async", "deaf", "thread"])
def test_a_check_that_hangs_fails_in_time_and_is_asked_once(kind: str) -> None:
    asked, go_on = [], threading.Event()

    def thread() -> None:
        asked.append(1)
        go_on.wait(DEADLINE_SECONDS)

    async def hangs() -> None:
        asked.append(1)
        await asyncio.Event().wait()

    async def deaf() -> None:
        asked.append(1)
        while not go_on.is_set():
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)

    check = {"async": hangs, "deaf": deaf, "thread": thread}[kind]
    health = health_of(check, well, timeout=0.1)

    async def run() -> None:
        async with client(health) as asking:
            answers = await asyncio.gather(*(asking.get("/") for _ in range(20)))
            assert {answer.status_code for answer in answers} == {503}
            assert {found(answer)["output"] for answer in answers} == {"no answer within 0.1 s"}
            # The others answer all the same.
            assert found(answers[0], "b")["status"] == "pass"
            assert len(asked) == 1
            again = await asking.get("/")
            assert again.status_code == 503
            # Only what is over is asked again.
            assert len(asked) == (2 if kind == "async" else 1)
            go_on.set()

    try:
        asyncio.run(run())
    finally:
        go_on.set()


def test_a_check_that_hung_is_asked_again_when_it_is_over() -> None:
    go_on = threading.Event()
    health = health_of(lambda: go_on.wait(DEADLINE_SECONDS) and None, timeout=0.05)

    async def run() -> None:
        async with client(health) as asking:
            assert (await asking.get("/")).status_code == 503
            go_on.set()
            while (await asking.get("/")).status_code != 200:  # noqa: ASYNC110 - it is asked anew
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(run(), DEADLINE_SECONDS))


def test_who_asks_at_the_same_time_waits_for_one_answer() -> None:
    asked = []

    async def slow() -> None:
        asked.append(1)
        await asyncio.sleep(0.05)

    health = health_of(slow)

    async def run() -> None:
        async with client(health) as asking:
            first = asyncio.create_task(asking.get("/"))
            others = [asyncio.create_task(asking.get("/")) for _ in range(9)]
            await asyncio.sleep(0.01)
            # The one who began it leaves; the others get their answer.
            first.cancel()
            assert {(await other).status_code for other in others} == {200}

    asyncio.run(run())
    assert len(asked) == 1


def test_a_result_is_given_again_for_a_while() -> None:
    asked = []
    health = health_of(lambda: asked.append(1), keep=3600)
    times = {found(get(health))["time"] for _ in range(5)}
    assert (len(asked), len(times)) == (1, 1)


def test_a_run_of_a_loop_that_is_gone_is_forgotten() -> None:
    asked = []

    async def once_slow() -> None:
        asked.append(1)
        if len(asked) == 1:
            await asyncio.Event().wait()

    health = health_of(once_slow, timeout=0.05)

    async def leave() -> None:
        task = asyncio.ensure_future(health.document())
        await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(leave())
    assert get(health).status_code == 200


def test_methods_and_sockets() -> None:
    app = Starlette(routes=[Route("/health", health_of(well))])

    async def run() -> None:
        async with client(app) as asking:
            head = await asking.head("/health")
            assert (head.status_code, head.content) == (200, b"")
            assert int(head.headers["content-length"]) > 0
            post = await asking.post("/health")
            assert (post.status_code, post.headers["allow"]) == (405, "GET, HEAD")

    asyncio.run(run())
    sent = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(health_of()({"type": "websocket", "path": "/"}, receive, send))
    assert sent == ["websocket.close"]


def test_it_is_answered_by_the_middleware_or_where_it_is_mounted(wrapped) -> None:
    app = Starlette(routes=[Mount("/in", health_of(fails))])
    with served(wrapped(app, health=health_of(well), health_path="/healthz")) as at:
        assert httpx.get(f"{at}/healthz").status_code == 200
        assert httpx.get(f"{at}/in/").status_code == 503
        assert httpx.get(f"{at}/health").status_code == 404


def test_what_cannot_act_is_refused() -> None:
    health = Health()
    health.check("database")(well)
    with pytest.raises(ValueError, match="there is a check 'database' already"):
        health.check("database")(well)
    for settings in ({"keep": -1}, {"drain": float("nan")}, {"keep": 1e9}):
        with pytest.raises(ValueError, match="is 0 to 3600 seconds"):
            Health(**settings)


def test_shutting_down_fails_at_once_and_asks_nothing() -> None:
    asked = []
    health = health_of(lambda: asked.append(1))
    health.shut_down()
    answer = get(health)
    assert answer.status_code == 503
    assert answer.json() == {"status": "fail", "ok": False, "output": "shutting down"}
    assert asked == []


def test_the_shutdown_of_the_lifespan_is_heard(wrapped) -> None:
    health, heard = health_of(well), []

    async def app(scope, receive, send) -> None:
        assert scope["type"] == "lifespan"
        await receive()
        await send({"type": "lifespan.startup.complete"})
        heard.append(await receive())
        # While the application cleans up, it fails already.
        heard.append(await health.document())
        await send({"type": "lifespan.shutdown.complete"})

    with served(wrapped(app, health=health), lifespan="on"):
        assert heard == []
    assert heard[0] == {"type": "lifespan.shutdown"}
    assert heard[1]["output"] == "shutting down"


def test_a_lifespan_that_fails_is_the_applications_own(wrapped) -> None:
    async def app(_scope, receive, _send) -> None:
        await receive()
        raise ZeroDivisionError("the pool cannot be opened")

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    with pytest.raises(ZeroDivisionError):
        asyncio.run(wrapped(app, health=health_of())({"type": "lifespan"}, receive, None))


def test_a_check_that_hangs_keeps_no_process() -> None:
    code = """
import asyncio, time
from vedette_asgi import Health
health = Health()
health.check("a", timeout=0.05)(lambda: time.sleep(3600))
print(asyncio.run(health.document())["status"])
"""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=True,
    )
    assert ended.stdout == "fail\n"
