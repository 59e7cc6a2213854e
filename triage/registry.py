"""Which model serves: artefacts shipped with the program, candidates of a home, and who decided.

The shipped ``CURRENT.toml`` serves until a home has its own; the home's file also keeps every
promotion: who, when, why.
"""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from triage import signing
from triage.errors import ModelUnavailable, NothingToRollBack, WrongUse

CURRENT_FILE = "CURRENT.toml"
MANIFEST_FILE = "manifest.json"
DECISIONS_FILE = "decisions.jsonl"
"""One line for each time the gate compared two models, refusals too."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """One model directory; ``shipped`` when it came with the program."""

    name: str
    path: Path
    shipped: bool


@dataclass(frozen=True, slots=True)
class Promotion:
    """Who made ``name`` serve, when (aware) and why; ``back`` when it was a roll-back; ``second``
    agreed where two are needed."""

    name: str
    by: str
    at: datetime
    why: str
    back: bool = False
    second: str = ""
    second_why: str = ""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Registry:
    """``shipped_dir`` is read only; promotions and candidates live in ``home_dir``. ``pinned``
    names the one that counts as current here, whatever was promoted."""

    def __init__(
        self,
        shipped_dir: Path,
        home_dir: Path | None = None,
        *,
        clock: Callable[[], datetime] = _utc_now,
        pinned: str | None = None,
    ) -> None:
        self._pinned = pinned
        self.shipped_dir = shipped_dir
        self.home_dir = home_dir
        self._clock = clock

    def current_files(self) -> tuple[Path, ...]:
        """The files that decide, the first that exists wins; for a cheap look at their times."""
        return tuple(folder / CURRENT_FILE for folder in self.folders())

    def current(self) -> Artefact:
        """The artefact that serves; ``ModelUnavailable`` when none is named or it is gone."""
        if self._pinned:
            return self.find(self._pinned)
        for file in self.current_files():
            if file.is_file():
                return self.find(_read(file)[0])
        raise ModelUnavailable("No model is promoted; run xiaonao-triage promote NAME.")

    def shipped(self) -> Artefact | None:
        """The artefact shipped as current, to fall back on; None where nothing is shipped."""
        file = self.shipped_dir / CURRENT_FILE
        if not file.is_file():
            return None
        name = _read(file)[0]
        path = self.shipped_dir / name
        return Artefact(name, path, shipped=True) if path.is_dir() else None

    def candidates(self) -> tuple[Artefact, ...]:
        """Every artefact known, the home's first, by name."""
        found: dict[str, Artefact] = {}
        for folder in self.folders():
            for manifest in sorted(folder.glob(f"*/{MANIFEST_FILE}")):
                path = manifest.parent
                shipped = folder == self.shipped_dir
                found.setdefault(path.name, Artefact(path.name, path, shipped))
        return tuple(found.values())

    def history(self) -> tuple[Promotion, ...]:
        """All promotions on record, the oldest first."""
        for file in self.current_files():
            if file.is_file():
                return _read(file)[1]
        return ()

    def promote(
        self, name: str, by: str, why: str, *, second: str = "", second_why: str = ""
    ) -> Artefact:
        """Make ``name`` serve from now on. Whether it deserves to is the gate's affair."""
        if second and second.strip().casefold() == by.strip().casefold():
            raise WrongUse("The second person is the first; another one has to agree.")
        return self._record(name, by, why, second=second.strip(), second_why=second_why.strip())

    def rollback(self, by: str, why: str) -> Artefact:
        """Return to the artefact that served before the present one; again, one further back."""
        served = self._served()
        if len(served) < 2:
            raise NothingToRollBack
        return self._record(served[-2], by, why, back=True)

    def current_name(self) -> str:
        """The name that serves, whether or not its files are fit."""
        return self.current().name

    def _record(self, name: str, by: str, why: str, **more: Any) -> Artefact:
        if not by.strip() or not why.strip():
            raise WrongUse("A promotion needs a person and a reason; give --by and --why.")
        artefact = self.find(name)
        promotion = Promotion(name, by.strip(), self._clock(), why.strip(), **more)
        self._write(name, (*self.history(), promotion))
        return artefact

    def _served(self) -> list[str]:
        """The names in force one after the other, those rolled back taken off."""
        shipped = self.shipped()
        names = [shipped.name] if shipped else []
        for promotion in self.history():
            if promotion.back and len(names) > 1:
                names.pop()
            elif not names or names[-1] != promotion.name:
                names.append(promotion.name)
        return names

    def folders(self) -> tuple[Path, ...]:
        """Where artefacts are looked for, the home's first."""
        return (self.home_dir, self.shipped_dir) if self.home_dir else (self.shipped_dir,)

    def find(self, name: str) -> Artefact:
        """The artefact of that name; ``ModelUnavailable`` says which are known."""
        for artefact in self.candidates():
            if artefact.name == name:
                return artefact
        known = ", ".join(artefact.name for artefact in self.candidates()) or "none"
        raise ModelUnavailable(f"No model is named {name}; known are: {known}.")

    def signing_folder(self) -> Path | None:
        """Where the home's keys are; None without a home."""
        return self.home_dir.parent / signing.FOLDER if self.home_dir else None

    def verify(self, artefact: Artefact) -> None:
        """``ArtefactRefused`` for an artefact of the home that no trusted key signed as it is."""
        folder = self.signing_folder()
        if folder is not None and not artefact.shipped:
            signing.check(folder, artefact.path)

    def _write(self, name: str, promotions: tuple[Promotion, ...]) -> None:
        if self.home_dir is None:
            raise WrongUse("A promotion needs a home folder; give --home DIR.")
        self.home_dir.mkdir(parents=True, exist_ok=True)
        write_atomically(self.home_dir / CURRENT_FILE, _toml(name, promotions))


def write_atomically(file: Path, text: str) -> None:
    """Write beside, flush to disk, rename: a reader sees the old file or the new one."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _toml(name: str, promotions: tuple[Promotion, ...]) -> str:
    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

    lines = [f"current = {quoted(name)}", ""]
    for promotion in promotions:
        lines += [
            "[[promotion]]",
            f"name = {quoted(promotion.name)}",
            f"by = {quoted(promotion.by)}",
            f"at = {quoted(promotion.at.isoformat())}",
            f"why = {quoted(promotion.why)}",
            f"back = {'true' if promotion.back else 'false'}",
        ]
        if promotion.second:
            lines.append(f"second = {quoted(promotion.second)}")
            lines.append(f"second_why = {quoted(promotion.second_why)}")
        lines.append("")
    return "\n".join(lines)


def _read(file: Path) -> tuple[str, tuple[Promotion, ...]]:
    try:
        data: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
        promotions = tuple(
            Promotion(
                row["name"],
                row["by"],
                datetime.fromisoformat(row["at"]),
                row["why"],
                row.get("back", False),
                row.get("second", ""),
                row.get("second_why", ""),
            )
            for row in data.get("promotion", [])
        )
        return str(data["current"]), promotions
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise ModelUnavailable(
            f"{file.name} cannot be read ({type(error).__name__}); repair or remove it."
        ) from None
