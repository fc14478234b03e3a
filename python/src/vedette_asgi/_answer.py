"""Follows one answer on its way out: stamps its header, and notes when it is over.

An answer that is shown no numbers passes as it is. Of one that is, the start waits for the first
piece of the body, where `Content-Length` says that the body is there: a stream that begins then is
told apart from a whole answer, whose calls are all made.
"""

from time import perf_counter
from typing import Optional

from vedette_asgi._asgi import Message, Send
from vedette_asgi._guard import guarded
from vedette_asgi._log_line import Line
from vedette_asgi.tally import Tally, has_source

# Answers without a body (RFC 9110, 15): whole with their header.
_BODILESS = {204, 205, 304}


class Answer:
    """One answer; its `send` is what the application is given."""

    def __init__(self, send: Send, line: Line, vary: Optional[bytes]) -> None:
        """Begin the clock; `vary` is what else the answer varies by, None where all see numbers."""
        self._began = perf_counter()
        self._send = send
        self.line = line
        self._vary = vary
        self._held: Optional[Message] = None
        self.shows = False
        self.is_over = False

    async def send(self, message: Message) -> None:
        """Pass a message on, the header with what is to be shown."""
        kind = message.get("type")
        if kind == "http.response.start":
            message = self._started(message) or message
            if message is self._held:
                return
        elif self._held is not None:
            await self.let_go(is_whole=kind != "http.response.body" or _is_last(message))
        if kind == "http.response.body" and _is_last(message):
            self._take_time()
        await self._send(message)

    async def let_go(self, *, is_whole: bool) -> None:
        """Send the start that waits, if one does."""
        held, self._held = self._held, None
        if held is not None:
            await self._send(self._stamped(held, is_whole=is_whole) or held)

    @guarded
    def end(self, error: Optional[BaseException] = None) -> None:
        """Note that the application has returned, or what it raised."""
        self._take_time()
        if error is not None:
            self.line.error = type(error).__name__
            if self.line.status is None and isinstance(error, Exception):
                # The server makes it one.
                self.line.status = 500

    @guarded
    def _take_time(self) -> None:
        if not self.is_over:
            self.is_over = True
            # What is done from here on is no part of the answer.
            self.line.tally.close()
            self.line.seconds = perf_counter() - self._began

    @guarded
    def _started(self, message: Message) -> Optional[Message]:
        status = message.get("status")
        self.line.status = status
        if not self.shows:
            return None
        if status not in _BODILESS and _has_length(message):
            self._held = message
            return message
        return self._stamped(message, is_whole=status in _BODILESS)

    @guarded
    def _stamped(self, message: Message, *, is_whole: bool) -> Optional[Message]:
        headers = list(message.get("headers", ()))
        tally = self.line.tally
        metrics = []
        if is_whole and has_source() and not _tells_database(headers):
            metrics.append(database_metric(tally))
        metrics.append(f"app;dur={(perf_counter() - self._began) * 1000:.1f}")
        headers.append((b"server-timing", ", ".join(metrics).encode("ascii")))
        if tally.cache is not None:
            headers.append((b"cache-status", str(tally.cache).encode("ascii")))
        if self._vary is not None:
            headers.append((b"vary", self._vary))
        return {**message, "headers": headers}


def database_metric(tally: Tally) -> str:
    """Return the metric of `Server-Timing`: milliseconds, and the count as the description."""
    return f'db;dur={tally.db_seconds * 1000:.1f};desc="{tally.db_calls}"'


def _is_last(message: Message) -> bool:
    return not message.get("more_body", False)


def _has_length(message: Message) -> bool:
    return any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))


def _tells_database(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the application tells of its database itself; two metrics would be summed."""
    for name, value in headers:
        if name.lower() == b"server-timing":
            names = (part.split(b";")[0].strip().lower() for part in value.split(b","))
            if b"db" in names:
                return True
    return False
