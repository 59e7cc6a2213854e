"""What people said a report is, which of it counts, and how far they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from itertools import combinations

from triage.taxonomy import Label


class Weight(StrEnum):
    """How a label came about, the strongest first."""

    ADJUDICATED = "adjudicated"
    AGREED = "agreed"
    SINGLE = "single"
    FEEDBACK = "feedback"


TRAINING_WEIGHTS = {
    Weight.ADJUDICATED: 1.0,
    Weight.AGREED: 1.0,
    Weight.SINGLE: 0.8,
    Weight.FEEDBACK: 0.3,
}


@dataclass(frozen=True, slots=True)
class Opinion:
    """One person's word; ``adjudicates`` when it was said to settle a conflict; ``feedback``
    when it is the code of a closed call and nobody looked at the text."""

    by: str
    at: datetime
    label: Label
    category: str | None = None
    adjudicates: bool = False
    feedback: bool = False


@dataclass(frozen=True, slots=True)
class Current:
    """The label that counts; ``conflict`` when people differ and nobody has settled it."""

    label: Label
    category: str | None
    weight: Weight
    conflict: bool


def current(opinions: Sequence[Opinion]) -> Current | None:
    """Adjudicated over two who agree, over a single word, over the feedback code.

    A person's newest word replaces that person's older ones. None when nothing was said.
    """
    people = newest([o for o in opinions if not o.feedback])
    settled = [o for o in people if o.adjudicates]
    if settled:
        return _as(settled[-1], Weight.ADJUDICATED, conflict=False)
    if people:
        return _of_people(people)
    codes = [o for o in opinions if o.feedback]
    return _as(codes[-1], Weight.FEEDBACK, conflict=False) if codes else None


def wants_second(report_id: str, opinions: Sequence[Opinion], *, share: float) -> bool:
    """Whether one more person should look, blind: on every conflict, and on a share of the rest
    drawn by a hash of the report's id."""
    now = current(opinions)
    if now is None or now.weight is Weight.ADJUDICATED or now.weight is Weight.FEEDBACK:
        return False
    if now.conflict:
        return True
    drawn = int.from_bytes(sha256(report_id.encode()).digest()[:8])
    return now.weight is Weight.SINGLE and drawn < share * 2**64


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa (J. Cohen, 1960) of two readers of the same rows; None when both only ever
    used one and the same label, or there is no row."""
    n = len(pairs)
    if n == 0:
        return None
    seen = sum(one == other for one, other in pairs) / n
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(first[label] * second[label] for label in first) / n**2
    return (seen - chance) / (1 - chance) if chance < 1 else None


def shared(readings: Iterable[Sequence[Opinion]]) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """``{(reader, reader): [(label, label), ...]}`` over the reports both have read."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for opinions in readings:
        people = sorted(newest([o for o in opinions if not o.feedback]), key=lambda o: o.by)
        for one, other in combinations(people, 2):
            found.setdefault((one.by, other.by), []).append((one.label.value, other.label.value))
    return found


def _of_people(people: Sequence[Opinion]) -> Current:
    newest = people[-1]
    conflict = len({o.label for o in people}) > 1
    counts = Counter(o.label for o in people)
    label, most = counts.most_common(1)[0]
    agreed = most >= 2 and list(counts.values()).count(most) == 1
    if agreed:
        said = [o for o in people if o.label is label][-1]
        return _as(said, Weight.AGREED, conflict=False)
    return _as(newest, Weight.SINGLE, conflict=conflict)


def newest(opinions: Sequence[Opinion]) -> list[Opinion]:
    """Each person's newest word, in order of time."""
    by_person: dict[str, Opinion] = {}
    for opinion in sorted(opinions, key=lambda o: o.at):
        by_person.pop(opinion.by, None)
        by_person[opinion.by] = opinion
    return list(by_person.values())


def _as(opinion: Opinion, weight: Weight, *, conflict: bool) -> Current:
    return Current(opinion.label, opinion.category, weight, conflict)
