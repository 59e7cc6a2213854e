"""What a case is called: by its place and kind, as short as the page that shows it needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import current_app

from edge.district import District
from server.domain.views import CaseView
from server.web.pages import words

_KEY = "xiaonao_place_names"
_LONGEST = 14


@dataclass(frozen=True, slots=True)
class PlaceNames:
    """``places`` are the gazetteer's names, longest first, so that the first found is the best."""

    town: str
    places: tuple[str, ...]

    def address(self, address: str) -> str:
        """The address without the town everybody here lives in."""
        return address.removeprefix(self.town) or address

    def place(self, address: str) -> str:
        """The compound, shop or street: no door, for a wall that visitors see."""
        found = next((name for name in self.places if name in address), None)
        return found or self.address(address)[:_LONGEST]


def of_district(district: District) -> PlaceNames:
    named = {name for place in district.gazetteer for name in (place.name, *place.aliases)}
    plain = {name.removeprefix(district.name.rstrip("镇")) or name for name in named}
    return PlaceNames(district.name, tuple(sorted(plain, key=lambda name: (-len(name), name))))


def full_name(case: CaseView) -> str:
    """``枫贤街132号春晓华庭4号楼601室·噪音纠纷``, for those who work on the case."""
    names = place_names()
    return _join(names.address(case.address) if case.address else None, case)


def wall_name(case: CaseView) -> str:
    """``春晓华庭·噪音纠纷``."""
    return _join(place_names().place(case.address) if case.address else None, case)


def short_id(key: str | None) -> str:
    """The last letters of an id, enough to say aloud."""
    return f"警情{key[-4:]}" if key else "警情"


def by_case(cases: Iterable[CaseView]) -> dict[str, str]:
    return {case.id: wall_name(case) for case in cases}


def place_names() -> PlaceNames:
    names = current_app.extensions[_KEY]
    assert isinstance(names, PlaceNames)
    return names


def remember(extensions: dict[str, object], names: PlaceNames) -> None:
    extensions[_KEY] = names


def _join(place: str | None, case: CaseView) -> str:
    kind = words.category(case.category) if case.category else None
    known = [part for part in (place, kind) if part]
    return "·".join(known) or short_id(case.id)
