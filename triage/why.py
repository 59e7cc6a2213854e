"""Why a text got its label, checked: does the score fall when the words are taken out?

The weights of reasons are true sums, but the encoder reads the whole text and its part has no place
of its own. So the words that seem to matter, and each clause, are deleted one at a time and the
text is judged again. Only what lowers the label's score then is given as an explanation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import Any, Literal

from triage.assessment import Reason

MOST_DELETIONS = 16
"""Texts judged again for one explanation; one batch of the encoder."""
_MOST_CLAUSES = 6
_CLAUSE = re.compile(r"[^，。；！？,;!?\n]+[，。；！？,;!?\n]*")
_FLOOR = 1e-9

Span = tuple[int, int]
Scorer = Callable[[Sequence[str]], Sequence[float]]
"""Probabilities of one and the same label for each text."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """``drop``: how far the label's natural-log odds fall without ``term``, all its places at
    once; ``start`` and ``end`` are the first of them in the text that was given."""

    part: Literal["word", "clause"]
    term: str
    start: int
    end: int
    drop: float

    def as_json(self) -> dict[str, Any]:
        return {
            "part": self.part,
            "term": self.term,
            "start": self.start,
            "end": self.end,
            "drop": round(self.drop, 4),
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """``bias``, the weights of ``shown`` and ``rest`` add up to ``score``. ``deletions`` all
    lowered the score, the strongest first; empty where nothing alone carries the label."""

    score: float
    bias: float
    shown: tuple[Reason, ...]
    rest: float
    deletions: tuple[Deletion, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "score": round(self.score, 4),
            "bias": round(self.bias, 4),
            "shown": [reason.as_json() for reason in self.shown],
            "rest": round(self.rest, 4),
            "deletions": [deletion.as_json() for deletion in self.deletions],
        }


def deletions(
    text: str, reasons: Sequence[Reason], scorer: Scorer, most: int = MOST_DELETIONS
) -> tuple[Deletion, ...]:
    """What lowers the label's score when it is taken out, the strongest first. ``reasons`` are
    candidates, the best first; at most ``most`` texts are judged beside the whole one."""
    tried = list(_candidates(text, reasons))[:most]
    if not tried:
        return ()
    whole, *without = scorer([text, *(_without(text, spans) for _, spans in tried)])
    found = [
        Deletion(part, text[slice(*spans[0])], *spans[0], _log_odds(whole) - _log_odds(p))
        for (part, spans), p in zip(tried, without, strict=True)
    ]
    return tuple(sorted((d for d in found if d.drop > 0), key=lambda d: -d.drop))


Candidate = tuple[Literal["word", "clause"], list[Span]]


def _candidates(text: str, reasons: Sequence[Reason]) -> Iterator[Candidate]:
    """Clauses first, they are few; then words that speak for the label, at all their places."""
    clauses = [match.span() for match in _CLAUSE.finditer(text)]
    if 1 < len(clauses) <= _MOST_CLAUSES:
        for span in clauses:
            yield "clause", [span]
    for reason in reasons:
        if reason.weight > 0 and reason.end > reason.start:
            yield "word", _places(text, text[reason.start : reason.end])


def _places(text: str, term: str) -> list[Span]:
    return [match.span() for match in re.finditer(re.escape(term), text)]


def _without(text: str, spans: Sequence[Span]) -> str:
    kept, at = [], 0
    for start, end in spans:
        kept.append(text[at:start])
        at = end
    return "".join((*kept, text[at:]))


def _log_odds(p: float) -> float:
    held = min(max(p, _FLOOR), 1 - _FLOOR)
    return log(held / (1 - held))
