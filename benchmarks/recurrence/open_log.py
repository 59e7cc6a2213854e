"""The open police log as events, and the figures every model is judged by."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from triage.rows import Event
from triage.training.recurrence_figures import Vector, auc
from triage.training.recurrence_labels import Lesson, lessons_of

YEAR = timedelta(days=365)
SAME_EPISODE = timedelta(hours=6)


@dataclass(frozen=True)
class Town:
    """``test``: lessons of the rows marked so; ``quiet``: whether their place was."""

    events: list[Event]
    began: datetime
    test: list[Lesson]
    labels: Vector
    quiet: np.ndarray[Any, np.dtype[np.bool_]]
    test_ids: frozenset[str]

    def before(self) -> list[Event]:
        return [event for event in self.events if event.time < self.began]


def read_town(path: Path, source: str, *, quiet_calls: int = 24) -> Town:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] == source]
    events = [_event(row) for row in rows]
    test_ids = {r["call_id"] for r in rows if r["split"] == "test" and r["y90"] and _known(r)}
    if not test_ids:  # the small town's test rows have no known label: late train rows serve
        test_ids = {r["call_id"] for r in rows if r["split"] == "train" and _known(r)}
    return town_of(events, test_ids, quiet_calls)


def town_of(events: list[Event], test_ids: Set[str], quiet_calls: int = 24) -> Town:
    """``events`` in time order; every event of ``test_ids`` begins an episode."""
    lessons = iter(lessons_of(events))
    calls: dict[str, list[datetime]] = defaultdict(list)
    last: dict[str, datetime] = {}
    test, labels, quiet, began = [], [], [], None
    for event in events:
        (key,) = event.keys
        if event.dispute:
            start = key not in last or event.time - last[key] >= SAME_EPISODE
            lesson = next(lessons) if start else None
            last[key] = event.time
        if event.dispute and event.id in test_ids:
            assert lesson is not None, "a test row inside an episode"
            began = began or event.time
            test.append(lesson)
            labels.append(float(bool(lesson.label(90))))
            quiet.append(sum(event.time - at <= YEAR for at in calls[key]) <= quiet_calls)
        calls[key].append(event.time)
    assert began is not None, "no test rows"
    return Town(events, began, test, np.array(labels), np.array(quiet), frozenset(test_ids))


def paired_interval(
    labels: Vector, one: Vector, other: Vector, *, rounds: int = 500, seed: int = 1
) -> tuple[float, float, float]:
    """AUC of ``one`` less that of ``other``, with its 95 % interval under paired bootstrap."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(rounds):
        rows = draw.integers(0, len(labels), len(labels))
        found.append(auc(labels[rows], one[rows]) - auc(labels[rows], other[rows]))
    low, high = np.quantile(found, [0.025, 0.975])
    return auc(labels, one) - auc(labels, other), float(low), float(high)


def _event(row: dict[str, str]) -> Event:
    at = datetime.fromisoformat(row["time"]).replace(tzinfo=UTC)
    dispute = row["is_dispute"] == "True"
    return Event(row["call_id"], at, dispute, (f"place:{row['place_id']}",), row["kind"])


def _known(row: dict[str, str]) -> bool:
    return row["y90_known"] == "True"
