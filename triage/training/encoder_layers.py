"""The encoder in PyTorch, as far as tuning needs it; see ``encoder_export`` for what serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from triage.pieces import Pieces
from triage.taxonomy import CATEGORIES, LABELS
from triage.training.corpus import Example
from triage.training.encoder_weights import Weights

_MOST_PIECES = 128
_BATCH = 64
_UNKNOWN_LEAF = -100
_HIDDEN_PIECES = 0.1
"""Share of the pieces hidden while learning, so that no single word decides."""


class Layers:
    """Layers below ``frozen`` stay; ``learning`` has the tensors of those up to ``layers``."""

    def __init__(self, weights: Weights, kept: Sequence[int], frozen: int, layers: int) -> None:
        import torch

        self.shape, self.frozen, self.layers = weights.shape, frozen, layers
        self._words = torch.tensor(weights.tensors["emb.word"][list(kept)])
        self._own = {
            name: torch.tensor(np.array(value))
            for name, value in weights.tensors.items()
            if name != "emb.word"
        }
        names = [f"l{n}." for n in range(frozen, layers)]
        self.learning = {
            name: tensor.requires_grad_(requires_grad=True)
            for name, tensor in self._own.items()
            if any(name.startswith(start) for start in names)
        }

    def below(self, ids: Any, mask: Any) -> Any:
        """States (texts, pieces, hidden) under the first learning layer."""
        import torch

        with torch.no_grad():
            at = self._own["emb.pos"][: ids.shape[1]] + self._own["emb.type"][0]
            states = self._norm(self._words[ids] + at, "emb.ln")
            for number in range(self.frozen):
                states = self._layer(states, mask, number, 0.0)
        return states

    def pooled(self, batch: tuple[Any, Any], *, dropout: float = 0.0) -> Any:
        """Mean vectors (texts, hidden) of states and mask; ``dropout`` while learning."""
        import torch

        states, mask = batch
        if dropout:
            shown = torch.rand(mask.shape) > _HIDDEN_PIECES
            shown[:, 0] = True
            mask = mask & shown
        for number in range(self.frozen, self.layers):
            states = self._layer(states, mask, number, dropout)
        weight = mask[:, :, None].float()
        return (states.float() * weight).sum(dim=1) / weight.sum(dim=1)

    def _layer(self, states: Any, mask: Any, number: int, dropout: float) -> Any:
        from torch.nn import functional

        name = f"l{number}"
        texts, pieces, hidden = states.shape
        heads = (texts, pieces, self.shape.heads, hidden // self.shape.heads)
        q, k, v = (self._linear(states, f"{name}.{x}").view(heads).transpose(1, 2) for x in "qkv")
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
        seen = self._linear(seen.transpose(1, 2).reshape(states.shape), f"{name}.ao")
        seen = functional.dropout(seen, dropout, training=dropout > 0)
        states = self._norm(states + seen, f"{name}.aln")
        wide = functional.gelu(self._linear(states, f"{name}.fi"))
        wide = self._linear(wide, f"{name}.fo")
        wide = functional.dropout(wide, dropout, training=dropout > 0)
        return self._norm(states + wide, f"{name}.oln")

    def _linear(self, states: Any, name: str) -> Any:
        from torch.nn import functional

        return functional.linear(states, self._own[f"{name}.w"], self._own[f"{name}.b"])

    def _norm(self, states: Any, name: str) -> Any:
        from torch.nn import functional

        gain, shift = self._own[f"{name}.w"], self._own[f"{name}.b"]
        size = (self.shape.hidden,)
        return functional.layer_norm(states, size, gain, shift, self.shape.epsilon)


@dataclass(frozen=True)
class Texts:
    """Texts as pieces, their states under the learning layers, labels and leaves."""

    ids: list[list[int]]
    states: list[Any]
    labels: Any
    leaves: Any

    @classmethod
    def of(cls, examples: Sequence[Example], pieces: Pieces, layers: Layers) -> Texts:
        import torch

        ids = [pieces.encode(example.text, most=_MOST_PIECES) for example in examples]
        labels = torch.tensor([LABELS.index(example.label) for example in examples])
        leaves = torch.tensor([_leaf(example) for example in examples])
        return cls(ids, _states(ids, pieces.pad, layers), labels, leaves)

    def batch(self, rows: Sequence[int]) -> tuple[Any, Any]:
        """States and mask of these texts, padded to the longest."""
        import torch

        width = max(len(self.ids[row]) for row in rows)
        states = torch.zeros(len(rows), width, self.states[rows[0]].shape[1])
        mask = torch.zeros(len(rows), width, dtype=torch.bool)
        for at, row in enumerate(rows):
            states[at, : len(self.ids[row])] = self.states[row].float()
            mask[at, : len(self.ids[row])] = True
        return states, mask


def _states(ids: Sequence[Sequence[int]], pad: int, layers: Layers) -> list[Any]:
    import torch

    found: list[Any] = [None] * len(ids)
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        width = max(len(ids[row]) for row in rows)
        told = torch.full((len(rows), width), pad)
        for at, row in enumerate(rows):
            told[at, : len(ids[row])] = torch.tensor(ids[row])
        states = layers.below(told, told != pad).to(torch.float16)
        for at, row in enumerate(rows):
            found[row] = states[at, : len(ids[row])]
    return found


def _leaf(example: Example) -> int:
    return _UNKNOWN_LEAF if example.category is None else CATEGORIES.index(example.category)
