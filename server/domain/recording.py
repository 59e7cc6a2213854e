"""Was the scene recorded? From what the unit's cameras said of themselves; a finding of its own.

It proves nothing about the place and changes no step's verdict: a camera also records in a car.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

HOLDS = timedelta(seconds=60)
"""A state holds until the device's next one, but no longer than twice the slowest usual rate."""
KNOWN_SHARE = 0.5
"""Below this share of the time on scene the states say too little."""
NEARLY_ALL = 0.9


class Recorded(StrEnum):
    ON = "on"
    PARTLY = "partly"
    OFF = "off"
    UNKNOWN = "unknown"


RECORDED_NAMES_ZH = {
    Recorded.ON: "现场全程录像",
    Recorded.PARTLY: "现场部分录像",
    Recorded.OFF: "现场未录像",
    Recorded.UNKNOWN: "录像情况不明",
}


@dataclass(frozen=True, slots=True)
class CameraState:
    device_id: str
    at: datetime
    recording: bool


@dataclass(frozen=True, slots=True)
class RecordingFinding:
    """``recorded_s`` and ``known_s`` of the ``scene_s`` seconds between arrival and end."""

    state: Recorded
    why: str
    scene_s: float
    known_s: float
    recorded_s: float


def recording(
    states: Sequence[CameraState], *, arrived: datetime, until: datetime
) -> RecordingFinding:
    """Whether any camera of the unit recorded while the unit was on scene."""
    scene_s = max(0.0, (until - arrived).total_seconds())
    spans = [span for device in {s.device_id for s in states} for span in _spans(states, device)]
    known_s = _covered_s([(a, b) for a, b, _ in spans], arrived, until)
    recorded_s = _covered_s([(a, b) for a, b, on in spans if on], arrived, until)
    state, why = _judged(scene_s, known_s, recorded_s)
    return RecordingFinding(state, why, scene_s, known_s, recorded_s)


def _judged(scene_s: float, known_s: float, recorded_s: float) -> tuple[Recorded, str]:
    if scene_s <= 0 or known_s < KNOWN_SHARE * scene_s:
        return Recorded.UNKNOWN, "设备状态不足"
    minutes = f"在场{scene_s / 60:.0f}分钟，录像{recorded_s / 60:.0f}分钟"
    if recorded_s <= 0:
        return Recorded.OFF, minutes
    if recorded_s >= NEARLY_ALL * known_s:
        return Recorded.ON, minutes
    return Recorded.PARTLY, minutes


def _spans(
    states: Sequence[CameraState], device_id: str
) -> Iterable[tuple[datetime, datetime, bool]]:
    own = sorted((s for s in states if s.device_id == device_id), key=lambda s: s.at)
    ends = [*(s.at for s in own[1:]), None]
    for state, end in zip(own, ends, strict=True):
        longest = state.at + HOLDS
        yield state.at, longest if end is None else min(end, longest), state.recording


def _covered_s(
    spans: Iterable[tuple[datetime, datetime]], since: datetime, until: datetime
) -> float:
    """Seconds of ``since``–``until`` that lie in any of the spans."""
    covered, reached = timedelta(0), since
    for begin, end in sorted(spans):
        first, last = max(begin, reached), min(end, until)
        if last > first:
            covered += last - first
            reached = last
    return covered.total_seconds()
