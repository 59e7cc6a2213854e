"""The encoder's model: tamper-proof, true to what was fitted, safe without its encoder."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from triage.artefact import sha256_of
from triage.encoded import WHOLE, EncodedModel, open_model
from triage.encoder import Encoder, known_encoders
from triage.errors import ArtefactRefused
from triage.model import LinearModel
from triage.pieces import Pieces
from triage.registry import Registry
from triage.report import ReportText
from triage.segmenter import Segmenter
from triage.shipped import models_dir
from triage.taxonomy import Route
from triage.triager import Triager

LEAK = "楼上卫生间漏水把我家吊顶泡坏了，找他他不肯赔，要求来人调解"
TEXTS = [LEAK, "有人拿刀砍人", "身份证丢了去哪补办", "", "\x00", "😀", "八" * 4000, "a1 b2 ３"]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the artefact that ships as current, with its encoder beside it."""
    folder = tmp_path_factory.mktemp("models")
    artefact = Registry(models_dir()).current()
    shutil.copytree(artefact.path, folder / artefact.name)
    shutil.copytree(models_dir() / "encoders", folder / "encoders")
    return folder / artefact.name


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.open(known_encoders([models_dir()])[-1])


def opened(path: Path, segmenter: Segmenter) -> EncodedModel | LinearModel:
    return open_model(path, segmenter, [path.parent])  # type: ignore[return-value]


def test_the_shipped_model_has_its_encoder(shipped: Path, segmenter: Segmenter) -> None:
    model = opened(shipped, segmenter)
    assert isinstance(model, EncodedModel)
    assert model.complete


def test_batches_and_single_texts_agree(encoder: Encoder) -> None:
    many = encoder.vectors(TEXTS)
    assert many.shape == (len(TEXTS), encoder.hidden)
    assert np.isfinite(many).all()
    for text, row in zip(TEXTS, many, strict=True):
        (alone,) = encoder.vectors([text])
        cosine = row @ alone / np.linalg.norm(row) / np.linalg.norm(alone)
        # Dynamic 8-bit scales are taken over the batch, so a little may differ.
        assert cosine > 0.995


def test_numbers_of_a_person_never_reach_the_encoder(encoder: Encoder) -> None:
    one, other = encoder.vectors(["回电13800001234", "回电13899991234"])
    assert np.array_equal(one, other)


def test_pieces_cover_a_text_in_order(encoder: Encoder) -> None:
    pieces: Pieces = encoder.pieces
    by_id = {number: piece for piece, number in pieces.ids.items()}
    ids = pieces.encode(LEAK, most=128)
    assert (ids[0], ids[-1]) == (pieces.bos, pieces.eos)
    inner = "".join(by_id[number] for number in ids[1 + len(pieces.prefix) : -1])
    assert inner.replace("▁", "").replace(",", "，") == LEAK
    assert len(pieces.encode("字" * 900, most=64)) == 64


def test_reasons_add_up_with_the_meaning_of_the_whole(shipped: Path, segmenter: Segmenter) -> None:
    for judged in opened(shipped, segmenter).judge([LEAK, TEXTS[1], TEXTS[2]]):
        assert [r.term for r in judged.reasons].count(WHOLE) == 1
        total = judged.bias + sum(reason.weight for reason in judged.reasons)
        assert total == pytest.approx(judged.score, abs=1e-6)


def test_without_its_encoder_words_serve_and_say_so(
    shipped: Path, tmp_path: Path, segmenter: Segmenter
) -> None:
    alone = tmp_path / "models"
    shutil.copytree(shipped, alone / shipped.name)
    (alone / "CURRENT.toml").write_text(f'current = "{shipped.name}"\n')
    triager = Triager(Registry(alone), _lexicon(), segmenter)
    given = triager.assess(ReportText("1", LEAK))
    assert "no_encoder" in given.doubt
    assert given.route not in {Route.MEDIATE, Route.SERVICE}


@pytest.mark.parametrize("name", ["encoder.onnx", "pieces.json", "NOTICE.txt"])
def test_a_changed_encoder_is_refused_by_name(
    shipped: Path, tmp_path: Path, segmenter: Segmenter, name: str
) -> None:
    copy = _copied(shipped, tmp_path)
    (file,) = (copy.parent / "encoders").glob(f"*/{name}")
    with file.open("ab") as out:
        out.write(b" ")
    with pytest.raises(ArtefactRefused, match=f"{name} was changed"):
        opened(copy, segmenter)


def test_another_encoder_of_the_same_name_is_refused(
    shipped: Path, tmp_path: Path, segmenter: Segmenter
) -> None:
    copy = _copied(shipped, tmp_path)
    (file,) = (copy.parent / "encoders").glob("*/manifest.json")
    facts = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**facts, "layers": 99}), encoding="utf-8")
    with pytest.raises(ArtefactRefused, match="is not the one it had"):
        opened(copy, segmenter)


def test_a_tampered_head_or_threshold_is_refused(
    shipped: Path, tmp_path: Path, segmenter: Segmenter
) -> None:
    copy = _copied(shipped, tmp_path)
    heads = copy / "heads.onnx"
    heads.write_bytes(heads.read_bytes()[:-64] + bytes(64))
    with pytest.raises(ArtefactRefused, match=r"heads\.onnx was changed"):
        opened(copy, segmenter)
    manifest = copy / "manifest.json"
    facts = json.loads(manifest.read_text(encoding="utf-8"))
    facts["files"]["heads.onnx"] = sha256_of(heads)
    facts["thresholds"]["values"]["police_below"] = 0.9
    manifest.write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(ArtefactRefused, match=r"thresholds were changed"):
        opened(copy, segmenter)


def _copied(shipped: Path, tmp_path: Path) -> Path:
    shutil.copytree(shipped.parent / "encoders", tmp_path / "encoders")
    return Path(shutil.copytree(shipped, tmp_path / shipped.name))


def _lexicon():  # type: ignore[no-untyped-def]
    from triage.cues import Lexicon
    from triage.shipped import lexicon_text

    return Lexicon.parse(lexicon_text())


def test_a_site_can_train_on_the_encoder(small_corpus: Path, tmp_path: Path) -> None:
    """Opening repeats the golden predictions: the exported parts are the fitted ones."""
    from datetime import UTC, datetime

    from triage.training.train import train

    thin = tmp_path / "corpus"
    thin.mkdir()
    for file in small_corpus.glob("*.jsonl"):
        rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
        (thin / file.name).write_text("".join(rows[::2]), encoding="utf-8")
    at = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
    source = known_encoders([models_dir()])[-1]
    made = train("triage-test.2", thin, tmp_path / "models", at=at, encoder=source)
    shutil.copytree(source, tmp_path / "models" / "encoders" / source.name)
    model = open_model(made.path, Segmenter(), [tmp_path / "models"])
    assert isinstance(model, EncodedModel)
    assert made.metrics["held_out"]["n"] == sum(
        len(file.read_text(encoding="utf-8").splitlines()) for file in thin.glob("*.jsonl")
    )


def test_two_models_of_one_encoder_share_it_in_memory(shipped: Path, segmenter: Segmenter) -> None:
    first = opened(shipped, segmenter)
    assert isinstance(first, EncodedModel)
    again = open_model(shipped, segmenter, [shipped.parent], shared=first.encoder)
    assert isinstance(again, EncodedModel)
    assert again.encoder is first.encoder


def test_an_encoder_that_the_manifest_does_not_name_is_not_shared(
    shipped: Path, segmenter: Segmenter, encoder: Encoder
) -> None:
    other = replace(encoder, sha256="0" * 64)
    again = open_model(shipped, segmenter, [shipped.parent], shared=other)
    assert isinstance(again, EncodedModel)
    assert again.encoder is not other
