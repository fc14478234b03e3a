"""Lets a service that still serves say that it is shutting down: holds SIGTERM for a while.

Servers hear of SIGTERM first, close their doors, and tell the application when its last answer is
given: too late for it to say anything. A second signal is not held.
"""

import asyncio
import signal
import threading
from types import FrameType
from typing import Any, Callable, Optional

from vedette_asgi._guard import guarded


class Drain:
    """Holds SIGTERM for `seconds`; 0 leaves it alone."""

    def __init__(self, seconds: float, begins: Callable[[], None]) -> None:
        """Call `begins` as soon as the signal has come."""
        self._seconds = seconds
        self._begins = begins
        self._next: Any = None
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._is_held = False

    @guarded
    def install(self) -> None:
        """Step before the server's own handler, if it has one, and this is the main thread.

        What listens otherwise (`loop.add_signal_handler`) hears the signal at once, as before.
        """
        if not self._seconds or threading.current_thread() is not threading.main_thread():
            return
        handler = signal.getsignal(signal.SIGTERM)
        if callable(handler) and self._next is None:
            self._next = handler
            self._loop = asyncio.get_running_loop()
            signal.signal(signal.SIGTERM, self._hear)

    @guarded
    def remove(self) -> None:
        """Step aside, unless somebody has taken the place meanwhile."""
        if self._next is not None and signal.getsignal(signal.SIGTERM) == self._hear:
            signal.signal(signal.SIGTERM, self._next)
        self._next = None

    def _hear(self, number: int, frame: Optional[FrameType]) -> None:
        if self._is_held or self._loop is None or self._loop.is_closed():
            self._pass_on(number, frame)
            return
        self._is_held = True
        self._begins()
        self._loop.call_soon_threadsafe(
            self._loop.call_later, self._seconds, self._pass_on, number, None
        )

    def _pass_on(self, number: int, frame: Optional[FrameType]) -> None:
        if self._next is not None:
            self._next(number, frame)
