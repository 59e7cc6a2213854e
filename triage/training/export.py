"""Write a fitted model as one ONNX file, and a whole artefact directory, once."""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from triage.artefact import FORMAT, MANIFEST_FILE, seal_of, sha256_of
from triage.doubt import Limits
from triage.encoded import HEADS_FILE
from triage.encoded import KIND as ENCODED
from triage.errors import AlreadyThere
from triage.model import GOLDEN_FILE, TERMS_FILE
from triage.model import KIND as LINEAR
from triage.segmenter import Segmenter
from triage.taxonomy import LABELS
from triage.training import heads
from triage.training.corpus import Example
from triage.training.encoded_fit import Encoded
from triage.training.fit import Fitted, Head, columns
from triage.training.plots import plots

_OPSET = 17
_GOLDEN_ROWS = 24
_LIBRARIES = ("jieba", "numpy", "onnx", "onnxruntime", "scikit-learn")


@dataclass(frozen=True)
class Artefact:
    """Everything that goes into a directory beside the model itself."""

    name: str
    training: Mapping[str, Any]
    thresholds: Mapping[str, Any]
    limits: Limits
    metrics: Mapping[str, Any]
    card: str
    created_at: str
    encoded: Encoded | None = None


def to_onnx(fitted: Fitted) -> bytes:
    """One graph for one text: ``rows`` of the terms in it and their tf-idf ``values`` in,
    ``labels`` (1, 3) and ``categories`` (1, leaves) as probabilities out. Cutting a text up and
    looking its terms up is no work for tensors: strings in the graph took longer than jieba."""
    from onnx import TensorProto, checker, helper

    graph = helper.make_graph(
        [helper.make_node("Unsqueeze", ["values", "first"], ["line"])],
        "triage",
        [
            helper.make_tensor_value_info("rows", TensorProto.INT64, ["terms"]),
            helper.make_tensor_value_info("values", TensorProto.FLOAT, ["terms"]),
        ],
        [],
        [helper.make_tensor("first", TensorProto.INT64, [1], [0])],
    )
    _append_head(graph, "labels", fitted.labels, np.float32)
    _append_head(graph, "categories", fitted.categories, np.float16)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)
    checker.check_model(model)
    return bytes(model.SerializeToString())


def _append_head(graph: Any, name: str, head: Head, kept_as: Any) -> None:
    from onnx import TensorProto, helper, numpy_helper

    kept, bias = f"{name}_weights", f"{name}_bias"
    graph.initializer.append(numpy_helper.from_array(head.weights.astype(kept_as), kept))
    graph.initializer.append(numpy_helper.from_array(head.bias.astype(np.float32), bias))
    found, weights, scores = f"{name}_found", f"{name}_exact", f"{name}_scores"
    graph.node.append(helper.make_node("Gather", [kept, "rows"], [found], axis=0))
    graph.node.append(helper.make_node("Cast", [found], [weights], to=TensorProto.FLOAT))
    graph.node.append(helper.make_node("MatMul", ["line", weights], [f"{name}_sum"]))
    graph.node.append(helper.make_node("Add", [f"{name}_sum", bias], [scores]))
    graph.node.append(helper.make_node("Softmax", [scores], [name], axis=1))
    shape = [1, head.bias.shape[0]]
    graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def terms_json(fitted: Fitted) -> str:
    """Vocabulary with idf and label weights, rounded so that sums stay good to 1e-5."""
    data: dict[str, Any] = {"bias": [round(float(b), 7) for b in fitted.labels.bias]}
    offset = 0
    for field in ("words", "characters"):
        vectorizer = fitted.vectorizers.named_transformers_[field]
        data[field] = {
            str(term): [
                round(float(x), 7)
                for x in (vectorizer.idf_[at], *fitted.labels.weights[offset + at])
            ]
            for term, at in sorted(vectorizer.vocabulary_.items())
        }
        offset += len(vectorizer.vocabulary_)
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def golden_jsonl(
    fitted: Fitted,
    examples: Sequence[Example],
    segmenter: Segmenter,
    encoded: Encoded | None = None,
) -> str:
    """Texts spread evenly over the corpus with the probabilities the fitted parts give them; with
    an encoder ``linear`` has those of the linear part alone."""
    step = max(1, len(examples) // _GOLDEN_ROWS)
    chosen = [example.text for example in examples[::step]][:_GOLDEN_ROWS]
    texts = columns([segmenter.segment(text) for text in chosen])
    linear = fitted.labels.probabilities(fitted.vectorizers.transform(texts))
    rows = [{"text": text, "p": _named(p)} for text, p in zip(chosen, linear, strict=True)]
    if encoded is not None:
        both = encoded.probabilities(linear, encoded.encoder.vectors(chosen))
        pairs = zip(rows, both, strict=True)
        rows = [{"text": row["text"], "p": _named(p), "linear": row["p"]} for row, p in pairs]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _named(p: Any) -> dict[str, float]:
    return {str(k): round(float(v), 7) for k, v in zip(LABELS, p, strict=True)}


def write_artefact(
    folder: Path,
    artefact: Artefact,
    fitted: Fitted,
    examples: Sequence[Example],
    segmenter: Segmenter,
    seal: Callable[[Path], None] | None = None,
) -> Path:
    """Write ``folder/name`` in one rename; ``AlreadyThere`` when that name is taken. ``seal``
    signs the manifest."""
    target = folder / artefact.name
    if target.exists():
        raise AlreadyThere(artefact.name)
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder, prefix=".making-"))
    try:
        scratch.chmod(0o755)
        (scratch / "model.onnx").write_bytes(to_onnx(fitted))
        if artefact.encoded is not None:
            (scratch / HEADS_FILE).write_bytes(heads.to_onnx(artefact.encoded.head))
        texts = {
            TERMS_FILE: terms_json(fitted),
            GOLDEN_FILE: golden_jsonl(fitted, examples, segmenter, artefact.encoded),
            "card.md": artefact.card,
            "metrics.json": json.dumps(artefact.metrics, ensure_ascii=False, indent=2) + "\n",
            **plots(artefact.metrics.get("parts", {})),
        }
        for name, text in texts.items():
            (scratch / name).write_text(text, encoding="utf-8")
        manifest = json.dumps(_manifest(artefact, fitted, scratch), ensure_ascii=False, indent=2)
        (scratch / MANIFEST_FILE).write_text(manifest + "\n", encoding="utf-8")
        if seal is not None:
            seal(scratch)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _manifest(artefact: Artefact, fitted: Fitted, folder: Path) -> dict[str, Any]:
    facts = {
        "format": FORMAT,
        "name": artefact.name,
        "kind": LINEAR if artefact.encoded is None else ENCODED,
        "created_at": artefact.created_at,
        "files": {file.name: sha256_of(file) for file in sorted(folder.iterdir())},
        **_encoder_facts(artefact.encoded),
        "training": dict(artefact.training),
        "temperature": fitted.temperature,
        "seed": fitted.seed,
        "thresholds": dict(artefact.thresholds),
        "limits": asdict(artefact.limits),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "python": platform.python_version(),
    }
    return {**facts, "seal": seal_of(facts)}


def _encoder_facts(encoded: Encoded | None) -> dict[str, Any]:
    if encoded is None:
        return {}
    encoder = encoded.encoder
    return {
        "encoder": {"name": encoder.name, "sha256": encoder.sha256},
        "mix": asdict(encoded.mix),
    }
