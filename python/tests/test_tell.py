"""Who is shown numbers, what a log line says, and what the environment switches off."""

import json
import logging

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from vedette_asgi import CacheStatus, Health, VedetteMiddleware, database_call, tell_cache

from .conftest import SECRET, Lines, get, told

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def _endpoint(_) -> PlainTextResponse:
    with database_call():
        tell_cache(CacheStatus("things", hit=True, ttl=30))
    return PlainTextResponse("done")


APP = Starlette(routes=[Route("/things/{id}", _endpoint)])


def asked(middleware: VedetteMiddleware, **headers: str):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return get(middleware, "/things/7", headers=named)


def shows(answer) -> bool:
    """Return whether numbers are shown, all of them or none."""
    fields = [name in answer.headers for name in ("server-timing", "cache-status")]
    assert answer.text == "done"
    assert len(set(fields)) == 1
    return fields[0]


def test_nobody_is_shown_numbers_by_default(lines: Lines) -> None:
    default = VedetteMiddleware(APP, log=lines)
    assert not shows(asked(default))
    assert not shows(asked(default, vedette_key=""))
    assert not shows(asked(default, vedette_key=SECRET, vedette_vantage="weur"))
    assert [line["db_calls"] for line in lines] == [1, 1, 1]


@pytest.mark.parametrize("from_environment", [True, False])
def test_who_sends_the_secret_is_shown_them(
    monkeypatch: pytest.MonkeyPatch, from_environment: bool
) -> None:
    if from_environment:
        monkeypatch.setenv("VEDETTE_ASGI_SECRET", SECRET)
        middleware = VedetteMiddleware(APP)
    else:
        middleware = VedetteMiddleware(APP, secret=SECRET)
    answer = asked(middleware, vedette_key=SECRET)
    assert shows(answer)
    # A cache that holds to it gives them to nobody else.
    assert answer.headers["vary"] == "Vedette-Key"
    for wrong in ("", "0", SECRET[:-1], SECRET + "0", SECRET.upper()):
        assert not shows(asked(middleware, vedette_key=wrong))
    assert not shows(asked(middleware, authorization=SECRET))


def test_the_field_may_have_another_name() -> None:
    middleware = VedetteMiddleware(APP, secret=SECRET, header="X-Probe")
    assert shows(asked(middleware, x_probe=SECRET))
    assert not shows(asked(middleware, vedette_key=SECRET))


def test_everyone_and_nobody() -> None:
    everyone = asked(VedetteMiddleware(APP, tell="everyone"))
    assert shows(everyone)
    assert told(everyone).calls == 1
    assert everyone.headers["cache-status"] == "things; hit; ttl=30"
    assert "vary" not in everyone.headers
    nobody = VedetteMiddleware(APP, tell="nobody", secret=SECRET)
    assert not shows(asked(nobody, vedette_key=SECRET))


@pytest.mark.parametrize("off", ["off", "0", "False", " no "])
def test_one_variable_switches_all_of_it_off_but_health(
    monkeypatch: pytest.MonkeyPatch, lines: Lines, off: str
) -> None:
    monkeypatch.setenv("VEDETTE_ASGI", off)
    middleware = VedetteMiddleware(APP, tell="everyone", log=lines, health=Health())
    assert not shows(asked(middleware))
    assert lines == []
    assert get(middleware, "/health").status_code == 200


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"secret": "short"}, "16 or more printable ASCII characters"),
        ({"secret": "0123456789abcde\u00e9"}, "openssl rand -hex 16"),
        ({"tell": "friends"}, "tell is one of secret, everyone, nobody"),
        ({"header": "Vedette Key"}, "header names a header field"),
        ({"health_path": "health"}, "begins with a slash"),
    ],
)
def test_a_setting_that_cannot_act_is_refused(settings, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        VedetteMiddleware(APP, **settings)


def test_a_log_line_says_what_an_answer_cost(lines: Lines) -> None:
    asked(VedetteMiddleware(APP, log=lines), traceparent=PARENT)
    (line,) = lines
    assert list(line) == [
        *("time", "method", "route", "status", "ms", "cache"),
        *("db_calls", "db_ms", "trace_id"),
    ]
    assert line["time"].endswith("Z")
    assert (line["method"], line["route"], line["status"]) == ("GET", "/things/{id}", 200)
    assert (line["cache"], line["db_calls"]) == ("hit", 1)
    assert line["ms"] >= line["db_ms"] >= 0
    assert line["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736",
        PARENT.upper(),
        PARENT.replace("00-", "ff-", 1),
        "00-" + 32 * "0" + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + 16 * "0" + "-01",
    ],
)
def test_a_trace_that_is_none_is_null(lines: Lines, parent: str) -> None:
    asked(VedetteMiddleware(APP, log=lines), traceparent=parent)
    assert lines[0]["trace_id"] is None


def test_lines_go_to_a_logger_by_default(caplog: pytest.LogCaptureFixture) -> None:
    middleware = VedetteMiddleware(APP)
    with caplog.at_level(logging.INFO, "vedette_asgi.requests"):
        asked(middleware)
    (record,) = [one for one in caplog.records if one.name == "vedette_asgi.requests"]
    assert json.loads(record.getMessage())["status"] == 200


@pytest.mark.parametrize(
    ("status", "member"),
    [
        (CacheStatus("shop", hit=True), "shop; hit"),
        (CacheStatus("shop", hit=True, ttl=-3), "shop; hit; ttl=-3"),
        (CacheStatus("shop", fwd="stale", fwd_status=304), "shop; fwd=stale; fwd-status=304"),
        (CacheStatus("shop", fwd="miss", stored=True), "shop; fwd=miss; stored"),
        (CacheStatus("my shop", fwd="miss", collapsed=True), '"my shop"; fwd=miss; collapsed'),
        (CacheStatus('a "b" \\', hit=True), '"a \\"b\\" \\\\"; hit'),
    ],
)
def test_the_member_of_cache_status(status: CacheStatus, member: str) -> None:
    assert str(status) == member


@pytest.mark.parametrize(
    "wrong",
    [
        {"cache": "shop"},
        {"cache": "shop", "hit": True, "fwd": "miss"},
        {"cache": "", "hit": True},
        {"cache": "shop\r\nset-cookie: a=b", "hit": True},
        {"cache": "caf\u00e9", "hit": True},
    ],
)
def test_what_cache_status_cannot_say_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match=r"say either|printable ASCII"):
        CacheStatus(**wrong)
