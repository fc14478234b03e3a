"""The ASGI middleware: makes visible what each answer cost, to those who may see it.

It reads no body, holds back no stream, and answers nothing itself but the health path.
"""

from hmac import compare_digest
from typing import Callable, Literal, Optional

from vedette_asgi import route, settings
from vedette_asgi._answer import Answer
from vedette_asgi._asgi import App, Receive, Scope, Send
from vedette_asgi._guard import guarded
from vedette_asgi._log_line import line_of, requests_log, to_logger
from vedette_asgi.health import Health
from vedette_asgi.tally import current

Tell = Literal["secret", "everyone", "nobody"]
WriteLine = Callable[[str], object]

_TELLS = ("secret", "everyone", "nobody")
_MARK = "vedette_asgi.counted"
_INFO = 20


class VedetteMiddleware:
    """Counts, stamps and logs the requests of `app`, and answers for its health.

    The first positional argument is all that a framework hands over; the rest is by name.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own, and has a default
        self,
        app: App,
        *,
        tell: Tell = "secret",
        secret: Optional[str] = None,
        header: str = "Vedette-Key",
        log: Optional[WriteLine] = to_logger,
        health: Optional[Health] = None,
        health_path: str = "/health",
    ) -> None:
        """Wrap `app`.

        `tell` says who is shown numbers in header fields: who sends `secret` in the field `header`
        (nobody, while there is no secret), everyone or nobody. `log` takes each log line, None for
        none. `health`, if given, answers `health_path`. Raises `ValueError` for a setting that
        cannot act.
        """
        if tell not in _TELLS:
            raise ValueError(f"tell is one of {', '.join(_TELLS)}, not {tell!r}")
        if not header or not header.isascii() or not header.replace("-", "").isalnum():
            raise ValueError(f"header names a header field, such as Vedette-Key, not {header!r}")
        if not health_path.startswith("/"):
            raise ValueError(f"health_path begins with a slash, such as /health, not {health_path}")
        self._app = app
        self._tell = tell
        self._secret = settings.secret_of(secret) if tell == "secret" else None
        self._header = header.lower().encode("ascii")
        self._vary = header.encode("ascii") if tell == "secret" else None
        self._log = log
        self._health = health
        self._health_path = health_path
        self._is_on = settings.is_on()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request, connection or lifespan."""
        kind = scope["type"]
        if kind == "http" and self._is_on and _MARK not in scope:
            await self._count(scope, receive, send)
        elif kind == "http":
            await self._pass_on(scope, receive, send)
        elif kind == "lifespan" and self._health is not None:
            await self._health.follow_lifespan(self._app, scope, receive, send)
        else:
            # A WebSocket may be begun by a task that has counted a request before.
            current.set(None)
            await self._app(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._begun(scope, send)
        if answer is None:
            await self._pass_on(scope, receive, send)
            return
        before = current.get()
        current.set(answer.tally)
        try:
            await self._pass_on(scope, receive, answer.send)
            if not answer.is_over:
                await answer.end()
        except BaseException as error:
            await answer.break_off(error)
            raise
        finally:
            current.set(before)
            if self._log is not None:
                self._write(scope, answer)

    @guarded
    def _begun(self, scope: Scope, send: Send) -> Optional[Answer]:
        scope[_MARK] = True
        # Of a field that is there twice the last one counts.
        fields = dict(scope.get("headers", ()))
        answer = Answer(scope.get("method", ""), send)
        answer.traceparent = fields.get(b"traceparent")
        answer.shows = self._may_see(fields.get(self._header))
        answer.vary = self._vary
        return answer

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._health is not None and self._is_health(scope):
            await self._health(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_health(self, scope: Scope) -> bool:
        path = scope["path"]
        return bool(path == self._health_path) or bool(
            path == scope.get("root_path", "") + self._health_path
        )

    def _may_see(self, key: Optional[bytes]) -> bool:
        if self._secret is None:
            return self._tell == "everyone"
        return key is not None and compare_digest(key, self._secret)

    @guarded
    def _write(self, scope: Scope, answer: Answer) -> None:
        if self._log is None or (self._log is to_logger and not requests_log.isEnabledFor(_INFO)):
            return
        is_health = self._health is not None and self._is_health(scope)
        self._log(line_of(answer, self._health_path if is_health else route.template(scope)))
