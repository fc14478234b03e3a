"""The `Cache-Status` of RFC 9211 for an application's own response cache."""

import re
from dataclasses import dataclass
from typing import Literal, Optional

from vedette_asgi._guard import guarded
from vedette_asgi.tally import current

Forward = Literal[
    "bypass", "method", "uri-miss", "vary-miss", "miss", "request", "stale", "partial"
]

# A token, and a string, of RFC 9651 (3.3.3, 3.3.4).
_TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*")
_STRING = re.compile(r"[ -~]*")


@dataclass(frozen=True)
class CacheStatus:
    """What a cache did with a request: a hit, or why the request went on (`fwd`).

    `ttl` is the seconds for which a copy is still fresh, negative once it is stale; `stored` says
    that the answer was kept, `collapsed` that the request waited for another one like it. Raises
    `ValueError` for what the field cannot say.
    """

    cache: str
    hit: bool = False
    fwd: Optional[Forward] = None
    fwd_status: Optional[int] = None
    ttl: Optional[int] = None
    stored: bool = False
    collapsed: bool = False

    def __post_init__(self) -> None:
        """Refuse what the field cannot say."""
        if self.hit == (self.fwd is not None):
            raise ValueError("say either hit=True or why the request went on: fwd='uri-miss'")
        if not self.cache or not _STRING.fullmatch(self.cache):
            raise ValueError(f"name the cache in printable ASCII, not {self.cache!r}")

    def __str__(self) -> str:
        """Return the member of the field."""
        is_token = _TOKEN.fullmatch(self.cache)
        escaped = self.cache.replace("\\", "\\\\").replace('"', '\\"')
        parts = [self.cache if is_token else f'"{escaped}"']
        parts.append("hit" if self.hit else f"fwd={self.fwd}")
        if self.fwd_status is not None:
            parts.append(f"fwd-status={self.fwd_status:d}")
        if self.ttl is not None:
            parts.append(f"ttl={self.ttl:d}")
        parts.extend(name for name in ("stored", "collapsed") if getattr(self, name))
        return "; ".join(parts)

    @property
    def word(self) -> str:
        """Return the one word for the log line: `hit`, or why the request went on."""
        return "hit" if self.hit else str(self.fwd)


@guarded
def tell_cache(status: CacheStatus) -> None:
    """Say what the response cache did with the present request; the last word counts.

    Where no request is under way it does nothing.
    """
    tally = current.get()
    if tally is not None and tally.is_open:
        tally.cache = status
