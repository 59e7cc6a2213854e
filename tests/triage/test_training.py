"""Corpus, folds, thresholds, figures and the gate."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from math import comb
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.lexicon_check import RECORD
from triage import encoded, model
from triage.artefact import read_manifest, sha256_of
from triage.assessment import Assessment
from triage.doubt import Evidence, Limits
from triage.errors import WrongUse
from triage.redaction import mask_numbers
from triage.registry import Registry
from triage.shipped import datasets_dir, lexicon_text, models_dir
from triage.taxonomy import LABELS, Label, Route
from triage.training import gate
from triage.training.bounds import upper95, wilson
from triage.training.corpus import (
    Example,
    read_corpus,
    read_corrections,
    shingles,
    without_near_duplicates,
)
from triage.training.datasets import write_manifest
from triage.training.evaluate import Judgement, metrics
from triage.training.gate import objections
from triage.training.split import folds
from triage.training.thresholds import TARGET_UPPER95, HeldOut, choose
from triage.training.train import train


def judged(number: int, truth: Label, route: Route, *p: float) -> Judgement:
    by_label = dict(zip(LABELS, p, strict=True))
    label = max(LABELS, key=lambda name: by_label[name])
    return Judgement(
        truth, Assessment(str(number), label, route, by_label, "", (), (), (), (), "m")
    )


def test_every_shipped_row_can_be_read(corpus: list[Example]) -> None:
    assert len(corpus) > 1000
    assert {example.label for example in corpus} == set(LABELS)
    assert all(example.category for example in corpus)


def test_no_number_of_a_person_is_shipped() -> None:
    for file in sorted((datasets_dir() / "corpus").glob("*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            text = json.loads(line)["text"]
            assert mask_numbers(text) == text, f"{file.name} line {number}"


def test_the_shipped_thresholds_belong_to_the_shipped_lexicon() -> None:
    """Cues decide routes, so thresholds chosen under another lexicon say nothing, unless no police
    text that was held back under that one goes free under this one."""
    facts = read_manifest(Registry(models_dir()).current().path).facts
    now = sha256(lexicon_text().encode()).hexdigest()
    if facts["training"]["lexicon_sha256"] == now:
        return
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    assert record["model"] == facts["name"]
    assert record["data_sha256"] == facts["training"]["data_sha256"]
    assert record["lexicon_sha256"] == now, "train anew, or run benchmarks/lexicon_check.py"
    police = record["by_label"]["police"]
    assert police["released"] == 0
    assert police["texts"] == facts["thresholds"]["police_held_out"]


def test_the_dataset_manifest_is_true() -> None:
    folder = datasets_dir()
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert {row["file"] for row in facts["files"]} == {
        "golden.jsonl",
        *(f"corpus/{file.name}" for file in (folder / "corpus").glob("*.jsonl")),
    }
    for row in facts["files"]:
        file = folder / row["file"]
        assert sha256_of(file) == row["sha256"], f"{row['file']}: run xiaonao-triage datasets"
        assert row["rows"] == len(file.read_text(encoding="utf-8").splitlines())


def test_a_manifest_is_made_of_what_lies_there(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "seed-a.jsonl").write_text("{}\n{}\n")
    assert write_manifest(tmp_path) == 1
    (row,) = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert (row["rows"], row["licence"]) == (2, "Apache-2.0")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"text": "甲乙"}', "KeyError"),
        ('{"text": "", "label": "police"}', "text is empty"),
        ('{"text": "甲乙", "label": "fire"}', "ValueError"),
        ('{"text": "甲", "label": "police", "category": "dispute.leak"}', "another label"),
        ('{"text": "甲", "label": "police", "category": "police.x"}', "not a known leaf"),
        ("{", "JSONDecodeError"),
    ],
)
def test_a_wrong_row_is_named_without_its_text(tmp_path: Path, line: str, why: str) -> None:
    good = '{"text": "楼上漏水", "label": "dispute"}\n'
    (tmp_path / "a.jsonl").write_text(good + line + "\n", encoding="utf-8")
    with pytest.raises(WrongUse, match=f"a.jsonl line 2: .*{why}") as caught:
        read_corpus(tmp_path)
    assert "甲" not in str(caught.value)


def test_numbers_of_persons_never_reach_training(tmp_path: Path) -> None:
    file = tmp_path / "corrections.jsonl"
    file.write_text('{"text": "电话13800001234", "label": "service"}\n', encoding="utf-8")
    (row,) = read_corrections(file)
    assert row.text == "电话138****1234"
    assert row.brief == "corrections"


def example(text: str, brief: str = "a") -> Example:
    return Example(text, Label.DISPUTE, None, brief)


def test_near_duplicates_go_and_different_texts_stay() -> None:
    text = "楼上卫生间漏水，把我家吊顶泡坏了，找他他不肯赔，要求调解处理一下"
    kept = without_near_duplicates(
        [example(text), example(text + "。"), example("房东不退押金两千八，说墙上有钉眼")]
    )
    assert [row.text for row in kept] == [text, "房东不退押金两千八，说墙上有钉眼"]


def test_the_corpus_has_no_near_duplicates_left(corpus: list[Example]) -> None:
    kept = without_near_duplicates(corpus[::4])
    assert len(kept) > 0.95 * len(corpus[::4])
    texts = [shingles(row.text) for row in kept]
    overlaps = [len(a & b) / len(a | b) for i, a in enumerate(texts) for b in texts[i + 1 : i + 40]]
    assert max(overlaps) < 0.9


@given(st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=200))
def test_a_brief_is_never_on_both_sides(briefs: list[str]) -> None:
    rows = [example("甲", brief) for brief in briefs]
    held_out = folds(rows)
    assert sorted(number for fold in held_out for number in fold) == list(range(len(rows)))
    homes = Counter(brief for fold in held_out for brief in {briefs[n] for n in fold})
    assert set(homes.values()) == {1}


def test_corrections_are_dealt_out_one_by_one() -> None:
    sizes = [len(fold) for fold in folds([example("甲", "corrections")] * 60)]
    assert sizes == [10] * 6


def test_corrections_of_one_person_or_place_stay_together() -> None:
    """Linked over others too: the first and the last share nothing but what lies between."""
    chain = [(f"k{n}", f"k{n + 1}") for n in range(20)]
    linked = [replace(example("甲", "corrections"), groups=keys) for keys in chain]
    alone = [replace(example("乙", "corrections"), groups=(f"a{n}",)) for n in range(60)]
    held_out = folds([*alone[:30], *linked, *alone[30:]])
    homes = [fold for fold in held_out if set(fold) & set(range(30, 50))]
    assert len(homes) == 1
    assert set(range(30, 50)) <= set(homes[0])
    assert sorted(n for fold in held_out for n in fold) == list(range(80))


def test_bounds_agree_with_what_is_known() -> None:
    assert upper95(0, 299) == pytest.approx(1 - 0.05 ** (1 / 299), abs=1e-9)
    assert upper95(0, 299) < 0.01 < upper95(0, 298)
    assert upper95(3, 3) == upper95(0, 0) == 1.0
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)


@given(st.integers(1, 60), st.data())
def test_the_upper_bound_is_exact(n: int, data: st.DataObject) -> None:
    misses = data.draw(st.integers(0, n - 1))
    p = upper95(misses, n)
    at_most = sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(misses + 1))
    assert at_most == pytest.approx(0.05, abs=1e-6)


def test_figures_by_hand() -> None:
    rows = [
        judged(1, Label.POLICE, Route.POLICE, 0.8, 0.1, 0.1),
        judged(2, Label.POLICE, Route.MEDIATE, 0.1, 0.8, 0.1),
        judged(3, Label.DISPUTE, Route.MEDIATE, 0.1, 0.8, 0.1),
        judged(4, Label.DISPUTE, Route.REVIEW, 0.1, 0.5, 0.4),
        judged(5, Label.SERVICE, Route.SERVICE, 0.1, 0.1, 0.8),
    ]
    figures = metrics(rows, "m")
    assert (figures["n"], figures["accuracy"], figures["model"]) == (5, 0.8, "m")
    assert figures["police_recall"] == figures["per_label"]["police"]["recall"] == 0.5
    assert figures["per_label"]["dispute"]["precision"] == pytest.approx(0.6667)
    assert figures["dangerous_misses"] == ["2"]
    assert figures["police_miss_upper95"] == pytest.approx(upper95(1, 2), abs=1e-4)
    assert (figures["auto_share"], figures["review_share"]) == (0.8, 0.2)
    assert figures["dispute_diverted_share"] == 0.5
    assert figures["brier"] == pytest.approx((0.06 * 3 + 0.42 + 1.46) / 5, abs=1e-4)
    assert figures["ece"] == pytest.approx((abs(3.2 - 3) + abs(0.5 - 1)) / 5, abs=1e-4)


def test_figures_of_nothing_are_figures() -> None:
    figures = metrics([], "m")
    assert (figures["n"], figures["accuracy"], figures["police_miss_upper95"]) == (0, 0.0, 1.0)


def held_out(truth: Label, *p: float) -> HeldOut:
    return HeldOut(truth, Evidence(dict(zip(LABELS, p, strict=True)), (), 40, 0.0))


def test_thresholds_keep_the_stated_miss_rate() -> None:
    rows = [held_out(Label.POLICE, 0.9, 0.05, 0.05)] * 395
    rows += [held_out(Label.POLICE, 0.06, 0.92, 0.02)] * 15
    rows += [held_out(Label.DISPUTE, 0.01, 0.97, 0.02)] * 200
    rows += [held_out(Label.DISPUTE, 0.06, 0.92, 0.02)] * 200
    choice = choose(rows, Limits())
    assert choice.misses == 0
    assert upper95(choice.misses, choice.n_police) <= TARGET_UPPER95
    assert choice.handed_on == 200


def figures_with(recall: float, bound: float, n: int = 100) -> dict[str, object]:
    return {"held_out": {"n": n, "police_recall": recall, "police_miss_upper95": bound}}


def test_the_gate_minds_lost_recall_and_new_misses() -> None:
    now = figures_with(0.80, 0.02)
    assert objections(figures_with(0.81, 0.02), now) == ()
    assert objections(figures_with(0.797, 0.022), now) == ()
    assert "police recall falls" in objections(figures_with(0.78, 0.02), now)[0]
    assert "handed on rises" in objections(figures_with(0.80, 0.03), now)[0]
    assert objections(figures_with(0.80, 0.02, n=0), None) == ("it was measured on no text",)


def test_words_alone_never_take_the_place_of_an_encoder() -> None:
    assert (gate.LINEAR, gate.ENCODED) == (model.KIND, encoded.KIND)
    better = figures_with(0.95, 0.005)
    serving = figures_with(0.80, 0.02) | {"kind": encoded.KIND}
    (only,) = objections(better | {"kind": model.KIND}, serving)
    assert "words alone" in only
    assert objections(better | {"kind": encoded.KIND}, serving) == ()
    assert objections(better | {"kind": model.KIND}, serving | {"kind": model.KIND}) == ()


def test_training_twice_gives_the_same_model(
    small_corpus: Path, trained: Path, tmp_path: Path
) -> None:
    at = datetime(2026, 11, 25, tzinfo=UTC)
    again = train("triage-test.1", small_corpus, tmp_path, at=at).path
    for name in ("model.onnx", "terms.json", "golden.jsonl", "metrics.json"):
        assert sha256_of(again / name) == sha256_of(trained / name), name
