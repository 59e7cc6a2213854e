"""What triage thinks of one report, and its JSON (contract, section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from triage.cues import Cue
from triage.taxonomy import LABELS, Label, Route

_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Reason:
    """A stretch of the text and what it adds to the label's score (natural-log odds)."""

    term: str
    weight: float
    start: int
    end: int

    def as_json(self) -> dict[str, Any]:
        return {
            "term": self.term,
            "weight": round(self.weight, 4),
            "start": self.start,
            "end": self.end,
        }


@dataclass(frozen=True, slots=True)
class Assessment:
    """``p`` sums to 1; ``route`` is what would happen without history; ``doubt`` are words of
    ``triage.doubt``; spans count characters of the text that was given; ``unknown_share`` of its
    words the model never saw in training."""

    id: str
    label: Label
    route: Route
    p: Mapping[Label, float]
    category: str
    categories: tuple[tuple[str, float], ...]
    cues: tuple[Cue, ...]
    reasons: tuple[Reason, ...]
    doubt: tuple[str, ...]
    model: str
    unknown_share: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "label": str(self.label),
            "route": str(self.route),
            "p": rounded(self.p),
            "category": self.category,
            "categories": [[name, round(p, 4)] for name, p in self.categories],
            "cues": [cue.as_json() for cue in self.cues],
            "reasons": [reason.as_json() for reason in self.reasons],
            "doubt": list(self.doubt),
            "model": self.model,
            "unknown_share": round(self.unknown_share, 4),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Assessment:
        """The inverse of ``as_json``; ``KeyError`` or ``ValueError`` on anything else."""
        return cls(
            id=row["id"],
            label=Label(row["label"]),
            route=Route(row["route"]),
            p={label: float(row["p"][label]) for label in LABELS},
            category=row["category"],
            categories=tuple((name, float(p)) for name, p in row["categories"]),
            cues=tuple(Cue.from_json(cue) for cue in row["cues"]),
            reasons=tuple(
                Reason(r["term"], r["weight"], r.get("start", 0), r.get("end", 0))
                for r in row["reasons"]
            ),
            doubt=tuple(row["doubt"]),
            model=row["model"],
            unknown_share=float(row.get("unknown_share", 0.0)),
        )


def rounded(p: Mapping[Label, float]) -> dict[str, float]:
    """``p`` in six decimals that still sum to 1; the biggest takes the remainder."""
    short = {str(label): round(p[label], _DECIMALS) for label in LABELS}
    biggest = max(short, key=lambda name: short[name])
    rest = sum(value for name, value in short.items() if name != biggest)
    short[biggest] = round(1.0 - rest, _DECIMALS)
    return short
