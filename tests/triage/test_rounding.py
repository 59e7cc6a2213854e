"""Rounding the encoder to 8 bits, on made-up weights with outliers as pretrained ones have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triage.artefact import open_session
from triage.training.encoder_export import UNTAMED, to_int8, to_onnx
from triage.training.encoder_rounding import tame
from triage.training.encoder_weights import Shape, Weights

SHAPE = Shape(
    hidden=64, layers=3, heads=4, feed_forward=128, vocabulary=40, positions=32, epsilon=1e-5
)
PIECES = (
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    "▁",
    *"楼上漏水不肯赔老板拖欠工资房东退押金邻居打人报警",
    "▁que",
    "ry",
    ":",
)
KEPT = list(range(len(PIECES)))
SAMPLE = ["楼上漏水不肯赔", "老板拖欠工资", "房东不退押金", "邻居打人报警"]


@pytest.fixture(scope="module")
def weights() -> Weights:
    random = np.random.default_rng(7)

    def matrix(*size: int) -> Any:
        return random.normal(0, 0.2, size).astype(np.float32)

    tensors = {
        "emb.word": matrix(len(PIECES), SHAPE.hidden),
        "emb.pos": matrix(SHAPE.positions, SHAPE.hidden),
        "emb.type": matrix(2, SHAPE.hidden),
        "emb.ln.w": np.ones(SHAPE.hidden, dtype=np.float32),
        "emb.ln.b": matrix(SHAPE.hidden),
    }
    for n in range(SHAPE.layers):
        sizes = dict.fromkeys(("q", "k", "v", "ao"), (SHAPE.hidden, SHAPE.hidden))
        sizes |= {
            "fi": (SHAPE.feed_forward, SHAPE.hidden),
            "fo": (SHAPE.hidden, SHAPE.feed_forward),
        }
        for name, size in sizes.items():
            tensors[f"l{n}.{name}.w"] = matrix(*size)
            tensors[f"l{n}.{name}.b"] = matrix(size[0])
        for norm in ("aln", "oln"):
            tensors[f"l{n}.{norm}.w"] = np.ones(SHAPE.hidden, dtype=np.float32)
            tensors[f"l{n}.{norm}.b"] = matrix(SHAPE.hidden)
        # One channel into the feed-forward and one inside it, far above the rest.
        tensors[f"l{n}.aln.w"][5] = 12
        tensors[f"l{n}.fi.w"][9] *= 60
    pieces = tuple((piece, -float(at)) for at, piece in enumerate(PIECES))
    return Weights(SHAPE, tensors, pieces, {}, bos=0, eos=2, pad=1, unknown=3)


def vectors(file: Path, model: bytes | None = None) -> Any:
    if model is not None:
        file.write_bytes(model)
    random = np.random.default_rng(3)
    ids = random.integers(4, len(PIECES), (40, 12))
    feed = {"ids": ids, "mask": np.ones(ids.shape, dtype=np.int32)}
    return open_session(file).run(["vectors"], feed)[0]


def far(found: Any, exact: Any) -> float:
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact - exact.mean(axis=0)))


def test_taming_changes_nothing_but_the_rounding(weights: Weights, tmp_path: Path) -> None:
    exact = vectors(tmp_path / "exact", to_onnx(weights, KEPT, layers=3))
    tamed = tame(weights, KEPT, 3, SAMPLE, 32)
    assert any(9 in channels for channels in tamed.apart.values())
    same = vectors(tmp_path / "tamed", to_onnx(weights, KEPT, layers=3, tamed=tamed))
    assert far(same, exact) < 1e-3


def test_tamed_states_lose_less_in_8_bits(weights: Weights, tmp_path: Path) -> None:
    exact = vectors(tmp_path / "exact", to_onnx(weights, KEPT, layers=3))
    lost = []
    for name, tamed in (("plain", UNTAMED), ("tamed", tame(weights, KEPT, 3, SAMPLE, 32))):
        (tmp_path / name).write_bytes(to_onnx(weights, KEPT, layers=3, tamed=tamed))
        to_int8(tmp_path / name, tmp_path / f"{name}.int8")
        lost.append(far(vectors(tmp_path / f"{name}.int8"), exact))
    assert lost[1] < lost[0] / 2
