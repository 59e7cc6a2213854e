"""The command line from outside: exit codes, one-sentence errors, secrets shown once."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import click
import pytest

from server.cli.main import cli, main

EVERY = sorted(cli.commands)


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, home: Path | None = None, stdin: str = "") -> Done:
    """One command in this process, with what it read and wrote taken aside."""
    where = ["--home", str(home)] if home is not None else []
    out, err, umask = StringIO(), StringIO(), os.umask(0o022)
    before, sys.stdin = sys.stdin, StringIO(stdin)
    words, values = _split(arguments)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main([*words, *where, *values])
    finally:
        sys.stdin = before
        os.umask(umask)
    return Done(code, out.getvalue(), err.getvalue())


def _split(arguments: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The command's own words, then its options and arguments: ``--home`` goes between."""
    group = cli.commands.get(arguments[0])
    words = 2 if isinstance(group, click.Group) else 1
    return list(arguments[:words]), list(arguments[words:])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("cli") / "home"
    assert run("init", home=found).returncode == 0
    return found


def one_sentence(text: str) -> bool:
    return text.startswith("xiaonao: ") and text.count("\n") == 1


@pytest.mark.parametrize("name", EVERY)
def test_every_command_has_help_with_an_example(name: str) -> None:
    command = cli.commands[name]
    commands = getattr(command, "commands", {"": command})
    assert command.help
    for one in commands.values():
        assert "Example:" in (one.help or "")
        assert "xiaonao" in (one.help or "")


def test_every_command_of_the_contract_is_there() -> None:
    wanted = "up init serve sweep worker import token unit device user verify-log backup restore"
    assert set(wanted.split()) | {"doctor"} <= set(EVERY)


def test_the_program_itself_ends_with_the_code_and_one_sentence() -> None:
    command = [sys.executable, "-P", "-m", "server.cli.main", "up", "--http", "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert one_sentence(done.stderr)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from server.cli.main import main; main(['--help']);"
        "print([m for m in ('sqlalchemy', 'flask', 'onnxruntime', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("up", "--http", "nowhere"),
        ("token", "create"),
        ("token", "create", "--role", "king"),
        ("token", "create", "--role", "mediator"),
        ("unit", "add", "bad/id", "--name", "x", "--point", "顺达"),
        ("unit", "add", "u-9", "--name", "x", "--point", "无此点"),
        ("device", "add", "xn-edge"),
        ("device", "revoke", "nothing"),
        ("import", "missing.csv"),
        ("restore", "missing.tar.gz"),
        ("user", "passwd", "nobody"),
    ],
)
def test_wrong_use_is_one_sentence_and_code_2(home: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, home=home, stdin="a good password\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert one_sentence(done.stderr), done.stderr


def test_without_a_home_every_look_says_how_to_make_one(tmp_path: Path) -> None:
    done = run("unit", "list", home=tmp_path / "none")
    assert done.returncode == 2
    assert "xiaonao init" in done.stderr
    assert not (tmp_path / "none").exists()


def test_a_misspelt_setting_gets_a_suggestion(home: Path, tmp_path: Path) -> None:
    (tmp_path / "xiaonao.toml").write_text("[http]\nprot = 1\n")
    done = run("unit", "list", home=tmp_path)
    assert (done.returncode, one_sentence(done.stderr)) == (2, True)
    assert "http.port" in done.stderr


def test_roster_and_secrets_once(home: Path) -> None:
    added = run(
        "unit",
        "add",
        "u-1",
        "--name",
        "顺达一组",
        "--point",
        "顺达",
        "--member",
        "李某某",
        home=home,
    )
    assert added.returncode == 0
    made = run("device", "add", "bc-01", "--unit", "u-1", home=home)
    secret = made.stdout.split("password ")[1].strip()
    assert made.stdout.startswith("username bc-01\n")
    listed = run("device", "list", home=home)
    assert "bc-01\tbodycam\tu-1" in listed.stdout
    assert secret not in listed.stdout
    assert secret.encode() not in (home / "xiaonao.db").read_bytes()
    assert run("device", "add", "bc-01", home=home).returncode == 2
    assert run("device", "revoke", "bc-01", home=home).returncode == 0
    assert "u-1\t顺达一组" in run("unit", "list", home=home).stdout


def test_accounts(home: Path) -> None:
    token = run("token", "create", "--role", "intake", "--name", "110", home=home)
    assert token.returncode == 0
    assert len(token.stdout.strip()) >= 40
    assert run("token", "revoke", "110", home=home).stdout == "1 tokens revoked\n"
    added = run("user", "add", "zhihui", "--role", "dispatcher", home=home, stdin="long enough\n")
    assert added.returncode == 0
    assert "zhihui\tdispatcher" in run("user", "list", home=home).stdout
    assert run("user", "passwd", "zhihui", home=home, stdin="short\n").returncode == 2


def test_import_says_what_it_did(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    head, good = "接警单编号,报警时间,报警内容", "2026-10-01 08:00:00,楼上漏水"
    path.write_bytes(f"{head}\nA,{good}\nB,昨天,楼上漏水\nC,{good}\n".encode("gbk"))
    done = run("import", str(path), home=home)
    assert done.returncode == 1
    assert done.stdout == "2 taken in, 0 already known, 1 refused\n"
    assert done.stderr.splitlines()[0].startswith("line 3: 报警时间")
    assert run("import", str(path), home=home).stdout.startswith("0 taken in, 2 already known")


def test_verify_log_finds_the_changed_event(home: Path, tmp_path: Path) -> None:
    whole = run("verify-log", home=home)
    assert whole.returncode == 0
    other = tmp_path / "home"
    file = tmp_path / "b.tar.gz"
    assert run("backup", str(file), home=home).returncode == 0
    assert run("restore", str(file), home=other).returncode == 0
    with sqlite3.connect(other / "xiaonao.db") as conn:
        conn.execute("UPDATE events SET actor = 'somebody else' WHERE id = 2")
    broken = run("verify-log", home=other)
    assert broken.returncode == 1
    assert "event 2" in broken.stdout
    assert run("restore", str(file), home=other).returncode == 2
    assert run("restore", "--force", str(file), home=other).returncode == 0
    assert run("verify-log", home=other).returncode == 0


def test_settings_and_openapi(home: Path) -> None:
    shown = run("settings", home=home).stdout
    assert "http.port = 8000" in shown
    assert "XIAONAO_HTTP__PORT" in shown
    assert json.loads(run("openapi").stdout)["openapi"].startswith("3.1")


def test_broker_config_for_a_mosquitto_of_ones_own(home: Path, tmp_path: Path) -> None:
    refused = run("broker-config", str(tmp_path / "m"), home=home)
    assert (refused.returncode, one_sentence(refused.stderr)) == (2, True)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "xiaonao.toml").write_text('[mqtt]\npassword = "agent secret"\n')
    done = run("broker-config", str(tmp_path / "m"), home=tmp_path / "own")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "m" / "passwd").read_text().startswith("xn-edge:$7$")
    assert "pattern readwrite xn/v1/%u/#" in (tmp_path / "m" / "acl").read_text()


def test_corrections_export(home: Path) -> None:
    assert run("corrections", "export", home=home).stdout.startswith("0 corrections")
    assert (home / "corrections.jsonl").read_text() == ""
