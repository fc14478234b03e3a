"""Named changes to the database that run while the service serves from it."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from origin.database import open_for_writing

_INDEX = "orders_customer_placed"


class MigrationError(Exception):
    """The change cannot be made; the message is one sentence for the user."""


@dataclass(frozen=True)
class Migration:
    """One change: what it is for, its statement, and whether it leaves the index in place."""

    purpose: str
    statement: str
    leaves_index: bool


MIGRATIONS = {
    "add-orders-customer-index": Migration(
        "find a customer's orders without reading the whole table",
        f"CREATE INDEX IF NOT EXISTS {_INDEX} ON orders (customer_id, placed_at DESC)",
        leaves_index=True,
    ),
    "drop-orders-customer-index": Migration(
        "take that index away again",
        f"DROP INDEX IF EXISTS {_INDEX}",
        leaves_index=False,
    ),
}


def _has_index(connection: sqlite3.Connection) -> bool:
    found = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?", (_INDEX,)
    )
    return found.fetchone() is not None


def listing(path: Path) -> list[str]:
    """Return one line a migration: its name, whether it is in force, what it is for."""
    try:
        with open_for_writing(path) as connection:
            indexed = _has_index(connection)
    except sqlite3.Error as error:
        raise MigrationError(f"cannot read {path}: {error}") from error
    return [
        f"{name:<28} {'in force' if migration.leaves_index == indexed else '-':<9} "
        f"{migration.purpose}"
        for name, migration in MIGRATIONS.items()
    ]


def migrate(path: Path, name: str) -> bool:
    """Make the named change; return whether it changed anything.

    Raises `MigrationError` when the database is missing, broken, or locked for too long.
    """
    migration = MIGRATIONS[name]
    try:
        with open_for_writing(path) as connection:
            changes = _has_index(connection) != migration.leaves_index
            connection.execute(migration.statement)
    except sqlite3.Error as error:
        raise MigrationError(f"cannot migrate {path}: {error}") from error
    return changes
