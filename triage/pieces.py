"""Cuts a text into the pieces a pretrained encoder was taught, by the likeliest path.

A unigram language model (Kudo 2018, arXiv:1804.10959): every piece has a log-probability, and the
cut with the highest sum wins (Viterbi). Characters are normalised first, blanks become ``▁``, and
one ``▁`` stands before the text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

BLANK = "▁"
_UNKNOWN_COST = 10.0
"""How much worse than the rarest piece a character without any piece is."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """``scores`` of the pieces in the order of their ids; ``normal`` per character."""

    ids: Mapping[str, int]
    scores: Sequence[float]
    normal: Mapping[str, str]
    longest: int
    worst: float
    bos: int
    eos: int
    pad: int
    unknown: int
    prefix: tuple[int, ...]

    @classmethod
    def read(cls, file: Path) -> Pieces:
        """From a file; see ``parse``."""
        return cls.parse(file.read_text(encoding="utf-8"))

    @classmethod
    def parse(cls, text: str) -> Pieces:
        """From JSON as ``encoder_export`` makes it; ValueError or KeyError when it is not."""
        data = json.loads(text)
        names = [name for name, _ in data["pieces"]]
        scores = [float(score) for _, score in data["pieces"]]
        special = {data[key] for key in ("bos", "eos", "pad", "unknown")}
        ids = {name: at for at, name in enumerate(names) if at not in special}
        made = cls(
            ids=ids,
            scores=scores,
            normal=data["normal"],
            longest=max(len(name) for name in ids),
            worst=min(scores) - _UNKNOWN_COST,
            bos=data["bos"],
            eos=data["eos"],
            pad=data["pad"],
            unknown=data["unknown"],
            prefix=(),
        )
        return made.with_prefix(str(data["prefix"]))

    def with_prefix(self, prefix: str) -> Pieces:
        """The same with words that stand before every text, cut once."""
        return replace(self, prefix=tuple(self._cut(BLANK + prefix.strip().replace(" ", BLANK))))

    def encode(self, text: str, *, most: int) -> list[int]:
        """Ids with begin, prefix and end; at most ``most``, the text's end is left out."""
        room = max(1, most - 2 - len(self.prefix))
        return [self.bos, *self.prefix, *self._cut(self._normalised(text))[:room], self.eos]

    def _normalised(self, text: str) -> str:
        known = self.normal
        plain = "".join(known.get(character, character) for character in text)
        return BLANK + BLANK.join(plain.split())

    def _cut(self, text: str) -> list[int]:
        n = len(text)
        best = [0.0] + [-1e30] * n
        came: list[tuple[int, int]] = [(0, self.unknown)] * (n + 1)
        ids, scores, longest = self.ids, self.scores, self.longest
        for start in range(n):
            base = best[start]
            if base + self.worst > best[start + 1]:
                best[start + 1], came[start + 1] = base + self.worst, (start, self.unknown)
            for end in range(start + 1, min(n, start + longest) + 1):
                piece = ids.get(text[start:end])
                if piece is not None and base + scores[piece] > best[end]:
                    best[end], came[end] = base + scores[piece], (start, piece)
        found: list[int] = []
        at = n
        while at > 0:
            at, piece = came[at]
            found.append(piece)
        return found[::-1]
