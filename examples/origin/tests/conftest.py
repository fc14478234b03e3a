"""What the tests share: a small database, clients in process, real servers on free ports."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile
from typing import Any, Callable, Optional

import pytest
from fastapi.testclient import TestClient

from origin.app import Settings, create
from origin.seed import seed

ORDERS = 2_000
SERVICE = Path(__file__).resolve().parent.parent
DEADLINE_SECONDS = 10


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run `python -m origin` with `arguments` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "origin", *map(str, arguments)],
        cwd=SERVICE,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )


def wait_until(condition: Callable[[], Any]) -> Any:
    """Return the first true value of `condition`; fail when none comes in time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"still not so after {DEADLINE_SECONDS} s")


class Server:
    """One `serve` process on a free port."""

    def __init__(self, database: Path, *options: str) -> None:
        """Start it and wait for the line that says it listens."""
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "origin", "serve"),
                *("--port", "0", "--database", str(database), *options),
            ],
            cwd=SERVICE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            self.ready = self._first_line()
        except BaseException:
            self.process.kill()
            self.process.communicate()
            raise
        self.url = self.ready.rsplit(" ", 1)[-1]
        self.port = int(self.url.rsplit(":", 1)[-1])

    def _first_line(self) -> str:
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(DEADLINE_SECONDS), "the server does not get ready"
        line = self.process.stdout.readline().decode().strip()
        assert line, self.process.communicate()[1].decode()
        return line

    def call(self, method: str, path: str, body: Optional[dict[str, Any]] = None) -> Any:
        """Send one request and return its JSON answer."""
        request = urllib.request.Request(  # noqa: S310 - always http on loopback
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(  # noqa: S310
            request, timeout=DEADLINE_SECONDS
        ) as answer:
            return json.load(answer)

    def stop(self, number: int = signal.SIGTERM) -> tuple[float, str, str]:
        """Stop it with a signal; return the seconds it took, the rest of its output, its errors."""
        before = time.monotonic()
        self.process.send_signal(number)
        try:
            output, errors = self.process.communicate(timeout=DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return time.monotonic() - before, output.decode(), errors.decode()


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small database that no test changes."""
    path = tmp_path_factory.mktemp("seeded") / "orders.db"
    seed(path, ORDERS)
    return path


@pytest.fixture
def database(seeded: Path, tmp_path: Path) -> Path:
    """Return a copy of the small database for one test to change."""
    path = tmp_path / "orders.db"
    copyfile(seeded, path)
    return path


@pytest.fixture
def client_of() -> Iterator[Callable[..., TestClient]]:
    """Return a function that makes a client on loopback of a service with such settings."""
    clients = []

    def make(database: Path, *, client: str = "127.0.0.1", **settings: Any) -> TestClient:
        options = {"name": "primary", "allow_misbehave": True, **settings}
        made = TestClient(
            create(Settings(database=database, **options)).asgi,
            follow_redirects=False,
            client=(client, 50_000),
        )
        clients.append(made)
        return made

    yield make
    for made in clients:
        made.close()


@pytest.fixture
def client(seeded: Path, client_of: Callable[..., TestClient]) -> TestClient:
    """Return a client of a service that may misbehave, with its cache off."""
    return client_of(seeded)


@pytest.fixture
def server(seeded: Path) -> Iterator[Server]:
    """Return a real server that may misbehave."""
    running = Server(seeded, "--allow-misbehave")
    yield running
    if running.process.poll() is None:
        running.stop()
