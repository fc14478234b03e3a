"""What only a real server and a raw socket can show."""

import json
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import DEADLINE_SECONDS, Server, run, wait_until

GET_HEALTH = b"GET /health HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n"


@contextmanager
def request(server: Server, sent: bytes = GET_HEALTH) -> Iterator[socket.socket]:
    """Open a connection and send a request on it."""
    with socket.create_connection(("127.0.0.1", server.port), DEADLINE_SECONDS) as connection:
        connection.sendall(sent)
        yield connection


def read_all(connection: socket.socket) -> bytes:
    """Return all bytes until the other side ends the connection in order."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_a_healthy_answer_on_the_wire(server: Server) -> None:
    assert server.ready == f"origin primary listens on http://127.0.0.1:{server.port}"
    with request(server) as connection:
        head, body = read_all(connection).split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b'"ok":true' in body
    with request(server, GET_HEALTH.replace(b"GET", b"HEAD")) as connection:
        head, body = read_all(connection).split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b""


def test_a_line_of_json_says_what_each_answer_cost(seeded: Path) -> None:
    server = Server(seeded, "--log", "--cache", "30")
    server.call("GET", "/orders?customer=1")
    server.call("GET", "/orders?customer=1")
    server.call("GET", "/health")
    _, output, errors = server.stop()
    assert errors == ""
    lines = [json.loads(line) for line in output.splitlines()]
    assert [(line["route"], line["cache"], line["db_calls"]) for line in lines] == [
        ("/orders", "uri-miss", 3),
        ("/orders", "hit", 0),
        ("/health", None, 1),
    ]


def test_truncate_promises_more_than_it_sends(server: Server) -> None:
    server.call("POST", "/misbehave", {"mode": "truncate", "times": 1})
    with request(server) as connection:
        head, body = read_all(connection).split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"server-timing" in head
    promised = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert 0 < len(body) < promised
    assert server.call("GET", "/health")["ok"] is True
    assert server.stop()[2] == ""


def test_reset_ends_without_a_byte(server: Server) -> None:
    server.call("POST", "/misbehave", {"mode": "reset", "times": 1})
    with request(server) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert server.call("GET", "/health")["ok"] is True
    assert server.stop()[2] == ""


def held(server: Server) -> int:
    """Return how many requests the server holds."""
    return server.call("GET", "/misbehave")["held"]


def test_hang_answers_nothing_until_the_reset(server: Server) -> None:
    server.call("POST", "/misbehave", {"mode": "hang", "paths": ["/health"]})
    with request(server) as connection:
        wait_until(lambda: held(server) == 1)
        connection.settimeout(0.2)
        with pytest.raises(socket.timeout):
            connection.recv(1)
        connection.settimeout(DEADLINE_SECONDS)
        server.call("DELETE", "/misbehave")
        assert b'"ok":true' in read_all(connection)
    assert held(server) == 0


def test_hang_ends_when_the_client_leaves(server: Server) -> None:
    server.call("POST", "/misbehave", {"mode": "hang"})
    with request(server):
        wait_until(lambda: held(server) == 1)
    wait_until(lambda: held(server) == 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_though_a_request_hangs(server: Server, number: int) -> None:
    server.call("POST", "/misbehave", {"mode": "hang"})
    with request(server) as connection:
        wait_until(lambda: held(server) == 1)
        seconds, output, errors = server.stop(number)
        assert connection.recv(1) == b""
    assert seconds < 2
    assert (server.process.returncode, output, errors) == (0, "", "")


def test_a_taken_port_is_one_sentence(server: Server, seeded: Path) -> None:
    second = run("serve", "--port", server.port, "--database", seeded)
    assert second.returncode == 1
    assert second.stdout == ""
    assert second.stderr == f"origin: cannot listen on 127.0.0.1:{server.port}: " + (
        "address already in use\n"
    )


def test_two_instances_serve_one_file_while_it_is_migrated(database: Path) -> None:
    servers = [Server(database, "--name", name) for name in ("primary", "standby")]
    try:
        for name in ("add-orders-customer-index", "drop-orders-customer-index"):
            for server in servers:
                assert len(server.call("GET", "/orders?customer=1&limit=3")["orders"]) == 3
            migrated = run("migrate", "--database", database, name)
            assert (migrated.returncode, migrated.stdout) == (0, f"{name}: done\n")
            for server in servers:
                assert server.call("GET", "/health")["ok"] is True
                assert len(server.call("GET", "/orders?customer=1&limit=3")["orders"]) == 3
        with urllib.request.urlopen(servers[1].url + "/health") as answer:  # noqa: S310
            assert answer.headers["X-Origin-Name"] == "standby"
    finally:
        for server in servers:
            server.stop()


def test_the_full_size_is_made_by_serve_and_in_a_few_seconds(tmp_path: Path) -> None:
    path = tmp_path / "full.db"
    before = time.monotonic()
    server = Server(path, "--cache", "30")
    try:
        assert time.monotonic() - before < DEADLINE_SECONDS
        assert server.call("GET", "/orders?customer=1&limit=200")["count"] > 200
        assert (
            run("seed", "--database", path).stdout == f"{path}: 200000 orders were there already\n"
        )
    finally:
        server.stop()
