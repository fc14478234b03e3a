"""Writes the log line of one request: a JSON object in ASCII, whatever the client sent."""

import json
import logging
import re
from datetime import datetime, timezone
from typing import Any, Optional

from vedette_asgi.tally import Tally, has_source

requests_log = logging.getLogger("vedette_asgi.requests")

# Of Trace Context (https://www.w3.org/TR/trace-context/, 3.2.2): version ff and ids of zeros are
# invalid; a later version may have more behind the flags.
_TRACEPARENT = re.compile(rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-..")
_LONGEST_METHOD = 32


def to_logger(line: str) -> None:
    """Write a line to the logger `vedette_asgi.requests`, at INFO."""
    requests_log.info("%s", line)


def trace_id(traceparent: Optional[bytes]) -> Optional[str]:
    """Return the trace id of a `traceparent` that is valid."""
    found = traceparent and _TRACEPARENT.match(traceparent)
    return found.group(2).decode() if found else None


class Line:
    """What is known of an answer when it is over."""

    __slots__ = ("error", "method", "route", "seconds", "status", "tally", "traceparent")

    def __init__(self, method: str, traceparent: Optional[bytes], tally: Tally) -> None:
        """Begin a line; what is not known yet is null."""
        self.method = method
        self.traceparent = traceparent
        self.tally = tally
        self.route: Optional[str] = None
        self.status: Optional[int] = None
        self.seconds = 0.0
        self.error: Optional[str] = None

    def __str__(self) -> str:
        """Return the line."""
        tally, counts = self.tally, has_source()
        cache = tally.cache
        fields: dict[str, Any] = {
            "time": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "method": self.method[:_LONGEST_METHOD],
            "route": tally.route if tally.route is not None else self.route,
            "status": self.status,
            "ms": _ms(self.seconds),
            "cache": None if cache is None else cache.word,
            "db_calls": tally.db_calls if counts else None,
            "db_ms": _ms(tally.db_seconds) if counts else None,
            "trace_id": trace_id(self.traceparent),
        }
        if self.error is not None:
            fields["error"] = self.error
        return json.dumps(fields, separators=(",", ":"))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
