"""Words of danger in a text, where they stand, and whether they are meant.

A cue in force raises a route and never lowers one. Negation (没带刀, 无人受伤), remote past
(前年打过我) and supposition (要是他打人) take a cue out of force; a threat stays one even when it
is put as a condition (不还钱就砍死你).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal[
    "weapon",
    "fire",
    "injury",
    "threat",
    "violence",
    "suicide",
    "domestic_violence",
    "vulnerable",
    "confinement",
    "sexual",
    "crowd",
    "intoxication",
    "crime",
    "crisis",
    "progress",
]
Grade = Literal["grave", "weak"]
Mode = Literal["present", "past", "hypothetical", "asked"]

CUE_NAMES_ZH: Mapping[str, str] = {
    "weapon": "凶器",
    "fire": "火源爆燃",
    "injury": "伤情",
    "threat": "威胁",
    "violence": "动手",
    "suicide": "轻生",
    "domestic_violence": "家暴",
    "vulnerable": "老幼弱者",
    "confinement": "限制人身",
    "sexual": "性侵害",
    "crowd": "聚众",
    "intoxication": "醉酒",
    "crime": "涉嫌违法",
    "crisis": "精神异常",
    "progress": "正在发生",
}
MODE_NAMES_ZH: Mapping[str, str] = {
    "present": "现实",
    "past": "往事",
    "hypothetical": "假设",
    "asked": "询问",
}

_CLAUSE_END = '，。；！？：、,;!?:\n\t “”"…—'
_BEFORE = 24
"""How far back, in characters, a word may still change a cue's meaning."""


@dataclass(frozen=True, slots=True)
class Cue:
    """``text`` is the text's own ``[start:end]``; ``grade`` says if it alone calls the police."""

    kind: str
    text: str
    start: int
    end: int
    negated: bool = False
    mode: Mode = "present"
    grade: Grade = "grave"

    @property
    def in_force(self) -> bool:
        """Neither denied, nor long ago, nor only supposed or asked about."""
        return not self.negated and self.mode == "present"

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "text": self.text,
            "start": self.start,
            "end": self.end,
            "negated": self.negated,
            "mode": self.mode,
            "grade": self.grade,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Cue:
        return cls(
            row["kind"],
            row["text"],
            row["start"],
            row["end"],
            row["negated"],
            row.get("mode", "present"),
            row.get("grade", "grave"),
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the lexicon: a pattern, and what must not stand around it."""

    kind: str
    grade: Grade
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All entries, and the words that deny, date or suppose (each matched just before a cue)."""

    entries: tuple[Entry, ...]
    negation: re.Pattern[str]
    double_negation: re.Pattern[str]
    past: re.Pattern[str]
    recent: re.Pattern[str]
    hypothetical: re.Pattern[str]
    asked: re.Pattern[str]
    always_meant: frozenset[str]

    @classmethod
    def parse(cls, toml: str) -> Lexicon:
        """Read ``triage/data/cues.toml``; ``ValueError`` names what is wrong in it."""
        data = tomllib.loads(toml)
        context = {name: _compiled(text, name) for name, text in data["context"].items()}
        entries = tuple(entry for row in data["cue"] for entry in _entries(row))
        return cls(entries, **context, always_meant=frozenset(data["always_meant"]["kinds"]))


def find_cues(text: str, lexicon: Lexicon) -> tuple[Cue, ...]:
    """Every cue of ``text`` in reading order; of overlapping ones of a kind only the longest."""
    found = [cue for entry in lexicon.entries for cue in _matches(text, entry, lexicon)]
    found.sort(key=lambda cue: (cue.kind, cue.start, -cue.end))
    kept: list[Cue] = []
    for cue in found:
        if kept and kept[-1].kind == cue.kind and cue.start < kept[-1].end:
            kept[-1] = _graver(kept[-1], cue)
        else:
            kept.append(cue)
    return tuple(sorted(kept, key=lambda cue: (cue.start, cue.end, cue.kind)))


def _matches(text: str, entry: Entry, lexicon: Lexicon) -> Iterator[Cue]:
    for match in entry.pattern.finditer(text):
        start, end = match.span()
        if start == end or _excused(text, entry, start, end):
            continue
        before = text[max(0, start - _BEFORE) : start]
        after = text[end : end + _BEFORE]
        yield Cue(
            entry.kind,
            match.group(),
            start,
            end,
            _negated(before, lexicon),
            _mode(entry.kind, before, after, lexicon),
            entry.grade,
        )


def _excused(text: str, entry: Entry, start: int, end: int) -> bool:
    if entry.unless is None:
        return False
    around = text[max(0, start - 8) : end + 8]
    return entry.unless.search(around) is not None


def _negated(before: str, lexicon: Lexicon) -> bool:
    clause = _last_clause(before)
    denied = lexicon.negation.search(clause) is not None
    return denied and lexicon.double_negation.search(clause) is None


def _mode(kind: str, before: str, after: str, lexicon: Lexicon) -> Mode:
    """Past needs its date in the same or the preceding clause, and nothing recent after it."""
    past = lexicon.past.search(before)
    if past and not lexicon.recent.search(before[past.end() :]):
        return "past"
    if kind in lexicon.always_meant:
        return "present"
    if lexicon.hypothetical.search(_last_clause(before)):
        return "hypothetical"
    if lexicon.asked.search(_last_clause(before) + "\N{SYMBOL FOR NULL}" + _first_clause(after)):
        return "asked"
    return "present"


def _graver(one: Cue, other: Cue) -> Cue:
    """Of two overlapping cues the one that asks for more; on a tie the longer, the earlier."""

    def weight(cue: Cue) -> tuple[bool, bool, int]:
        return (cue.in_force, cue.grade == "grave", cue.end - cue.start)

    return other if weight(other) > weight(one) else one


def _last_clause(before: str) -> str:
    cut = max((before.rfind(mark) for mark in _CLAUSE_END), default=-1)
    return before[cut + 1 :]


def _first_clause(after: str) -> str:
    cuts = [at for mark in _CLAUSE_END if (at := after.find(mark)) >= 0]
    return after[: min(cuts) + 1] if cuts else after


def _entries(row: Mapping[str, Any]) -> Iterator[Entry]:
    kind, grade = row["kind"], row["grade"]
    if kind not in get_args(Kind) or grade not in get_args(Grade):
        raise ValueError(f"cue lexicon: unknown kind or grade {kind!r}, {grade!r}")
    unless = _compiled(row["unless"], kind) if "unless" in row else None
    for pattern in row["patterns"]:
        yield Entry(kind, grade, _compiled(pattern, kind), unless)


def _compiled(pattern: str, where: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.VERBOSE)
    except re.error as error:
        raise ValueError(f"cue lexicon, {where}: {pattern!r} is no pattern ({error})") from None
