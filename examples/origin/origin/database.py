"""Opens the SQLite file: read-only for requests, for writing when a migration runs."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vedette_asgi.sqlite import Connection

# A probe should learn of a locked database well before its own time is up.
READ_BUSY_SECONDS = 0.5
# A migration may wait for another writer; nobody's request hangs on it.
WRITE_BUSY_SECONDS = 10.0


def _uri(path: Path, mode: str) -> str:
    return f"{path.resolve().as_uri()}?mode={mode}"


@contextmanager
def open_for_reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database for one request, which counts what it asks; it never creates a file.

    Raises `sqlite3.Error` when the file is missing, no database, or locked for longer than
    `READ_BUSY_SECONDS` (some of these only at the first statement).
    """
    connection = sqlite3.connect(
        _uri(path, "ro"),
        uri=True,
        timeout=READ_BUSY_SECONDS,
        isolation_level=None,
        factory=Connection,
    )
    connection.row_factory = sqlite3.Row
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def open_for_writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an existing database to change it, in autocommit; it never creates a missing file."""
    connection = sqlite3.connect(
        _uri(path, "rw"), uri=True, timeout=WRITE_BUSY_SECONDS, isolation_level=None
    )
    try:
        yield connection
    finally:
        connection.close()
