"""The service of docs/python.md, before and after, is what the page says of it."""

import difflib
import json
import re
from pathlib import Path

import pytest

from .conftest import SECRET, get, told

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


def block(name: str) -> str:
    """Return the example that begins with a comment of that name."""
    (found,) = re.findall(rf"```python\n# {name}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return found


def test_five_lines_make_the_numbers_visible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    before, after = block("before").splitlines(), block("after").splitlines()
    changed = [line for line in difflib.ndiff(before, after) if line[0] in "+-?"]
    assert [line for line in changed if not line.startswith("+ ")] == []
    assert len([line for line in changed if line.strip() != "+"]) == 5

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VEDETTE_ASGI_SECRET", SECRET)
    plain, numbered = {}, {}
    exec(block("before"), plain)  # noqa: S102 - what is shown is run
    exec(block("after"), numbered)  # noqa: S102
    assert "server-timing" not in get(plain["app"], "/orders/7").headers

    answer = get(numbered["app"], "/orders/7", headers={"vedette-key": SECRET})
    assert (answer.json(), told(answer).calls) == (7, 1)
    assert "server-timing" not in get(numbered["app"], "/orders/7").headers
    document = get(numbered["app"], "/health").json()
    assert (document["status"], document["serviceId"]) == ("pass", "shop")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["route"], line["db_calls"]) for line in lines] == [
        ("/orders/{number}", 1),
        ("/orders/{number}", 1),
        ("/health", 1),
    ]
    for numbers in (plain, numbered):
        numbers["engine"].dispose()


def test_every_name_that_the_page_shows_is_there() -> None:
    text = PAGE.read_text("utf-8")
    named = set(re.findall(r"vedette_asgi\.(\w+)(?:\.(\w+))?", text))
    assert len(named) > 5
    for module, member in named - {("requests", "")}:
        imported = __import__("vedette_asgi", fromlist=[module])
        if module != "database_call":
            imported = __import__(f"vedette_asgi.{module}", fromlist=[member])
        assert hasattr(imported, member or module), (module, member)
