"""Checks the service's health: one real query of the database."""

import sqlite3
from pathlib import Path

from starlette.types import Receive, Scope, Send
from vedette_asgi import Health, Result

from origin import __version__, orders
from origin.database import open_for_reading
from origin.misbehave import has_no_database


def absent(database: Path) -> Path:
    """Return where no database is: what asks there fails as if the file had been deleted."""
    return database.with_name(f"{database.name}.absent")


def health_of(name: str, database: Path) -> Health:
    """Return the health of an instance called `name`, as a query of `database` finds it."""
    # A probe is answered from a query of its own, and never from one of a second ago.
    health = Health(service_id=name, release_id=__version__, keep=0)

    @health.check("database", component_type="datastore")
    def orders_can_be_read() -> Result:
        try:
            with open_for_reading(database) as connection:
                found = orders.rows(connection, orders.HEALTH)
        except sqlite3.Error as error:
            return Result("fail", f"the database cannot be queried: {error}")
        return Result() if found else Result("fail", "the database holds no orders")

    return health


class HealthEndpoint:
    """Answers `/health`, also for who is to see a service without its database."""

    def __init__(self, name: str, database: Path) -> None:
        """Check `database`, for an instance called `name`."""
        self._honest = health_of(name, database)
        self._without = health_of(name, absent(database))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        health = self._without if has_no_database(scope) else self._honest
        await health(scope, receive, send)
