"""One model directory: its manifest, and the check that nothing in it was changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triage.doubt import Limits
from triage.errors import ArtefactRefused
from triage.policy import Thresholds

MANIFEST_FILE = "manifest.json"
FORMAT = 2


@dataclass(frozen=True, slots=True)
class Manifest:
    """``files`` maps a file's name to its SHA-256; ``facts`` is the whole manifest as written."""

    name: str
    kind: str
    files: Mapping[str, str]
    thresholds: Thresholds
    limits: Limits
    facts: Mapping[str, Any]


def sha256_of(file: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def seal_of(facts: Mapping[str, Any]) -> str:
    """SHA-256 over what decides beside the files: name, thresholds, limits, mix, encoder. It finds
    a slip of the hand or of the disk; whoever rewrites the seal too is not kept out by it."""
    deciding = {key: facts.get(key) for key in ("name", "thresholds", "limits", "mix", "encoder")}
    text = json.dumps(deciding, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def read_manifest(path: Path) -> Manifest:
    """The manifest of the artefact at ``path``; ``ArtefactRefused`` when it cannot be read."""
    try:
        facts = json.loads((path / MANIFEST_FILE).read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise ArtefactRefused(path.name, f"{MANIFEST_FILE} has format {facts['format']!r}")
        if facts.get("seal", seal_of(facts)) != seal_of(facts):
            raise ArtefactRefused(path.name, "its thresholds were changed after it was made")
        return Manifest(
            str(facts["name"]),
            str(facts["kind"]),
            dict(facts["files"]),
            Thresholds(**facts["thresholds"]["values"]),
            Limits(**facts["limits"]),
            facts,
        )
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtefactRefused(
            path.name, f"{MANIFEST_FILE} cannot be read ({type(error).__name__})"
        ) from None


def verify_files(path: Path, manifest: Manifest) -> None:
    """Compare every file with its recorded checksum; ``ArtefactRefused`` names the first off."""
    if manifest.name != path.name:
        raise ArtefactRefused(path.name, f"{MANIFEST_FILE} says its name is {manifest.name}")
    for name, expected in manifest.files.items():
        file = path / name
        if not file.is_file():
            raise ArtefactRefused(path.name, f"{name} is missing")
        if sha256_of(file) != expected:
            raise ArtefactRefused(path.name, f"{name} was changed after it was made")


def open_session(file: Path) -> Any:
    """An onnxruntime session on one thread, without an arena that would keep the biggest batch."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(file), sess_options=options, providers=["CPUExecutionProvider"]
    )
