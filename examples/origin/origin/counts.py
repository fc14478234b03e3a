"""Counts requests by method and path and by vantage, in bounded memory."""

from collections import Counter

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

MAX_NAMES = 128
MAX_NAME_CHARACTERS = 120
OTHER = "(other)"
VANTAGE_HEADER = "Vedette-Vantage"


class RequestCounts:
    """Two tallies; names past the first `MAX_NAMES` of a tally share one line."""

    def __init__(self) -> None:
        """Start at zero."""
        self._requests: Counter[str] = Counter()
        self._vantages: Counter[str] = Counter()

    def add(self, request: str, vantage: str) -> None:
        """Count one request under its `METHOD /path` and its vantage ("" when it names none)."""
        self._count(self._requests, request)
        self._count(self._vantages, vantage or "(none)")

    def as_dict(self) -> dict[str, dict[str, int]]:
        """Return both tallies, the most frequent first."""
        return {
            "requests": dict(self._requests.most_common()),
            "vantages": dict(self._vantages.most_common()),
        }

    @staticmethod
    def _count(tally: "Counter[str]", name: str) -> None:
        name = name[:MAX_NAME_CHARACTERS]
        if name not in tally and len(tally) >= MAX_NAMES:
            name = OTHER
        tally[name] += 1


class CountingMiddleware:
    """Counts each request, whatever becomes of it further in."""

    def __init__(self, app: ASGIApp, counts: RequestCounts) -> None:
        """Wrap `app`."""
        self._app = app
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count one request and pass it on."""
        if scope["type"] == "http":
            vantage = Headers(scope=scope).get(VANTAGE_HEADER, "")
            self._counts.add(f"{scope['method']} {scope['path']}", vantage)
        await self._app(scope, receive, send)
