"""The command line: what it prints, and its one-sentence refusals."""

import subprocess
import sys
from pathlib import Path

import pytest

from origin.__main__ import main

from .conftest import SERVICE, run, wait_until


def test_seed_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "orders.db"
    for ending in ("made", "were there already"):
        assert main(["seed", "--database", str(path), "--orders", "50"]) == 0
        assert capsys.readouterr().out == f"{path}: 50 orders {ending}\n"


def test_migrate_lists_and_changes(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "--database", str(database), "add-orders-customer-index"]) == 0
    assert capsys.readouterr().out == "add-orders-customer-index: done\n"
    assert main(["migrate", "--database", str(database), "--list"]) == 0
    assert capsys.readouterr().out.startswith("add-orders-customer-index    in force")


def test_a_refusal_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "--database", str(tmp_path / "none.db"), "--list"]) == 1
    refusal = capsys.readouterr().err
    assert refusal.startswith("origin: cannot read")
    assert refusal.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("serve", "--port", "70000"),
        ("serve", "--name", "two words"),
        ("serve", "--cache", "-1"),
        ("serve", "--cache", "nan"),
        ("seed", "--orders", "0"),
        ("migrate",),
        ("migrate", "drop-everything"),
        ("migrate", "--list", "add-orders-customer-index"),
    ],
)
def test_bad_arguments_are_refused(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(list(arguments))
    assert refused.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_an_unknown_address_is_one_sentence(seeded: Path) -> None:
    refused = run("serve", "--host", "256.1.1.1", "--port", "0", "--database", seeded)
    assert refused.returncode == 1
    assert refused.stderr.startswith("origin: cannot listen on 256.1.1.1:0: ")
    assert refused.stderr.count("\n") == 1


def test_a_seeding_that_is_told_to_stop_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    seeding = subprocess.Popen(
        [sys.executable, "-m", "origin", "seed", "--database", str(path)], cwd=SERVICE
    )
    wait_until(lambda: list(tmp_path.glob("*.seeding-*")))
    seeding.terminate()
    assert seeding.wait(10) == 128 + 15
    assert list(tmp_path.iterdir()) == []
