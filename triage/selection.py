"""What a person should label next: small reasons, and a random audit with a known probability.

Only the audited rows say how good the model is; rows chosen for a reason are the hard ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import sqrt

from triage.taxonomy import Label

_Z95 = 1.959963984540054
_LOW_MARGIN = 0.25
_NOVEL = 0.35
_HIGH_RISK = 0.5


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """A judged report without a person's word; ``grave_cue`` when one is in force."""

    id: str
    p: Mapping[Label, float]
    grave_cue: bool
    unknown_share: float
    risk_90d: float | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """``probability`` is the chance by which an audited row was drawn, None for other reasons."""

    id: str
    reason: str
    probability: float | None = None


Reason = Callable[[Unlabelled], float]
"""How strongly a row asks to be labelled, 0 (not) to 1."""


def low_margin(row: Unlabelled) -> float:
    """The two likeliest labels are close (uncertainty sampling: D. Lewis, W. Gale, 1994)."""
    first, second = sorted(row.p.values(), reverse=True)[:2]
    return max(0.0, 1 - (first - second) / _LOW_MARGIN)


def cue_against_model(row: Unlabelled) -> float:
    """A grave cue in force where the model sees no police matter."""
    return 1 - row.p[Label.POLICE] if row.grave_cue and row.p[Label.POLICE] < 0.5 else 0.0


def novelty(row: Unlabelled) -> float:
    """Words the model has never seen."""
    return row.unknown_share if row.unknown_share >= _NOVEL else 0.0


def high_risk(row: Unlabelled) -> float:
    """It is likely to flare up again and the model would hand it on."""
    risk = row.risk_90d or 0.0
    return risk if risk >= _HIGH_RISK and row.p[Label.POLICE] < 0.5 else 0.0


REASONS: tuple[tuple[str, Reason], ...] = (
    ("cue_against_model", cue_against_model),
    ("low_margin", low_margin),
    ("high_risk", high_risk),
    ("novelty", novelty),
)


def is_audited(row_id: str, share: float, salt: str) -> bool:
    """Drawn with probability ``share`` by a keyed hash: the same answer whenever it is asked, and
    nothing of the row's content decides."""
    drawn = int.from_bytes(sha256(f"{salt}\0{row_id}".encode()).digest()[:8])
    return drawn < share * 2**64


def choose(
    rows: Sequence[Unlabelled],
    budget: int,
    *,
    audit_share: float,
    salt: str,
    reasons: Iterable[tuple[str, Reason]] = REASONS,
) -> list[Chosen]:
    """At most ``budget`` rows: every audited one first, the reasons' strongest in turn after."""
    audited = [
        Chosen(r.id, "audit", audit_share) for r in rows if is_audited(r.id, audit_share, salt)
    ]
    chosen = {row.id: row for row in audited[:budget]}
    queues = [(name, _asking(rows, reason)) for name, reason in reasons]
    while len(chosen) < budget and any(queue for _, queue in queues):
        for name, queue in queues:
            row_id = _next(queue, chosen)
            if row_id is not None and len(chosen) < budget:
                chosen[row_id] = Chosen(row_id, name)
    return list(chosen.values())


def unbiased_share(drawn: Iterable[tuple[bool, float]]) -> tuple[float, float, float]:
    """Share of hits with its 95 % interval from ``(hit, probability)`` of audited rows.

    Inverse-probability weights in Hajek's ratio form (J. Hajek, 1971), variance by linearisation;
    (0, 0, 1) without rows.
    """
    rows = [(float(hit), 1 / probability) for hit, probability in drawn]
    total = sum(weight for _, weight in rows)
    if not rows:
        return (0.0, 0.0, 1.0)
    share = sum(hit * weight for hit, weight in rows) / total
    half = _Z95 * sqrt(sum((w * (hit - share)) ** 2 for hit, w in rows)) / total
    return (share, max(0.0, share - half), min(1.0, share + half))


def _asking(rows: Sequence[Unlabelled], reason: Reason) -> list[str]:
    """The rows the reason speaks for, the weakest first, to be taken from the end."""
    asked = [(reason(row), row.id) for row in rows]
    return [row_id for strength, row_id in sorted(asked) if strength > 0]


def _next(queue: list[str], taken: Mapping[str, Chosen]) -> str | None:
    while queue:
        row_id = queue.pop()
        if row_id not in taken:
            return row_id
    return None
