"""The cache answers without the database, says so, expires, and stays small."""

from pathlib import Path
from typing import Callable

import pytest
from fastapi.testclient import TestClient

from origin.cache import MAX_ENTRIES, ResponseCache

URL = "/orders?customer=1"


class Clock:
    """A clock that a test moves by hand; seconds."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the present second."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


def test_off_is_a_bypass_and_stores_nothing(client: TestClient) -> None:
    for _ in range(2):
        answer = client.get(URL)
        assert answer.headers["cache-status"] == "origin-cache; fwd=bypass"
        assert answer.headers["cache-control"] == "no-store"
        assert "age" not in answer.headers


def test_a_hit_asks_the_database_nothing(
    client_of: Callable[..., TestClient], seeded: Path
) -> None:
    client = client_of(seeded, cache_ttl_s=30)
    first = client.get(URL)
    assert first.headers["cache-status"] == "origin-cache; fwd=uri-miss; stored"
    assert "age" not in first.headers
    second = client.get(URL)
    assert second.headers["cache-status"] == "origin-cache; hit; ttl=30"
    assert second.headers["age"] == "0"
    assert second.headers["cache-control"] == "max-age=30"
    assert 'desc="0"' in second.headers["server-timing"]
    assert second.content == first.content
    assert "uri-miss" in client.get(f"{URL}&limit=2").headers["cache-status"]


def test_refusals_are_not_stored(client_of: Callable[..., TestClient], seeded: Path) -> None:
    client = client_of(seeded, cache_ttl_s=30)
    for _ in range(2):
        answer = client.get("/orders?customer=1000000")
        assert answer.headers["cache-status"] == "origin-cache; fwd=uri-miss"


def test_the_switch_turns_it_on_and_off_and_a_reset_restores_the_start(
    client: TestClient,
) -> None:
    assert client.post("/misbehave", json={"mode": "cache", "ttl_s": 30}).json() == {
        "mode": "ok",
        "remaining": None,
        "held": 0,
        "cache_ttl_s": 30,
    }
    client.get(URL)
    assert "hit" in client.get(URL).headers["cache-status"]
    client.post("/misbehave", json={"mode": "status", "status": 500, "paths": ["/health"]})
    assert "hit" in client.get(URL).headers["cache-status"]
    assert client.delete("/misbehave").json()["cache_ttl_s"] == 0
    assert "bypass" in client.get(URL).headers["cache-status"]


def test_an_answer_ages_and_goes_stale(clock: Clock) -> None:
    cache = ResponseCache(30, clock)
    assert cache.store("/a", b"a")
    clock.now += 12.5
    hit = cache.look_up("/a")
    assert (hit.body, hit.age_s, str(hit.status)) == (b"a", 12, "origin-cache; hit; ttl=18")
    clock.now += 17.5
    assert str(cache.look_up("/a").status) == "origin-cache; fwd=stale"
    assert str(cache.look_up("/a").status) == "origin-cache; fwd=uri-miss"


def test_the_least_recently_used_gives_way(clock: Clock) -> None:
    cache = ResponseCache(30, clock)
    for number in range(MAX_ENTRIES):
        cache.store(f"/{number}", b"")
    cache.look_up("/0")
    cache.store("/new", b"")
    assert len(cache) == MAX_ENTRIES
    assert cache.look_up("/0").body is not None
    assert cache.look_up("/1").body is None
