"""``xiaonao posts`` from outside."""

from __future__ import annotations

import json
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from server.cli.main import main


def run(*arguments: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(list(arguments))
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("posts") / "home"
    assert run("init", "--home", str(found))[0] == 0
    return found


def test_the_table_names_posts_before_and_after(home: Path) -> None:
    code, out, _ = run("posts", "--home", str(home), "--speed-kmh", "20", "--keep")
    assert code == 0
    assert "today: 4 posts reach " in out
    assert "proposed: 4 posts reach " in out
    assert "1538 m" in out
    assert "顺达\t" in out


def test_json_says_the_same(home: Path) -> None:
    code, out, _ = run("posts", "--home", str(home), "--posts", "5", "--keep", "--json")
    made = json.loads(out)
    assert code == 0
    assert (made["limit_s"], made["speed_kmh"], made["gap"]) == (480, 22, 0)
    assert len(made["proposed"]["posts"]) == 5
    assert made["today"]["share"] < made["proposed"]["share"] < 1
    assert {"near", "lat", "lon", "share", "only_share"} == set(made["today"]["posts"][0])


@pytest.mark.parametrize(
    "wrong",
    [
        ("--posts", "0"),
        ("--share", "1.2"),
        ("--posts", "4", "--share", "0.9"),
        ("--minutes", "1"),
        ("--posts", "4000"),
    ],
)
def test_wrong_wishes_are_one_sentence(home: Path, wrong: tuple[str, ...]) -> None:
    code, out, err = run("posts", "--home", str(home), *wrong)
    assert (code, out) == (2, "")
    assert err.startswith("xiaonao: ")
    assert err.count("\n") == 1
