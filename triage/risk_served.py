"""The weights of the recurrence rule that serve: the promoted ones, or the shipped in their place.

A process follows promotions while it runs: it looks at the times of a few small files.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triage import risk_artefact
from triage.errors import TriageError
from triage.recurrence_model import RiskModel, model_of
from triage.registry import MANIFEST_FILE, Registry
from triage.shipped import recurrence_text
from triage.signing import SIGNATURE_FILE, TRUSTED_FILE

_FILES = (MANIFEST_FILE, risk_artefact.WEIGHTS_FILE, SIGNATURE_FILE)
Seen = tuple[tuple[Path, tuple[int, int, int] | None], ...]


@dataclass(frozen=True, slots=True)
class _Served:
    model: RiskModel
    name: str
    facts: Mapping[str, Any]
    fault: str | None


class ServedRisk:
    """Thread-safe. Promoted weights that cannot be used leave the shipped ones serving, and
    ``fault`` says why; asking never fails."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._seen: Seen = ()
        self._served: _Served | None = None

    @classmethod
    def open(cls, home: Path | None = None) -> ServedRisk:
        """For a home folder (its ``risk/``), over the shipped weights."""
        return cls(risk_artefact.registry_of(home))

    @property
    def model(self) -> RiskModel:
        return self._now().model

    @property
    def name(self) -> str:
        """The artefact that serves."""
        return self._now().name

    @property
    def facts(self) -> Mapping[str, Any]:
        """Its manifest; empty for the shipped one in place of another."""
        return self._now().facts

    @property
    def fault(self) -> str | None:
        """Why the promoted weights do not serve; None when they do."""
        return self._now().fault

    def _now(self) -> _Served:
        with self._lock:
            files = [file for file, _ in self._seen]
            if self._served is None or _look(files) != self._seen:
                self._served = self._load()
            return self._served

    def _load(self) -> _Served:
        """Files are looked at before they are read: a change meanwhile is noticed next time."""
        keys = self._registry.signing_folder()
        deciding = [*self._registry.current_files(), *([keys / TRUSTED_FILE] if keys else [])]
        self._seen = _look(deciding)
        try:
            artefact = self._registry.current()
            self._seen += _look([artefact.path / name for name in _FILES])
            model = risk_artefact.read(self._registry, artefact)
            facts = risk_artefact.facts_of(artefact.path)
        except TriageError as error:
            shipped = self._registry.shipped()
            name = shipped.name if shipped else "shipped"
            return _Served(model_of(recurrence_text()), name, {}, str(error))
        return _Served(model, artefact.name, facts, None)


def _look(files: list[Path]) -> Seen:
    return tuple((file, _stat(file)) for file in files)


def _stat(file: Path) -> tuple[int, int, int] | None:
    try:
        facts = file.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size, facts.st_ino
