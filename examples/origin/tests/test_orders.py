"""`/orders` answers from the data, refuses bad input, and says what it cost."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Callable

import pytest
from fastapi.testclient import TestClient


def test_the_newest_orders_come_first_and_the_totals_are_true(
    client: TestClient, seeded: Path
) -> None:
    answer = client.get("/orders?customer=3&limit=5").json()
    with closing(sqlite3.connect(seeded)) as connection:
        expected = connection.execute(
            "SELECT id, total_cents FROM orders WHERE customer_id = 3 ORDER BY placed_at DESC"
        ).fetchall()
    assert answer["customer"]["id"] == 3
    assert [order["id"] for order in answer["orders"]] == [number for number, _ in expected[:5]]
    assert answer["count"] == len(expected)
    assert answer["total_cents"] == sum(cents for _, cents in expected)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "customer=0",
        "customer=-1",
        "customer=x",
        "customer=99999999999999999999",
        "customer=1&limit=0",
        "customer=1&limit=201",
        "customer=1&limit=many",
    ],
)
def test_bad_input_is_refused_before_the_database_is_asked(client: TestClient, query: str) -> None:
    answer = client.get(f"/orders?{query}")
    assert answer.status_code == 422
    assert 'desc="0"' in answer.headers["server-timing"]


def test_an_unknown_customer_is_not_found(client: TestClient) -> None:
    answer = client.get("/orders?customer=1000000")
    assert answer.status_code == 404
    assert answer.json() == {"detail": "customer 1000000 is unknown"}
    assert 'desc="1"' in answer.headers["server-timing"]


def test_a_broken_database_is_an_honest_503(
    tmp_path: Path, client_of: Callable[..., TestClient]
) -> None:
    answer = client_of(tmp_path / "none.db", cache_ttl_s=30).get("/orders?customer=1")
    assert answer.status_code == 503
    assert answer.headers["cache-status"] == "origin-cache; fwd=uri-miss"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "calls"),
    [("/", 0), ("/health", 1), ("/orders?customer=1", 3), ("/requests", 0), ("/nowhere", 0)],
)
def test_every_answer_says_who_gave_it_and_what_it_cost(
    client: TestClient, path: str, calls: int
) -> None:
    headers = client.get(path).headers
    assert headers["x-origin-name"] == "primary"
    assert re.fullmatch(
        rf'db;dur=\d+\.\d;desc="{calls}", app;dur=\d+\.\d', headers["server-timing"]
    )


def test_even_an_unforeseen_error_is_stamped(
    client_of: Callable[..., TestClient], seeded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(seeded)
    monkeypatch.setattr("origin.orders.orders_of", None)
    with TestClient(client.app, raise_server_exceptions=False) as lenient:
        answer = lenient.get("/orders?customer=1")
    assert answer.status_code == 500
    assert answer.headers["x-origin-name"] == "primary"


def test_the_front_page_lists_only_what_is_mounted(
    client: TestClient, client_of: Callable[..., TestClient], seeded: Path
) -> None:
    assert "/misbehave" in client.get("/").text
    assert "/misbehave" not in client_of(seeded, allow_misbehave=False).get("/").text
