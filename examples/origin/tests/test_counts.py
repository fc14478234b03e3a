"""`/requests` counts by method, path and vantage without growing for ever."""

from fastapi.testclient import TestClient

from origin.counts import MAX_NAME_CHARACTERS, MAX_NAMES, OTHER, RequestCounts


def test_requests_are_counted_by_path_and_by_vantage(client: TestClient) -> None:
    client.get("/health")
    client.get("/health?x=1", headers={"Vedette-Vantage": "weur"})
    client.head("/health", headers={"vedette-vantage": "enam"})
    counts = client.get("/requests").json()
    assert counts["requests"] == {"GET /health": 2, "HEAD /health": 1, "GET /requests": 1}
    assert counts["vantages"] == {"(none)": 2, "weur": 1, "enam": 1}


def test_many_names_share_one_line_and_long_ones_are_cut() -> None:
    counts = RequestCounts()
    for number in range(MAX_NAMES + 50):
        counts.add(f"GET /{number:05d}{'x' * 500}", f"v{number}")
    counts.add("GET /00000" + "x" * 500, "v0")
    for tally in counts.as_dict().values():
        assert len(tally) == MAX_NAMES + 1
        assert tally[OTHER] == 50
        assert max(map(len, tally)) <= MAX_NAME_CHARACTERS
        assert sorted(tally.values())[-2] == 2
