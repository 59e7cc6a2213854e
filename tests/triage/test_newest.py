"""The newest corrections calibrate: held out together, with the older calls of the same people."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from triage.artefact import read_manifest
from triage.errors import WrongUse
from triage.shipped import datasets_dir
from triage.taxonomy import LABELS
from triage.training.corpus import Example, content_hash, read_corrections
from triage.training.lock import lock_hash
from triage.training.newest import LEAST, LEAST_DATED, split_facts
from triage.training.split import block_of, calibrating, honest_folds
from triage.training.train import train

START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def said(number: int, *groups: str) -> Example:
    at = START + timedelta(hours=number)
    label = LABELS[number % 3]
    return Example(f"第{number}件", label, None, "corrections", "plain", "", 1.0, groups, at)


def written(number: int) -> Example:
    return Example(f"写{number}", LABELS[number % 3], None, f"brief-{number % 7}")


def test_the_newest_are_a_fold_of_their_own_and_calibrate() -> None:
    rows = [said(n) for n in reversed(range(LEAST_DATED))] + [written(n) for n in range(70)]
    block = block_of(rows)
    assert block is not None
    assert block.rows == tuple(range(LEAST)), "they stand first, the latest of all"
    assert block.linked == ()
    *others, last = honest_folds(rows, [True] * len(rows))
    assert last == list(block.rows)
    assert len(others) == 6
    everything = sorted(number for fold in [*others, last] for number in fold)
    assert everything == list(range(len(rows)))
    kept = calibrating(rows, [True] * len(rows))
    assert [number for number, one in enumerate(kept) if one] == list(block.rows)


def test_older_calls_of_the_same_people_are_held_out_too_and_measure_nothing() -> None:
    """Through others as well: the first shares nobody with the last, but with one between."""
    rows = [said(n) for n in range(LEAST_DATED)]
    rows[0] = said(0, "anna")
    rows[1] = said(1, "anna", "house")
    rows[LEAST_DATED - 1] = said(LEAST_DATED - 1, "house")
    block = block_of(rows)
    assert block is not None
    assert block.linked == (0, 1)
    *others, last = honest_folds(rows, [True] * len(rows))
    assert {0, 1, LEAST_DATED - 1} <= set(last)
    assert not {0, 1} & {number for fold in others for number in fold}
    assert not any(calibrating(rows, [True] * len(rows))[:2])


def test_too_few_or_one_sided_corrections_calibrate_nothing_by_themselves() -> None:
    few = [said(n) for n in range(LEAST_DATED - 1)]
    assert block_of(few) is None
    honest = [n % 2 == 0 for n in range(len(few))]
    assert calibrating(few, honest) == honest
    assert split_facts(few, None)["calibrated_on"] == "held-out folds"
    one_sided = [said(3 * n) for n in range(LEAST_DATED)]
    assert block_of(one_sided) is None


def test_a_time_without_an_offset_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "corrections.jsonl"
    file.write_text('{"text": "甲乙", "label": "police", "at": "2026-11-01T08:00:00"}\n', "utf-8")
    with pytest.raises(WrongUse, match="line 1: at has no offset"):
        read_corrections(file)


def corpus_rows(step: int, start: int) -> list[dict[str, Any]]:
    files = sorted((datasets_dir() / "corpus").glob("*.jsonl"))
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()[start::step]]
    return [json.loads(line) for line in lines]


def test_train_says_what_calibrated_and_measures_the_block_apart(tmp_path: Path) -> None:
    corpus, corrections = tmp_path / "corpus", tmp_path / "corrections.jsonl"
    corpus.mkdir()
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in corpus_rows(90, 0)]
    (corpus / "rows.jsonl").write_text("".join(lines), "utf-8")
    real = corpus_rows(28, 7)
    lines = [
        json.dumps(
            {"text": row["text"], "label": row["label"], "at": str(START + timedelta(hours=n))},
            ensure_ascii=False,
        )
        + "\n"
        for n, row in enumerate(real)
    ]
    corrections.write_text("".join(lines), "utf-8")
    made = train("triage-test.1", corpus, tmp_path / "models", at=START, corrections=corrections)
    facts = read_manifest(made.path).facts["training"]
    split = facts["split"]
    assert split["calibrated_on"] == "newest block"
    assert split["block_rows"] == made.metrics["newest_block"]["n"] == LEAST
    assert split["block_from"] < split["block_to"]
    assert facts["lock_sha256"] == lock_hash()
    assert facts["seed"] == 0
    card = (made.path / "card.md").read_text("utf-8")
    assert f"Calibrated on the newest {LEAST} of {split['dated_corrections']} corrections" in card
    assert facts["lock_sha256"] in card


def test_the_hash_of_the_data_knows_the_time_of_a_correction() -> None:
    """The time decides who calibrates, so another time is other data."""
    assert content_hash([said(1)]) != content_hash([replace(said(1), at=None)])
