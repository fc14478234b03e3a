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
from typing import Any, NamedTuple, Optional

from vedette_asgi._guard import guarded

# Statements that begin or end a transaction. Drivers send them by themselves, some of them unseen,
# so that they are no calls with any driver. At most nine characters of a statement are compared.
_CONTROL = (
    *("begin", "commit", "end", "rollback", "savepoint", "release", "abort"),
    *("start tra", "prepare t"),
)
_CONTROL_CHARACTERS = 9


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

    def count(self) -> bool:
        """Count one call, unless the answer is given; return whether it was counted."""
        with self._lock:
            if self._open:
                self.db_calls += 1
            return self._open

    def take(self, seconds: float) -> None:
        """Add the seconds that a counted call took, unless the answer is given."""
        with self._lock:
            if self._open:
                self.db_seconds += seconds

    def close(self) -> None:
        """Count nothing any more."""
        with self._lock:
            self._open = False


class Call(NamedTuple):
    """A database call under way; `began` is in seconds of `time.perf_counter`."""

    tally: Tally
    began: float


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


@guarded
def begin(statement: object = "") -> Optional[Call]:
    """Count a database call that is about to be made; None if it is not to be counted."""
    tally = current.get()
    if tally is None or _is_control(statement) or not tally.count():
        return None
    return Call(tally, perf_counter())


@guarded
def finish(call: Optional[Call]) -> None:
    """Add the time of a call, which may have failed: it was made and took its time."""
    if call is not None:
        call.tally.take(perf_counter() - call.began)


@guarded
def resume() -> Optional[Call]:
    """Time more of a call that is counted already, such as fetching its rows."""
    tally = current.get()
    return None if tally is None or not tally.is_open else Call(tally, perf_counter())


@contextmanager
def database_call(statement: str = "") -> Iterator[None]:
    """Count what is done within as one database call of the present request.

    For drivers that nothing else counts. Where no request is under way it does nothing.
    """
    source_added()
    call = begin(statement)
    try:
        yield
    finally:
        finish(call)


def _is_control(statement: object) -> bool:
    if not isinstance(statement, str):
        return False
    return statement.lstrip()[:_CONTROL_CHARACTERS].lower().startswith(_CONTROL)
