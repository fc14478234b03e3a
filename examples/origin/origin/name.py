"""Stamps each answer with the name of the instance that gave it."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class NameMiddleware:
    """Gives each answer `X-Origin-Name`.

    It stands outside the framework's own error handling, so that a 500 is stamped as well.
    """

    def __init__(self, app: ASGIApp, name: str) -> None:
        """Wrap `app`; `name` is what this instance calls itself."""
        self._app = app
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and stamp its answer."""

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Origin-Name"] = self._name
            await send(message)

        await self._app(scope, receive, stamped)
