"""Counts what asyncpg sends: `create_pool(…, connection_class=vedette_asgi.asyncpg.Connection)`.

Counted are `execute`, `executemany` (once), `fetch`, `fetchrow` and `fetchval` of a connection or
pool. Prepared statements, cursors and `copy_…` are not, nor what a pool sends to clean up.
"""

from typing import Any

import asyncpg

from vedette_asgi.tally import begin, current, finish, source_added

# Whoever imports this counts.
source_added()


class Connection(asyncpg.Connection):
    """A connection that counts its statements."""

    async def execute(self, query: str, *args: Any, **kwargs: Any) -> Any:
        """Count and run a statement, or several without arguments."""
        began = begin(query)
        try:
            return await super().execute(query, *args, **kwargs)
        finally:
            finish(began)

    async def executemany(self, command: str, *args: Any, **kwargs: Any) -> Any:
        """Count and run one statement with many rows."""
        began = begin(command)
        try:
            return await super().executemany(command, *args, **kwargs)
        finally:
            finish(began)

    async def fetch(self, query: str, *args: Any, **kwargs: Any) -> Any:
        """Count and run a statement for all of its rows."""
        began = begin(query)
        try:
            return await super().fetch(query, *args, **kwargs)
        finally:
            finish(began)

    async def fetchrow(self, query: str, *args: Any, **kwargs: Any) -> Any:
        """Count and run a statement for its first row."""
        began = begin(query)
        try:
            return await super().fetchrow(query, *args, **kwargs)
        finally:
            finish(began)

    async def fetchval(self, query: str, *args: Any, **kwargs: Any) -> Any:
        """Count and run a statement for one value."""
        began = begin(query)
        try:
            return await super().fetchval(query, *args, **kwargs)
        finally:
            finish(began)

    async def reset(self, **kwargs: Any) -> None:
        """Clean up uncounted, as no application asks for it."""
        tally = current.get()
        current.set(None)
        try:
            await super().reset(**kwargs)
        finally:
            current.set(tally)
