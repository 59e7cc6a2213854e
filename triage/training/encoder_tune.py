"""Teach the upper layers of the encoder this office's labels and leaves. Needs PyTorch:

    pip install 'xiaonao[tune]'
    python -m triage.training.encoder_tune e5-small-q4.bin datasets/corpus first.npz \
        --held-out lay-questions,newsroom-leads --epochs 2 --rate 5e-5 --contrast 0.1
    python -m triage.training.encoder_tune e5-small-q4.bin datasets/corpus tuned.npz \
        --held-out lay-questions,newsroom-leads --epochs 3 --rate 1e-4 --start first.npz

Three losses on the mean vector: label, leaf, and supervised contrast of leaves (Khosla et al. 2020,
arXiv:2004.11362). The lower layers stay as pretrained and run once. A second round starts where
the first ended, its optimiser and its rate anew. Texts of the held-out briefs
are never seen: on them rest the thresholds of every artefact that uses the encoder.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triage.pieces import Pieces
from triage.taxonomy import CATEGORIES, LABELS
from triage.training.corpus import Example, read_corpus
from triage.training.encoder_export import pieces_json, wanted_pieces
from triage.training.encoder_folder import MOST_PIECES
from triage.training.encoder_layers import Layers, Texts
from triage.training.encoder_weights import Weights, read_weights

_BATCH = 32
_WARM_UP = 60
_TEMPERATURE = 0.1
_LEAF_SHARE = 0.5
_SMOOTHING = 0.05
_DROPOUT = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """``frozen`` of ``layers`` layers stay as they are; each layer further down learns slower."""

    layers: int = 12
    frozen: int = 8
    epochs: int = 3
    rate: float = 1e-4
    slower: float = 0.9
    contrast: float = 0.2
    seed: int = 0


def tune(
    weights: Weights, examples: Sequence[Example], plan: Plan, start: Path | None = None
) -> dict[str, Any]:
    """The changed tensors by name, and under ``heads.`` those of the heads that taught them."""
    import torch

    torch.manual_seed(plan.seed)
    layers = Layers(weights, wanted_pieces(weights), plan.frozen, plan.layers)
    texts = Texts.of(examples, _pieces(weights), layers)
    heads = torch.nn.ModuleList(
        [torch.nn.Linear(weights.shape.hidden, n) for n in (len(LABELS), len(CATEGORIES))]
    )
    if start:
        _go_on_from(start, layers, heads)
    optimiser = _optimiser(layers, heads, plan)
    steps = plan.epochs * (len(examples) // _BATCH + 1)
    for step, rows in enumerate(_batches(texts, plan)):
        for group in optimiser.param_groups:
            warm = min(1.0, step / _WARM_UP)
            group["lr"] = group["top"] * warm * max(0.02, 1 - step / steps)
        vectors = layers.pooled(texts.batch(rows), dropout=_DROPOUT)
        loss = _loss(vectors, heads, texts, rows, plan.contrast)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(layers.learning.values()), 1.0)
        optimiser.step()
        if step % 50 == 0:
            print(f"step {step} of {steps}: loss {loss.item():.3f}", flush=True)  # noqa: T201
    kept = {f"heads.{name}": tensor for name, tensor in heads.named_parameters()}
    return {name: t.detach().numpy() for name, t in {**layers.learning, **kept}.items()}


def _go_on_from(start: Path, layers: Layers, heads: Any) -> None:
    import torch

    with np.load(start, allow_pickle=False) as data, torch.no_grad():
        for name, tensor in layers.learning.items():
            tensor.copy_(torch.tensor(data[name]))
        for name, tensor in heads.named_parameters():
            tensor.copy_(torch.tensor(data[f"heads.{name}"]))


def _loss(vectors: Any, heads: Any, texts: Texts, rows: Sequence[int], contrast: float) -> Any:
    from torch.nn import functional

    labels, leaves = texts.labels[rows], texts.leaves[rows]
    dropped = functional.dropout(vectors, _DROPOUT)
    loss = functional.cross_entropy(heads[0](dropped), labels, label_smoothing=_SMOOTHING)
    leaf = functional.cross_entropy(
        heads[1](dropped), leaves, label_smoothing=_SMOOTHING, ignore_index=-100
    )
    return loss + _LEAF_SHARE * leaf + contrast * _contrast(dropped, leaves)


def _contrast(vectors: Any, leaves: Any) -> Any:
    """Texts of one leaf nearer to each other than to the rest of the batch."""
    import torch
    from torch.nn import functional

    unit = functional.normalize(vectors)
    near = (unit @ unit.T / _TEMPERATURE).fill_diagonal_(-1e4)
    same = (leaves[:, None] == leaves[None]).float().fill_diagonal_(0)
    told = same.sum(dim=1) > 0
    if not told.any():
        return near.sum() * 0
    log_p = near - torch.logsumexp(near, dim=1, keepdim=True)
    return -((log_p * same).sum(dim=1)[told] / same.sum(dim=1)[told]).mean()


def _optimiser(layers: Layers, heads: Any, plan: Plan) -> Any:
    import torch

    groups = []
    for name, tensor in layers.learning.items():
        depth = plan.layers - 1 - int(name.partition(".")[0][1:])
        decay = 0.01 if tensor.dim() > 1 else 0.0
        top = plan.rate * plan.slower**depth
        groups.append({"params": [tensor], "top": top, "weight_decay": decay})
    groups.append({"params": list(heads.parameters()), "top": 1e-3, "weight_decay": 0.01})
    return torch.optim.AdamW(groups)


def _batches(texts: Texts, plan: Plan) -> Iterator[list[int]]:
    """Shuffled, texts of like length together within twenty batches."""
    random = np.random.default_rng(plan.seed)
    for _ in range(plan.epochs):
        order = random.permutation(len(texts.ids))
        chunks = [
            sorted(order[at : at + 20 * _BATCH], key=lambda row: len(texts.ids[row]))
            for at in range(0, len(order), 20 * _BATCH)
        ]
        batches = [c[at : at + _BATCH] for c in chunks for at in range(0, len(c), _BATCH)]
        for number in random.permutation(len(batches)):
            yield [int(row) for row in batches[number]]


def _pieces(weights: Weights) -> Pieces:
    return Pieces.parse(pieces_json(weights, wanted_pieces(weights)))


def main() -> None:
    """The command of the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("weights", "corpus", "target"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--held-out", default="", help="Briefs never seen, joined by commas.")
    parser.add_argument("--epochs", type=int, default=Plan().epochs)
    parser.add_argument("--rate", type=float, default=Plan().rate)
    parser.add_argument("--contrast", type=float, default=Plan().contrast)
    parser.add_argument("--start", type=Path, help="What an earlier round wrote.")
    asked = parser.parse_args()
    plan = Plan(epochs=asked.epochs, rate=asked.rate, contrast=asked.contrast)
    held_out = frozenset(asked.held_out.split(","))
    examples = [e for e in read_corpus(asked.corpus) if e.brief not in held_out]
    changed = tune(read_weights(asked.weights), examples, plan, asked.start)
    facts = json.dumps({**asdict(plan), "texts": len(examples), "most_pieces": MOST_PIECES})
    briefs = sorted({example.brief for example in examples})
    np.savez(asked.target, **changed, tuned_on=np.array(briefs), facts=np.array(facts))


if __name__ == "__main__":
    main()
