"""The made-up district that comes with the program."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from edge.district import District, parse


def shipped_district() -> District:
    """The district in ``edge/data/district.json``. Raises BadDistrict."""
    return parse(shipped_district_json())


def shipped_district_json() -> str:
    """The same as its JSON text, for maps that draw it."""
    return files("edge").joinpath("data", "district.json").read_text("utf-8")


def shipped_model(name: str) -> Path:
    """The folder of a model that comes with the program: beside the package, or in the wheel."""
    here = Path(__file__).resolve().parent.parent
    in_wheel = here / "triage" / "shipped_data" / "models" / name
    return in_wheel if in_wheel.is_dir() else here / "models" / name
