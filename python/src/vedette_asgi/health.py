"""Answers for the service's health: checks → `application/health+json`, 200 or 503.

The format is draft-inadarei-api-health-check-06. An answer is never for a cache to keep, and a text
of an error is never in it.
"""

import asyncio
import json
from typing import Any, Callable, Optional, TypeVar

from vedette_asgi._asgi import App, Message, Receive, Scope, Send
from vedette_asgi._check import Check, Result
from vedette_asgi._drain import Drain

_Function = TypeVar("_Function", bound=Callable[[], Any])

_METHODS = ("GET", "HEAD")
_LONGEST_SECONDS = 3600.0


class Health:
    """Named checks, and an ASGI application that answers with what they find.

    Mount it at a path, or hand it to the middleware.
    """

    def __init__(
        self, *, service_id: str = "", release_id: str = "", keep: float = 1.0, drain: float = 0.0
    ) -> None:
        """Begin without checks.

        `keep` is the seconds for which a result is given again, 0 for none. `drain` is the seconds
        between SIGTERM, from which on the answer is `fail`, and the server's hearing of it; 0
        leaves the signal alone. Raises `ValueError` beyond 0 to an hour.
        """
        self._service_id = service_id
        self._release_id = release_id
        self._keep = _seconds("keep", keep)
        self._checks: list[Check] = []
        self._is_shutting_down = False
        self._drain = Drain(_seconds("drain", drain), self.shut_down)

    def check(
        self,
        name: str,
        *,
        timeout: float = 1.0,
        critical: bool = True,
        component_type: Optional[str] = None,
    ) -> Callable[[_Function], _Function]:
        """Return a decorator that adds a function as a check.

        The function takes nothing, may be async, and returns None, a bool or a `Result`; one that
        raises, or does not answer within `timeout` seconds, fails. One that is not `critical`
        makes the service `warn` where it fails. Raises `ValueError` for a name that is taken.
        """

        def add(function: _Function) -> _Function:
            made = Check(
                name,
                function,
                timeout=_seconds("timeout", timeout),
                keep=self._keep,
                critical=critical,
                component_type=component_type,
            )
            if any(known.key == made.key for known in self._checks):
                raise ValueError(f"there is a check {name!r} already: name each by what it asks")
            self._checks.append(made)
            return function

        return add

    def shut_down(self) -> None:
        """Answer `fail` from now on, and ask no check."""
        self._is_shutting_down = True

    async def document(self) -> dict[str, Any]:
        """Return what the answer says now."""
        if self._is_shutting_down:
            return {**self._head("fail"), "output": "shutting down"}
        results = await asyncio.gather(*(check.result() for check in self._checks))
        found = list(zip(self._checks, results))
        checks = {check.key: [_shown(check, result)] for check, result in found}
        return {**self._head(_worst(found)), "checks": checks}

    def _head(self, status: str) -> dict[str, Any]:
        head = {"status": status, "ok": status != "fail"}
        named = {"releaseId": self._release_id, "serviceId": self._service_id}
        return {**head, **{name: text for name, text in named.items() if text}}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a WebSocket is refused."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        elif scope["method"] not in _METHODS:
            await _answer(send, 405, [(b"allow", ", ".join(_METHODS).encode())], b"")
        else:
            document = await self.document()
            body = json.dumps(document, separators=(",", ":")).encode()
            headers = [(b"content-type", b"application/health+json")]
            is_head = scope["method"] == "HEAD"
            await _answer(send, 200 if document["ok"] else 503, headers, body, is_head=is_head)

    async def follow_lifespan(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the lifespan on to `app`, and note on the way when the service shuts down.

        In place of an application that has none, such as Django's, it is answered here.
        """
        is_heard = False

        async def heard() -> Message:
            nonlocal is_heard
            is_heard = True
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self._drain.remove()
                self.shut_down()
            return message

        async def said(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._drain.install()
            await send(message)

        try:
            await app(scope, heard, said)
        except Exception:
            if is_heard:
                raise
            await _live(heard, said)


async def _live(receive: Receive, send: Send) -> None:
    for step in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{step}.complete"})


def _seconds(name: str, seconds: float) -> float:
    if not 0 <= seconds <= _LONGEST_SECONDS:
        raise ValueError(f"{name} is 0 to {_LONGEST_SECONDS:g} seconds, not {seconds}")
    return float(seconds)


def _worst(found: list[tuple[Check, Result]]) -> str:
    statuses = {
        "warn" if result.status == "fail" and not check.critical else result.status
        for check, result in found
    }
    return next((status for status in ("fail", "warn") if status in statuses), "pass")


def _shown(check: Check, result: Result) -> dict[str, Any]:
    shown = {
        "componentType": check.component_type,
        "observedValue": result.observed_value,
        "observedUnit": result.observed_unit,
        "status": result.status,
        "time": result.time,
        "output": result.output,
    }
    return {name: value for name, value in shown.items() if value is not None}


async def _answer(
    send: Send,
    status: int,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    *,
    is_head: bool = False,
) -> None:
    length = [(b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": b"" if is_head else body})
