"""Write the pretrained encoder as an ONNX graph small enough to ship: fewer pieces, int8."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triage.training.encoder_weights import Shape, Weights

OPSET = 17
PREFIX = "query:"
"""What the encoder was taught to see before a text."""
PREFIX_PIECES = frozenset({"▁que", "ry", ":"})
LATIN_MOST = 3
_CONTRIB = "com.microsoft"
_EXACT = "_wild_narrowed"
"""How the names of products end that stay floats."""


@dataclass(frozen=True)
class Tamed:
    """What is done before rounding, by ``l0.qkv``, ``l0.fi``, ``l0.fo``: states are divided by
    ``divisors`` before the matrix that reads them; channels ``apart`` have a matrix of floats."""

    divisors: Mapping[str, Any]
    apart: Mapping[str, Sequence[int]]

    def matrix(self, reader: str, matrix: Any) -> Any:
        """The matrix (channels, out) for states that were divided."""
        by = self.divisors.get(reader)
        return matrix.copy() if by is None else (matrix * by[:, None]).astype(np.float32)


UNTAMED = Tamed({}, {})


def wanted_pieces(weights: Weights) -> list[int]:
    """Ids of the special pieces and of those Chinese texts need: Han and marks of any length,
    Latin letters and digits in short pieces, and what the prefix is made of."""
    special = {weights.bos, weights.pad, weights.eos, weights.unknown}
    return [
        number
        for number, (piece, _) in enumerate(weights.pieces)
        if number in special or piece in PREFIX_PIECES or (piece and _is_wanted_piece(piece))
    ]


def _is_wanted_piece(piece: str) -> bool:
    if piece.isascii() or piece.lstrip("▁").isascii():
        return len(piece) <= LATIN_MOST and all(_is_wanted(c) for c in piece)
    return all(_is_wanted(c) for c in piece)


def _is_wanted(character: str) -> bool:
    if character == "▁" or " " < character < "\x7f":
        return True
    code = ord(character)
    han = 0x4E00 <= code <= 0x9FFF or 0x3400 <= code <= 0x4DBF or character == "〇"
    marks = 0x3000 <= code <= 0x303F or 0xFF00 <= code <= 0xFFEF or 0x2000 <= code <= 0x206F
    return han or marks or (unicodedata.category(character) in {"Sc", "No"} and code < 0x3000)


def pieces_json(weights: Weights, kept: list[int]) -> str:
    """The tokenizer of the kept pieces, renumbered."""
    new = {old: at for at, old in enumerate(kept)}
    data = {
        "bos": new[weights.bos],
        "eos": new[weights.eos],
        "pad": new[weights.pad],
        "unknown": new[weights.unknown],
        "prefix": PREFIX,
        "pieces": [[weights.pieces[old][0], round(weights.pieces[old][1], 4)] for old in kept],
        "normal": dict(weights.normal),
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


class _Graph:
    """Nodes and constants as they are added; names are made of what they hold."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: Any) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output


def to_onnx(
    weights: Weights,
    kept: list[int],
    *,
    layers: int,
    tamed: Tamed = UNTAMED,
    shown: Sequence[str] = (),
) -> bytes:
    """The first ``layers`` layers as float32; inputs ``ids`` and ``mask`` (texts, pieces), output
    ``vectors`` (texts, hidden), the mean over pieces; states named in ``shown`` are outputs too."""
    from onnx import TensorProto, checker, helper

    graph = _Graph()
    x = _embed(graph, weights, kept)
    for layer in range(layers):
        x = _layer(graph, weights, layer, x, tamed)
    sizes: dict[str, list[Any]] = {_pool(graph, x, "vectors"): ["texts", weights.shape.hidden]}
    sizes |= {name: ["texts", "pieces", f"{name}_wide"] for name in shown}
    told = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in sizes.items()
    ]
    asked = [
        helper.make_tensor_value_info(name, kind, ["texts", "pieces"])
        for name, kind in (("ids", TensorProto.INT64), ("mask", TensorProto.INT32))
    ]
    made = helper.make_graph(graph.nodes, "encoder", asked, told, graph.constants)
    sets = [helper.make_opsetid("", OPSET), helper.make_opsetid(_CONTRIB, 1)]
    model = helper.make_model(made, opset_imports=sets, ir_version=9)
    checker.check_model(model)
    return bytes(model.SerializeToString())


def _embed(graph: _Graph, weights: Weights, kept: list[int]) -> str:
    """Rows of int8 with a scale each: the table is most of the file, and gathers need no speed."""
    table = weights.tensors["emb.word"][kept]
    scale = np.abs(table).max(axis=1, keepdims=True) / 127 + 1e-12
    small = np.round(table / scale).astype(np.int8)
    rows = graph.node("Gather", [graph.constant("words", small), "ids"], "word_rows")
    scales = graph.constant("word_scales", scale.astype(np.float32))
    scales = graph.node("Gather", [scales, "ids"], "scale_rows")
    words = graph.node("Cast", [rows], "word_floats", to=1)
    words = graph.node("Mul", [words, scales], "word_vectors")
    length = graph.node("Shape", ["ids"], "ids_shape")
    length = graph.node("Gather", [length, graph.constant("one", np.array(1))], "length")
    places = ["zero", length, "one"]
    graph.constant("zero", np.array(0))
    places_out = graph.node("Range", places, "places")
    table_at = weights.tensors["emb.pos"] + weights.tensors["emb.type"][0]
    rows_at = graph.constant("positions", table_at.astype(np.float32))
    at = graph.node("Gather", [rows_at, places_out], "place_vectors")
    both = graph.node("Add", [words, at], "embedded")
    gain = graph.constant("emb_gain", weights.tensors["emb.ln.w"])
    shift = graph.constant("emb_shift", weights.tensors["emb.ln.b"])
    return graph.node(
        "LayerNormalization", [both, gain, shift], "x0", axis=-1, epsilon=weights.shape.epsilon
    )


def _layer(graph: _Graph, weights: Weights, number: int, x: str, tamed: Tamed) -> str:
    shape, name = weights.shape, f"l{number}"
    own = {key: weights.tensors[f"{name}.{key}"] for key in _layer_keys()}
    qkv = graph.constant(
        f"{name}_qkv",
        tamed.matrix(f"{name}.qkv", np.concatenate([own[f"{k}.w"] for k in "qkv"], axis=0).T),
    )
    qkv_bias = graph.constant(f"{name}_qkv_bias", np.concatenate([own[f"{k}.b"] for k in "qkv"]))
    seen = graph.node(
        "Attention",
        [_divided(graph, x, f"{name}.qkv", tamed), qkv, qkv_bias, "mask"],
        f"{name}_seen",
        domain=_CONTRIB,
        num_heads=shape.heads,
    )
    out = graph.constant(f"{name}_out", own["ao.w"].T.copy())
    mixed = graph.node("MatMul", [seen, out], f"{name}_mixed")
    y = _add_norm(graph, shape, own, name, "a", [mixed, x])
    wide = graph.constant(f"{name}_wide", tamed.matrix(f"{name}.fi", own["fi.w"].T))
    read = _divided(graph, y, f"{name}.fi", tamed)
    wide_out = graph.node("MatMul", [read, wide], f"{name}_widened")
    bias = graph.constant(f"{name}_wide_bias", own["fi.b"])
    bent = graph.node("BiasGelu", [wide_out, bias], f"{name}_bent", domain=_CONTRIB)
    narrowed = _narrow(graph, name, bent, own["fo.w"].T, tamed.apart.get(f"{name}.fo", ()))
    return _add_norm(graph, shape, own, name, "o", [narrowed, y])


def _divided(graph: _Graph, states: str, reader: str, tamed: Tamed) -> str:
    by = tamed.divisors.get(reader)
    if by is None:
        return states
    name = reader.replace(".", "_tamed_")
    factor = graph.constant(f"{name}_factor", (1 / by).astype(np.float32))
    return graph.node("Mul", [states, factor], name)


def _narrow(graph: _Graph, name: str, bent: str, matrix: Any, apart: Sequence[int]) -> str:
    """The feed-forward's second product; channels ``apart`` are multiplied as floats."""
    narrow = graph.constant(f"{name}_narrow", matrix.copy())
    if not apart:
        return graph.node("MatMul", [bent, narrow], f"{name}_narrowed")
    calm = np.ones(len(matrix), dtype=np.float32)
    calm[list(apart)] = 0
    kept = graph.node("Mul", [bent, graph.constant(f"{name}_calm", calm)], f"{name}_calmed")
    narrowed = graph.node("MatMul", [kept, narrow], f"{name}_calm_narrowed")
    which = graph.constant(f"{name}_apart", np.array(apart, dtype=np.int64))
    wild = graph.node("Gather", [bent, which], f"{name}_wild", axis=2)
    own = graph.constant(f"{name}_wild_narrow", matrix[list(apart)].copy())
    wild = graph.node("MatMul", [wild, own], f"{name}{_EXACT}")
    return graph.node("Add", [narrowed, wild], f"{name}_narrowed")


def _add_norm(
    graph: _Graph, shape: Shape, own: dict[str, Any], name: str, part: str, inputs: list[str]
) -> str:
    bias = own["ao.b"] if part == "a" else own["fo.b"]
    rest = [
        graph.constant(f"{name}_{part}_gain", own[f"{part}ln.w"]),
        graph.constant(f"{name}_{part}_shift", own[f"{part}ln.b"]),
        graph.constant(f"{name}_{part}_bias", bias),
    ]
    return graph.node(
        "SkipLayerNormalization",
        [*inputs, *rest],
        f"{name}_{part}",
        domain=_CONTRIB,
        epsilon=shape.epsilon,
    )


def _layer_keys() -> Iterator[str]:
    for part in ("q", "k", "v", "ao", "fi", "fo"):
        yield f"{part}.w"
        yield f"{part}.b"
    for norm in ("aln", "oln"):
        yield f"{norm}.w"
        yield f"{norm}.b"


def _pool(graph: _Graph, x: str, name: str) -> str:
    """The mean over the pieces that are there."""
    weight = graph.node("Cast", ["mask"], f"{name}_mask", to=1)
    axis = graph.constant(f"{name}_axis", np.array([2]))
    weight3 = graph.node("Unsqueeze", [weight, axis], f"{name}_mask3")
    kept = graph.node("Mul", [x, weight3], f"{name}_kept")
    along = graph.constant(f"{name}_along", np.array([1]))
    total = graph.node("ReduceSum", [kept, along], f"{name}_total", keepdims=0)
    count = graph.node("ReduceSum", [weight3, along], f"{name}_count", keepdims=0)
    return graph.node("Div", [total, count], name)


def to_int8(model: Path, target: Path) -> None:
    """Matrices as int8 with a scale a column; activations are measured as they come."""
    from onnx import TensorProto, load
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        model,
        target,
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Attention"],
        nodes_to_exclude=[n.name for n in load(model).graph.node if n.name.endswith(_EXACT)],
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )
