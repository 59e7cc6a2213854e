"""Where the data that comes with the program lies: beside the package, or inside the wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def models_dir() -> Path:
    """The folder of shipped artefacts with its ``CURRENT.toml``; it may be absent."""
    return _folder("models")


def datasets_dir() -> Path:
    """The folder of the shipped corpus; it may be absent."""
    return _folder("datasets")


def lexicon_text() -> str:
    """The cue lexicon, TOML."""
    return (_PACKAGE / "data" / "cues.toml").read_text(encoding="utf-8")


def recurrence_text() -> str:
    """The shipped weights of the recurrence rule, TOML."""
    return (risk_dir() / "risk-shipped-1" / "weights.toml").read_text(encoding="utf-8")


def risk_dir() -> Path:
    """The folder of the shipped weights with its ``CURRENT.toml``; part of the package."""
    return _PACKAGE / "data" / "risk"


def _folder(name: str) -> Path:
    in_wheel = _PACKAGE / "shipped_data" / name
    return in_wheel if in_wheel.is_dir() else _PACKAGE.parent / name
