"""What the tests share: log lines, requests in process, and real servers on free ports."""

import asyncio
import json
import re
import socket
import threading
import time
from contextlib import contextmanager
from typing import Any, Callable, NamedTuple, Optional

import httpx
import pytest
import uvicorn

from vedette_asgi import VedetteMiddleware

DEADLINE_SECONDS = 20
SECRET = "0123456789abcdef"  # noqa: S105 - not one of anybody's


class Told(NamedTuple):
    """What `Server-Timing` says; a metric that is not there is None."""

    calls: Optional[int]
    db_ms: Optional[float]
    app_ms: Optional[float]


def told(answer: httpx.Response) -> Told:
    """Read `Server-Timing` as Vedette does."""
    field = answer.headers.get("server-timing", "")
    database = re.search(r'\bdb;dur=([\d.]+);desc="(\d+)"', field)
    app = re.search(r"\bapp;dur=([\d.]+)", field)
    return Told(
        int(database[2]) if database else None,
        float(database[1]) if database else None,
        float(app[1]) if app else None,
    )


class Lines(list):
    """The log lines that were written, as objects."""

    def __call__(self, line: str) -> None:
        """Take a line."""
        assert "\n" not in line
        self.append(json.loads(line))


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def wrapped(lines: Lines) -> Callable[..., VedetteMiddleware]:
    """Return a function that wraps an application, with its numbers for everyone."""

    def wrap(app: Any, **settings: Any) -> VedetteMiddleware:
        return VedetteMiddleware(app, **{"tell": "everyone", "log": lines, **settings})

    return wrap


def client(app: Any, *, raises: bool = True) -> httpx.AsyncClient:
    """Return a client in process."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=raises)
    return httpx.AsyncClient(transport=transport, base_url="http://service")


def get(app: Any, path: str = "/", *, raises: bool = True, **options: Any) -> httpx.Response:
    """Send one request in process, on a loop of its own."""

    async def ask() -> httpx.Response:
        async with client(app, raises=raises) as asking:
            return await asking.get(path, **options)

    return asyncio.run(ask())


@contextmanager
def served(app: Any, lifespan: str = "auto"):
    """Serve an application by a real uvicorn, in a thread; yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="error", lifespan=lifespan, ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(DEADLINE_SECONDS)
            assert not thread.is_alive()
