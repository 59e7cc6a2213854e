"""What the office teaches: the file of corrections that training reads."""

from __future__ import annotations

import json
import os
from pathlib import Path

from server.domain.opinions import TRAINING_WEIGHTS
from server.office import Office
from server.services import opinions
from server.store import lesson_groups
from server.store.engine import reading

CORRECTIONS_FILE = "corrections.jsonl"


def export_corrections(office: Office, path: Path) -> int:
    """All current corrections as JSON Lines for training, written in one step; how many.

    Texts are masked; who corrected stays in the office. ``groups`` are keyed hashes of person and
    place, which keep reports of the same ones on one side of every split.
    """
    rows = sorted(opinions.labelled(office), key=lambda row: (row.at, row.report_id))
    with reading(office.engine) as conn:
        groups = lesson_groups.groups(conn, [row.report_id for row in rows])
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        for row in rows:
            line = {
                "text": row.text,
                "label": row.current.label,
                "category": row.current.category,
                "source": "correction",
                "how": row.current.weight,
                "weight": TRAINING_WEIGHTS[row.current.weight],
                "groups": [office.vault.key("lesson", key)[:16] for key in groups[row.report_id]],
                "at": row.at.isoformat(),
                "report_id": row.report_id,
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return len(rows)
