"""The manifest of the shipped corpus: what each file is, and that it is still that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from triage.artefact import sha256_of

MANIFEST = "manifest.json"
LICENCE = "Apache-2.0"
_WRITTEN = "written for this project under one brief, labelled by the words said"
_FROZEN = "written for this project for the gate alone; no model is trained on it"
_SEED = "written for this project under one brief, read a second time, category added"


def write_manifest(folder: Path) -> int:
    """Write ``folder/manifest.json`` for the corpus and the golden rows; the number of files."""
    found = [*sorted((folder / "corpus").glob("*.jsonl")), *folder.glob("golden.jsonl")]
    files = [_described(file, folder) for file in found]
    text = json.dumps({"licence": LICENCE, "files": files}, ensure_ascii=False, indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return len(files)


def _described(file: Path, folder: Path) -> dict[str, Any]:
    rows = sum(bool(line.strip()) for line in file.read_text(encoding="utf-8").splitlines())
    return {
        "file": file.relative_to(folder).as_posix(),
        "sha256": sha256_of(file),
        "rows": rows,
        "licence": LICENCE,
        "how_made": _how_made(file),
    }


def _how_made(file: Path) -> str:
    if file.parent.name != "corpus":
        return _FROZEN
    return _SEED if file.name.startswith("seed-") else _WRITTEN
