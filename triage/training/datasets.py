"""The manifest of the shipped corpus: what each file is, and that it is still that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from triage.artefact import sha256_of

MANIFEST = "manifest.json"
LICENCE = "Apache-2.0"
_WRITTEN = "written for this project under one brief, labelled by the words said"
_SEED = "written for this project under one brief, read a second time, category added"


def write_manifest(folder: Path) -> int:
    """Write ``folder/manifest.json`` for ``folder/corpus/*.jsonl``; the number of files."""
    files = [_described(file) for file in sorted((folder / "corpus").glob("*.jsonl"))]
    text = json.dumps({"licence": LICENCE, "files": files}, ensure_ascii=False, indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return len(files)


def _described(file: Path) -> dict[str, Any]:
    rows = sum(bool(line.strip()) for line in file.read_text(encoding="utf-8").splitlines())
    return {
        "file": f"corpus/{file.name}",
        "sha256": sha256_of(file),
        "rows": rows,
        "licence": LICENCE,
        "how_made": _SEED if file.name.startswith("seed-") else _WRITTEN,
    }
