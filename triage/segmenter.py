"""Chinese text to words and characters, each with its place in the text.

Normalising keeps one character for one character, so a place in the normalised text is the same
place in the text that was given. The tokenizer is our own and reads jieba's dictionary straight
from its package: jieba's default one trusts a cache file that anybody may write into the temporary
folder, and shares its state with the whole process.
"""

from __future__ import annotations

import logging
import unicodedata
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from triage.concepts import MARK, Concepts

NUMBER = "0"
"""Stands for any run of digits and stars: which number it was says nothing."""
NOTHING = "∅"
"""Stands for a text without any word; it is in no vocabulary."""


@dataclass(frozen=True, slots=True)
class Token:
    """``text`` normalised, at ``[start:end]`` of the text that was given."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Segmented:
    """A text as its words, its characters and its concepts, without blanks and punctuation."""

    words: tuple[Token, ...]
    characters: tuple[Token, ...]
    concepts: tuple[Token, ...] = ()

    @cached_property
    def words_line(self) -> str:
        """Words and concepts joined by blanks, the form the exported vectorizers read."""
        return " ".join(token.text for token in (*self.words, *self.concepts)) or NOTHING

    @cached_property
    def characters_line(self) -> str:
        return " ".join(token.text for token in self.characters) or NOTHING


class Segmenter:
    """Thread-safe after construction, which takes about half a second."""

    def __init__(self) -> None:
        self._tokenizer = _tokenizer()
        self._concepts = Concepts.parse(concepts_text())

    def segment(self, text: str) -> Segmented:
        plain = normalise(text)
        words = tuple(
            Token(_as_number(word), start, end)
            for word, start, end in self._tokenizer.tokenize(plain)
            if word.isalnum() or any(map(str.isalnum, word))
        )
        found = self._concepts.find(plain)
        concepts = tuple(Token(MARK + one.name, one.start, one.end) for one in found)
        return Segmented(words, _characters(plain), concepts)


def concepts_text() -> str:
    """The data of ``triage.concepts``, TOML."""
    file = Path(__file__).resolve().parent / "data" / "concepts.toml"
    return file.read_text(encoding="utf-8")


@lru_cache(maxsize=65536)
def _plain_char(char: str) -> str:
    if char.isspace() or not char.isprintable():
        return " "
    for changed in (unicodedata.normalize("NFKC", char).lower(), char.lower()):
        if len(changed) == 1 and changed.isprintable():
            return _folding().get(changed, changed)
    return char


def normalise(text: str) -> str:
    """Half-width, lower-case, simplified, control characters blanked; as long as ``text``."""
    return "".join(map(_plain_char, text))


def simplified(text: str) -> str:
    """``text`` with traditional characters folded, nothing else; as long as ``text``."""
    return "".join(_folding().get(char, char) for char in text)


@cache
def _folding() -> Mapping[str, str]:
    file = Path(__file__).resolve().parent / "data" / "folding.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    pairs = [pair for line in lines if not line.startswith("#") for pair in line.split()]
    return {pair[0]: pair[1] for pair in pairs if pair[0] != pair[1]}


def _is_number(text: str) -> bool:
    return all(char.isdigit() or char in "*." for char in text)


def _as_number(word: str) -> str:
    plain = word[0].isalpha() or not _is_number(word)
    return word if plain else NUMBER


def _characters(plain: str) -> tuple[Token, ...]:
    """Letters and characters one by one; a run of digits is one token."""
    tokens: list[Token] = []
    for place, char in enumerate(plain):
        if not char.isalnum():
            continue
        if char.isdigit():
            if tokens and tokens[-1].text == NUMBER and tokens[-1].end == place:
                tokens[-1] = Token(NUMBER, tokens[-1].start, place + 1)
                continue
            char = NUMBER  # noqa: PLW2901
        tokens.append(Token(char, place, place + 1))
    return tuple(tokens)


def _tokenizer() -> Any:
    """An own jieba tokenizer, filled here so that it never looks for a cache file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
    quiet = logging.getLogger("jieba")
    quiet.handlers.clear()
    quiet.setLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    with tokenizer.get_dict_file() as dictionary:
        tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(dictionary)
    tokenizer.initialized = True
    return tokenizer
