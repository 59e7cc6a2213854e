"""Kernel heads over encoder vectors, and how they are mixed with the linear model.

Kernel ridge regression on one-hot labels and leaves (Saunders, Gammerman and Vovk 1998) with a
Gaussian kernel: on folds by brief it beats support vectors on the same vectors, is solved in closed
form, and needs no learning library. Every training text is a prototype.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from triage.encoded import Mix, softmax
from triage.taxonomy import CATEGORIES, LABELS
from triage.training.corpus import Example

GAMMA = 1.0
RIDGE = 0.1
"""Chosen on splits by brief, where their neighbours differ by .003: of equals the smoother."""
WORDS = 0.2
"""The weight of the words' log-probabilities beside the meaning. It is set, not fitted: folds by
brief give words .7, because writers resemble each other; on real texts that costs what the meaning
gains (docs/TRIAGE.md, looks of 2026-11-30)."""
PROTOTYPES = 14_000
"""Most texts in the head's file, and what bounds the memory of a fit (1.6 GB). On 1,788 texts of
briefs not learnt from 1,000 / 2,000 / 4,000 / all 10,616 give .816 / .835 / .847 / .873."""
_CHUNK = 2048
"""Rows of the kernel in memory at a time."""
_JITTER = 1e-6
_OPSET = 17
_START = (6.0, 0.0, 0.0)


@dataclass(frozen=True)
class KernelHead:
    """``weights`` (prototypes, 3 + leaves): scores are shares, near 0 to 1."""

    centre: Any
    prototypes: Any
    weights: Any
    bias: Any

    def scores(self, vectors: Any) -> Any:
        near = unit(unit(vectors) - self.centre) @ self.prototypes.astype(np.float32).T
        return np.exp(2 * GAMMA * (near - 1)) @ self.weights + self.bias


def unit(vectors: Any) -> Any:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def targets(examples: Sequence[Example]) -> Any:
    """One-hot labels beside one-hot leaves, (texts, 3 + leaves)."""
    wanted = np.zeros((len(examples), len(LABELS) + len(CATEGORIES)))
    for row, example in enumerate(examples):
        wanted[row, LABELS.index(example.label)] = 1
        if example.category is not None:
            wanted[row, len(LABELS) + CATEGORIES.index(example.category)] = 1
    return wanted


def fit_kernel(
    vectors: Any, wanted: Any, trust: Any = None, *, most: int = PROTOTYPES, seed: int = 0
) -> KernelHead:
    """Weighted least squares over a Gaussian kernel, ``trust`` of each row all 1 where nothing is
    said. Memory is 8 bytes times the square of prototypes, beside the vectors."""
    trust = np.ones(len(wanted)) if trust is None else np.asarray(trust, dtype=np.float64)
    from scipy.linalg import cho_factor, cho_solve

    centre = unit(vectors).mean(axis=0)
    # Rounded as they will be shipped, so that the solution belongs to what serves.
    placed = unit(unit(vectors) - centre).astype(np.float16)
    bias = np.average(wanted, axis=0, weights=trust)
    prototypes = placed if len(placed) <= most else placed[spanning(wanted, most, seed)]
    if len(placed) <= most:
        square, right = _kernel(placed, placed), wanted - bias
        square[np.diag_indices(len(square))] += RIDGE / trust
    else:
        square, right = _normal_equations(placed, prototypes, wanted - bias, trust)
    weights = cho_solve(cho_factor(square, overwrite_a=True), right)
    return KernelHead(centre.astype(np.float32), prototypes, weights.astype(np.float32), bias)


def spanning(wanted: Any, most: int, seed: int = 0) -> Any:
    """Which ``most`` rows are prototypes: drawn by leaf, a rare leaf more densely than a common
    one."""
    order = np.random.default_rng(seed).permutation(len(wanted))
    kinds = wanted[:, : len(LABELS)].argmax(axis=1) * wanted.shape[1]
    kinds += wanted[:, len(LABELS) :].argmax(axis=1)
    turn = np.zeros(len(wanted))
    for kind in np.unique(kinds):
        own = order[kinds[order] == kind]
        turn[own] = np.arange(len(own)) / np.sqrt(len(own))
    return np.sort(np.argsort(turn, kind="stable")[:most])


def _normal_equations(placed: Any, prototypes: Any, wanted: Any, trust: Any) -> tuple[Any, Any]:
    """``K' T K + ridge M``, its upper triangle, and ``K' T wanted``; ``K`` is of all rows, ``M`` of
    the prototypes. The product is symmetric, so half of it is computed."""
    from scipy.linalg.blas import dsyrk

    square = np.asfortranarray(RIDGE * _kernel(prototypes, prototypes))
    square[np.diag_indices(len(square))] += _JITTER
    right = np.zeros((len(prototypes), wanted.shape[1]))
    for start in range(0, len(placed), _CHUNK):
        rows = slice(start, start + _CHUNK)
        part = _kernel(placed[rows], prototypes)
        right += part.T @ (trust[rows, None] * wanted[rows])
        part *= np.sqrt(trust[rows, None])
        square = dsyrk(1.0, part.T, beta=1.0, c=square, overwrite_c=1)
    return square, right


def _kernel(first: Any, second: Any) -> Any:
    near = first.astype(np.float64) @ second.astype(np.float64).T
    near -= 1
    near *= 2 * GAMMA
    return np.exp(near, out=near)


def held_out_scores(
    vectors: Any,
    wanted: Any,
    folds: Sequence[Sequence[int]],
    tell: Callable[[int], None] = lambda _done: None,
    trust: Any = None,
) -> Any:
    """Scores of every text by a head that never saw its brief; ``tell`` hears folds done;
    ``trust`` as for ``fit_kernel``."""
    trust = np.ones(len(wanted)) if trust is None else trust
    scores = np.zeros(wanted.shape)
    for number, held_out in enumerate(folds):
        tell(number)
        keep = np.ones(len(wanted), dtype=bool)
        keep[list(held_out)] = False
        scores[held_out] = fit_kernel(vectors[keep], wanted[keep], trust[keep]).scores(
            vectors[held_out]
        )
    return scores


def fit_mix(
    words: Any, meaning: Any, leaf_words: Any, leaf_meaning: Any, labels: Any, leaves: Any
) -> Mix:
    """The factors that make held-out texts likeliest; the last label's bias is 0. Labels and
    leaves are one-hot and need not be of the same texts."""
    at = _least(
        lambda x: WORDS * words + x[0] * meaning + np.array([x[1], x[2], 0.0]), labels, _START
    )
    told = leaves.sum(axis=1) > 0
    leaf = _least(
        lambda x: x[0] * leaf_words[told] + x[1] * leaf_meaning[told], leaves[told], (0.7, 6.0)
    )
    meaning_at, police, dispute = (float(x) for x in at)
    return Mix(WORDS, meaning_at, (police, dispute, 0.0), float(leaf[0]), float(leaf[1]))


def _least(scores: Any, wanted: Any, start: tuple[float, ...]) -> Any:
    from scipy.optimize import minimize

    def loss(x: Any) -> float:
        return float(-np.log((softmax(scores(x)) * wanted).sum(axis=1).clip(1e-12)).mean())

    return minimize(loss, np.array(start), method="L-BFGS-B").x


def to_onnx(head: KernelHead) -> bytes:
    """Input ``vectors`` (texts, hidden); outputs ``labels`` and ``leaves``, raw scores."""
    from onnx import TensorProto, checker, helper, numpy_helper

    cut = len(LABELS)
    constants = {
        "centre": head.centre,
        "prototypes": np.ascontiguousarray(head.prototypes.T),
        "weights": head.weights.astype(np.float32),
        "bias": head.bias.astype(np.float32),
        "twice_gamma": np.array(2 * GAMMA, dtype=np.float32),
        "one": np.array(1, dtype=np.float32),
        "sizes": np.array([cut, head.bias.shape[0] - cut]),
    }
    node = helper.make_node
    nodes = [
        node("LpNormalization", ["vectors"], ["first"], axis=1, p=2),
        node("Sub", ["first", "centre"], ["centred"]),
        node("LpNormalization", ["centred"], ["placed"], axis=1, p=2),
        node("Cast", ["prototypes"], ["wide"], to=TensorProto.FLOAT),
        node("MatMul", ["placed", "wide"], ["near"]),
        node("Sub", ["near", "one"], ["less"]),
        node("Mul", ["less", "twice_gamma"], ["power"]),
        node("Exp", ["power"], ["kernel"]),
        node("Gemm", ["kernel", "weights", "bias"], ["scores"]),
        node("Split", ["scores", "sizes"], ["labels", "leaves"], axis=1),
    ]
    hidden = head.centre.shape[0]
    told = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["texts", size])
        for name, size in (("labels", cut), ("leaves", head.bias.shape[0] - cut))
    ]
    asked = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", hidden])]
    kept = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "heads", asked, told, kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)
    checker.check_model(model)
    return bytes(model.SerializeToString())
