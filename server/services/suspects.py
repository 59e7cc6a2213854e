"""Labels that the training data put in doubt: the newest ``xiaonao-triage suspects --queue``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from server.domain.roles import Actor
from server.office import Office
from server.store import learning
from server.store.engine import reading
from triage.taxonomy import LABELS

SUSPECTS_FILE = "suspects.jsonl"
MOST_LINES = 500
SHOWN = 10
WHYS = frozenset({"confident", "low_margin", "near_duplicate"})


@dataclass(frozen=True, slots=True)
class Suspect:
    """A report whose label is in doubt; ``why`` as the run says it. The label itself is not told:
    whoever looks reads the text alone."""

    report_id: str
    received_at: datetime
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Doubted:
    """What waits for this person; ``in_files`` are rows of the written texts, for whoever keeps
    those."""

    rows: tuple[Suspect, ...]
    in_files: int


def queue(office: Office, actor: Actor) -> Doubted:
    """Reports of the newest run on which nobody spoke since, and this person never did."""
    lines = list(_lines(office))
    found = {str(line["report_id"]): line for line in lines if line.get("report_id")}
    with reading(office.engine) as conn:
        words = learning.opinions(conn, report_ids=found) if found else []
    waiting = [
        Suspect(report_id, said[0].received_at, said[0].text, str(line["why"]))
        for report_id, line in found.items()
        if (said := [row for row in words if row.report_id == report_id])
        and _is_open(said, line, actor)
    ]
    return Doubted(tuple(waiting[:SHOWN]), len(lines) - len(found))


def _is_open(said: Sequence[Row[Any]], line: Mapping[str, Any], actor: Actor) -> bool:
    asked = datetime.fromisoformat(line["at"])
    return all(row.at < asked and row.by != actor.name for row in said)


def _lines(office: Office) -> Iterator[dict[str, Any]]:
    """The file is written by a command: what does not fit is passed over."""
    file = office.home / SUSPECTS_FILE
    if not file.is_file():
        return
    with file.open(encoding="utf-8") as lines:
        for _, text in zip(range(MOST_LINES), lines, strict=False):
            try:
                line = json.loads(text)
                fits = line["why"] in WHYS and line["label"] in set(LABELS)
                fits = fits and datetime.fromisoformat(line["at"]).tzinfo is not None
            except (ValueError, KeyError, TypeError):
                continue
            if fits:
                yield line
