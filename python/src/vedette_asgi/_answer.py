"""Follows one answer on its way out: stamps its header, and notes when it is over.

An answer that is shown no numbers passes as it is. Of one that is, the start waits for the first
piece of the body, where `Content-Length` says that the body is there: a stream that begins then is
told apart from a whole answer, whose calls are all made.
"""

from time import perf_counter
from typing import Optional

from vedette_asgi._asgi import Message, Send
from vedette_asgi._guard import guarded, told
from vedette_asgi.tally import Tally, has_source

# Answers without a body (RFC 9110, 15): whole with their header.
_BODILESS = {204, 205, 304}


class Answer:
    """One answer; its `send` is what the application is given."""

    __slots__ = (
        *("_began", "_held", "_send", "error", "is_over", "method", "seconds", "shows", "status"),
        *("tally", "traceparent", "vary"),
    )

    def __init__(self, method: str, send: Send) -> None:
        """Begin the clock; what is not known yet is None."""
        self._began = perf_counter()
        self._send = send
        self._held: Optional[Message] = None
        self.tally = Tally()
        self.method = method
        self.traceparent: Optional[bytes] = None
        self.status: Optional[int] = None
        self.seconds = 0.0
        self.error: Optional[str] = None
        self.is_over = False
        # Whether the asker is shown numbers, and by which field other askers are not.
        self.shows = False
        self.vary: Optional[bytes] = None

    async def send(self, message: Message) -> None:
        """Pass a message on, the header with what is to be shown."""
        kind = message.get("type")
        if kind == "http.response.start":
            self.status = message.get("status")
            if self.shows:
                message = self._started(message) or message
                if message is self._held:
                    return
            await self._send(message)
            return
        is_last = kind == "http.response.body" and not message.get("more_body", False)
        if self._held is not None:
            await self._let_go(is_whole=is_last or kind != "http.response.body")
        if is_last:
            self._close()
        await self._send(message)

    async def _let_go(self, *, is_whole: bool) -> None:
        held, self._held = self._held, None
        if held is not None:
            await self._send(self._stamped(held, is_whole) or held)

    async def end(self) -> None:
        """Note that the application has returned; a start that still waits goes out."""
        self._close()
        await self._let_go(is_whole=False)

    async def break_off(self, error: BaseException) -> None:
        """Note what the application has raised; a start that still waits goes out."""
        self._close()
        self.error = type(error).__name__
        if not isinstance(error, Exception):
            # It is cancelled, and sends no more.
            return
        if self.status is None:
            # The server makes it one.
            self.status = 500
        try:
            await self._let_go(is_whole=False)
        except Exception:  # noqa: BLE001 - the error of the application is the one to be raised
            told("sending the start of an answer")

    def _close(self) -> None:
        if self.is_over:
            return
        self.is_over = True
        try:
            # What is done from here on is no part of the answer.
            self.tally.close()
            self.seconds = perf_counter() - self._began
        except Exception:  # noqa: BLE001 - as `guarded`
            told("ending an answer")

    @guarded
    def _started(self, message: Message) -> Optional[Message]:
        is_bodiless = self.status in _BODILESS
        if not is_bodiless and _has_length(message):
            self._held = message
            return message
        return self._stamped(message, is_bodiless)

    @guarded
    def _stamped(self, message: Message, is_whole: bool) -> Optional[Message]:
        headers = list(message.get("headers", ()))
        tally = self.tally
        metrics = f"app;dur={(perf_counter() - self._began) * 1000:.1f}"
        if is_whole and has_source() and not _tells_database(headers):
            metrics = f"{database_metric(tally)}, {metrics}"
        headers.append((b"server-timing", metrics.encode("ascii")))
        if tally.cache is not None:
            headers.append((b"cache-status", str(tally.cache).encode("ascii")))
        if self.vary is not None:
            headers.append((b"vary", self.vary))
        return {**message, "headers": headers}


def database_metric(tally: Tally) -> str:
    """Return the metric of `Server-Timing`: milliseconds, and the count as the description."""
    return f'db;dur={tally.db_seconds * 1000:.1f};desc="{tally.db_calls}"'


def _has_length(message: Message) -> bool:
    # In lower case, says ASGI; not so Django.
    return any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))


def _tells_database(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the application tells of its database itself; two metrics would be summed."""
    for name, value in headers:
        if name.lower() == b"server-timing":
            names = (part.split(b";")[0].strip().lower() for part in value.split(b","))
            if b"db" in names:
                return True
    return False
