"""Chinese full text as pairs of characters: what is kept of a text, and what a question asks for.

A run of Chinese characters becomes its overlapping pairs and, at its end, its last character
alone; a run of letters or digits becomes one lower-case word. So any piece of two or more
characters is found wherever it stands, without a dictionary, and one character too (as the
beginning of a pair). SQLite's own ``trigram`` finds no two-character word, and most Chinese words
are two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

MAX_TERMS = 6
"""More words than this are ignored: a person types two or three."""
MAX_PHRASE = 60
_RUNS = re.compile(r"([\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)|([a-z0-9]+)")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that must stand in a row; ``prefix``: the last one may be only a beginning."""

    tokens: tuple[str, ...]
    prefix: bool


def tokens(text: str) -> list[str]:
    """What the index keeps of a text, in order."""
    return [token for run, chinese in _runs(text) for token in _of_run(run, chinese=chinese)]


def phrases(question: str) -> tuple[Phrase, ...]:
    """What must be in a text, one phrase for each word between blanks; empty: nothing to ask."""
    made = (_phrase(word) for word in question.split())
    return tuple(phrase for phrase in made if phrase.tokens)[:MAX_TERMS]


def _phrase(word: str) -> Phrase:
    runs = list(_runs(word))
    found: list[str] = []
    for run, chinese in runs[:-1]:
        found += _of_run(run, chinese=chinese)
    if not runs:
        return Phrase((), prefix=False)
    last, chinese = runs[-1]
    if chinese and len(last) > 1:
        return Phrase((*found, *_pairs(last))[:MAX_PHRASE], prefix=False)
    return Phrase((*found, last)[:MAX_PHRASE], prefix=True)


def _of_run(run: str, *, chinese: bool) -> list[str]:
    return [*_pairs(run), run[-1]] if chinese else [run]


def _pairs(run: str) -> Iterator[str]:
    return (run[at : at + 2] for at in range(len(run) - 1))


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Runs of one kind; full-width letters and digits count as plain ones."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return ((match[0], match[1] is not None) for match in _RUNS.finditer(plain))
