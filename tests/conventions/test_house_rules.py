"""What the house promises about itself; a convention is a test or it is a wish."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = ("triage", "edge", "server")
SOURCES = [path for program in PROGRAMS for path in sorted((ROOT / program).rglob("*.py"))]
MIGRATIONS = ROOT / "server" / "store" / "migrations"
_PURE_TRIAGE = (
    "assessment cues doubt errors policy recurrence recurrence_model redaction report taxonomy"
)
_PURE_EDGE = "datum decoding district encoding errors motion quality telemetry topics"
PURE = [
    *(f"server.domain.{path.stem}" for path in sorted((ROOT / "server/domain").glob("[a-z]*.py"))),
    *(f"triage.{name}" for name in _PURE_TRIAGE.split()),
    *(f"edge.{name}" for name in _PURE_EDGE.split()),
    *(f"edge.protocols.{name}" for name in ["jt808", "jt808_frame", "jt808_parts", "nmea"]),
]
LISTS = {"tables.py"}
"""Plain declarations that read better whole."""
TOP_LEVEL = {
    "triage",
    "edge",
    "models",
    "server",
    "datasets",
    "tests",
    "docs",
    "benchmarks",
    ".ci",
    ".gitignore",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name]


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_need_nothing_but_python(module: str) -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {module}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-400:]


def test_top_level_is_exactly_the_house() -> None:
    assert {name.split("/")[0] for name in tracked()} == TOP_LEVEL


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text("utf-8")
    if not (path.is_relative_to(MIGRATIONS) or path.name in LISTS):
        assert len(text.splitlines()) <= 300, "split this file"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            generated = path.is_relative_to(MIGRATIONS)
            assert generated or lines <= 60, f"{node.name} has {lines} lines"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_module_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), "write a module docstring"
    if path.name == "__init__.py":
        assert len(tree.body) == 1, "package __init__ files hold a docstring and nothing else"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_vague_names(path: Path) -> None:
    assert path.stem not in {"utils", "helpers", "common_utils", "misc"}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef):
            assert not node.name.endswith(("Manager", "Helper", "Util", "Utils")), node.name


def test_no_evaluation_only_words_or_machine_paths() -> None:
    """The project speaks of itself only: no path of a machine, no registry's address."""
    forbidden = re.compile(
        r"/work/(main|shared)|/root/|pypi\.org|registry\.npmjs|files\.pythonhosted"
    )
    found = []
    for name in tracked():
        path = ROOT / name
        if name == name_of(Path(__file__)) or path.suffix in {".onnx", ".png", ".ico", ".bin"}:
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if forbidden.search(text):
            found.append(name)
    assert found == []


def test_nothing_happens_on_import(tmp_path: Path) -> None:
    """Importing every module opens no file for writing, no socket, no thread, no process."""
    modules = [
        name_of(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        for path in SOURCES
        if not path.is_relative_to(MIGRATIONS) and path.name != "__main__.py"
    ]
    probe = f"""
import importlib, sys, threading
caught = []
def hook(event, args):
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if writes and not str(args[0]).endswith(".pyc") and "__pycache__" not in str(args[0]):
        caught.append((event, str(args[0])))
    if event in ("socket.connect", "socket.bind", "subprocess.Popen", "os.fork"):
        caught.append((event, str(args)[:80]))
for name in {modules!r}:
    if name.startswith("triage.training"):
        continue
    before = threading.active_count()
    if not caught:
        sys.addaudithook(hook) if name == {modules[0]!r} else None
    importlib.import_module(name)
    if threading.active_count() != before:
        caught.append(("thread", name))
print(caught)
"""
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-800:]
    assert done.stdout.strip() == "[]"


def test_serving_never_imports_scikit_learn() -> None:
    code = (
        "import sys, server.app, triage.triager; "
        "print([m for m in sys.modules if m.partition('.')[0] in ('sklearn', 'onnx')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
