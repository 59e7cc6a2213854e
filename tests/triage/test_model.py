"""The exported model is the fitted one, its reasons add up, and it cannot be altered unseen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triage.errors import AlreadyThere, ArtefactRefused
from triage.model import LinearModel
from triage.segmenter import Segmenter
from triage.taxonomy import LABELS, label_of
from triage.training.corpus import Example
from triage.training.export import Artefact, terms_json, to_onnx, write_artefact
from triage.training.fit import columns

PLOTS = {
    f"plot-{name}.svg"
    for name in ("reliability", "risk-coverage", "confusion", "category", "style", "hard")
}

ODD = [
    "０１２３ＡＢＣ，《》【】!?",
    "😀👍🏽 emoji 里有字",
    "123456",
    "\x00\x01控制\u200b字符\u3000",
    "ﾊﾝｶｸ ǅ ﬁ ㎡ ① Ⅷ",
]


@pytest.fixture(scope="module")
def scores(corpus: list[Example], small: Any, segmenter: Segmenter) -> Any:
    """Every text of the corpus and some odd ones, judged by scikit-learn."""
    texts = columns([segmenter.segment(t) for t in [*(e.text for e in corpus), *ODD]])
    return small.fitted.vectorizers.transform(texts)


@pytest.fixture(scope="module")
def model(small: Any, segmenter: Segmenter, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("exported")
    return LinearModel.open(exported(folder, small, segmenter), segmenter)


def exported(folder: Path, small: Any, segmenter: Segmenter) -> Path:
    from triage.doubt import Limits

    thresholds = {"values": {"police_at": 0.5}}
    artefact = Artefact("triage-small.1", {}, thresholds, Limits(), {}, "# card\n", "2026-11-24")
    return write_artefact(folder, artefact, small.fitted, small.examples, segmenter)


def test_the_exported_model_agrees_with_scikit_learn_on_the_whole_corpus(
    corpus: list[Example], small: Any, model: LinearModel, scores: Any
) -> None:
    labels, categories = model.probabilities(model.read([*(e.text for e in corpus), *ODD]))
    assert np.abs(labels - small.fitted.labels.probabilities(scores)).max() <= 1e-5
    wanted = small.fitted.categories.probabilities(scores)
    assert np.abs(categories - wanted).max() <= 1e-5


def test_chinese_texts_do_not_all_get_the_same_answer(
    corpus: list[Example], model: LinearModel
) -> None:
    """An exporter that loses the token pattern gives every text the same probabilities."""
    judged = model.judge([example.text for example in corpus[:60]])
    assert len({round(j.p[LABELS[0]], 5) for j in judged}) > 50


def test_reasons_add_up_to_the_score(
    corpus: list[Example], small: Any, model: LinearModel, scores: Any
) -> None:
    texts = [*(example.text for example in corpus[::7]), *ODD]
    rows = [*range(0, len(corpus), 7), *range(len(corpus), len(corpus) + len(ODD))]
    wanted = scores[rows] @ small.fitted.labels.weights + small.fitted.labels.bias
    for judged, row in zip(model.judge(texts), wanted, strict=True):
        total = judged.bias + sum(reason.weight for reason in judged.reasons)
        assert total == pytest.approx(judged.score, abs=1e-9)
        assert judged.score == pytest.approx(row[LABELS.index(judged.label)], abs=1e-4)


def test_reasons_quote_the_text_they_came_from(model: LinearModel) -> None:
    text = "　ＡＢＣ房东不退押金２８００元\x07，　说墙上有钉眼"
    for reason in model.judge([text])[0].reasons:
        assert text[reason.start : reason.end] == reason.term


def test_probabilities_and_categories_are_consistent(
    corpus: list[Example], model: LinearModel
) -> None:
    for judged in model.judge([example.text for example in corpus[:100]]):
        assert sum(judged.p.values()) == pytest.approx(1, abs=1e-5)
        assert all(label_of(name) is judged.label for name, _ in judged.categories)
        shares = [share for _, share in judged.categories]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1 + 1e-6


def test_one_by_one_and_in_batches_is_the_same(model: LinearModel) -> None:
    texts = [f"{n}号楼上漏水，住户不肯赔" for n in range(300)]
    many = model.judge(texts)
    assert len(many) == 300
    alone = model.judge([texts[17]])[0]
    assert many[17].p == pytest.approx(alone.p, abs=1e-6)


def test_the_file_is_the_same_every_time(small: Any) -> None:
    assert to_onnx(small.fitted) == to_onnx(small.fitted)
    assert set(json.loads(terms_json(small.fitted))) == {"bias", "words", "characters"}


def test_an_artefact_is_never_overwritten(small: Any, segmenter: Segmenter, tmp_path: Path) -> None:
    path = exported(tmp_path, small, segmenter)
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    with pytest.raises(AlreadyThere, match=r"triage-small\.1"):
        exported(tmp_path, small, segmenter)
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["triage-small.1"]


@pytest.mark.parametrize(
    "name", ["model.onnx", "terms.json", "golden.jsonl", "card.md", "metrics.json"]
)
def test_a_changed_file_is_refused_by_name(trained: Path, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(trained, tmp_path / trained.name))
    with (copy / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(ArtefactRefused, match=f"{name} was changed"):
        LinearModel.open(copy, Segmenter())


def test_a_missing_file_and_another_name_are_refused(
    trained: Path, tmp_path: Path, segmenter: Segmenter
) -> None:
    copy = Path(shutil.copytree(trained, tmp_path / trained.name))
    (copy / "terms.json").unlink()
    with pytest.raises(ArtefactRefused, match=r"terms\.json is missing"):
        LinearModel.open(copy, segmenter)
    renamed = Path(shutil.copytree(trained, tmp_path / "triage-other.1"))
    with pytest.raises(ArtefactRefused, match="says its name is"):
        LinearModel.open(renamed, segmenter)


def test_an_artefact_that_does_not_repeat_itself_is_refused(
    trained: Path, tmp_path: Path, segmenter: Segmenter
) -> None:
    """Checksums made right again after tampering do not help: the predictions speak."""
    from triage.artefact import sha256_of

    copy = Path(shutil.copytree(trained, tmp_path / trained.name))
    golden = copy / "golden.jsonl"
    rows = [json.loads(line) for line in golden.read_text(encoding="utf-8").splitlines()]
    rows[3]["p"] = {"police": 0.1, "dispute": 0.1, "service": 0.8}
    golden.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["golden.jsonl"] = sha256_of(golden)
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ArtefactRefused, match="does not repeat"):
        LinearModel.open(copy, segmenter)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": 9}', '{"format": 1}'])
def test_an_unreadable_manifest_is_refused(tmp_path: Path, segmenter: Segmenter, text: str) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "manifest.json").write_text(text)
    with pytest.raises(ArtefactRefused, match=r"manifest\.json"):
        LinearModel.open(tmp_path / "m", segmenter)


def test_the_manifest_says_what_it_was_made_from(trained: Path) -> None:
    facts = json.loads((trained / "manifest.json").read_text(encoding="utf-8"))
    assert set(facts["files"]) == {
        "model.onnx",
        "terms.json",
        "golden.jsonl",
        "card.md",
        "metrics.json",
        *PLOTS,
    }
    assert facts["training"]["rows"] == sum(facts["training"]["by_label"].values())
    assert len(facts["training"]["data_sha256"]) == 64
    assert facts["thresholds"]["police_held_out"] == facts["training"]["by_label"]["police"]
    assert {"onnxruntime", "scikit-learn", "jieba"} <= set(facts["libraries"])
