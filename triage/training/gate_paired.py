"""Challenger against champion, row by row: on a frozen golden set, newest corrections, grave calls.

The held-out figures of two models come from different texts; here both read the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from triage.assessment import Assessment
from triage.taxonomy import LABELS, Label, Route
from triage.training.paired import lowest_change, mean_bound, worse_p

HANDED_ON = (Route.MEDIATE, Route.SERVICE)
GRAVE = frozenset(
    f"police.{leaf}"
    for leaf in (
        "assault",
        "weapon",
        "threat",
        "arson_explosion",
        "homicide",
        "sexual",
        "domestic_violence",
        "child_harm",
        "confinement",
        "robbery",
        "suicide",
        "missing",
        "hit_run",
        "traffic_injury",
        "fire",
        "rescue",
    )
)


@dataclass(frozen=True, slots=True)
class Margins:
    """``police_recall`` is the non-inferiority margin; ``alpha`` one-sided; ``ms`` of CPU per text
    are too many when they are ``slower`` times the champion's, too: a slow machine is no fault."""

    police_recall: float = 0.02
    alpha: float = 0.05
    brier: float = 0.01
    ms: float = 50.0
    slower: float = 1.5
    unseen_corrections: int = 50


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of known ``truth``; ``group`` a grave leaf or empty; what each model said."""

    truth: Label
    group: str
    old: Assessment
    new: Assessment


@dataclass(frozen=True, slots=True)
class Provenance:
    """When each artefact was made, how many corrections are newer than the challenger."""

    old_made: datetime
    new_made: datetime
    newer_corrections: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reasons`` is empty when the challenger may serve; ``figures`` are for the record."""

    reasons: tuple[str, ...]
    figures: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        return not self.reasons

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"passed": self.passed}


def decide(
    pairs: Sequence[Pair],
    provenance: Provenance,
    ms: tuple[float, float],
    margins: Margins | None = None,
) -> Verdict:
    """Every check, none hidden by another; ``ms`` is the median per text of either, the
    challenger's last."""
    limits = margins or Margins()
    reasons = [
        *_stale(provenance, limits),
        *_police_recall(pairs, limits),
        *_handed_on(pairs),
        *_per_label(pairs, limits),
        *_calibration(pairs, limits),
        *_speed(*ms, limits),
    ]
    return Verdict(tuple(reasons), figures(pairs) | {"new_ms": round(ms[1], 2)})


def figures(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Accuracy, police recall and grave calls handed on, of both, over the same rows."""
    police = [pair for pair in pairs if pair.truth is Label.POLICE]
    old, new = _discordant(police, _right)
    return {
        "n": len(pairs),
        "n_police": len(police),
        "accuracy": _both(pairs, _right),
        "police_recall": _both(police, _right),
        "police_recall_change_at_least": round(lowest_change(old, new, len(police)), 4),
        "handed_on": [sum(_gone(p.old) for p in police), sum(_gone(p.new) for p in police)],
    }


def _stale(made: Provenance, limits: Margins) -> list[str]:
    found = []
    if made.new_made < made.old_made:
        found.append("stale data: it was made before the model that serves")
    if made.newer_corrections > limits.unseen_corrections:
        found.append(f"stale data: {made.newer_corrections} corrections are newer than it")
    return found


def _police_recall(pairs: Sequence[Pair], limits: Margins) -> list[str]:
    """Rows without a police text say nothing of it either way: the held-out gate decides then."""
    police = [pair for pair in pairs if pair.truth is Label.POLICE]
    lost, won = _discordant(police, _right)
    least = lowest_change(lost, won, len(police))
    if not police or least > -limits.police_recall:
        return []
    why = f"(lost {lost}, won {won} of {len(police)} police texts)"
    return [f"police recall may fall by {-least:.3f}, more than {limits.police_recall} {why}"]


def _handed_on(pairs: Sequence[Pair]) -> list[str]:
    """No margin here: each grave group, and police as a whole, may not have more handed on."""
    police = [pair for pair in pairs if pair.truth is Label.POLICE]
    groups = {"police": police}
    for pair in police:
        if pair.group in GRAVE:
            groups.setdefault(pair.group, []).append(pair)
    found = []
    for name, rows in sorted(groups.items()):
        before, now = (sum(_gone(p.old) for p in rows), sum(_gone(p.new) for p in rows))
        if now > before:
            found.append(f"{name}: {now} of {len(rows)} handed on unseen, before {before}")
    return found


def _per_label(pairs: Sequence[Pair], limits: Margins) -> list[str]:
    found = []
    for label in LABELS:
        rows = [pair for pair in pairs if pair.truth is label]
        lost, won = _discordant(rows, _right)
        if rows and not any(pair.new.label is label for pair in pairs):
            found.append(f"class dropped: it never says {label}")
        elif worse_p(lost, won) < limits.alpha:
            found.append(f"recall of {label} is worse (lost {lost}, won {won} of {len(rows)})")
    return found


def _calibration(pairs: Sequence[Pair], limits: Margins) -> list[str]:
    changes = [_brier(pair.truth, pair.new) - _brier(pair.truth, pair.old) for pair in pairs]
    mean, least = mean_bound(changes)
    worse = least > 0 and mean > limits.brier
    return [f"calibration is worse: Brier score rises by {mean:.3f}"] if worse else []


def _speed(old: float, new: float, limits: Margins) -> list[str]:
    if new <= max(limits.ms, limits.slower * old):
        return []
    return [f"too slow: {new:.1f} ms a text, at most {limits.ms:g}; the one that serves {old:.1f}"]


def _brier(truth: Label, said: Assessment) -> float:
    return sum((said.p[label] - (label is truth)) ** 2 for label in LABELS)


def _right(truth: Label, said: Assessment) -> bool:
    return said.label is truth


def _gone(said: Assessment) -> bool:
    return said.route in HANDED_ON


def _discordant(
    pairs: Sequence[Pair], right: Callable[[Label, Assessment], bool]
) -> tuple[int, int]:
    old = [right(p.truth, p.old) for p in pairs]
    new = [right(p.truth, p.new) for p in pairs]
    lost = sum(o and not n for o, n in zip(old, new, strict=True))
    return lost, sum(n and not o for o, n in zip(old, new, strict=True))


def _both(pairs: Sequence[Pair], right: Callable[[Label, Assessment], bool]) -> list[float]:
    n = max(1, len(pairs))
    old = sum(right(p.truth, p.old) for p in pairs) / n
    return [round(old, 4), round(sum(right(p.truth, p.new) for p in pairs) / n, 4)]
