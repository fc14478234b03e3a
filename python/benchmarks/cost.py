"""Measures what the package costs a request: the same service with it and without, in turns.

Everything runs on one thread and in process, so that what is left between the two is the package.
A round sends as many requests to each, the order turned round each time, and takes the CPU time of
the thread. A cost is the difference of the fastest rounds: what slower ones add is other work of
the machine, in its caches. The median of the differences within each round stands beside it. The
last lines are `name: figure`.
"""

import argparse
import asyncio
import os
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from statistics import median
from time import thread_time_ns
from typing import Any, Callable, NamedTuple

from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import vedette_asgi.sqlalchemy
import vedette_asgi.sqlite
from vedette_asgi import VedetteMiddleware

CALLS = 3
SECRET = b"0123456789abcdef"
# As many fields as a browser behind a proxy sends.
FIELDS = [
    *((f"x-field-{number}".encode(), b"value of a usual length") for number in range(12)),
    (b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
]

Work = Callable[[], None]


def by_sqlalchemy(*, counted: bool) -> Work:
    """Return what asks by SQLAlchemy."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    if counted:
        vedette_asgi.sqlalchemy.instrument(engine)
    statement = text("SELECT 1")

    def work() -> None:
        with engine.connect() as connection:
            for _ in range(CALLS):
                connection.execute(statement).all()

    return work


def by_sqlite(*, counted: bool) -> Work:
    """Return what asks by the standard library."""
    factory = vedette_asgi.sqlite.Connection if counted else sqlite3.Connection

    def work() -> None:
        with closing(sqlite3.connect(":memory:", factory=factory)) as connection:
            for _ in range(CALLS):
                connection.execute("SELECT 1").fetchall()

    return work


def nothing(**_: bool) -> Work:
    """Return what asks nothing."""
    return lambda: None


def service(work: Work) -> Starlette:
    """Return a service that does its work and answers."""

    async def answer(_: Request) -> JSONResponse:
        work()
        return JSONResponse({"status": "done"})

    return Starlette(routes=[Route("/things/{id}", answer)])


async def sent(app: Any, times: int, fields: Sequence[tuple[bytes, bytes]]) -> float:
    """Send requests one after the other; return the µs that each took."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Any) -> None:
        pass

    before = thread_time_ns()
    for _ in range(times):
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/things/7",
            "raw_path": b"/things/7",
            "root_path": "",
            "query_string": b"",
            "headers": fields,
        }
        await app(scope, receive, send)
    return (thread_time_ns() - before) / times / 1000


class Cost(NamedTuple):
    """What the package adds to a request, in µs."""

    fastest: float
    median: float


def cost(kind: Callable[..., Work], options: argparse.Namespace, *, told: bool) -> Cost:
    """Return what the package adds to a request."""
    without = service(kind(counted=False))
    with open(os.devnull, "w", encoding="ascii") as null:  # noqa: PTH123 - no file of anybody's

        def written(line: str) -> None:
            null.write(f"{line}\n")
            null.flush()

        log = written if told else None
        inner = service(kind(counted=True))
        app = VedetteMiddleware(inner, secret=SECRET.decode(), log=log)
        fields = [*FIELDS, (b"vedette-key", SECRET)] if told else FIELDS
        return asyncio.run(compared(app, without, options, fields))


async def compared(
    app: Any, without: Any, options: argparse.Namespace, fields: list[tuple[bytes, bytes]]
) -> Cost:
    """Return what one costs more than the other, after a round that does not count."""
    taken: tuple[list[float], list[float]] = ([], [])
    both = list(zip((app, without), taken))
    for number in range(options.rounds + 1):
        for one, times in both if number % 2 else reversed(both):
            times.append(await sent(one, options.requests, fields))
    rounds = list(zip(*(times[1:] for times in taken)))
    fastest, fastest_without = (min(times) for times in zip(*rounds))
    return Cost(fastest - fastest_without, median(one - other for one, other in rounds))


def main() -> int:
    """Print each cost."""
    parser = argparse.ArgumentParser(description="What vedette-asgi costs a request.")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--requests", type=int, default=20, help="in a round, with and without")
    options = parser.parse_args()
    shown = {
        f"asgi {CALLS} calls by SQLAlchemy": (by_sqlalchemy, True),
        f"asgi {CALLS} calls by sqlite3": (by_sqlite, True),
        "asgi no call": (nothing, True),
        f"asgi {CALLS} calls by SQLAlchemy, nobody told, no log": (by_sqlalchemy, False),
        "asgi noise, without against without": None,
    }
    for name, what in shown.items():
        if what is None:
            one, other = service(nothing()), service(nothing())
            found = asyncio.run(compared(one, other, options, FIELDS))
        else:
            found = cost(what[0], options, told=what[1])
        print(f"{name}: {found.fastest:.1f} µs a request (median {found.median:.1f})", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
