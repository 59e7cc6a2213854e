"""Arrivals that are honest and arrivals that are not, judged by the product's own rule.

Run by hand: ``python benchmarks/arrivals.py [--count 1200] [--seed 7]``. Each made-up arrival has
a track of its device around the claim: clean, a canyon of houses (errors to 60 m, outliers to
300 m), sparse, a clock ten minutes off that nobody knows (such fixes are doubted), one that the
edge has measured (its fixes are set right), or none. An honest claim comes
within a minute of standing at the door; a fake one from 300 m to 5 km away, standing or riding.
Prints one JSON object: honest ones accused at any look, fakes verified, fakes contradicted where
telemetry speaks.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from datetime import UTC, datetime, timedelta

from edge.skew import true_time
from server.domain.case import Step
from server.domain.evidence import Claim, EvidenceRule, Fix, Target, Verdict, judge
from server.domain.geo import Place

SCENE = Place(30.42, 120.30)
AT = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
RULE = EvidenceRule()
KINDS = ("clean", "canyon", "sparse", "clock", "skewed", "none")
SPEAKING = ("clean", "canyon", "sparse", "skewed")
AHEAD_S = 600.0
LOOKS_S = (0, 30, 60, 120, 180, 600)


def away(metres: float, bearing: float) -> Place:
    """A place so far from the scene; small distances on a plane."""
    north, east = metres * math.cos(bearing), metres * math.sin(bearing)
    lat = SCENE.lat + north / 111_195
    return Place(lat, SCENE.lon + east / (111_195 * math.cos(math.radians(SCENE.lat))))


def fix(dice: random.Random, kind: str, at_s: float, metres: float, bearing: float) -> Fix:
    """One fix of a device that truly is so far away; noise by kind."""
    error = abs(dice.gauss(0, 6))
    accuracy = dice.uniform(4, 15)
    if kind == "canyon":
        error, accuracy = abs(dice.gauss(0, 30)), dice.uniform(10, 60)
        if dice.random() < 0.1:
            error, accuracy = dice.uniform(100, 300), dice.uniform(30, 120)
    true, turn = away(metres, bearing), dice.uniform(0, 2 * math.pi)
    shift = away(error, turn)
    place = Place(true.lat + shift.lat - SCENE.lat, true.lon + shift.lon - SCENE.lon)
    at = AT + timedelta(seconds=at_s)
    if kind == "skewed":
        stamped = at + timedelta(seconds=AHEAD_S)
        told = true_time(stamped, sent_at=stamped, received_at=at, ahead_s=AHEAD_S)
        return Fix(told or stamped, place, accuracy, doubted=told is None)
    return Fix(at, place, accuracy, doubted=kind == "clock")


def track(dice: random.Random, kind: str, *, honest: bool) -> list[Fix]:
    """Fixes from three minutes before to three after the claim."""
    if kind == "none":
        return []
    step = 30 if kind == "sparse" else 5
    bearing, far = dice.uniform(0, 2 * math.pi), dice.uniform(300, 5000)
    arrived_s, speed = dice.uniform(-60, 60), dice.uniform(3, 7)
    riding = dice.random() < 0.5
    fixes = []
    for at_s in range(-180, 181, step):
        if honest:
            metres = max(0.0, (arrived_s - at_s) * speed)
        else:
            metres = max(250.0, far - (at_s * speed if riding else 0.0))
        fixes.append(fix(dice, kind, at_s, metres, bearing))
    return fixes


def looks(fixes: list[Fix]) -> list[Verdict]:
    """The verdict at each look: what has been sent by then."""
    claim = Claim(Step.ARRIVED, AT, by_unit=True)
    found = []
    for after_s in LOOKS_S:
        now = AT + timedelta(seconds=after_s)
        known = [one for one in fixes if one.at <= now]
        found.append(judge(claim, Target(SCENE), known, now=now, rule=RULE).verdict)
    return found


def run(count: int, seed: int) -> dict[str, object]:
    """Counts over ``count`` honest arrivals and as many fakes, as many of each kind."""
    dice = random.Random(seed)
    each = KINDS * (count // len(KINDS))
    honest = [(kind, looks(track(dice, kind, honest=True))) for kind in each]
    fakes = [(kind, looks(track(dice, kind, honest=False))) for kind in each]
    speaking = [found[-1] for kind, found in fakes if kind in SPEAKING]
    caught = sum(last is Verdict.CONTRADICTED for last in speaking)
    return {
        "honest": len(honest),
        "accused_in_the_end": sum(f[-1] is Verdict.CONTRADICTED for _, f in honest),
        "accused_at_any_look": sum(Verdict.CONTRADICTED in f for _, f in honest),
        "honest_verified": sum(f[-1] is Verdict.VERIFIED for _, f in honest),
        "fakes": len(fakes),
        "fakes_verified": sum(Verdict.VERIFIED in f for _, f in fakes),
        "fakes_with_telemetry": len(speaking),
        "caught_share": round(caught / len(speaking), 4),
        "seed": seed,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=7)
    said = parser.parse_args()
    print(json.dumps(run(said.count, said.seed), indent=1))
