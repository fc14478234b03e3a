"""As much of a PostgreSQL server as two drivers need, which counts what it is sent.

It speaks the protocol of version 3 (https://www.postgresql.org/docs/current/protocol-message-formats.html)
and answers every statement with one row of one column of type `int4`: 7.
"""

import socket
import struct
import threading
from collections import Counter
from contextlib import contextmanager
from typing import Any

_INT4 = 23


def _message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def _text(*texts: str) -> bytes:
    return b"".join(text.encode() + b"\0" for text in texts)


_DESCRIPTION = _message(
    b"T", struct.pack("!H", 1) + _text("n") + struct.pack("!IhIhih", 0, 0, _INT4, 4, -1, 0)
)
_IDLE = _message(b"Z", b"I")
_DONE = _message(b"C", _text("SELECT 1"))


def _row(*, binary: bool) -> bytes:
    value = struct.pack("!i", 7) if binary else b"7"
    return _message(b"D", struct.pack("!HI", 1, len(value)) + value)


class Postgres:
    """The server, on a free port of loopback."""

    def __init__(self, listener: socket.socket) -> None:
        """Serve on a socket."""
        self.port = listener.getsockname()[1]
        self.executed: Counter = Counter()
        self._listener = listener

    def serve(self) -> None:
        """Take connections until the socket is closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:
            try:
                self._greet(stream)
                while self._hear(stream):
                    stream.flush()
            except (OSError, struct.error):
                pass

    def _greet(self, stream: Any) -> None:
        while True:
            (length,) = struct.unpack("!I", stream.read(4))
            (code,) = struct.unpack("!I", stream.read(length - 4)[:4])
            if code == 196608:
                break
            # Neither TLS nor GSSAPI.
            stream.write(b"N")
            stream.flush()
        stream.write(_message(b"R", struct.pack("!I", 0)))
        for name, value in {
            "server_version": "16.0",
            "client_encoding": "UTF8",
            "standard_conforming_strings": "on",
            "TimeZone": "UTC",
        }.items():
            stream.write(_message(b"S", _text(name, value)))
        stream.write(_message(b"K", struct.pack("!II", 1, 1)) + _IDLE)
        stream.flush()

    def _hear(self, stream: Any) -> bool:
        kind = stream.read(1)
        if kind in (b"", b"X"):
            return False
        (length,) = struct.unpack("!I", stream.read(4))
        stream.write(self._answer(kind, stream.read(length - 4)))
        return True

    def _answer(self, kind: bytes, body: bytes) -> bytes:
        if kind == b"Q":
            self._count(body.rstrip(b"\0"))
            return _DESCRIPTION + _row(binary=False) + _DONE + _IDLE
        if kind == b"P":
            self._statement = body.split(b"\0")[1]
            return _message(b"1")
        if kind == b"D":
            parameters = _message(b"t", struct.pack("!H", 0)) if body[:1] == b"S" else b""
            return parameters + _DESCRIPTION
        if kind == b"E":
            self._count(self._statement)
            return _row(binary=self._is_binary) + _DONE
        if kind == b"B":
            self._is_binary = body[-2:] == b"\0\1"
        return {b"B": _message(b"2"), b"C": _message(b"3"), b"S": _IDLE}.get(kind, b"")

    def _count(self, statement: bytes) -> None:
        self.executed[statement.decode()] += 1


@contextmanager
def postgres():
    """Serve while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Postgres(listener)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            # Only this wakes who waits in `accept`.
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
