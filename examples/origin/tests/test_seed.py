"""Seeding gives the same data every time, and all of it or none of it."""

import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from origin import seed as seed_module
from origin.seed import SeedError, count_orders, seed

ORDERS = 300


def digest(path: Path) -> str:
    """Return a digest of every order in the database."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT * FROM orders ORDER BY id").fetchall()
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_the_same_orders_every_time_and_every_python(tmp_path: Path) -> None:
    for name in ("a.db", "b.db"):
        assert seed(tmp_path / name, ORDERS)
    assert digest(tmp_path / "a.db") == digest(tmp_path / "b.db")
    assert digest(tmp_path / "a.db").startswith("fde08f6cb101a9e2")


def test_references_hold_and_readers_need_not_wait_for_writers(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "orders.db"
    seed(path, ORDERS)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert count_orders(path) == ORDERS


def test_a_complete_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    seed(path, ORDERS)
    before = path.stat()
    assert not seed(path, ORDERS)
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    with pytest.raises(SeedError, match="holds 300 orders, not 301"):
        seed(path, ORDERS + 1)


def test_something_else_under_that_name_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    path.write_text("a letter to a friend")
    with pytest.raises(SeedError, match="no readable orders database"):
        seed(path, ORDERS)
    assert path.read_text() == "a letter to a friend"


def test_an_interrupted_seeding_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(seed_module, "_pick", interrupted)
        with pytest.raises(KeyboardInterrupt):
            seed(tmp_path / "orders.db", ORDERS)
    assert list(tmp_path.iterdir()) == []
    assert seed(tmp_path / "orders.db", ORDERS)


def test_what_a_killed_seeding_left_goes_in_time(tmp_path: Path) -> None:
    old, young = tmp_path / "orders.db.seeding-1", tmp_path / "orders.db.seeding-2"
    for left_over in (old, young):
        left_over.write_bytes(b"half")
    os.utime(old, (0, 0))
    seed(tmp_path / "orders.db", ORDERS)
    assert not old.exists()
    assert young.exists()


def test_the_log_of_a_deleted_database_is_not_replayed(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    (tmp_path / "orders.db-wal").write_bytes(b"old")
    (tmp_path / "orders.db-shm").write_bytes(b"old")
    assert seed(path, ORDERS)
    assert list(tmp_path.iterdir()) == [path]


def test_the_first_of_two_seedings_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "orders.db"
    fill = seed_module._fill

    def fill_while_another_is_quicker(made: Path, orders: int) -> None:
        fill(made, orders)
        fill(path, orders)

    monkeypatch.setattr(seed_module, "_fill", fill_while_another_is_quicker)
    assert not seed(path, ORDERS)
    assert list(tmp_path.iterdir()) == [path]
