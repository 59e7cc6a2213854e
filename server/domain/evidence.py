"""Does telemetry bear out what a person ticked? A claim is never taken for proof.

The arrival rule comes from the domain (simulated with real field logs' noise): inside when 2 of
the last 3 usable fixes lie within the radius, dated back to the first; contradicted when at least
3 usable fixes about the moment of the claim, one of them after it, all lie beyond the outer ring.
Single-fix rules fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.domain.case import Step
from server.domain.geo import Place, distance_m


class Verdict(StrEnum):
    VERIFIED = "verified"
    CLAIMED_ONLY = "claimed_only"
    CONTRADICTED = "contradicted"
    PENDING = "pending"


VERDICT_NAMES_ZH = {
    Verdict.VERIFIED: "已核实",
    Verdict.CLAIMED_ONLY: "仅自报",
    Verdict.CONTRADICTED: "与定位不符",
    Verdict.PENDING: "待核实",
}


@dataclass(frozen=True, slots=True)
class EvidenceRule:
    accuracy_m: float = 50
    inside_m: float = 50
    inside_coarse_m: float = 80
    outside_m: float = 120
    hurry_m: float = 600
    """As far as somebody rides in a minute and a half at most."""
    moved_m: float = 100
    nearer_m: float = 60
    """Nearer to the scene by so much, twice in a row, is on the way."""
    window: timedelta = timedelta(minutes=3)
    """Fixes this long before and after a claim speak for or against it."""
    call_window: timedelta = timedelta(minutes=10)
    """A call this long before or after the tick is the call it speaks of."""
    lead: timedelta = timedelta(minutes=1)
    """About the moment of a claim: who ticks leaving while already on the way is on the way."""


@dataclass(frozen=True, slots=True)
class Fix:
    """A stored fix of one of the unit's devices; ``doubted`` ones never count as proof."""

    at: datetime
    place: Place
    accuracy_m: float | None
    doubted: bool = False


@dataclass(frozen=True, slots=True)
class PartyCall:
    """A call to a party: ``talked_s`` of a line's record, None when the phone only dialled."""

    at: datetime
    talked_s: float | None = None


@dataclass(frozen=True, slots=True)
class ArrivalVerdict:
    """The verdict on one step; ``since`` is the back-dated moment the evidence speaks of."""

    verdict: Verdict
    why: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where the case is; ``coarse`` when only a road or a compound is known."""

    place: Place
    coarse: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    step: Step
    at: datetime
    by_unit: bool
    """Posted by the unit itself, not by somebody for it."""


def judge(
    claim: Claim,
    target: Target | None,
    fixes: Sequence[Fix],
    *,
    now: datetime,
    rule: EvidenceRule,
    calls: Sequence[PartyCall] = (),
) -> ArrivalVerdict:
    """The verdict as of ``now``; it may change when late telemetry comes in.

    ``calls`` are the unit's calls about this case.
    """
    if claim.step is Step.SIGNED:
        return _signed(claim)
    if claim.step is Step.CONTACTED:
        return _contacted(claim, calls, rule)
    near = _usable(claim, fixes, rule)
    if target is None:
        return ArrivalVerdict(Verdict.CLAIMED_ONLY, "警情没有坐标，无法核对")
    if claim.step is Step.ARRIVED:
        found = _arrived(claim, target, near, rule, now)
    else:
        found = _left(claim, target, near, rule)
    if found is not None:
        return found
    if now < claim.at + rule.window:
        return ArrivalVerdict(Verdict.PENDING, "等待定位")
    return ArrivalVerdict(Verdict.CLAIMED_ONLY, "定位缺失" if not near else "定位不足以判断")


def _signed(claim: Claim) -> ArrivalVerdict:
    if claim.by_unit:
        return ArrivalVerdict(Verdict.VERIFIED, "本人登录签收", claim.at)
    return ArrivalVerdict(Verdict.CLAIMED_ONLY, "由指挥室代签")


def _contacted(claim: Claim, calls: Sequence[PartyCall], rule: EvidenceRule) -> ArrivalVerdict:
    """A record with speech proves it; so does dialling from the phone, which rang for somebody.

    Nothing contradicts: people also speak at the door, or from a telephone nobody records.
    """
    about = [call for call in calls if abs(call.at - claim.at) <= rule.call_window]
    talked = [call for call in about if call.talked_s is not None and call.talked_s > 0]
    if talked:
        seconds = max(call.talked_s or 0 for call in talked)
        return ArrivalVerdict(Verdict.VERIFIED, f"通话记录{seconds:.0f}秒", talked[0].at)
    dialled = [call for call in about if call.talked_s is None]
    if dialled:
        return ArrivalVerdict(Verdict.VERIFIED, "已从手机拨出", dialled[0].at)
    return ArrivalVerdict(Verdict.CLAIMED_ONLY, "没有通话记录可以核对")


def _usable(claim: Claim, fixes: Sequence[Fix], rule: EvidenceRule) -> list[Fix]:
    """Believable fixes around the claim, oldest first."""
    near = [
        fix
        for fix in fixes
        if not fix.doubted
        and fix.accuracy_m is not None
        and fix.accuracy_m <= rule.accuracy_m
        and abs(fix.at - claim.at) <= rule.window
    ]
    return sorted(near, key=lambda fix: fix.at)


def _arrived(
    claim: Claim, target: Target, fixes: Sequence[Fix], rule: EvidenceRule, now: datetime
) -> ArrivalVerdict | None:
    """Fixes from the way, or from after leaving again, contradict nothing.

    Who ticks on the last stretch may still ride it: nearer than ``hurry_m`` is judged when the
    window has passed.
    """
    radius_m = rule.inside_coarse_m if target.coarse else rule.inside_m
    metres = [distance_m(fix.place, target.place) for fix in fixes]
    for end in range(2, len(fixes) + 1):
        recent = range(max(0, end - 3), end)
        inside = [i for i in recent if metres[i] <= radius_m]
        if len(inside) >= 2:
            first = fixes[inside[0]].at
            return ArrivalVerdict(Verdict.VERIFIED, f"定位在现场{radius_m:.0f}米内", first)
    about = [m for fix, m in zip(fixes, metres, strict=True) if abs(fix.at - claim.at) <= rule.lead]
    after = any(claim.at <= fix.at <= claim.at + rule.lead for fix in fixes)
    if after and len(about) >= 3 and min(about) > rule.outside_m:
        early = min(about) <= rule.hurry_m and now < claim.at + rule.window
        verdict = Verdict.PENDING if early else Verdict.CONTRADICTED
        return ArrivalVerdict(verdict, f"距现场{_far(min(about))}")
    return None


def _left(
    claim: Claim, target: Target, fixes: Sequence[Fix], rule: EvidenceRule
) -> ArrivalVerdict | None:
    """Moved away since shortly before the claim, or nearer to the scene; or stood still for nearly
    the whole time after. Who stands at the scene already has nowhere to leave for."""
    fixes = [fix for fix in fixes if fix.at >= claim.at - rule.lead]
    if len(fixes) < 2:
        return None
    radius_m = rule.inside_coarse_m if target.coarse else rule.inside_m
    to_scene = [distance_m(fix.place, target.place) for fix in fixes]
    if max(to_scene[:2]) <= radius_m:
        return ArrivalVerdict(Verdict.VERIFIED, "出发时已在现场", fixes[0].at)
    metres = [distance_m(fixes[0].place, fix.place) for fix in fixes]
    if metres[-1] >= rule.moved_m:
        away = next(fix.at for fix, m in zip(fixes, metres, strict=True) if m >= rule.moved_m / 2)
        return ArrivalVerdict(Verdict.VERIFIED, f"定位已移动{_far(metres[-1])}", away)
    approach = _nearer(fixes, to_scene, rule)
    if approach is not None:
        return approach
    followed = fixes[-1].at - claim.at >= rule.window - rule.lead
    if followed and len(fixes) >= 3 and max(metres) < rule.moved_m / 2:
        return ArrivalVerdict(Verdict.CONTRADICTED, "定位没有移动")
    return None


def _nearer(
    fixes: Sequence[Fix], to_scene: Sequence[float], rule: EvidenceRule
) -> ArrivalVerdict | None:
    """Two fixes in a row nearer to the scene than the first, dated back to where it began."""
    gained = [to_scene[0] - metres for metres in to_scene]
    for number in range(1, len(fixes) - 1):
        if min(gained[number], gained[number + 1]) >= rule.nearer_m:
            began = next(i for i, m in enumerate(gained) if m >= rule.nearer_m / 2)
            why = f"已向现场靠近{_far(gained[number + 1])}"
            return ArrivalVerdict(Verdict.VERIFIED, why, fixes[began].at)
    return None


def _far(metres: float) -> str:
    return f"{metres / 1000:.1f}公里" if metres >= 1000 else f"{metres:.0f}米"
