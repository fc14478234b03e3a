"""`/health` tells the truth about the database, in the words that a probe looks for."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Callable

import pytest
from fastapi.testclient import TestClient

from origin import database as database_module

Make = Callable[..., TestClient]


def test_a_working_database_passes(client: TestClient) -> None:
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/health+json"
    assert answer.headers["cache-control"] == "no-store"
    assert b'"ok":true' in answer.content
    assert answer.json()["status"] == "pass"


def test_head_answers_too(client: TestClient) -> None:
    answer = client.head("/health")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/health+json"


def assert_fails(client: TestClient, reason: str) -> None:
    """Check that `/health` fails for the given reason."""
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/health+json"
    assert answer.headers["cache-control"] == "no-store"
    assert b'"ok":false' in answer.content
    assert answer.json()["status"] == "fail"
    assert reason in answer.json()["checks"]["database:responseTime"][0]["output"]


def test_a_missing_file_fails_and_is_not_created(tmp_path: Path, client_of: Make) -> None:
    missing = tmp_path / "none.db"
    assert_fails(client_of(missing), "unable to open")
    assert not missing.exists()


def test_a_corrupt_file_fails(tmp_path: Path, client_of: Make) -> None:
    corrupt = tmp_path / "corrupt.db"
    corrupt.write_bytes(b"these bytes are no database" * 100)
    assert_fails(client_of(corrupt), "not a database")


def test_an_empty_table_fails(database: Path, client_of: Make) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM orders")
    assert_fails(client_of(database), "no orders")


def test_a_locked_database_fails_until_it_is_free(
    database: Path, client_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "READ_BUSY_SECONDS", 0.05)
    client = client_of(database)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        # Only without its log does a writer keep readers out.
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        assert_fails(client, "locked")
        other.execute("ROLLBACK")
    assert client.get("/health").status_code == 200
