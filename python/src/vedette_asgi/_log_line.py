"""Writes the log line of one request: a JSON object in ASCII, whatever the client sent."""

import logging
import re
import time
from json.encoder import encode_basestring_ascii as quoted
from typing import Optional

from vedette_asgi._answer import Answer
from vedette_asgi.tally import has_source

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


def line_of(answer: Answer, route: Optional[str]) -> str:
    """Return the line of an answer that is over; `route` where the application has not said it."""
    tally = answer.tally
    if tally.route is not None:
        route = tally.route
    cache = None if tally.cache is None else tally.cache.word
    status = "null" if answer.status is None else f"{answer.status:d}"
    calls, took = "null", "null"
    if has_source():
        calls, took = f"{tally.db_calls:d}", f"{tally.db_seconds * 1000:.1f}"
    error = "" if answer.error is None else f',"error":{quoted(answer.error)}'
    # By hand: `json.dumps` takes as long as all the rest of a request's counting.
    return (
        f'{{"time":"{_now()}","method":{quoted(answer.method[:_LONGEST_METHOD])},'
        f'"route":{_text(route)},"status":{status},"ms":{answer.seconds * 1000:.1f},'
        f'"cache":{_text(cache)},"db_calls":{calls},"db_ms":{took},'
        f'"trace_id":{_text(trace_id(answer.traceparent))}{error}}}'
    )


def _text(text: Optional[str]) -> str:
    return "null" if text is None else quoted(text)


def _now() -> str:
    now = time.time()
    second = int(now)
    if second != _Clock.second:
        _Clock.second, _Clock.shown = (
            second,
            time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)),
        )
    return f"{_Clock.shown}.{int((now - second) * 1000):03d}Z"


class _Clock:
    """The second that was written last: most lines share theirs with others."""

    second = -1
    shown = ""
