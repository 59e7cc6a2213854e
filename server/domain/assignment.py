"""Who should go: units ranked by the minutes until they stand at the door, and why.

The cost of a unit is seconds: travel (a routing engine's word, or distance × detour ÷ speed at
the pace learnt here), widened when the position is old or doubted, plus a small amount per case of
the last 24 hours, so that near-ties go to whoever went least (domain: ties must be broken by load,
or the same people always go). What speaks for a unit (it knows the parties, answers for the
community, is good at such quarrels) counts as seconds less: it decides between near-ties too,
never sends somebody across the town.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from server.domain.geo import Place, distance_m
from server.domain.travel import BY_FORMULA, Travel
from server.domain.unit import LivePosition, Unit


@dataclass(frozen=True, slots=True)
class RankRule:
    detour: float = 1.3
    """Road over air distance in a town (doi 10.1080/19475683.2021.1966503)."""
    fresh_s: float = 60
    stale_s: float = 900
    """Beyond this a fix says nothing; the unit is assumed at its point."""
    drift_mps: float = 3.0
    """How far a unit may have gone, per second, since an old fix."""
    doubt_s: float = 60
    load_s: float = 20
    familiar_s: float = 180
    """Who handled these parties before need not ask everything anew."""
    skill_s: float = 90
    area_s: float = 60
    veteran_s: float = 90
    """Counts where there is danger."""
    alone_s: float = 300
    """Going with the police takes two; one alone comes last, and is better than none."""
    danger_from: int = 60


@dataclass(frozen=True, slots=True)
class Need:
    """What a case asks of a unit beyond being near. ``familiar`` are ids of units that handled
    the same parties before."""

    category: str | None = None
    community: str | None = None
    joint: bool = False
    danger: int = 0
    familiar: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reason:
    """One share of the score: Chinese words and the seconds they cost, less than 0 in favour."""

    text: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Candidate:
    unit_id: str
    name: str
    eta_s: float
    distance_m: float | None
    score_s: float
    reasons: tuple[Reason, ...]


NO_NEED = Need()


def rank(
    target: Place | None,
    units: Iterable[Unit],
    *,
    now: datetime,
    rule: RankRule,
    excluded: Collection[str] = (),
    need: Need = NO_NEED,
    travel: Travel = BY_FORMULA,
) -> tuple[Candidate, ...]:
    """Units on duty without an open case, best first; ``excluded`` had the case already."""
    free = [u for u in units if u.on_duty and u.open_cases == 0 and u.id not in excluded]
    ranked = [_candidate(target, unit, now, rule, need, travel) for unit in free]
    return tuple(sorted(ranked, key=lambda c: (c.score_s, c.unit_id)))


def start_of(unit: Unit, now: datetime, rule: RankRule) -> Place:
    """Where a unit's ride would begin: its live position, or its point when that says nothing."""
    return _start(unit, now, rule)[0]


def _candidate(
    target: Place | None, unit: Unit, now: datetime, rule: RankRule, need: Need, travel: Travel
) -> Candidate:
    start, widening = _start(unit, now, rule)
    load = Reason(f"24小时内已出动{unit.served_24h}次", unit.served_24h * rule.load_s)
    rest = (load, *_fits(unit, need, rule))
    if target is None:
        unknown = Reason("警情没有坐标，无法估算路程", 0.0)
        return _sum(unit, None, (unknown, *widening), rest)
    metres = distance_m(start, target)
    return _sum(unit, metres, (*_ride(unit, metres, rule, travel), *widening), rest)


def _ride(unit: Unit, metres: float, rule: RankRule, travel: Travel) -> tuple[Reason, ...]:
    """The way to the scene; says where its seconds come from when not from the formula alone."""
    ride = travel.rides.get(unit.id)
    if ride is not None:
        road = f"{ride.metres / 1000:.1f}公里" if ride.metres is not None else ""
        return (Reason(f"按道路到现场{road}", ride.seconds),)
    formula_s = metres * rule.detour / (unit.speed_kmh / 3.6)
    reasons = [Reason(f"距现场约{metres * rule.detour / 1000:.1f}公里", formula_s)]
    if travel.pace.factor != 1.0:
        known = f"（{travel.pace.rides}次）" if travel.pace.rides else ""
        slower = "慢" if travel.pace.factor > 1 else "快"
        text = f"此地此时以往路程偏{slower}{known}"
        reasons.append(Reason(text, formula_s * (travel.pace.factor - 1)))
    if travel.fault:
        reasons.append(Reason(travel.fault, 0.0))
    return tuple(reasons)


def _fits(unit: Unit, need: Need, rule: RankRule) -> list[Reason]:
    """What speaks for or against this unit for this case, however far it is."""
    found = []
    if unit.id in need.familiar:
        found.append(Reason("曾办过当事人的纠纷", -rule.familiar_s))
    if need.community is not None and need.community in unit.traits.areas:
        found.append(Reason(f"负责{need.community}", -rule.area_s))
    if need.category is not None and _skilled(unit.traits.skills, need.category):
        found.append(Reason("擅长此类纠纷", -rule.skill_s))
    if need.danger >= rule.danger_from and unit.traits.veteran:
        found.append(Reason("老民警带队", -rule.veteran_s))
    if need.joint and unit.members == 1:
        found.append(Reason("联动需两人，该组只有一人", rule.alone_s))
    return found


def _skilled(skills: Collection[str], category: str) -> bool:
    """A skill is a leaf (``dispute.wage``) or the whole label (``dispute``)."""
    return category in skills or category.partition(".")[0] in skills


def _sum(
    unit: Unit, metres: float | None, travel: tuple[Reason, ...], rest: tuple[Reason, ...]
) -> Candidate:
    eta = sum(reason.seconds for reason in travel)
    return Candidate(
        unit_id=unit.id,
        name=unit.name,
        eta_s=round(eta, 1),
        distance_m=None if metres is None else round(metres, 1),
        score_s=round(eta + sum(reason.seconds for reason in rest), 1),
        reasons=(*travel, *rest),
    )


def _start(unit: Unit, now: datetime, rule: RankRule) -> tuple[Place, tuple[Reason, ...]]:
    """Where the unit starts from and what the uncertainty of that costs."""
    fix = unit.position
    if fix is None:
        return unit.point_place, (Reason("没有定位，按驻点估算", rule.doubt_s),)
    age = fix.age_s(now)
    if age > rule.stale_s:
        return unit.point_place, (Reason(f"定位已过{_age(age)}，按驻点估算", rule.doubt_s),)
    return fix.place, _doubts(fix, age, unit, rule)


def _doubts(fix: LivePosition, age: float, unit: Unit, rule: RankRule) -> tuple[Reason, ...]:
    reasons = []
    speed_mps = unit.speed_kmh / 3.6
    if age > rule.fresh_s:
        wandered = (age - rule.fresh_s) * rule.drift_mps / speed_mps
        reasons.append(Reason(f"定位是{_age(age)}前的", min(wandered, 3 * rule.doubt_s)))
    if fix.accuracy_m is not None and fix.accuracy_m > 50:
        blur = min(fix.accuracy_m / speed_mps, 2 * rule.doubt_s)
        reasons.append(Reason(f"定位误差约{fix.accuracy_m:.0f}米", blur))
    if fix.doubt:
        reasons.append(Reason("定位存疑", rule.doubt_s))
    return tuple(reasons)


def _age(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes:.0f}分钟" if minutes < 90 else f"{minutes / 60:.0f}小时"
