"""One named check: asked at most once at a time, and answered within its time limit.

A check that does not answer is not asked again until it does. A function that is not async runs in
a daemon thread of its own, so that one that hangs keeps no process from ending.
"""

import asyncio
import contextvars
import inspect
import json
import logging
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any, Callable, Literal, Optional

Status = Literal["pass", "warn", "fail"]
STATUSES = ("pass", "warn", "fail")

_log = logging.getLogger("vedette_asgi")


@dataclass(frozen=True)
class Result:
    """What a check found; what it leaves out is filled in with the time that it took.

    All of it is public: a text must name no address, account or secret.
    """

    status: Status = "pass"
    output: Optional[str] = None
    observed_value: Any = None
    observed_unit: Optional[str] = None
    time: str = field(default="", compare=False)


class Flight:
    """One run of a check, on the loop that asked for it."""

    def __init__(self, run: Callable[[], Any], *, is_async: bool, seconds: float) -> None:
        """Begin it; `seconds` is its time limit."""
        self.loop = asyncio.get_running_loop()
        self.began = self.loop.time()
        self._seconds = seconds
        self._is_async = is_async
        self.task = self.loop.create_task(run())

    def is_here(self) -> bool:
        """Whether it is under way on the running loop; that of another loop may never end."""
        return self.loop is asyncio.get_running_loop() and not self.task.done()

    async def landed(self) -> bool:
        """Wait for what is left of the limit; return whether it is done."""
        left = self.began + self._seconds - self.loop.time()
        if left > 0:
            # Who asks may be cancelled; the run goes on for the others.
            await asyncio.wait({self.task}, timeout=left)
        if not self.task.done() and self._is_async:
            self.task.cancel()
        return self.task.done()


class Check:
    """A named check and its last result."""

    def __init__(  # noqa: PLR0913 - by name, each a setting of its own
        self,
        name: str,
        function: Callable[[], Any],
        *,
        timeout: float,
        keep: float,
        critical: bool,
        component_type: Optional[str],
    ) -> None:
        """Name a function; `timeout` and `keep` are in seconds."""
        self.key = name if ":" in name else f"{name}:responseTime"
        self.critical = critical
        self.component_type = component_type
        self._function = function
        self._timeout = timeout
        self._keep = keep
        self._is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            getattr(function, "__call__", None)  # noqa: B004 - an object may be a check as well
        )
        self._flight: Optional[Flight] = None
        self._last: Optional[Result] = None
        self._kept_until = 0.0

    async def result(self) -> Result:
        """Return the last result while it may be given again, or that of a run.

        Who comes while a run is under way waits for that one.
        """
        if self._last is not None and time.monotonic() < self._kept_until:
            return self._last
        flight = self._flight
        if flight is None or not flight.is_here():
            flight = Flight(self._run, is_async=self._is_async, seconds=self._timeout)
            self._flight = flight
        if not await flight.landed() or flight.task.cancelled():
            return Result("fail", f"no answer within {self._timeout:g} s", time=_now())
        found: Result = flight.task.result()
        return found

    async def _run(self) -> Result:
        began = time.monotonic()
        try:
            answer = await (self._function() if self._is_async else _in_thread(self._function))
            found = _read(answer)
            # What cannot be sent is the check's fault, and no error of the answer.
            json.dumps([found.observed_value, found.observed_unit, found.output], allow_nan=False)
        except Exception as error:  # noqa: BLE001 - a check that raises is a failure, and no error
            _log.warning("the check %s failed", self.key, exc_info=True)
            # The text of an error may hold an address or a password.
            found = Result("fail", type(error).__name__)
        took = time.monotonic() - began
        if found.observed_value is None:
            found = replace(found, observed_value=round(took * 1000, 1), observed_unit="ms")
        found = replace(found, time=_now())
        if took <= self._timeout:
            self._last, self._kept_until = found, time.monotonic() + self._keep
        return found


def _read(answer: Any) -> Result:
    if isinstance(answer, Result) and answer.status in STATUSES:
        return answer
    if answer is None or answer is True:
        return Result()
    if answer is False:
        return Result("fail")
    raise TypeError(f"a check returns None, a bool or a Result, not {answer!r}")


async def _in_thread(function: Callable[[], Any]) -> Any:
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def settle(settle_with: Callable[[Any], None], value: Any) -> None:
        if not answered.done():
            settle_with(value)

    def work() -> None:
        try:
            settled = (answered.set_result, context.run(function))
        except BaseException as error:  # noqa: BLE001 - whatever ends a thread is the check's answer
            settled = (answered.set_exception, _raisable(error))
        try:
            loop.call_soon_threadsafe(settle, *settled)
        except RuntimeError:
            # The loop was closed meanwhile, and nobody waits.
            _log.debug("a check ended after its loop")

    threading.Thread(target=work, name="vedette-check", daemon=True).start()
    answer = await answered
    return await answer if inspect.isawaitable(answer) else answer


def _raisable(error: BaseException) -> BaseException:
    """Return an error that a future takes, and that ends no loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(type(error).__name__)


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
