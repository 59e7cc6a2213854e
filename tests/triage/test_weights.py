"""What a label weighs: a weak source moves the model less than a settled one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from triage.errors import WrongUse
from triage.segmenter import Segmenter
from triage.taxonomy import CATEGORIES, LABELS, Label
from triage.training.corpus import Example, content_hash, read_corrections
from triage.training.fit import columns, fit
from triage.training.heads import fit_kernel

SERVICE = next(leaf for leaf in CATEGORIES if leaf.startswith("service."))
ODD = "楼道里堆放旧纸箱影响通行"


def rows(weight: float) -> list[Example]:
    """Disputes and services that are clear, and eight odd texts labelled police at ``weight``."""
    clear = [
        Example(f"楼上漏水泡坏吊顶不肯赔{n}", Label.DISPUTE, "dispute.leak", f"d{n}")
        for n in range(24)
    ]
    clear += [Example(f"咨询居住证怎么办理{n}", Label.SERVICE, SERVICE, f"s{n}") for n in range(24)]
    clear += [Example(f"{ODD}{n}", Label.SERVICE, SERVICE, f"o{n}") for n in range(8)]
    odd = [
        Example(f"{ODD}{n}", Label.POLICE, "police.weapon", f"p{n}", weight=weight)
        for n in range(8)
    ]
    return [*clear, *odd, Example("有人拿刀砍人", Label.POLICE, "police.weapon", "k")]


def p_police(weight: float, segmenter: Segmenter) -> float:
    fitted, _ = fit(rows(weight), segmenter)
    features = fitted.vectorizers.transform(columns([segmenter.segment(ODD)]))
    return float(fitted.labels.probabilities(features)[0][LABELS.index(Label.POLICE)])


def test_a_weak_label_moves_the_words_less(segmenter: Segmenter) -> None:
    weak, strong = p_police(0.3, segmenter), p_police(1.0, segmenter)
    assert weak < strong - 0.1


def test_a_weak_label_moves_the_kernel_less() -> None:
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(12, 6))
    vectors[11] = vectors[10]
    wanted = np.zeros((12, 2))
    wanted[:11, 0] = 1
    wanted[11, 1] = 1
    trust = np.ones(12)
    even = fit_kernel(vectors, wanted, trust).scores(vectors[10:11])[0]
    assert even == pytest.approx(fit_kernel(vectors, wanted).scores(vectors[10:11])[0])
    trust[11] = 0.3
    weaker = fit_kernel(vectors, wanted, trust).scores(vectors[10:11])[0]
    assert weaker[0] > even[0] > even[1] > weaker[1]


def test_the_weight_is_part_of_what_was_learnt() -> None:
    (one,) = rows(1.0)[:1]
    assert content_hash([one]) != content_hash([replace(one, weight=0.3)])


@pytest.mark.parametrize("weight", ["0", "-1", "1.5", '"much"', "true", "NaN"])
def test_a_weight_that_is_none_is_named(tmp_path: Path, weight: str) -> None:
    file = tmp_path / "corrections.jsonl"
    file.write_text(f'{{"text": "楼上漏水", "label": "dispute", "weight": {weight}}}\n', "utf-8")
    with pytest.raises(WrongUse, match="line 1: weight"):
        read_corrections(file)
