"""Who should go: units ranked by the minutes until they stand at the door, and why.

The cost of a unit is seconds: travel (a routing engine's word, or distance × detour ÷ speed at
the pace learnt here), widened when the position is old or doubted, plus a small amount per case of
the last 24 hours, so that near-ties go to whoever went least (domain: ties must be broken by load,
or the same people always go). What speaks for a unit (it knows the parties, answers for the
community, is good at such quarrels) counts as seconds less: it decides between near-ties too,
never sends somebody across the town.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, overload

from server.domain.geo import Place, distance_m
from server.domain.travel import BY_FORMULA, Travel
from server.domain.unit import Unit

VAGUE_M = 50.0
"""A fix less accurate than this widens the way to the scene."""


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


class Ranking(Sequence[Candidate]):
    """Units best first. Order and scores are known at once; a candidate and its reasons are made
    when somebody looks at it, since of a thousand units a handful are looked at."""

    def __init__(self, scored: list[_Scored], asked: _Asked) -> None:
        self._scored = scored
        self._asked = asked

    def __len__(self) -> int:
        return len(self._scored)

    @overload
    def __getitem__(self, index: int) -> Candidate: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Candidate, ...]: ...
    def __getitem__(self, index: int | slice) -> Candidate | tuple[Candidate, ...]:
        if isinstance(index, slice):
            return tuple(_explained(scored, self._asked) for scored in self._scored[index])
        return _explained(self._scored[index], self._asked)

    def of(self, unit_id: str) -> tuple[Candidate, ...]:
        """The candidate of this unit alone; empty when it is none."""
        return tuple(_explained(s, self._asked) for s in self._scored if s.unit_id == unit_id)


def rank(
    target: Place | None,
    units: Iterable[Unit],
    *,
    now: datetime,
    rule: RankRule,
    excluded: Collection[str] = (),
    need: Need = NO_NEED,
    travel: Travel = BY_FORMULA,
) -> Ranking:
    """Units on duty without an open case, best first; ``excluded`` had the case already."""
    asked = _Asked(target, now, rule, travel, _wishes(need, rule))
    free = [u for u in units if u.on_duty and u.open_cases == 0 and u.id not in excluded]
    return Ranking(sorted([_scored(unit, asked) for unit in free]), asked)


def start_of(unit: Unit, now: datetime, rule: RankRule) -> Place:
    """Where a unit's ride would begin: its live position, or its point when that says nothing."""
    return _begin(unit, now, rule)[0]


class _Wish(NamedTuple):
    """What speaks for or against a unit for this case, however far it is."""

    text: str
    seconds: float
    holds: Callable[[Unit], bool]


class _Asked(NamedTuple):
    target: Place | None
    now: datetime
    rule: RankRule
    travel: Travel
    wishes: tuple[_Wish, ...]


_Begin = tuple[Place, float, float, float]
"""Where a unit starts from, and what its fix's age, blur and doubt cost, in seconds."""


class _Scored(NamedTuple):
    """Sorts by score, then by id, which is unique."""

    score_s: float
    unit_id: str
    eta_s: float
    metres: float | None
    unit: Unit


def _scored(unit: Unit, asked: _Asked) -> _Scored:
    target, now, rule, travel, wishes = asked
    place, old_s, blur_s, doubt_s = _begin(unit, now, rule)
    eta_s = old_s + blur_s + doubt_s
    metres = None
    if target is not None:
        metres = distance_m(place, target)
        eta_s += _ride_s(unit, metres, rule, travel)
    score_s = eta_s + unit.served_24h * rule.load_s
    for _, seconds, holds in wishes:
        if holds(unit):
            score_s += seconds
    return _Scored(score_s, unit.id, eta_s, metres, unit)


def _explained(scored: _Scored, asked: _Asked) -> Candidate:
    unit, metres = scored.unit, scored.metres
    if metres is None:
        travel: tuple[Reason, ...] = (Reason("警情没有坐标，无法估算路程", 0.0),)
    else:
        travel = _ride_words(unit, metres, asked.rule, asked.travel)
    load = Reason(f"24小时内已出动{unit.served_24h}次", unit.served_24h * asked.rule.load_s)
    fits = (Reason(w.text, w.seconds) for w in asked.wishes if w.holds(unit))
    return Candidate(
        unit_id=unit.id,
        name=unit.name,
        eta_s=round(scored.eta_s, 1),
        distance_m=None if metres is None else round(metres, 1),
        score_s=round(scored.score_s, 1),
        reasons=(*travel, *_begin_words(unit, asked.now, asked.rule), load, *fits),
    )


def _wishes(need: Need, rule: RankRule) -> tuple[_Wish, ...]:
    found = []
    if need.familiar:
        found.append(_Wish("曾办过当事人的纠纷", -rule.familiar_s, lambda u: u.id in need.familiar))
    if need.community is not None:
        found.append(
            _Wish(f"负责{need.community}", -rule.area_s, lambda u: need.community in u.traits.areas)
        )
    if need.category is not None:
        # A skill is a leaf (dispute.wage) or the whole label (dispute).
        fits = {need.category, need.category.partition(".")[0]}
        found.append(
            _Wish("擅长此类纠纷", -rule.skill_s, lambda u: not fits.isdisjoint(u.traits.skills))
        )
    if need.danger >= rule.danger_from:
        found.append(_Wish("老民警带队", -rule.veteran_s, lambda u: u.traits.veteran))
    if need.joint:
        found.append(_Wish("联动需两人，该组只有一人", rule.alone_s, lambda u: u.members == 1))
    return tuple(found)


def _ride_s(unit: Unit, metres: float, rule: RankRule, travel: Travel) -> float:
    ride = travel.rides.get(unit.id) if travel.rides else None
    if ride is not None:
        return ride.seconds
    return _formula_s(unit, metres, rule) * travel.pace.factor


def _formula_s(unit: Unit, metres: float, rule: RankRule) -> float:
    return metres * rule.detour / (unit.speed_kmh / 3.6)


def _ride_words(unit: Unit, metres: float, rule: RankRule, travel: Travel) -> tuple[Reason, ...]:
    """The way to the scene; says where its seconds come from when not from the formula alone."""
    ride = travel.rides.get(unit.id)
    if ride is not None:
        road = f"{ride.metres / 1000:.1f}公里" if ride.metres is not None else ""
        return (Reason(f"按道路到现场{road}", ride.seconds),)
    formula_s = _formula_s(unit, metres, rule)
    reasons = [Reason(f"距现场约{metres * rule.detour / 1000:.1f}公里", formula_s)]
    if travel.pace.factor != 1.0:
        known = f"（{travel.pace.rides}次）" if travel.pace.rides else ""
        slower = "慢" if travel.pace.factor > 1 else "快"
        text = f"此地此时以往路程偏{slower}{known}"
        reasons.append(Reason(text, formula_s * (travel.pace.factor - 1)))
    if travel.fault:
        reasons.append(Reason(travel.fault, 0.0))
    return tuple(reasons)


def _begin(unit: Unit, now: datetime, rule: RankRule) -> _Begin:
    fix = unit.position
    if fix is None:
        return unit.point_place, rule.doubt_s, 0.0, 0.0
    age, error_m = fix.age_s(now), fix.accuracy_m or 0.0
    if age <= rule.fresh_s and error_m <= VAGUE_M and not fix.doubt:
        return fix.place, 0.0, 0.0, 0.0
    if age > rule.stale_s:
        return unit.point_place, rule.doubt_s, 0.0, 0.0
    speed_mps = unit.speed_kmh / 3.6
    wandered = (age - rule.fresh_s) * rule.drift_mps / speed_mps if age > rule.fresh_s else 0.0
    blur = error_m / speed_mps if error_m > VAGUE_M else 0.0
    doubt_s = rule.doubt_s if fix.doubt else 0.0
    return fix.place, min(wandered, 3 * rule.doubt_s), min(blur, 2 * rule.doubt_s), doubt_s


def _begin_words(unit: Unit, now: datetime, rule: RankRule) -> tuple[Reason, ...]:
    (_, old_s, blur_s, doubt_s), fix = _begin(unit, now, rule), unit.position
    if fix is None:
        text = "没有定位，按上一现场估算" if unit.stays else "没有定位，按驻点估算"
        return (Reason(text, old_s),)
    age = fix.age_s(now)
    if age > rule.stale_s:
        past = _age(age)
        text = f"定位已过{past}，按上一现场估算" if unit.stays else f"定位已过{past}，按驻点估算"
        return (Reason(text, old_s),)
    reasons = []
    if age > rule.fresh_s:
        reasons.append(Reason(f"定位是{_age(age)}前的", old_s))
    if blur_s:
        reasons.append(Reason(f"定位误差约{fix.accuracy_m:.0f}米", blur_s))
    if fix.doubt:
        reasons.append(Reason("定位存疑", doubt_s))
    return tuple(reasons)


def _age(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes:.0f}分钟" if minutes < 90 else f"{minutes / 60:.0f}小时"
