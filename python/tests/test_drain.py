"""On SIGTERM a real uvicorn says that it is shutting down while it still serves."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from .conftest import DEADLINE_SECONDS

SERVICE = """
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from vedette_asgi import Health, VedetteMiddleware

app = VedetteMiddleware(
    Starlette(routes=[Route("/", lambda _: PlainTextResponse("served"))]),
    health=Health(drain=float(sys.argv[2])),
)
uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
"""


def until(condition):
    """Return the first true value of `condition`; fail when none comes in time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("still not so")


@pytest.fixture
def serve(tmp_path: Path):
    """Return a function that starts the service with so many seconds of draining."""
    running = []

    def start(seconds: float):
        with socket.create_server(("127.0.0.1", 0)) as spare:
            port = spare.getsockname()[1]
        file = tmp_path / "service.py"
        file.write_text(SERVICE)
        process = subprocess.Popen([sys.executable, str(file), str(port), str(seconds)])
        running.append(process)

        def asked(path: str):
            try:
                return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=DEADLINE_SECONDS)
            except httpx.TransportError:
                return None

        until(lambda: asked("/health"))
        return process, asked

    yield start
    for process in running:
        process.kill()
        process.wait()


def test_it_fails_while_it_serves_on_and_then_ends(serve) -> None:
    process, asked = serve(3600)
    assert asked("/health").json()["status"] == "pass"
    process.send_signal(signal.SIGTERM)
    failing = until(lambda: (answer := asked("/health")).status_code == 503 and answer)
    assert failing.json()["output"] == "shutting down"
    # A new connection each time, and it is served.
    assert asked("/").text == "served"
    # Who asks twice does not want to wait.
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE_SECONDS) in (0, -signal.SIGTERM)


def test_it_ends_by_itself_when_it_has_drained(serve) -> None:
    process, _ = serve(0.3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE_SECONDS) in (0, -signal.SIGTERM)


def test_without_draining_the_signal_is_the_servers_alone(serve) -> None:
    process, _ = serve(0)
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE_SECONDS) in (0, -signal.SIGTERM)
