"""Training texts: read, check, mask, and drop near-duplicates."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

import numpy as np

from triage.errors import BadRow, WrongUse
from triage.redaction import mask_numbers
from triage.taxonomy import Label, is_category, label_of

CORRECTION_BRIEF = "corrections"
_SHINGLE = 3
_NEAR = 0.80
_HASHES = 48
_BANDS = 12
_GOLDEN = 0x9E3779B97F4A7C15
_WORD = 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True, slots=True)
class Example:
    """One text with its label; ``brief`` is the group it was written under, kept together in
    every split; ``category`` None when only the label is known; ``weight`` of its label in the fit,
    above 0 up to 1; ``groups`` keys of the people and the place it is about: rows that share one
    stay together in every split; ``at`` when a correction was said, None of written texts."""

    text: str
    label: Label
    category: str | None
    brief: str
    difficulty: str = "plain"
    id: str = ""
    weight: float = 1.0
    groups: tuple[str, ...] = ()
    at: datetime | None = None


def read_corpus(folder: Path) -> list[Example]:
    """Every row of ``folder/*.jsonl`` in file order; ``WrongUse`` names a row that is wrong."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise WrongUse(f"No corpus in {folder.name}; expected files that end in .jsonl.")
    return [example for file in files for example in _read(file)]


def read_corrections(file: Path) -> list[Example]:
    """Corrected reports ``{text, label, category?, source, at, report_id}``, one a line."""
    return _read(file, brief=CORRECTION_BRIEF)


def content_hash(examples: Iterable[Example]) -> str:
    """SHA-256 over texts and labels in order: what the model was trained on."""
    digest = sha256()
    for example in examples:
        row: list[Any] = [example.text, example.label, example.category, example.brief]
        row += [example.weight] if example.weight != 1.0 else []
        row += [example.at.isoformat()] if example.at is not None else []
        digest.update(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def without_near_duplicates(examples: list[Example]) -> list[Example]:
    """Keep the first of texts whose character 3-grams overlap by .8 or more (MinHash, banded)."""
    kept: list[Example] = []
    buckets: dict[tuple[int, ...], list[frozenset[str]]] = {}
    for example in examples:
        grams = shingles(example.text)
        keys = list(_band_keys(grams))
        near = (other for key in keys for other in buckets.get(key, ()))
        if any(_overlap(grams, other) >= _NEAR for other in near):
            continue
        kept.append(example)
        for key in keys:
            buckets.setdefault(key, []).append(grams)
    return kept


def shingles(text: str) -> frozenset[str]:
    """Character 3-grams of the letters and characters of ``text``."""
    plain = "".join(char for char in text if char.isalnum())
    return frozenset(plain[i : i + _SHINGLE] for i in range(max(1, len(plain) - _SHINGLE + 1)))


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


def _band_keys(grams: frozenset[str]) -> Iterator[tuple[int, ...]]:
    """A cheap hash family: multiply by an odd number of the seed's own, keep the top bits."""
    hashed = b"".join(blake2b(gram.encode(), digest_size=8).digest() for gram in grams)
    values = np.frombuffer(hashed, dtype=">u8").astype(np.uint64)[:, None]
    odd, seeds = _family()
    least = ((values * odd + seeds) >> np.uint64(16)).min(axis=0)
    for band, part in enumerate(least.reshape(_BANDS, -1).tolist()):
        yield (band, *part)


@cache
def _family() -> tuple[Any, Any]:
    """Multipliers and seeds, each (hashes,); products wrap at 64 bits."""
    odd = [((2 * seed + 1) * _GOLDEN | 1) & _WORD for seed in range(_HASHES)]
    return np.array(odd, dtype=np.uint64), np.arange(_HASHES, dtype=np.uint64)


def _read(file: Path, *, brief: str | None = None) -> list[Example]:
    examples = []
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                examples.append(_example(json.loads(line), brief or file.stem, number))
            except (BadRow, ValueError, KeyError, TypeError) as error:
                why = error.why if isinstance(error, BadRow) else type(error).__name__
                raise WrongUse(f"{file.name} line {number}: {why}; correct the row.") from None
    return examples


def _example(row: Mapping[str, Any], brief: str, number: int) -> Example:
    text, category = row["text"], row.get("category")
    if not isinstance(text, str) or not text.strip():
        raise BadRow("text is empty")
    label = Label(row["label"])
    if category is not None:
        if not is_category(category):
            raise BadRow("category is not a known leaf")
        if label_of(category) is not label:
            raise BadRow("category belongs to another label")
    return Example(
        mask_numbers(text),
        label,
        category,
        str(row.get("brief", brief)),
        str(row.get("difficulty", "plain")),
        f"{brief}:{number}",
        _weight(row),
        _groups(row),
        _time(row) if brief == CORRECTION_BRIEF else None,
    )


def _groups(row: Mapping[str, Any]) -> tuple[str, ...]:
    groups = row.get("groups") or []
    if not isinstance(groups, list) or not all(isinstance(key, str) for key in groups):
        raise BadRow("groups is no list of strings")
    return tuple(groups)


def _time(row: Mapping[str, Any]) -> datetime | None:
    at = row.get("at")
    if at is None:
        return None
    found = datetime.fromisoformat(at)
    if found.utcoffset() is None:
        raise BadRow("at has no offset")
    return found


def _weight(row: Mapping[str, Any]) -> float:
    weight = row.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= 1:
        raise BadRow("weight is not above 0 and at most 1")
    return float(weight)
