"""Counts what psycopg 3 sends: `connect(…, cursor_factory=vedette_asgi.psycopg.Cursor)`.

`AsyncCursor` is for `AsyncConnection`; pools take either in `kwargs`. Many rows at once
(`executemany`) are one call; `copy` and `stream` are not counted.
"""

from typing import Any

import psycopg

from vedette_asgi.tally import begin, finish, source_added

# Whoever imports this counts.
source_added()


class Cursor(psycopg.Cursor):
    """A cursor that counts its statements."""

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> "Cursor":
        """Count and run one statement."""
        began = begin(query)
        try:
            super().execute(query, *args, **kwargs)
        finally:
            finish(began)
        return self

    def executemany(self, query: Any, *args: Any, **kwargs: Any) -> None:
        """Count and run one statement with many rows."""
        began = begin(query)
        try:
            super().executemany(query, *args, **kwargs)
        finally:
            finish(began)


class AsyncCursor(psycopg.AsyncCursor):
    """The same for an asynchronous connection."""

    async def execute(self, query: Any, *args: Any, **kwargs: Any) -> "AsyncCursor":
        """Count and run one statement."""
        began = begin(query)
        try:
            await super().execute(query, *args, **kwargs)
        finally:
            finish(began)
        return self

    async def executemany(self, query: Any, *args: Any, **kwargs: Any) -> None:
        """Count and run one statement with many rows."""
        began = begin(query)
        try:
            await super().executemany(query, *args, **kwargs)
        finally:
            finish(began)
