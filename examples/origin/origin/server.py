"""Serves the application with uvicorn: quiet, prompt to stop, able to break connections."""

import asyncio
import os
import socket
from typing import Any, Optional

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from origin.app import Origin, Settings, create
from origin.misbehave import TRANSPORT_EXTENSION, Switch

_BACKLOG = 512
_LAST_ANSWERS_SECONDS = 3


class ListenError(Exception):
    """The port cannot be had; the message is one sentence for the user."""


class _Protocol(H11Protocol):
    """Hands each request the transport of its connection, as an ASGI extension."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        inner = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[TRANSPORT_EXTENSION] = transport
            await inner(scope, receive, send)

        self.app = with_transport


class _Server(uvicorn.Server):
    """Says one line when it listens, and lets go of held requests before it stops."""

    def __init__(self, config: uvicorn.Config, ready: str, switch: Switch) -> None:
        super().__init__(config)
        self._ready = ready
        self._switch = switch

    async def startup(self, sockets: Optional[list[socket.socket]] = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self._ready, flush=True)

    async def shutdown(self, sockets: Optional[list[socket.socket]] = None) -> None:
        self._switch.stop()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket (port 0: any free one); raises `ListenError`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ListenError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        raise ListenError(f"cannot listen on {host}:{port}: {reason}") from error
    return listener


def serve(settings: Settings, listener: socket.socket) -> bool:
    """Serve until SIGTERM or SIGINT; return whether it came to serving at all."""
    origin: Origin = create(settings)
    host, port = listener.getsockname()[:2]
    shown_host = f"[{host}]" if ":" in host else host
    options: dict[str, Any] = {
        "http": _Protocol,
        "loop": "asyncio",
        "ws": "none",
        "lifespan": "off",
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        # Whether a client is local is judged by its connection, never by what it claims.
        "proxy_headers": False,
        "timeout_graceful_shutdown": _LAST_ANSWERS_SECONDS,
    }
    server = _Server(
        uvicorn.Config(origin.asgi, **options),
        f"origin {settings.name} listens on http://{shown_host}:{port}",
        origin.switch,
    )
    try:
        server.run(sockets=[listener])
    except (KeyboardInterrupt, SystemExit):
        # uvicorn raises the stop signal a second time, after it has shut down.
        if not server.started:
            raise
    return server.started
