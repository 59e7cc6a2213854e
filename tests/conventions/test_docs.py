"""The pages cover every command, route, setting, topic and metric; their links lead on."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import reference

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_reference_is_up_to_date() -> None:
    """Run ``python tests/conventions/reference.py`` after a wanted change."""
    assert reference.PAGE.read_text("utf-8") == reference.page()


def test_everything_is_described() -> None:
    rows = [line.split(" | ") for line in reference.page().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [row[0] for row in rows if not row[-1].strip(" |") or not row[1].strip(" |")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_in_the_pages_exist(page: Path) -> None:
    known = {tuple(words.strip("`").split()[:2]) for words, _ in reference.commands()}
    blocks = re.findall(r"```\w*\n(.*?)```|`([^`\n]+)`", page.read_text("utf-8"), re.DOTALL)
    code = "\n".join(part for pair in blocks for part in pair)
    used = set(re.findall(r"(?:^|[\s/])(xiaonao(?:-triage|-edge)?) ([a-z][a-z-]+)", code))
    assert used - known == set()
