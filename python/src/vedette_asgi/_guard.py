"""Keeps faults of this package out of the application.

Only code of this package is guarded: an error of the application passes as if nobody counted.
"""

import logging
from contextlib import suppress
from functools import wraps
from typing import Any, Callable, Optional, TypeVar, cast

_log = logging.getLogger("vedette_asgi")

_Hook = TypeVar("_Hook", bound=Callable[..., Optional[Any]])


def guarded(hook: _Hook) -> _Hook:
    """Have `hook` return None where it would raise; the reason is logged at DEBUG."""

    @wraps(hook)
    def quiet(*args: Any, **kwargs: Any) -> Any:
        try:
            return hook(*args, **kwargs)
        except Exception:  # noqa: BLE001 - whatever it is, the application goes on
            told(hook.__name__)
            return None

    return cast("_Hook", quiet)


def told(what: str) -> None:
    """Log the exception that is being handled; even that may fail, and harms nobody."""
    with suppress(Exception):
        _log.debug("%s failed and was left out", what, exc_info=True)
