"""The kernel head: closed form, weights of rows, and a bound on its prototypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from triage.taxonomy import CATEGORIES, LABELS, label_of
from triage.training.heads import fit_kernel, spanning


@pytest.fixture(scope="module")
def told() -> tuple[Any, Any]:
    """600 vectors around a place of their leaf, and what they are."""
    random = np.random.default_rng(11)
    places = random.normal(0, 1, (len(CATEGORIES), 24))
    shares = 1 / np.arange(1, len(CATEGORIES) + 1)
    leaves = random.choice(len(CATEGORIES), 600, p=shares / shares.sum())
    wanted = np.zeros((600, len(LABELS) + len(CATEGORIES)))
    wanted[np.arange(600), len(LABELS) + leaves] = 1
    labels = [LABELS.index(label_of(CATEGORIES[leaf])) for leaf in leaves]
    wanted[np.arange(600), labels] = 1
    return places[leaves] + random.normal(0, 0.8, (600, 24)), wanted


def right(head: Any, told: tuple[Any, Any]) -> float:
    found = head.scores(told[0])[:, : len(LABELS)].argmax(axis=1)
    return float((found == told[1][:, : len(LABELS)].argmax(axis=1)).mean())


def test_all_rows_span_the_same_solution_by_either_way(told: tuple[Any, Any]) -> None:
    trust = np.linspace(0.2, 1, 600)
    direct = fit_kernel(*told, trust, most=600)
    # One row more than may span: the other way, with nearly the same prototypes.
    nearly = fit_kernel(*told, trust, most=599)
    assert len(nearly.prototypes) == 599
    apart = np.abs(direct.scores(told[0]) - nearly.scores(told[0])).max(axis=1)
    assert np.median(apart) < 0.005


def test_prototypes_have_a_bound_and_all_rows_still_teach(told: tuple[Any, Any]) -> None:
    vectors, wanted = told
    few = fit_kernel(vectors, wanted, most=120)
    assert few.prototypes.shape == (120, 24)
    chosen = spanning(wanted, 120)
    alone = fit_kernel(vectors[chosen], wanted[chosen], most=120)
    assert right(few, told) > right(alone, told)


def test_rare_leaves_are_drawn_more_densely(told: tuple[Any, Any]) -> None:
    leaves = told[1][:, len(LABELS) :].argmax(axis=1)
    drawn = np.bincount(leaves[spanning(told[1], 200)], minlength=len(CATEGORIES))
    there = np.bincount(leaves, minlength=len(CATEGORIES))
    common, rare = there.argmax(), np.flatnonzero((there > 0) & (there < 6))
    assert (drawn[rare] > 0).all()
    assert (drawn[rare] / there[rare]).mean() > 2 * drawn[common] / there[common]


def test_a_row_of_little_trust_moves_the_solution_less(told: tuple[Any, Any]) -> None:
    vectors, wanted = told
    wrong = wanted.copy()
    wrong[0, : len(LABELS)] = np.roll(wanted[0, : len(LABELS)], 1)
    base = fit_kernel(vectors, wanted).scores(vectors[:1])
    moved = []
    for trust in (1.0, 0.1):
        trusted = np.ones(600)
        trusted[0] = trust
        moved.append(np.abs(fit_kernel(vectors, wrong, trusted).scores(vectors[:1]) - base).max())
    assert moved[1] < moved[0] / 2
