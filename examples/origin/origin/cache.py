"""A bounded response cache in memory, which says of each request what it did with it."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional

from vedette_asgi import CacheStatus

NAME = "origin-cache"
MAX_ENTRIES = 256


@dataclass(frozen=True)
class Entry:
    """One stored answer; the times are seconds on the cache's clock."""

    body: bytes
    stored_at: float
    expires_at: float


@dataclass(frozen=True)
class Lookup:
    """What the cache knows of a URL: what to say of it, and on a hit the body."""

    status: CacheStatus
    body: Optional[bytes] = None
    age_s: int = 0


class ResponseCache:
    """Answers by URL, each for `ttl_s` seconds; 0 switches the cache off."""

    def __init__(self, ttl_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Make an empty cache; `clock` returns seconds and never goes back."""
        self._clock = clock
        self._start_ttl_s = ttl_s
        self._ttl_s = ttl_s
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        # Requests are served by several threads.
        self._lock = threading.Lock()

    @property
    def ttl_s(self) -> float:
        """Seconds that an answer is kept; 0 when the cache is off."""
        return self._ttl_s

    def switch(self, ttl_s: float) -> None:
        """Keep answers for `ttl_s` seconds from now on (0: none), and forget those stored."""
        with self._lock:
            self._ttl_s = ttl_s
            self._entries.clear()

    def reset(self) -> None:
        """Go back to what the service was started with, empty."""
        self.switch(self._start_ttl_s)

    def look_up(self, url: str) -> Lookup:
        """Return the stored answer of `url`, or why the request has to go on."""
        with self._lock:
            if not self._ttl_s:
                return Lookup(CacheStatus(NAME, fwd="bypass"))
            entry = self._entries.get(url)
            now = self._clock()
            if entry is None:
                return Lookup(CacheStatus(NAME, fwd="uri-miss"))
            if entry.expires_at <= now:
                del self._entries[url]
                return Lookup(CacheStatus(NAME, fwd="stale"))
            self._entries.move_to_end(url)
            ttl_s = math.ceil(entry.expires_at - now)
            status = CacheStatus(NAME, hit=True, ttl=ttl_s)
            return Lookup(status, entry.body, int(now - entry.stored_at))

    def store(self, url: str, body: bytes) -> bool:
        """Keep an answer, the least recently used one giving way; return whether it was kept."""
        with self._lock:
            if not self._ttl_s:
                return False
            now = self._clock()
            self._entries[url] = Entry(body, now, now + self._ttl_s)
            self._entries.move_to_end(url)
            if len(self._entries) > MAX_ENTRIES:
                self._entries.popitem(last=False)
            return True

    def __len__(self) -> int:
        """Return how many answers are stored."""
        return len(self._entries)
