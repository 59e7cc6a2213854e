"""Figures beyond the contract's, and the page that shows them."""

from __future__ import annotations

import random
import re
from xml.dom import minidom

import pytest

from triage.assessment import Assessment
from triage.taxonomy import LABELS, Label, Route
from triage.training.breakdown import (
    Told,
    auc,
    breakdown,
    confusion,
    hardest,
    reliability,
    risk_coverage,
)
from triage.training.card import model_card
from triage.training.evaluate import Judgement, metrics
from triage.training.plots import plots
from triage.training.report import report_html
from triage.training.shift import estimated_shares, shift


def judged(number: int, truth: Label, *p: float, route: Route = Route.REVIEW) -> Judgement:
    by_label = dict(zip(LABELS, p, strict=True))
    label = max(LABELS, key=lambda name: by_label[name])
    given = Assessment(
        str(number), label, route, by_label, "police.theft", (), (), (), ("low_margin",), "m"
    )
    return Judgement(truth, given)


ROWS = [
    judged(1, Label.POLICE, 0.9, 0.05, 0.05, route=Route.POLICE),
    judged(2, Label.POLICE, 0.2, 0.7, 0.1, route=Route.MEDIATE),
    judged(3, Label.DISPUTE, 0.3, 0.6, 0.1, route=Route.MEDIATE),
    judged(4, Label.SERVICE, 0.1, 0.2, 0.7),
]
TOLD = [
    Told("甲<乙>", "police.theft", "asked", hard=False),
    Told("丙", "police.fraud", "asked", hard=True),
    Told("丁"),
    Told("戊", None, "news"),
]


def test_auc_counts_pairs_and_halves_ties() -> None:
    assert auc(ROWS) == pytest.approx((2 + 1) / 4)
    assert auc([judged(1, Label.POLICE, 0.5, 0.3, 0.2)] * 2 + [ROWS[2]]) == 1.0
    tied = [judged(1, Label.POLICE, 0.4, 0.3, 0.3), judged(2, Label.SERVICE, 0.4, 0.3, 0.3)]
    assert auc(tied) == 0.5
    assert auc(ROWS[:2]) == 0.0


def test_confusion_and_groups_count_every_row() -> None:
    assert confusion(ROWS)["police"] == {"police": 1, "dispute": 1, "service": 0}
    parts = breakdown(ROWS, TOLD, None)
    assert parts["by_category"]["police.fraud"]["handed_on"] == 1
    assert parts["by_style"]["asked"]["n"] == 2
    assert set(parts["by_hard"]) == {"false", "true"}
    assert parts["doubts"] == {"low_margin": {"n": 4, "wrong": 1}}
    assert [miss["id"] for miss in parts["misses"]] == ["2"]
    assert "丙" not in str(parts)


def test_reliability_and_risk_are_what_they_say() -> None:
    bins = reliability(ROWS)
    assert sum(b["n"] for b in bins) == len(ROWS)
    assert all(b["was_95"][0] <= b["was"] <= b["was_95"][1] for b in bins)
    points = risk_coverage(ROWS)
    assert points[-1] == {"coverage": 1.0, "risk": 0.25}
    assert points[4]["risk"] == 0.0


def street(*shares: float, n: int = 3000) -> list[dict[Label, float]]:
    """Calibrated scores under equal shares, drawn from a street with these."""
    draw = random.Random(3)
    rows = []
    for _ in range(n):
        truth = draw.choices(LABELS, shares)[0]
        seen = truth if draw.random() < 0.8 else draw.choice([k for k in LABELS if k != truth])
        rows.append({k: 0.8 if k is seen else 0.1 for k in LABELS})
    return rows


EQUAL = {str(label): 1 / 3 for label in LABELS}


def test_the_estimate_of_shares_finds_a_shift() -> None:
    found = estimated_shares(street(0.7, 0.2, 0.1), EQUAL)
    assert found["police"] == pytest.approx(0.7, abs=0.03)
    assert sum(found.values()) == pytest.approx(1, abs=1e-3)


def test_the_promise_is_said_for_the_shares_found_here() -> None:
    told = shift(street(0.7, 0.2, 0.1, n=600), EQUAL, {"miss_upper95": 0.0097})
    low, high = told["estimated_95"]["police"]
    assert low < 0.7 < high
    assert high - low < 0.15
    assert told["police_miss_upper95"] == 0.0097
    assert told["missed_per_1000_at_most"] == pytest.approx(high * 9.7, abs=0.01)
    assert "0.97%" in told["says"]
    calm = shift(street(0.1, 0.6, 0.3, n=600), EQUAL, {"miss_upper95": 0.0097})
    assert calm["missed_per_1000_at_most"] < told["missed_per_1000_at_most"]


def test_the_hardest_rows_come_first_and_by_id() -> None:
    rows = hardest(list(zip(ROWS, TOLD, strict=True)))
    assert [row["id"] for row in rows] == ["2", "3", "4", "1"]
    assert rows[0]["p_truth"] == 0.2
    assert len(hardest(list(zip(ROWS * 9, TOLD * 9, strict=True)))) == 20


def test_every_plot_is_sound_svg_with_its_numbers() -> None:
    made = plots(breakdown(ROWS, TOLD, None))
    assert set(made) == {
        f"plot-{name}.svg"
        for name in ("reliability", "risk-coverage", "confusion", "category", "style", "hard")
    }
    for svg in made.values():
        root = minidom.parseString(svg).documentElement
        assert root.getAttribute("aria-label")
        assert not re.search(r"<script|href|NaN", svg)
        assert len(svg) < 20_000
    assert "50.0%" in made["plot-confusion.svg"]
    assert plots({}) == {}


def test_the_card_shows_plots_and_the_hardest_rows() -> None:
    parts = breakdown(ROWS, TOLD, None)
    training = {"by_label": dict.fromkeys(map(str, LABELS), 1), "rows": 4, "corrections": 0}
    split = {"calibrated_on": "held-out folds", "dated_corrections": 0, "dated_needed": 400}
    hashes = {"data_sha256": "0", "lock_sha256": "0"}
    facts = {**training, **hashes, "seed": 0, "near_duplicates_dropped": 0, "split": split}
    card = model_card("m", "2026", facts, metrics(ROWS, "m"), 1.0, parts=parts)
    assert set(re.findall(r"\]\((plot-[a-z-]+\.svg)\)", card)) == set(plots(parts))
    assert "| 2 | 警务警情 | 非警务纠纷 | 0.200 |" in card
    assert "丙" not in card


def test_the_page_is_sound_and_quotes_nobody() -> None:
    told = shift([j.assessment.p for j in ROWS], EQUAL, {"miss_upper95": 0.0097})
    parts = {**breakdown(ROWS, TOLD, EQUAL), "shift": told}
    beside = [{"model": "<majority>", "accuracy": 0.5, "macro_f1": 0.2, "police_auc": 0.5}]
    page = report_html(metrics(ROWS, "m"), parts, [{**beside[0], "police_recall": 1.0}])
    minidom.parseString(page.replace("<!doctype html>", "").replace('<meta charset="utf-8">', ""))
    assert page.count("<svg") == 6
    assert "Saerens" in page
    assert "&lt;majority&gt;" in page
    bare = page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?://|<script|甲|丙", bare)
