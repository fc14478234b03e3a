"""Counts what SQLAlchemy sends to its database, with engines of both kinds, by their events.

The events are those of the dialect (`do_execute` and its like), which also time a call that fails.
`before_cursor_execute` and `after_cursor_execute` would cost eight times as much: with them every
connection joins two sets of listeners.
"""

from typing import Any

from sqlalchemy import event

from vedette_asgi.tally import begin, finish, source_added


def instrument(engine: Any) -> None:
    """Count the calls of an `Engine` or `AsyncEngine`; a second time changes nothing.

    Many rows at once are one call. Rows that are fetched later, as those of a server-side cursor
    are, add no time. Of the application's own listeners to `do_execute` those count that are there
    before.
    """
    dialect = getattr(engine, "sync_engine", engine).dialect
    source_added()
    for name, hook in (
        ("do_execute", _execute),
        ("do_execute_no_params", _execute_no_params),
        ("do_executemany", _executemany),
    ):
        if not event.contains(dialect, name, hook):
            event.listen(dialect, name, hook)


# What returns True has executed the statement in SQLAlchemy's place.


def _execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    began = begin(statement)
    try:
        context.dialect.do_execute(cursor, statement, parameters, context)
    finally:
        finish(began)
    return True


def _execute_no_params(cursor: Any, statement: str, context: Any) -> bool:
    began = begin(statement)
    try:
        context.dialect.do_execute_no_params(cursor, statement, context)
    finally:
        finish(began)
    return True


def _executemany(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    began = begin(statement)
    try:
        context.dialect.do_executemany(cursor, statement, parameters, context)
    finally:
        finish(began)
    return True
