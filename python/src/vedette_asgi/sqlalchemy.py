"""Counts what SQLAlchemy sends to its database, with engines of both kinds, by their events."""

from typing import Any, Optional

from sqlalchemy import event

from vedette_asgi._guard import guarded
from vedette_asgi.tally import begin, finish, source_added

_ATTRIBUTE = "_vedette_asgi_call"


def instrument(engine: Any) -> None:
    """Count the calls of an `Engine` or `AsyncEngine`; a second time changes nothing.

    Rows that are fetched later, as those of a server-side cursor are, add no time.
    """
    target = getattr(engine, "sync_engine", engine)
    source_added()
    for name, hook in (
        ("before_cursor_execute", _before),
        ("after_cursor_execute", _after),
        ("handle_error", _failed),
    ):
        if not event.contains(target, name, hook):
            event.listen(target, name, hook)


@guarded
def _before(
    _connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool
) -> None:
    call = begin(statement)
    if context is not None:
        setattr(context, _ATTRIBUTE, call)


@guarded
def _after(
    _connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool
) -> None:
    _finish(context)


@guarded
def _failed(failure: Any) -> None:
    _finish(failure.execution_context)


def _finish(context: Optional[Any]) -> None:
    call = getattr(context, _ATTRIBUTE, None)
    if call is not None:
        setattr(context, _ATTRIBUTE, None)
        finish(call)
