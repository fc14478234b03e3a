"""The migration turns a scan of all orders into a search, and back."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from origin import orders
from origin.migrate import MigrationError, listing, migrate

ADD, DROP = "add-orders-customer-index", "drop-orders-customer-index"


def plan(path: Path, statement: str) -> str:
    """Return SQLite's plan for a statement of `/orders`."""
    parameters = [1] * statement.count("?")
    with closing(sqlite3.connect(path)) as connection:
        steps = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
    return "; ".join(step[-1] for step in steps)


@pytest.mark.parametrize("statement", [orders.NEWEST_ORDERS, orders.TOTALS])
def test_a_scan_becomes_a_search_and_a_scan_again(database: Path, statement: str) -> None:
    before = plan(database, statement)
    assert "SCAN" in before
    assert "customer_id=?" not in before
    assert migrate(database, ADD)
    after = plan(database, statement)
    assert "SCAN" not in after
    assert "USING INDEX orders_customer_placed (customer_id=?)" in after
    assert "TEMP B-TREE" not in after
    assert migrate(database, DROP)
    assert plan(database, statement) == before


def test_the_other_statements_never_scan_the_orders(database: Path) -> None:
    assert "SEARCH" in plan(database, orders.CUSTOMER)


def test_a_second_time_changes_nothing(database: Path) -> None:
    assert not migrate(database, DROP)
    assert migrate(database, ADD)
    assert not migrate(database, ADD)


def test_the_list_says_what_is_in_force(database: Path) -> None:
    def in_force() -> list[str]:
        return [line.split()[0] for line in listing(database) if "in force" in line]

    assert in_force() == [DROP]
    migrate(database, ADD)
    assert in_force() == [ADD]


def test_a_missing_database_is_not_created(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    with pytest.raises(MigrationError, match="cannot migrate"):
        migrate(path, ADD)
    with pytest.raises(MigrationError, match="cannot read"):
        listing(path)
    assert not path.exists()


def test_something_else_is_not_migrated(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("a letter to a friend" * 100)
    with pytest.raises(MigrationError, match="not a database"):
        migrate(path, ADD)
