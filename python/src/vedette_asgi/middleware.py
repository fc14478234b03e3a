"""The ASGI middleware: makes visible what each answer cost, to those who may see it.

It reads no body, holds back no stream, and answers nothing itself but the health path.
"""

from hmac import compare_digest
from typing import Callable, Literal, Optional

from vedette_asgi import route, settings
from vedette_asgi._answer import Answer
from vedette_asgi._asgi import App, Receive, Scope, Send
from vedette_asgi._guard import guarded, told
from vedette_asgi._log_line import Line, requests_log, to_logger
from vedette_asgi.health import Health
from vedette_asgi.tally import Tally, current

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
        current.set(answer.line.tally)
        try:
            await self._pass_on(scope, receive, answer.send)
        except Exception as error:
            answer.end(error)
            await self._let_go(answer)
            raise
        except BaseException as error:
            answer.end(error)
            raise
        else:
            answer.end()
            await answer.let_go(is_whole=False)
        finally:
            current.set(before)
            self._write(scope, answer.line)

    @guarded
    def _begun(self, scope: Scope, send: Send) -> Optional[Answer]:
        scope[_MARK] = True
        key, traceparent = self._fields_of(scope)
        line = Line(scope.get("method", ""), traceparent, Tally())
        answer = Answer(send, line, self._vary)
        answer.shows = self._may_see(key)
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

    def _fields_of(self, scope: Scope) -> tuple[Optional[bytes], Optional[bytes]]:
        """Return the asker's secret, and its `traceparent`, where there is one of each."""
        key = traceparent = None
        for name, value in scope.get("headers", ()):
            if name == self._header:
                key = value
            elif name == b"traceparent":
                traceparent = value
        return key, traceparent

    def _may_see(self, key: Optional[bytes]) -> bool:
        if self._secret is None:
            return self._tell == "everyone"
        return key is not None and compare_digest(key, self._secret)

    @staticmethod
    async def _let_go(answer: Answer) -> None:
        try:
            await answer.let_go(is_whole=False)
        except Exception:  # noqa: BLE001 - the error of the application is the one to be raised
            told("sending the start of an answer")

    @guarded
    def _write(self, scope: Scope, line: Line) -> None:
        if self._log is None or (self._log is to_logger and not requests_log.isEnabledFor(_INFO)):
            return
        is_health = self._health is not None and self._is_health(scope)
        line.route = self._health_path if is_health else route.template(scope)
        self._log(str(line))
