"""Finds the template of the route that answered: `/orders/{id}`, and never the path itself.

Paths hold what is nobody's business in a log, and are too many to count by. A template that cannot
be known for sure is None.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Optional
from weakref import ref

from vedette_asgi._asgi import Scope
from vedette_asgi._guard import guarded

_Templates = dict[Any, tuple[str, ...]]
# By the identity of the router: Starlette's compare by value, and have no hash.
_known: dict[int, tuple["ref[Any]", _Templates]] = {}
_MOST_KNOWN = 64
_PARAMETER = re.compile(r"{([^:}]+)(:[^}]*)?}")
_MOUNTS_DEEP = 8


@guarded
def template(scope: Scope) -> Optional[str]:
    """Return the template, from what the framework left in the scope of an answered request."""
    told = scope.get("path_template")
    if isinstance(told, str):  # Litestar
        return told
    path = getattr(scope.get("route"), "path", None)
    if isinstance(path, str):  # FastAPI
        return _mounted_at(scope) + path
    endpoint = scope.get("endpoint")
    router = scope.get("router")
    if endpoint is None or router is None:
        return None
    return _of_starlette(router, endpoint, scope["path"])


def _mounted_at(scope: Scope) -> str:
    """Return where the application of a route is mounted, with parameters as they are named."""
    prefix = str(scope.get("root_path", "")).removeprefix(scope.get("app_root_path", ""))
    names = {str(value): name for name, value in scope.get("path_params", {}).items()}
    parts = (f"{{{names[part]}}}" if part in names else part for part in prefix.split("/"))
    return "/".join(parts)


def _of_starlette(router: Any, endpoint: Any, path: str) -> Optional[str]:
    known, templates = _known.get(id(router), (None, {}))
    if known is None or known() is not router or endpoint not in templates:
        templates = _templates_of(router, endpoint)
    candidates = templates[endpoint]
    if len(candidates) > 1:
        candidates = tuple(shown for shown in candidates if _matches(shown, path))
    return candidates[0] if len(candidates) == 1 else None


def _templates_of(router: Any, asked: Any) -> _Templates:
    templates: _Templates = {asked: ()}
    for endpoint, shown in _walk(router.routes, "", 0):
        templates[endpoint] = (*templates.get(endpoint, ()), shown)
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[id(router)] = (ref(router), templates)
    return templates


def _walk(routes: Iterable[Any], prefix: str, depth: int) -> Iterator[tuple[Any, str]]:
    for route in routes:
        path = getattr(route, "path", None)
        if not isinstance(path, str) or depth > _MOUNTS_DEEP:
            continue
        endpoint = getattr(route, "endpoint", None)
        if endpoint is not None:
            yield endpoint, prefix + path
        yield from _walk(getattr(route, "routes", None) or (), prefix + path, depth + 1)


def _matches(shown: str, path: str) -> bool:
    pattern, at = "", 0
    for parameter in _PARAMETER.finditer(shown):
        pattern += re.escape(shown[at : parameter.start()])
        pattern += ".*" if parameter.group(2) == ":path" else "[^/]+"
        at = parameter.end()
    return re.fullmatch(pattern + re.escape(shown[at:]), path) is not None
