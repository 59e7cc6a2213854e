"""From an address to a place: the longest known name in it wins."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from server.domain.geo import Place

_SHORTEST_NAME = 2


@dataclass(frozen=True, slots=True)
class NamedPlace:
    name: str
    place: Place


def locate(address: str | None, known: Iterable[NamedPlace]) -> NamedPlace | None:
    """The named place an address speaks of; a coarse position at best."""
    if not address:
        return None
    folded = unicodedata.normalize("NFKC", address)
    found = [n for n in known if len(n.name) >= _SHORTEST_NAME and n.name in folded]
    return max(found, key=lambda named: len(named.name), default=None)
