"""The pretrained encoder: a text as one vector of meaning, by onnxruntime.

It lies in a folder of its own, ``models/encoders/NAME``, shared by every artefact that names it,
so a retrained head is small. An artefact trusts it by the SHA-256 of the encoder's manifest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triage.artefact import MANIFEST_FILE, open_session, sha256_of
from triage.errors import ArtefactRefused
from triage.pieces import Pieces
from triage.redaction import mask_numbers
from triage.segmenter import simplified

FOLDER = "encoders"
KIND = "encoder"
MODEL_FILE = "encoder.onnx"
PIECES_FILE = "pieces.json"
_BATCH = 16
"""Texts a run; more are no faster on one core and take memory in proportion."""


@dataclass(frozen=True)
class Encoder:
    """Thread-safe; a text of sixty characters takes 12.5 ms on one quiet core (docs/TRIAGE.md)."""

    name: str
    sha256: str
    hidden: int
    most_pieces: int
    facts: Mapping[str, Any]
    session: Any
    pieces: Pieces

    @classmethod
    def open(cls, path: Path) -> Encoder:
        """Load and check; ``ArtefactRefused`` names the file at fault."""
        facts = _checked_facts(path)
        try:
            return cls(
                name=path.name,
                sha256=sha256_of(path / MANIFEST_FILE),
                hidden=int(facts["hidden"]),
                most_pieces=int(facts["most_pieces"]),
                facts=facts,
                session=open_session(path / MODEL_FILE),
                pieces=Pieces.read(path / PIECES_FILE),
            )
        except Exception as error:  # onnxruntime raises its own kinds
            raise ArtefactRefused(path.name, f"it does not load ({type(error).__name__})") from None

    def vectors(self, texts: Sequence[str]) -> Any:
        """Array (texts, hidden), float32. Numbers of persons are masked first; a text longer than
        ``most_pieces`` is read from its beginning."""
        read = [simplified(mask_numbers(text)) for text in texts]
        ids = [self.pieces.encode(text, most=self.most_pieces) for text in read]
        order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
        found = np.zeros((len(ids), self.hidden), dtype=np.float32)
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            found[rows] = self._run([ids[at] for at in rows])
        return found

    def _run(self, ids: Sequence[Sequence[int]]) -> Any:
        width = max(map(len, ids))
        told = np.full((len(ids), width), self.pieces.pad, dtype=np.int64)
        mask = np.zeros((len(ids), width), dtype=np.int32)
        for row, own in enumerate(ids):
            told[row, : len(own)] = own
            mask[row, : len(own)] = 1
        return self.session.run(["vectors"], {"ids": told, "mask": mask})[0]


def find_encoder(name: str, folders: Sequence[Path]) -> Path | None:
    """The encoder's folder in the first of ``folders`` that has it."""
    found = (folder / FOLDER / name for folder in folders)
    return next((path for path in found if (path / MANIFEST_FILE).is_file()), None)


def known_encoders(folders: Sequence[Path]) -> list[Path]:
    """Every encoder in ``folders``, by name; the last is the newest."""
    found = (
        file.parent for folder in folders for file in folder.glob(f"{FOLDER}/*/{MANIFEST_FILE}")
    )
    return sorted(found, key=lambda path: path.name)


def _checked_facts(path: Path) -> Mapping[str, Any]:
    try:
        facts: Mapping[str, Any] = json.loads((path / MANIFEST_FILE).read_text(encoding="utf-8"))
        files, kind = dict(facts["files"]), facts["kind"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"{MANIFEST_FILE} cannot be read ({type(error).__name__})"
        raise ArtefactRefused(path.name, why) from None
    if kind != KIND or facts.get("name") != path.name:
        raise ArtefactRefused(path.name, f"{MANIFEST_FILE} belongs to something else")
    for name, expected in files.items():
        if not (path / name).is_file():
            raise ArtefactRefused(path.name, f"{name} is missing")
        if sha256_of(path / name) != expected:
            raise ArtefactRefused(path.name, f"{name} was changed after it was made")
    return facts
