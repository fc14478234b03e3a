"""Makes the service misbehave on demand, so that a probe has something true to find.

The switch and its middleware live on the event loop's one thread, so they need no lock.
"""

import asyncio
import ipaddress
import socket
import struct
from typing import Annotated, Any, Literal, Optional, Union

from fastapi import APIRouter, Body
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from origin.cache import ResponseCache
from origin.counts import VANTAGE_HEADER

PATH = "/misbehave"
# Where the server puts the connection's transport: ASGI itself cannot break a connection.
TRANSPORT_EXTENSION = "origin.transport"
_NO_DATABASE_KEY = "no_database"

_NO_BODY_STATUSES = {204, 205, 304}
_FORWARDING_HEADERS = ("forwarded", "x-forwarded-for", "cf-connecting-ip")
_WRONG_BODY = "<!doctype html><title>Back soon</title><p>We are improving our shop for you.</p>\n"
_PROMISED_BYTES = 4096
_TRUNCATED_BODY = b'{"status":"pa'


def _can_misbehave(path: str) -> str:
    if path == PATH:
        raise ValueError(f"{PATH} itself always behaves")
    return path


_PathFilter = Annotated[
    str, StringConstraints(pattern=r"^/", max_length=200), AfterValidator(_can_misbehave)
]
_VantageFilter = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=120)
]


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Misbehaviour(_Order):
    """What every mode but `ok` and `cache` may be narrowed to."""

    paths: Optional[list[_PathFilter]] = Field(default=None, min_length=1, max_length=32)
    vantages: Optional[list[_VantageFilter]] = Field(default=None, min_length=1, max_length=32)
    times: Optional[int] = Field(default=None, ge=1, le=1_000_000)


class Behave(_Order):
    """Answer honestly; the cache stays as it is."""

    mode: Literal["ok"]


class AnswerStatus(_Misbehaviour):
    """Answer with a status of choice."""

    mode: Literal["status"]
    status: int = Field(ge=200, le=599)


class Slow(_Misbehaviour):
    """Wait `delay_ms` milliseconds, then answer honestly."""

    mode: Literal["slow"]
    delay_ms: int = Field(ge=1, le=600_000)


class Simple(_Misbehaviour):
    """The modes that need no parameter."""

    mode: Literal["hang", "wrong-body", "redirect-loop", "truncate", "reset", "no-database"]


class SwitchCache(_Order):
    """Keep answers for `ttl_s` seconds from now on; 0 switches the cache off."""

    mode: Literal["cache"]
    ttl_s: float = Field(ge=0, le=86_400, allow_inf_nan=False)


Misbehaviour = Union[Behave, AnswerStatus, Slow, Simple]
BEHAVE = Behave(mode="ok")


class Switch:
    """The present misbehaviour, how often it is still due, and the requests it holds."""

    def __init__(self) -> None:
        """Start out well behaved."""
        self._now: Misbehaviour = BEHAVE
        self._remaining: Optional[int] = None
        self._held: set[asyncio.Future[None]] = set()
        self.stopping = False

    def set(self, misbehaviour: Misbehaviour) -> None:
        """Misbehave so from the next request on; requests held until now are answered."""
        self._now = misbehaviour
        self._remaining = getattr(misbehaviour, "times", None)
        self._release()

    def stop(self) -> None:
        """Drop the held requests and hold no more, since the server shuts down."""
        self.stopping = True
        self._release()

    def as_dict(self) -> dict[str, Any]:
        """Return the state as `GET /misbehave` shows it."""
        return {
            **self._now.model_dump(exclude_none=True),
            "remaining": self._remaining,
            "held": len(self._held),
        }

    def due(self, path: str, vantage: str) -> Misbehaviour:
        """Return how to treat this request, and count it when it is due for misbehaviour."""
        now = self._now
        if isinstance(now, Behave) or self._remaining == 0:
            return BEHAVE
        if now.paths is not None and path not in now.paths:
            return BEHAVE
        if now.vantages is not None and vantage.strip().lower() not in now.vantages:
            return BEHAVE
        if self._remaining is not None:
            self._remaining -= 1
        return now

    async def hold(self, receive: Receive, seconds: Optional[float]) -> bool:
        """Wait until released, or for `seconds`; return whether an answer is still wanted."""
        if self.stopping:
            return False
        released = asyncio.get_running_loop().create_future()
        left = asyncio.ensure_future(_client_left(receive))
        self._held.add(released)
        try:
            await asyncio.wait(
                {released, left}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            return not (left.done() or self.stopping)
        finally:
            self._held.discard(released)
            left.cancel()

    def _release(self) -> None:
        for released in self._held:
            if not released.done():
                released.set_result(None)


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _reset_connection(transport: asyncio.Transport) -> None:
    # Lingering for no time at all is what makes closing send RST instead of FIN.
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    transport.abort()


def _is_local(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if any(name in headers for name in _FORWARDING_HEADERS):
        # A tunnel or proxy on this machine connects from loopback for a client that is elsewhere.
        return False
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


def has_no_database(scope: Scope) -> bool:
    """Return whether this request is to find no database."""
    return bool(scope.get("state", {}).get(_NO_DATABASE_KEY, False))


class MisbehaveMiddleware:
    """Does to a request what the switch says, and keeps strangers from the switch."""

    def __init__(self, app: ASGIApp, switch: Switch) -> None:
        """Wrap `app`."""
        self._app = app
        self._switch = switch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Treat one request as it is due."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] != PATH:
            vantage = Headers(scope=scope).get(VANTAGE_HEADER, "")
            due = self._switch.due(scope["path"], vantage)
            await self._treat(due, scope, receive, send)
        elif _is_local(scope):
            await self._app(scope, receive, send)
        else:
            refusal = {"detail": f"{PATH} is for clients on this machine only"}
            await JSONResponse(refusal, status_code=403)(scope, receive, send)

    async def _treat(self, due: Misbehaviour, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _answer(due, scope)
        if answer is not None:
            await answer(scope, receive, send)
        elif due.mode in {"hang", "slow"}:
            await self._hold(due, scope, receive, send)
        elif due.mode in {"truncate", "reset"}:
            await _break_off(due.mode, scope, receive, send)
        else:
            scope.setdefault("state", {})[_NO_DATABASE_KEY] = due.mode == "no-database"
            await self._app(scope, receive, send)

    async def _hold(self, due: Misbehaviour, scope: Scope, receive: Receive, send: Send) -> None:
        seconds = due.delay_ms / 1000 if isinstance(due, Slow) else None
        if await self._switch.hold(receive, seconds):
            # Waiting has used up the request's body; nothing that can be held reads one.
            await self._app(scope, receive, send)
        elif self._switch.stopping:
            scope["extensions"][TRANSPORT_EXTENSION].abort()
            await _client_left(receive)


def _answer(due: Misbehaviour, scope: Scope) -> Optional[Response]:
    if isinstance(due, AnswerStatus):
        if due.status in _NO_BODY_STATUSES:
            return Response(status_code=due.status)
        return JSONResponse({"detail": f"misbehaving: {due.status}"}, status_code=due.status)
    if due.mode == "wrong-body":
        return HTMLResponse(_WRONG_BODY)
    if due.mode == "redirect-loop":
        # Two slashes at the start would name another host.
        location = "/" + scope["raw_path"].decode("ascii").lstrip("/")
        if scope["query_string"]:
            location += "?" + scope["query_string"].decode("ascii")
        return Response(status_code=302, headers={"Location": location})
    return None


async def _break_off(mode: str, scope: Scope, receive: Receive, send: Send) -> None:
    transport = scope["extensions"][TRANSPORT_EXTENSION]
    if mode == "truncate":
        headers = [
            (b"content-type", b"application/health+json"),
            (b"content-length", str(_PROMISED_BYTES).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _TRUNCATED_BODY, "more_body": True})
        # Sends what is written, and then ends the connection.
        transport.close()
    else:
        _reset_connection(transport)
    # Returning before the server has noticed would make it answer 500.
    await _client_left(receive)


def router(switch: Switch, cache: ResponseCache) -> APIRouter:
    """Return the endpoints that read and set the switch."""
    routes = APIRouter()

    def state() -> JSONResponse:
        shown = {**switch.as_dict(), "cache_ttl_s": cache.ttl_s}
        return JSONResponse(shown, headers={"Cache-Control": "no-store"})

    @routes.get(PATH)
    async def show() -> JSONResponse:
        """Show the present misbehaviour and the cache's seconds."""
        return state()

    @routes.post(PATH)
    async def command(
        order: Annotated[Union[Misbehaviour, SwitchCache], Body(discriminator="mode")],
    ) -> JSONResponse:
        """Misbehave from the next request on, or switch the cache."""
        if isinstance(order, SwitchCache):
            cache.switch(order.ttl_s)
        else:
            switch.set(order)
        return state()

    @routes.delete(PATH)
    async def reset() -> JSONResponse:
        """Behave again, with the cache as it was at the start; answer the held requests."""
        switch.set(BEHAVE)
        cache.reset()
        return state()

    return routes
