"""Where reports go: the table, and that danger only ever raises a route."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.cues import Cue
from triage.doubt import Evidence, Limits, doubts
from triage.policy import Thresholds, route_of
from triage.taxonomy import LABELS, Label, Route

LIMITS = Thresholds(police_at=0.5, mediate_at=0.8, service_at=0.8, police_below=0.1)
GRAVE = Cue("weapon", "刀", 0, 1)
THREAT = Cue("threat", "扬言", 0, 2)
WEAK = Cue("intoxication", "醉酒", 0, 2, grade="weak")
CROWD = Cue("crowd", "聚集", 0, 2, grade="weak")
DENIED = Cue("weapon", "刀", 0, 1, negated=True)
PAST = Cue("violence", "打我", 0, 2, mode="past")

TABLE = [
    ((0.02, 0.95, 0.03), (), (), Route.MEDIATE),
    ((0.02, 0.03, 0.95), (), (), Route.SERVICE),
    ((0.70, 0.20, 0.10), (), (), Route.POLICE),
    ((0.15, 0.82, 0.03), (), (), Route.REVIEW),
    ((0.05, 0.60, 0.35), (), (), Route.REVIEW),
    ((0.02, 0.95, 0.03), (), ("low_margin",), Route.REVIEW),
    ((0.02, 0.03, 0.95), (), ("too_short",), Route.REVIEW),
    ((0.02, 0.95, 0.03), (GRAVE,), ("cue_conflict",), Route.POLICE),
    ((0.02, 0.95, 0.03), (THREAT,), ("cue_conflict",), Route.JOINT),
    ((0.02, 0.95, 0.03), (THREAT, GRAVE), ("cue_conflict",), Route.POLICE),
    ((0.02, 0.35, 0.63), (THREAT,), ("cue_conflict",), Route.POLICE),
    ((0.02, 0.03, 0.95), (GRAVE,), ("cue_conflict",), Route.POLICE),
    ((0.90, 0.05, 0.05), (GRAVE,), (), Route.POLICE),
    ((0.02, 0.95, 0.03), (WEAK,), ("cue_conflict",), Route.REVIEW),
    ((0.02, 0.95, 0.03), (CROWD,), ("cue_conflict",), Route.JOINT),
    ((0.02, 0.95, 0.03), (DENIED,), (), Route.MEDIATE),
    ((0.02, 0.95, 0.03), (PAST,), ("past_danger",), Route.REVIEW),
]

shares = st.tuples(*[st.floats(0.001, 1)] * 3).map(
    lambda parts: {k: x / sum(parts) for k, x in zip(LABELS, parts, strict=True)}
)
cues = st.lists(st.sampled_from([GRAVE, WEAK, CROWD, DENIED, PAST]), max_size=3).map(tuple)
_HEIGHT = {Route.MEDIATE: 0, Route.SERVICE: 0, Route.REVIEW: 1, Route.JOINT: 2, Route.POLICE: 2}


def by_label(p: tuple[float, float, float]) -> dict[Label, float]:
    return dict(zip(LABELS, p, strict=True))


@pytest.mark.parametrize(("p", "found", "doubt", "route"), TABLE)
def test_the_table(
    p: tuple[float, float, float],
    found: tuple[Cue, ...],
    doubt: tuple[str, ...],
    route: Route,
) -> None:
    assert route_of(by_label(p), found, doubt, thresholds=LIMITS) is route


@given(shares, cues, st.sampled_from([GRAVE, WEAK, CROWD]))
def test_a_cue_in_force_never_lowers_a_route(
    p: dict[Label, float], found: tuple[Cue, ...], more: Cue
) -> None:
    before = route_of(p, found, (), thresholds=LIMITS)
    after = route_of(p, (*found, more), (), thresholds=LIMITS)
    assert _HEIGHT[after] >= _HEIGHT[before]


@given(shares, cues)
def test_danger_in_force_is_never_handed_on_unseen(
    p: dict[Label, float], found: tuple[Cue, ...]
) -> None:
    route = route_of(p, (*found, GRAVE), (), thresholds=LIMITS)
    assert route in {Route.POLICE, Route.JOINT}


@given(shares, cues, st.floats(0, 1))
def test_history_never_lowers_a_route(
    p: dict[Label, float], found: tuple[Cue, ...], risk: float
) -> None:
    before = route_of(p, found, (), thresholds=LIMITS)
    after = route_of(p, found, (), thresholds=LIMITS, risk_90d=risk)
    assert _HEIGHT[after] >= _HEIGHT[before]


def test_a_returning_dispute_with_old_violence_goes_jointly() -> None:
    p = by_label((0.02, 0.95, 0.03))
    assert route_of(p, (PAST,), (), thresholds=LIMITS, risk_90d=0.9) is Route.JOINT
    assert route_of(p, (), (), thresholds=LIMITS, risk_90d=0.9) is Route.MEDIATE


@pytest.mark.parametrize(
    ("p", "found", "n_chars", "unknown", "words"),
    [
        ((0.02, 0.95, 0.03), (), 40, 0.1, ()),
        ((0.10, 0.50, 0.40), (), 40, 0.1, ("low_margin",)),
        ((0.02, 0.95, 0.03), (), 3, 0.1, ("too_short",)),
        ((0.02, 0.95, 0.03), (), 0, 0.0, ("no_words",)),
        ((0.02, 0.95, 0.03), (), 40, 0.9, ("unknown_words",)),
        ((0.02, 0.95, 0.03), (WEAK,), 40, 0.1, ("cue_conflict",)),
        ((0.95, 0.02, 0.03), (WEAK, PAST), 40, 0.1, ()),
        ((0.02, 0.95, 0.03), (PAST,), 40, 0.1, ("past_danger",)),
    ],
)
def test_doubts(
    p: tuple[float, float, float],
    found: tuple[Cue, ...],
    n_chars: int,
    unknown: float,
    words: tuple[str, ...],
) -> None:
    assert doubts(Evidence(by_label(p), found, n_chars, unknown), Limits()) == words
