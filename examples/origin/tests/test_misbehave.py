"""The switch: its modes and filters, and whom it refuses."""

from pathlib import Path
from typing import Any, Callable

import pytest
from fastapi.testclient import TestClient


def misbehave(client: TestClient, **order: Any) -> dict[str, Any]:
    """Give one order and return the state that follows."""
    answer = client.post("/misbehave", json=order)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("status", [200, 404, 500, 503])
def test_a_status_of_choice(client: TestClient, status: int) -> None:
    misbehave(client, mode="status", status=status)
    answer = client.get("/health")
    assert answer.status_code == status
    assert b'"ok":true' not in answer.content
    assert "server-timing" in answer.headers


def test_a_status_without_a_body(client: TestClient) -> None:
    misbehave(client, mode="status", status=204)
    answer = client.get("/health")
    assert answer.status_code == 204
    assert answer.content == b""


def test_the_wrong_body_comes_with_200(client: TestClient) -> None:
    misbehave(client, mode="wrong-body")
    answer = client.get("/health")
    assert answer.status_code == 200
    assert "ok" not in answer.text


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/health", "/health"),
        ("/orders?customer=1&limit=2", "/orders?customer=1&limit=2"),
        ("//elsewhere.example/x", "/elsewhere.example/x"),
        ("/a%20b%0d%0ax", "/a%20b%0d%0ax"),
    ],
)
def test_redirects_lead_back_to_the_same_place(
    client: TestClient, path: str, location: str
) -> None:
    misbehave(client, mode="redirect-loop")
    answer = client.get(f"http://testserver{path}")
    assert answer.status_code == 302
    assert answer.headers["location"].lower() == location


def test_without_a_database_health_and_orders_fail_by_themselves(client: TestClient) -> None:
    misbehave(client, mode="no-database")
    health = client.get("/health")
    assert health.status_code == 503
    assert health.json()["ok"] is False
    assert client.get("/orders?customer=1").status_code == 503
    client.delete("/misbehave")
    assert client.get("/health").status_code == 200


def test_slow_answers_late_but_honestly(client: TestClient) -> None:
    misbehave(client, mode="slow", delay_ms=60)
    answer = client.get("/health")
    assert answer.json()["ok"] is True
    assert float(answer.headers["server-timing"].rsplit("=", 1)[1]) >= 60


def test_only_the_named_paths_misbehave(client: TestClient) -> None:
    misbehave(client, mode="status", status=500, paths=["/health"])
    assert client.get("/health?deep=1").status_code == 500
    assert client.get("/orders?customer=1").status_code == 200


def test_only_the_named_vantages_see_it(client: TestClient) -> None:
    misbehave(client, mode="status", status=500, vantages=["WEUR", "apac"])
    seen = {
        vantage: client.get("/health", headers={"Vedette-Vantage": vantage}).status_code
        for vantage in ("weur", "apac", "enam", "")
    }
    assert seen == {"weur": 500, "apac": 500, "enam": 200, "": 200}
    assert client.get("/health").status_code == 200


def test_only_the_next_requests_that_match_misbehave(client: TestClient) -> None:
    misbehave(client, mode="status", status=500, paths=["/health"], times=2)
    client.get("/orders?customer=1")
    assert [client.get("/health").status_code for _ in range(3)] == [500, 500, 200]
    assert client.get("/misbehave").json() == {
        "mode": "status",
        "status": 500,
        "paths": ["/health"],
        "times": 2,
        "remaining": 0,
        "held": 0,
        "cache_ttl_s": 0,
    }


def test_ok_and_delete_end_it(client: TestClient) -> None:
    misbehave(client, mode="status", status=500)
    assert misbehave(client, mode="ok")["mode"] == "ok"
    assert client.get("/health").status_code == 200
    misbehave(client, mode="wrong-body")
    assert client.delete("/misbehave").json()["mode"] == "ok"
    assert b'"ok":true' in client.get("/health").content


@pytest.mark.parametrize(
    ("order", "hint"),
    [
        ({}, "mode"),
        ({"mode": "explode"}, "'explode' found using 'mode' does not match any"),
        ({"mode": "ok", "times": 1}, "times"),
        ({"mode": "hang", "delay_ms": 5}, "delay_ms"),
        ({"mode": "status"}, "status"),
        ({"mode": "status", "status": 100}, "greater than or equal to 200"),
        ({"mode": "slow", "delay_ms": -1}, "delay_ms"),
        ({"mode": "hang", "paths": []}, "at least 1"),
        ({"mode": "hang", "paths": ["health"]}, "paths"),
        ({"mode": "hang", "paths": ["/misbehave"]}, "always behaves"),
        ({"mode": "hang", "vantages": "weur"}, "list"),
        ({"mode": "hang", "times": 0}, "times"),
        ({"mode": "cache", "ttl_s": -1}, "ttl_s"),
        ({"mode": "cache", "ttl_s": 5, "paths": ["/orders"]}, "paths"),
        ([], "body"),
    ],
)
def test_a_bad_order_is_refused_and_changes_nothing(
    client: TestClient, order: Any, hint: str
) -> None:
    answer = client.post("/misbehave", json=order)
    assert answer.status_code == 422
    assert hint in answer.text
    assert client.get("/misbehave").json()["mode"] == "ok"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_strangers_are_refused(
    client_of: Callable[..., TestClient], seeded: Path, method: str
) -> None:
    stranger = client_of(seeded, client="192.0.2.7")
    assert stranger.request(method, "/misbehave", content="{").status_code == 403
    assert stranger.get("/health").status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "CF-Connecting-IP"])
def test_a_stranger_behind_a_local_tunnel_is_refused(client: TestClient, header: str) -> None:
    assert client.get("/misbehave", headers={header: "127.0.0.1"}).status_code == 403


def test_local_clients_of_ipv6_are_local(
    client_of: Callable[..., TestClient], seeded: Path
) -> None:
    assert client_of(seeded, client="::1").get("/misbehave").status_code == 200


def test_it_is_not_there_unless_allowed(client_of: Callable[..., TestClient], seeded: Path) -> None:
    plain = client_of(seeded, allow_misbehave=False)
    assert plain.post("/misbehave", json={"mode": "hang"}).status_code == 404
