"""The shipped golden rows: every leaf, labels that fit, nothing a model was trained on."""

from __future__ import annotations

from collections import Counter

from triage.shipped import datasets_dir
from triage.taxonomy import CATEGORIES, Label
from triage.training.corpus import read_corpus, read_corrections, without_near_duplicates

GOLDEN = datasets_dir() / "golden.jsonl"


def test_every_leaf_is_there_and_belongs_to_its_label() -> None:
    rows = read_corrections(GOLDEN)
    assert {row.category for row in rows} == set(CATEGORIES)
    assert all(str(row.category).startswith(f"{row.label}.") for row in rows)


def test_enough_police_texts_for_the_gate() -> None:
    """Under 85 even two equal models could not pass it (the bound of ``lowest_change``)."""
    labels = Counter(row.label for row in read_corrections(GOLDEN))
    assert labels[Label.POLICE] >= 150
    assert min(labels.values()) >= 75


def test_no_golden_row_nearly_repeats_a_text_that_models_are_trained_on() -> None:
    golden = read_corrections(GOLDEN)
    kept = without_near_duplicates([*read_corpus(datasets_dir() / "corpus"), *golden])
    assert kept[-len(golden) :] == golden
