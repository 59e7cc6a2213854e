"""Words of danger in a text, where they stand, and whether they are meant.

A cue in force raises a route and never lowers one. Negation (没带刀, 打人的事没有), remote past
(前年打过我), supposition (要是他打人), tales, notices, likenesses (电影里持刀, 像着火一样) and a
question of law (算不算家暴) take a cue out of force. A threat stays one even when it is put as a
condition (不还钱就砍死你), and so does what somebody says he will do (他说再去就打我). The words
that do so are data too: ``[context]`` of ``triage/data/cues.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
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
Mode = Literal["present", "past", "hypothetical", "quoted", "asked"]

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
    "quoted": "引述",
    "asked": "询问",
}

_CLAUSE_END = '，。；！？：、,;!?:\n\t “”"…—'
_BEFORE = 24
"""How far off, in characters, a word may still change a cue's meaning."""
_SENTENCE_END = "。！？!?\n"
_HERE = "\N{SYMBOL FOR NULL}"
"""Stands in the cue's place where a pattern looks at both its sides."""


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
        """Neither denied, nor long ago, nor only supposed, told of or asked about."""
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
class Context:
    """What takes a cue out of force, or back into it; the data file says what each is tried on."""

    negation: re.Pattern[str]
    negation_after: re.Pattern[str]
    joined: re.Pattern[str]
    double_negation: re.Pattern[str]
    past: re.Pattern[str]
    recent: re.Pattern[str]
    past_after: re.Pattern[str]
    hypothetical: re.Pattern[str]
    supposed_after: re.Pattern[str]
    meant: re.Pattern[str]
    quoted: re.Pattern[str]
    asked: re.Pattern[str]
    wondered: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All entries and their context. A cue of a kind ``always_meant`` may be of the past, but not
    supposed or asked about; only one of ``words_of_law`` may be wondered about."""

    entries: tuple[Entry, ...]
    context: Context
    always_meant: frozenset[str]
    words_of_law: frozenset[str]

    @classmethod
    def parse(cls, toml: str) -> Lexicon:
        """Read ``triage/data/cues.toml``; ``ValueError`` names what is wrong in it."""
        data = tomllib.loads(toml)
        wanted, given = {field.name for field in fields(Context)}, set(data["context"])
        if wanted != given:
            raise ValueError(f"cue lexicon, context: {sorted(wanted ^ given)} missing or unknown")
        context = Context(**{name: _compiled(text, name) for name, text in data["context"].items()})
        entries = tuple(entry for row in data["cue"] for entry in _entries(row))
        kinds = data["kinds"]
        return cls(
            entries, context, frozenset(kinds["always_meant"]), frozenset(kinds["words_of_law"])
        )


def find_cues(text: str, lexicon: Lexicon) -> tuple[Cue, ...]:
    """Every cue of ``text`` in reading order; of overlapping ones of a kind only the longest."""
    single = [cue for entry in lexicon.entries for cue in _matches(text, entry, lexicon)]
    found = _joined(text, single, lexicon.context)
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
            _negated(before, match.group(), after, lexicon.context),
            _mode(entry.kind, before, after, lexicon),
            entry.grade,
        )


def _joined(text: str, cues: list[Cue], context: Context) -> list[Cue]:
    """A denial reaches over an enumeration: 没有打人、砸东西."""
    found: list[Cue] = []
    denied: list[Cue] = []
    for cue in sorted(cues, key=lambda cue: cue.start):
        gaps = (text[one.end : cue.start] for one in denied if 0 < cue.start - one.end <= _BEFORE)
        reached = cue.negated or any(context.joined.search(gap) for gap in gaps)
        found.append(replace(cue, negated=reached))
        if reached:
            denied.append(cue)
    return found


def _excused(text: str, entry: Entry, start: int, end: int) -> bool:
    if entry.unless is None:
        return False
    around = text[max(0, start - 8) : end + 8]
    return entry.unless.search(around) is not None


def _negated(before: str, cue: str, after: str, context: Context) -> bool:
    clause, rest = _last_clause(before), _first_clause(after)
    denied = context.negation.search(clause) or context.negation_after.search(rest)
    if not denied:
        return False
    # Both as it is and with the cue's own words: 别打我了 begs, 不是打人就是砸 affirms.
    frames = (clause + _HERE + after, clause + _HERE + cue + after)
    return not any(context.double_negation.search(frame) for frame in frames)


def _mode(kind: str, before: str, after: str, lexicon: Lexicon) -> Mode:
    """Past needs its date in the same or the preceding clause, and nothing recent after it."""
    context, clause, rest = lexicon.context, _last_clause(before), _first_clause(after)
    if _is_past(before, after, context):
        return "past"
    if context.quoted.search(_last_clause(before, _SENTENCE_END) + _HERE + rest):
        return "quoted"
    if kind in lexicon.always_meant:
        return "present"
    if _is_supposed(before, clause, after, context):
        return "hypothetical"
    frame = clause + _HERE + rest
    wondered = kind in lexicon.words_of_law and context.wondered.search(frame)
    return "asked" if wondered or context.asked.search(frame) else "present"


def _is_past(before: str, after: str, context: Context) -> bool:
    past = context.past.search(before)
    if past and not context.recent.search(before[past.end() :]):
        return True
    return context.past_after.search(after) is not None


def _is_supposed(before: str, clause: str, after: str, context: Context) -> bool:
    """What may happen; not what somebody says he will do, nor what is feared to happen again."""
    asked_what_then = context.supposed_after.search(after)
    if asked_what_then and context.hypothetical.search(_last_clause(before, _SENTENCE_END)):
        return True
    supposed = context.hypothetical.search(clause)
    return supposed is not None and context.meant.search(before) is None


def _graver(one: Cue, other: Cue) -> Cue:
    """Of two overlapping cues the one that asks for more; on a tie the longer, the earlier."""

    def weight(cue: Cue) -> tuple[bool, bool, int]:
        return (cue.in_force, cue.grade == "grave", cue.end - cue.start)

    return other if weight(other) > weight(one) else one


def _last_clause(before: str, ends: str = _CLAUSE_END) -> str:
    cut = max((before.rfind(mark) for mark in ends), default=-1)
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
