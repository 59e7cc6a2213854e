"""Write the pretrained encoder as an ONNX graph small enough to ship: fewer pieces, int8.

python -m triage.training.encoder_export e5-small-q4.bin models/encoder-e5s-1
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
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


def to_onnx(weights: Weights, kept: list[int], *, layers: int, every: bool = False) -> bytes:
    """The first ``layers`` layers as float32; inputs ``ids`` and ``mask`` (texts, pieces), output
    ``vectors`` (texts, hidden), the mean over pieces; with ``every`` one output a layer too."""
    from onnx import TensorProto, checker, helper

    graph = _Graph()
    x = _embed(graph, weights, kept)
    outputs = []
    for layer in range(layers):
        x = _layer(graph, weights, layer, x)
        if every:
            outputs.append(_pool(graph, x, f"pooled{layer}"))
    outputs.append(_pool(graph, x, "vectors"))
    told = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["texts", weights.shape.hidden])
        for name in outputs
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


def _layer(graph: _Graph, weights: Weights, number: int, x: str) -> str:
    shape, name = weights.shape, f"l{number}"
    own = {key: weights.tensors[f"{name}.{key}"] for key in _layer_keys()}
    qkv = graph.constant(
        f"{name}_qkv", np.concatenate([own[f"{k}.w"] for k in "qkv"], axis=0).T.copy()
    )
    qkv_bias = graph.constant(f"{name}_qkv_bias", np.concatenate([own[f"{k}.b"] for k in "qkv"]))
    seen = graph.node(
        "Attention",
        [x, qkv, qkv_bias, "mask"],
        f"{name}_seen",
        domain=_CONTRIB,
        num_heads=shape.heads,
    )
    out = graph.constant(f"{name}_out", own["ao.w"].T.copy())
    mixed = graph.node("MatMul", [seen, out], f"{name}_mixed")
    y = _add_norm(graph, shape, own, name, "a", [mixed, x])
    wide = graph.constant(f"{name}_wide", own["fi.w"].T.copy())
    wide_out = graph.node("MatMul", [y, wide], f"{name}_widened")
    bias = graph.constant(f"{name}_wide_bias", own["fi.b"])
    bent = graph.node("BiasGelu", [wide_out, bias], f"{name}_bent", domain=_CONTRIB)
    narrow = graph.constant(f"{name}_narrow", own["fo.w"].T.copy())
    narrowed = graph.node("MatMul", [bent, narrow], f"{name}_narrowed")
    return _add_norm(graph, shape, own, name, "o", [narrowed, y])


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
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        model,
        target,
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Attention"],
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )
