"""Find the encoder's outliers before its matrices are rounded to 8 bits.

States are rounded with one scale for all channels, so one channel a dozen times larger than the
rest leaves the rest a handful of steps. Two remedies, neither of which changes a sum: channels
that enter a layer are divided by ``largest state ** 0.5 / largest weight ** 0.5`` and their matrix
multiplied by it (SmoothQuant, Xiao et al. 2023, arXiv:2211.10438); between the feed-forward's two
products, where one channel is up to fourteen times the next, the largest two stay floats (as in
LLM.int8, Dettmers et al. 2022, arXiv:2208.07339). Dividing there moves the noise into the weights
and gains nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from triage.artefact import open_session
from triage.pieces import Pieces
from triage.redaction import mask_numbers
from triage.segmenter import simplified
from triage.training.encoder_export import Tamed, pieces_json, to_onnx
from triage.training.encoder_weights import Weights

_READERS = {"qkv": ("q.w", "k.w", "v.w"), "fi": ("fi.w",)}
"""The matrices of a layer that read the same states."""
_STRENGTH = 0.5
_LEAST = 1e-5
_APART = 2


def tame(weights: Weights, kept: list[int], layers: int, texts: Sequence[str], most: int) -> Tamed:
    """What to do before rounding, by the largest states that ``texts`` (some hundred, cut at
    ``most`` pieces) bring about."""
    largest = _largest_states(weights, kept, layers, texts, most)
    divisors, apart = {}, {}
    for name, states in largest.items():
        layer, _, reader = name.partition(".")
        if reader == "fo":
            apart[name] = [int(channel) for channel in np.argsort(-states)[:_APART]]
            continue
        rows = [np.abs(weights.tensors[f"{layer}.{m}"]).max(axis=0) for m in _READERS[reader]]
        matrix = np.maximum.reduce(rows).clip(_LEAST)
        divisors[name] = (states.clip(_LEAST) ** _STRENGTH / matrix ** (1 - _STRENGTH)).astype(
            np.float32
        )
    return Tamed(divisors, apart)


def _largest_states(
    weights: Weights, kept: list[int], layers: int, texts: Sequence[str], most: int
) -> dict[str, Any]:
    names = _state_names(layers)
    with tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / "watched.onnx"
        path.write_bytes(to_onnx(weights, kept, layers=layers, shown=list(names.values())))
        session = open_session(path)
    pieces = Pieces.parse(pieces_json(weights, kept))
    largest: dict[str, Any] = {}
    for text in texts:
        ids = np.array([pieces.encode(simplified(mask_numbers(text)), most=most)], dtype=np.int64)
        feed = {"ids": ids, "mask": np.ones(ids.shape, dtype=np.int32)}
        for name, value in zip(names, session.run(list(names.values()), feed), strict=True):
            seen = np.abs(value).max(axis=(0, 1))
            largest[name] = np.maximum(largest.get(name, seen), seen)
    return largest


def _state_names(layers: int) -> Mapping[str, str]:
    """Names in the graph of the states that each matrix reads."""
    names = {}
    for n in range(layers):
        names[f"l{n}.qkv"] = f"l{n - 1}_o" if n else "x0"
        names[f"l{n}.fi"] = f"l{n}_a"
        names[f"l{n}.fo"] = f"l{n}_bent"
    return names
