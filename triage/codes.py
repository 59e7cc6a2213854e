"""A site's own code dictionary, mapped onto the categories.

Every place codes differently, so a table is data: ``[codes]`` with a code or the beginning of one
on the left and a category, or only a label, on the right. The longest beginning wins.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from triage.errors import WrongUse
from triage.taxonomy import LABELS, Label, is_category, label_of


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code says; ``category`` None where the dictionary tells no leaf."""

    label: Label
    category: str | None


@dataclass(frozen=True, slots=True)
class CodeTable:
    """``meanings`` by beginning of a code."""

    name: str
    meanings: Mapping[str, Meaning]

    @classmethod
    def parse(cls, toml: str) -> CodeTable:
        """``WrongUse`` names the line that is neither a label nor a category."""
        try:
            data = tomllib.loads(toml)
            codes = data["codes"]
            meanings = {str(code): _meaning(str(code), word) for code, word in codes.items()}
            return cls(str(data["name"]), meanings)
        except (tomllib.TOMLDecodeError, KeyError, AttributeError) as error:
            raise WrongUse(f"The code table cannot be read ({error}); correct it.") from None

    def meaning_of(self, code: str) -> Meaning | None:
        """The meaning of ``code``; None when no beginning of it is in the table."""
        plain = code.strip()
        beginnings = (plain[:end] for end in range(len(plain), 0, -1))
        return next((self.meanings[b] for b in beginnings if b in self.meanings), None)


def _meaning(code: str, word: object) -> Meaning:
    if isinstance(word, str) and word in set(LABELS):
        return Meaning(Label(word), None)
    if isinstance(word, str) and is_category(word):
        return Meaning(label_of(word), word)
    raise WrongUse(f"Code {code}: {word!r} is neither a label nor a category; correct the table.")
