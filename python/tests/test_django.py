"""Django on a real uvicorn over SQLite: every thread counts, and nobody else's wrapper is lost."""

import httpx
import pytest

from vedette_asgi import Health

from .conftest import Lines, served, told
from .django_service import application


@pytest.fixture(scope="module")
def django(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_DB", str(tmp_path_factory.mktemp("django") / "test.db"))
        yield application()


def test_views_of_both_kinds_are_counted(wrapped, lines: Lines, django) -> None:
    with served(wrapped(django)) as at:
        for kind, times in [("sync", 3), ("async", 4), ("sync", 0), ("sync", 2)]:
            answer = httpx.get(f"{at}/{kind}/{times}")
            assert answer.text == kind
            assert told(answer).calls == times
    assert [line["route"] for line in lines] == [
        f"/{kind}/<int:times>" for kind in ("sync", "async", "sync", "sync")
    ]
    assert [line["db_calls"] for line in lines] == [3, 4, 0, 2]


def test_a_wrapper_around_the_first_query_stays_its_own(wrapped, lines: Lines, django) -> None:
    with served(wrapped(django)) as at:
        # The wrapper of the service saw one query, and is gone; that of the package is there.
        assert httpx.get(f"{at}/within").text == "1 1"
    assert lines[0]["db_calls"] == 2


def test_a_stream_is_counted_in_the_line_alone(wrapped, lines: Lines, django) -> None:
    with served(wrapped(django)) as at:
        answer = httpx.get(f"{at}/streamed")
    assert answer.text == "body"
    assert told(answer).calls is None
    assert told(answer).app_ms is not None
    assert lines[0]["db_calls"] == 2


def test_it_is_given_a_lifespan(wrapped, django) -> None:
    health = Health(keep=0)
    with served(wrapped(django, health=health), lifespan="on") as at:
        assert httpx.get(f"{at}/health").json() == {"status": "pass", "ok": True, "checks": {}}
        assert httpx.get(f"{at}/sync/1").text == "sync"
    # By then it has shut down.
    assert health._is_shutting_down
