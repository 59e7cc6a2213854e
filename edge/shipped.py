"""The made-up district that comes with the program."""

from __future__ import annotations

from importlib.resources import files

from edge.district import District, parse


def shipped_district() -> District:
    """The district in ``edge/data/district.json``. Raises BadDistrict."""
    return parse(shipped_district_json())


def shipped_district_json() -> str:
    """The same as its JSON text, for maps that draw it."""
    return files("edge").joinpath("data", "district.json").read_text("utf-8")
