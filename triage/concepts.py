"""Finds concepts in a text: the many ways of saying one thing, as tokens with their places.

``triage/data/concepts.toml`` is the data. A concept decides nothing; it is one more feature, so
that a model which has seen 欠薪 knows 工钱拖着不给 too.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MARK = "§"
"""Stands before a concept's name among words, where no text can put it."""
_GAP = "[^。；！？;!?\n]{0,10}?"
_NAME = re.compile(r"[a-z_]+")


@dataclass(frozen=True, slots=True)
class Found:
    """Concept ``name`` at ``[start:end]`` of the text."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Concepts:
    """``plain`` words by their first character, longest first; ``apart`` are words with a gap."""

    plain: Mapping[str, tuple[tuple[str, str], ...]]
    apart: tuple[tuple[str, str, re.Pattern[str]], ...]

    @classmethod
    def parse(cls, toml: str) -> Concepts:
        """Read the data file; ``ValueError`` names what is wrong in it."""
        plain: dict[str, list[tuple[str, str]]] = {}
        apart = []
        for name, word in _words(toml):
            head, gap, tail = word.partition("…")
            if gap:
                pattern = re.compile(re.escape(head) + _GAP + re.escape(tail))
                apart.append((name, head, pattern))
            else:
                plain.setdefault(word[0], []).append((word, name))
        longest_first = {
            first: tuple(sorted(words, key=lambda pair: -len(pair[0])))
            for first, words in plain.items()
        }
        return cls(longest_first, tuple(apart))

    def find(self, text: str) -> tuple[Found, ...]:
        """Each concept of ``text`` (normalised) once, at its first place."""
        first: dict[str, Found] = {}
        for found in (*self._plain_in(text), *self._apart_in(text)):
            known = first.get(found.name)
            if known is None or found.start < known.start:
                first[found.name] = found
        return tuple(sorted(first.values(), key=lambda found: (found.start, found.name)))

    def _plain_in(self, text: str) -> Iterator[Found]:
        for at, char in enumerate(text):
            for word, name in self.plain.get(char, ()):
                if text.startswith(word, at):
                    yield Found(name, at, at + len(word))

    def _apart_in(self, text: str) -> Iterator[Found]:
        for name, head, pattern in self.apart:
            if head in text and (match := pattern.search(text)):
                yield Found(name, *match.span())


def _words(toml: str) -> Iterator[tuple[str, str]]:
    """(concept, word) of every group; a group's name is part of no concept's name."""
    for group, concepts in tomllib.loads(toml).items():
        for name, words in concepts.items():
            if not _NAME.fullmatch(name):
                raise ValueError(f"concepts, {group}: {name!r} is no name")
            for word in words.split():
                head, gap, tail = word.partition("…")
                if not head or (gap and not tail):
                    raise ValueError(f"concepts, {name}: {word!r} needs words on both sides of …")
                yield name, word
