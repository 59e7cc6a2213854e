"""Local code dictionaries onto our categories."""

from __future__ import annotations

from pathlib import Path

import pytest

import triage
from triage.codes import CodeTable, Meaning
from triage.errors import WrongUse
from triage.taxonomy import Label

TABLES = sorted((Path(triage.__file__).parent / "data" / "codes").glob("*.toml"))


@pytest.mark.parametrize("file", TABLES, ids=lambda file: file.stem)
def test_every_shipped_table_can_be_read(file: Path) -> None:
    table = CodeTable.parse(file.read_text(encoding="utf-8"))
    assert {meaning.label for meaning in table.meanings.values()} == set(Label)


def test_the_longest_beginning_wins() -> None:
    table = CodeTable.parse('name = "x"\n[codes]\n08 = "dispute"\n0803 = "dispute.wage"\n')
    assert table.meaning_of(" 080312 ") == Meaning(Label.DISPUTE, "dispute.wage")
    assert table.meaning_of("0899") == Meaning(Label.DISPUTE, None)
    assert table.meaning_of("09") is None
    assert table.meaning_of("") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('name = "x"\n[codes]\n08 = "nonsense"\n', "Code 08"),
        ('name = "x"\n[codes]\n08 = 1\n', "Code 08"),
        ('name = "x"\n', "codes"),
        ("[codes", "cannot be read"),
    ],
)
def test_a_wrong_table_says_where(text: str, why: str) -> None:
    with pytest.raises(WrongUse, match=why):
        CodeTable.parse(text)
