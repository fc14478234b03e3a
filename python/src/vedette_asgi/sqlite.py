"""Counts what `sqlite3` is asked: `sqlite3.connect(path, factory=vedette_asgi.sqlite.Connection)`.

A script (`executescript`) and many rows at once (`executemany`) are one call each. Rows that are
taken one by one in a loop add no time.
"""

import sqlite3
from typing import Any

from vedette_asgi.tally import begin, finish, finish_rows, source_added

# Whoever imports this counts.
source_added()


class Cursor(sqlite3.Cursor):
    """A cursor that counts its statements, and times their rows."""

    def execute(self, sql: str, *args: Any) -> "Cursor":
        """Count and run one statement."""
        began = begin(sql)
        try:
            super().execute(sql, *args)
        finally:
            finish(began)
        return self

    def executemany(self, sql: str, *args: Any) -> "Cursor":
        """Count and run one statement with many rows."""
        began = begin(sql)
        try:
            super().executemany(sql, *args)
        finally:
            finish(began)
        return self

    def executescript(self, script: str) -> "Cursor":
        """Count and run a script."""
        began = begin()
        try:
            super().executescript(script)
        finally:
            finish(began)
        return self

    def fetchone(self) -> Any:
        """Time one row."""
        began = begin()
        try:
            return super().fetchone()
        finally:
            finish_rows(began)

    def fetchmany(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Time some rows."""
        began = begin()
        try:
            return super().fetchmany(*args, **kwargs)
        finally:
            finish_rows(began)

    def fetchall(self) -> list[Any]:
        """Time all rows that are left."""
        began = begin()
        try:
            return super().fetchall()
        finally:
            finish_rows(began)


class Connection(sqlite3.Connection):
    """A connection whose cursors count, those of its own `execute` included."""

    def cursor(self, factory: Any = None) -> Any:
        """Return a cursor that counts, unless another factory is asked for."""
        return super().cursor(Cursor if factory is None else factory)

    # Those of `sqlite3` make a cursor of its own class, whatever `cursor` returns.

    def execute(self, sql: str, *args: Any) -> Cursor:
        """Count and run one statement."""
        made: Cursor = self.cursor()
        return made.execute(sql, *args)

    def executemany(self, sql: str, *args: Any) -> Cursor:
        """Count and run one statement with many rows."""
        made: Cursor = self.cursor()
        return made.executemany(sql, *args)

    def executescript(self, script: str) -> Cursor:
        """Count and run a script."""
        made: Cursor = self.cursor()
        return made.executescript(script)
