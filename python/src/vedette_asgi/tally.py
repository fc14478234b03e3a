"""Counts the database calls of the request that makes them.

A tally travels in a context variable: into tasks, and into threads that are given a copy of the
context (`asyncio.to_thread`, the thread pools of Starlette, Litestar and Django). A call that has
no tally, or one whose answer is already given, is left out; it is never another request's.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import Any, Optional

from vedette_asgi._guard import told

# Statements that begin or end a transaction. Drivers send them by themselves, some of them unseen,
# so that they are no calls with any driver. At most nine characters of a statement are compared.
_CONTROL = (
    *("begin", "commit", "end", "rollback", "savepoint", "release", "abort"),
    *("start tra", "prepare t"),
)
_CONTROL_CHARACTERS = 9
# Most statements are told apart by two.
_CONTROL_STARTS = frozenset(start[:2] for start in _CONTROL)


class Tally:
    """What one request has cost so far; safe in several threads."""

    __slots__ = ("_lock", "_open", "cache", "db_calls", "db_seconds", "route")

    def __init__(self) -> None:
        """Begin at nothing."""
        self._lock = threading.Lock()
        self._open = True
        self.db_calls = 0
        self.db_seconds = 0.0
        # What the application said of its response cache, and the route where only it knows it.
        self.cache: Optional[Any] = None
        self.route: Optional[str] = None

    @property
    def is_open(self) -> bool:
        """Whether the answer is still being made."""
        return self._open

    def add(self, seconds: float) -> None:
        """Count one call and its seconds, unless the answer is given."""
        with self._lock:
            if self._open:
                self.db_calls += 1
                self.db_seconds += seconds

    def add_time(self, seconds: float) -> None:
        """Add seconds to what is counted already, unless the answer is given."""
        with self._lock:
            if self._open:
                self.db_seconds += seconds

    def close(self) -> None:
        """Count nothing any more."""
        with self._lock:
            self._open = False


class _Sources:
    """Whether anything counts database calls: without it "0 calls" would be untrue."""

    are_there = False


current: ContextVar[Optional[Tally]] = ContextVar("vedette_asgi", default=None)


def source_added() -> None:
    """Note that database calls are counted in this process."""
    _Sources.are_there = True


def has_source() -> bool:
    """Return whether database calls are counted in this process."""
    return _Sources.are_there


# Those below are called for every statement: a decorator would be a third of what they cost.


def begin(statement: object = "") -> Optional[float]:
    """Return when a database call begins, for `finish`; None if it is not to be counted.

    On the clock of `time.perf_counter`.
    """
    try:
        return None if current.get() is None or is_control(statement) else perf_counter()
    except Exception:  # noqa: BLE001 - as `guarded`
        told("counting a database call")
        return None


def finish(began: Optional[float]) -> None:
    """Count a call and its time. It may have failed: it was made and took its time."""
    if began is None:
        return
    try:
        tally = current.get()
        if tally is not None:
            tally.add(perf_counter() - began)
    except Exception:  # noqa: BLE001 - as `guarded`
        told("counting a database call")


def finish_rows(began: Optional[float]) -> None:
    """Add the time that rows took of a call that is counted already."""
    if began is None:
        return
    try:
        tally = current.get()
        if tally is not None:
            tally.add_time(perf_counter() - began)
    except Exception:  # noqa: BLE001 - as `guarded`
        told("timing a database call")


@contextmanager
def database_call(statement: str = "") -> Iterator[None]:
    """Count what is done within as one database call of the present request.

    For drivers that nothing else counts. Where no request is under way it does nothing.
    """
    source_added()
    began = begin(statement)
    try:
        yield
    finally:
        finish(began)


def is_control(statement: object) -> bool:
    """Return whether a statement begins or ends a transaction, as far as it is text."""
    if not isinstance(statement, str):
        return False
    if statement[:2].lower() not in _CONTROL_STARTS and not statement[:1].isspace():
        return False
    return statement.lstrip()[:_CONTROL_CHARACTERS].lower().startswith(_CONTROL)
