"""A report's text cut into plain pieces and pieces that carry a cue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from server.web.pages import words


@dataclass(frozen=True, slots=True)
class Piece:
    """``kind`` is None for plain text; ``in_force`` is False for a negated or supposed cue."""

    text: str
    kind: str | None = None
    name: str = ""
    in_force: bool = False


def pieces(text: str, cues: Iterable[Mapping[str, object]]) -> list[Piece]:
    """Pieces that join to ``text``. Of overlapping cues the one in force, then the first, wins."""
    found: list[Piece] = []
    position = 0
    for start, end, cue in _apart(text, cues):
        if start > position:
            found.append(Piece(text[position:start]))
        kind = str(cue.get("kind", ""))
        name = words.CUES.get(kind, kind)
        found.append(Piece(text[start:end], kind, name, in_force(cue)))
        position = end
    if position < len(text):
        found.append(Piece(text[position:]))
    return found


def found(text: str, question: str) -> list[Piece]:
    """The text with the words that were searched for marked, for a person to see why it is here."""
    words = [re.escape(word) for word in question.split()]
    if not words:
        return [Piece(text)]
    parts = re.split(f"({'|'.join(words)})", text, flags=re.IGNORECASE)
    return [Piece(part, "found" if at % 2 else None) for at, part in enumerate(parts) if part]


def in_force(cue: Mapping[str, object]) -> bool:
    """A cue that counts: said of now, neither denied nor only supposed or asked about."""
    return not cue.get("negated") and cue.get("mode", "present") == "present"


def _apart(
    text: str, cues: Iterable[Mapping[str, object]]
) -> list[tuple[int, int, Mapping[str, object]]]:
    wanted = [(s, e, cue) for cue in cues if (s := _int(cue, "start")) < (e := _int(cue, "end"))]
    inside = [(s, e, cue) for s, e, cue in wanted if s >= 0 and e <= len(text)]
    inside.sort(key=lambda item: (not in_force(item[2]), item[0], -item[1]))
    kept: list[tuple[int, int, Mapping[str, object]]] = []
    for start, end, cue in inside:
        if all(end <= s or start >= e for s, e, _ in kept):
            kept.append((start, end, cue))
    return sorted(kept, key=lambda item: item[0])


def _int(cue: Mapping[str, object], key: str) -> int:
    value = cue.get(key)
    return value if isinstance(value, int) else -1
