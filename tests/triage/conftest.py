"""Shared parts of the triage tests: real ones, opened once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from triage.cues import Lexicon
from triage.segmenter import Segmenter
from triage.shipped import datasets_dir, lexicon_text
from triage.training.corpus import Example, read_corpus
from triage.training.fit import Fitted, OutOfFold, fit
from triage.training.train import train
from triage.triager import Triager

SMALL = 420
"""Enough texts for a model that works, few enough to fit in seconds."""


@dataclass(frozen=True)
class Small:
    examples: list[Example]
    fitted: Fitted
    held_out: OutOfFold


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return Lexicon.parse(lexicon_text())


@pytest.fixture(scope="session")
def segmenter() -> Segmenter:
    return Segmenter()


@pytest.fixture(scope="session")
def triager(tmp_path_factory: pytest.TempPathFactory) -> Triager:
    """The shipped model, as served from a home without promotions."""
    return Triager.open(home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def corpus() -> list[Example]:
    return read_corpus(datasets_dir() / "corpus")


@pytest.fixture(scope="session")
def small(corpus: list[Example], segmenter: Segmenter) -> Small:
    examples = corpus[:: max(1, len(corpus) // SMALL)]
    return Small(examples, *fit(examples, segmenter))


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus folder with every twentieth row of each shipped file."""
    folder = tmp_path_factory.mktemp("corpus")
    for file in sorted((datasets_dir() / "corpus").glob("*.jsonl")):
        rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / file.name).write_text("".join(rows[::20]), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def trained(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artefact directory made by a real training run."""
    folder = tmp_path_factory.mktemp("models")
    at = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    return train("triage-test.1", small_corpus, folder, at=at).path
