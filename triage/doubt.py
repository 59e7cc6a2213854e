"""Why a person should look: small callables, each of which gives one machine word or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from triage.cues import Cue
from triage.taxonomy import Label

DOUBT_NAMES_ZH: Mapping[str, str] = {
    "low_margin": "判断把握不足",
    "cue_conflict": "危险词与判断不一致",
    "too_short": "内容太短",
    "unknown_words": "生词太多",
    "no_words": "没有可读的文字",
    "past_danger": "提到过往危险",
    "fallback_model": "使用备用模型",
    "no_encoder": "缺少语义模型",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Where doubt begins; stored with the model they were chosen for."""

    margin: float = 0.20
    short_chars: int = 6
    unknown_share: float = 0.50


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a doubt may look at. ``unknown_share`` is the share of words never seen in training;
    ``n_chars`` counts letters, digits and characters, not marks and blanks."""

    p: Mapping[Label, float]
    cues: tuple[Cue, ...]
    n_chars: int
    unknown_share: float
    fallback: bool = False
    complete: bool = True

    @property
    def label(self) -> Label:
        return max(self.p, key=lambda label: self.p[label])


Doubt = Callable[[Evidence, Limits], str | None]


def low_margin(evidence: Evidence, limits: Limits) -> str | None:
    first, second = sorted(evidence.p.values(), reverse=True)[:2]
    return "low_margin" if first - second < limits.margin else None


def cue_conflict(evidence: Evidence, _limits: Limits) -> str | None:
    conflict = evidence.label is not Label.POLICE and any(c.in_force for c in evidence.cues)
    return "cue_conflict" if conflict else None


def too_short(evidence: Evidence, limits: Limits) -> str | None:
    if evidence.n_chars == 0:
        return "no_words"
    return "too_short" if evidence.n_chars < limits.short_chars else None


def unknown_words(evidence: Evidence, limits: Limits) -> str | None:
    return "unknown_words" if evidence.unknown_share > limits.unknown_share else None


def past_danger(evidence: Evidence, _limits: Limits) -> str | None:
    """Earlier violence or threats in a dispute are named factors of escalation into crime."""
    earlier = {"threat", "violence", "domestic_violence", "weapon", "suicide"}
    past = any(c.mode == "past" and not c.negated and c.kind in earlier for c in evidence.cues)
    return "past_danger" if past and evidence.label is not Label.POLICE else None


def fallback_model(evidence: Evidence, _limits: Limits) -> str | None:
    return "fallback_model" if evidence.fallback else None


def no_encoder(evidence: Evidence, _limits: Limits) -> str | None:
    """Words alone judge; the thresholds were chosen for words and meaning together."""
    return None if evidence.complete else "no_encoder"


DOUBTS: tuple[Doubt, ...] = (
    too_short,
    low_margin,
    cue_conflict,
    unknown_words,
    past_danger,
    fallback_model,
    no_encoder,
)


def doubts(evidence: Evidence, limits: Limits) -> tuple[str, ...]:
    """All doubts about one assessment, in the order of ``DOUBTS``."""
    return tuple(word for doubt in DOUBTS if (word := doubt(evidence, limits)))
