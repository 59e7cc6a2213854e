"""Made-up units and what their devices would say. Pure: time and chance are arguments."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from edge import motion
from edge.district import District, Place, Point
from edge.motion import Streets, Walker
from edge.telemetry import (
    Alarm,
    AlarmKind,
    CameraQuality,
    Fix,
    Frame,
    Message,
    Origin,
    Position,
    Presence,
    PresenceState,
    Ptt,
    Receipt,
    Status,
)

DeviceKind = Literal["bodycam", "radio"]

PATROL_KMH = 9.0
PATROL_REACH_DEG = 0.012
MEAN_REST_S = 240.0
MEAN_ALARM_S = 6 * 3600.0
RADIO_FIX_SHARE = 0.4  # fewer than 40 % of trunked radios give a place in some regions
_DRAIN_PCT_PER_H = 9.0
_CHARGE_PCT_PER_H = 40.0


@dataclass(slots=True)
class Unit:
    """Someone with a home point, standing, patrolling or on the way to where they were sent."""

    name: str
    home: Point
    walker: Walker
    steered: bool = False
    rest_s: float = 0.0

    def steer(self, graph: Streets, goal: Point | None) -> None:
        """To a place and stay there; None: back to the home point and on with the day."""
        self.steered = goal is not None
        self.walker = motion.send(self.walker, graph, goal or self.home)
        self.rest_s = 0.0

    def live(
        self, elapsed_s: float, speed_mps: float, *, chance: random.Random, ground: Ground
    ) -> None:
        """Some seconds of the unit's day."""
        if not self.walker.arrived:
            patrolling = not self.steered
            pace = min(speed_mps, PATROL_KMH / 3.6) if patrolling else speed_mps
            self.walker = motion.advance(self.walker, pace * elapsed_s)
            return
        self.rest_s += elapsed_s
        if not self.steered and chance.random() < elapsed_s / MEAN_REST_S:
            self.walker = motion.send(self.walker, ground.graph, ground.stroll(self.home, chance))
            self.rest_s = 0.0


@dataclass(frozen=True, slots=True)
class Ground:
    """The district as units know it."""

    graph: Streets
    places: tuple[Place, ...]
    points: tuple[Point, ...]

    @classmethod
    def of(cls, district: District) -> Ground:
        return cls(
            motion.streets(district),
            district.gazetteer,
            tuple(point.at for point in district.points),
        )

    def stroll(self, home: Point, chance: random.Random) -> Point:
        """Somewhere near home, or home."""
        near = [
            place.at
            for place in self.places
            if abs(place.at.lat - home.lat) < PATROL_REACH_DEG
            and abs(place.at.lon - home.lon) < PATROL_REACH_DEG
        ]
        return chance.choice([home, *near])


@dataclass(slots=True)
class Device:
    """A bodycam or radio: counts its messages, drains its battery, errs like a real one."""

    device_id: str
    kind: DeviceKind
    unit: Unit
    boot: str
    chance: random.Random
    battery_pct: float = 100.0
    charging: bool = False
    seq: int = 0
    said: int = 0
    alarms: int = 0

    def live(self, elapsed_s: float) -> None:
        rate = _CHARGE_PCT_PER_H if self.charging else -_DRAIN_PCT_PER_H
        self.battery_pct = min(100.0, max(1.0, self.battery_pct + rate * elapsed_s / 3600))
        if self.battery_pct < 12 and self.unit.walker.at == self.unit.home:
            self.charging = True
        elif self.battery_pct > 95:
            self.charging = False

    def speak(self, now: datetime, *, interval_s: float, speed_mps: float) -> Iterator[Message]:
        """What the device says at its turn: mostly where it is, now and then something else."""
        self.said += 1
        if self.chance.random() < interval_s / MEAN_ALARM_S:
            yield self._alarm(now, self.chance.choice(("sos", "fall", "tamper")))
        if self.said % 40 == 0 and self.battery_pct < 15 and not self.charging:
            yield self._alarm(now, "low_battery")
        yield self._bodycam(now, speed_mps) if self.kind == "bodycam" else self._radio(now)

    def presence(self, now: datetime, state: PresenceState) -> Presence:
        return Presence(origin=self._origin(now), state=state)

    def receipt(self, now: datetime, down_id: str) -> Receipt:
        return Receipt(origin=self._origin(now), down_id=down_id)

    def _bodycam(self, now: datetime, speed_mps: float) -> Message:
        if self.said % 6 == 0:
            return self._status(now)
        if self.said % 97 == 0:
            return self._frame(now)
        return Position(origin=self._origin(now), fix=self._fix(now, speed_mps))

    def _radio(self, now: datetime) -> Message:
        turn = self.said % 5
        if turn == 0:
            return self._status(now)
        if turn == 3:
            started = now - timedelta(seconds=self.chance.uniform(2, 12))
            origin = self._origin(now)
            return Ptt(origin=origin, talkgroup="调解一组", started_at=started, ended_at=now)
        has_fix = self.chance.random() < RADIO_FIX_SHARE
        fix = self._fix(now - timedelta(seconds=self.chance.uniform(0, 20)), 0) if has_fix else None
        return Position(origin=self._origin(now), fix=fix)

    def _fix(self, when: datetime, speed_mps: float) -> Fix:
        """Noise of a few metres; between houses now and then much more, and said so."""
        bad = self.chance.random() < 0.03
        sigma_m = self.chance.uniform(25, 70) if bad else self.chance.uniform(2, 5)
        place = motion.offset(
            self.unit.walker.at,
            north_m=self.chance.gauss(0, sigma_m),
            east_m=self.chance.gauss(0, sigma_m),
        )
        moving = not self.unit.walker.arrived
        return Fix(
            fix_time=when,
            lat=round(place.lat, 6),
            lon=round(place.lon, 6),
            accuracy_m=round(sigma_m * self.chance.uniform(1.2, 2.2), 1),
            speed_mps=round(speed_mps, 1) if moving else 0.0,
            heading_deg=round(self.unit.walker.heading_deg, 1) if moving else None,
            altitude_m=round(self.chance.gauss(9, 2), 1),
            satellites=self.chance.randint(4, 8) if bad else self.chance.randint(11, 22),
        )

    def _status(self, now: datetime) -> Status:
        bodycam = self.kind == "bodycam"
        return Status(
            origin=self._origin(now),
            battery_pct=round(self.battery_pct, 1),
            signal_dbm=round(self.chance.gauss(-82, 9)),
            network="4G" if bodycam else "PDT",
            storage_free_mb=round(max(500.0, 58_000 - self.said * 3.0)) if bodycam else None,
            recording=(not self.unit.walker.arrived or self.unit.steered) if bodycam else None,
            worn=not self.charging if bodycam else None,
            charging=self.charging,
            temperature_c=round(self.chance.gauss(33, 2), 1),
            firmware="made-up 1.0",
        )

    def _frame(self, now: datetime) -> Frame:
        return Frame(
            origin=self._origin(now),
            taken_at=now,
            sha256=self.chance.randbytes(32).hex(),
            width=640,
            height=360,
            quality=CameraQuality(
                dark=self.chance.random() < 0.05,
                blurred=self.chance.random() < 0.05,
                covered=False,
                frozen=False,
            ),
            faces_masked=True,
        )

    def _alarm(self, now: datetime, alarm: AlarmKind) -> Alarm:
        self.alarms += 1
        return Alarm(origin=self._origin(now), alarm=alarm, active=True, fix=self._fix(now, 0))

    def _origin(self, now: datetime) -> Origin:
        self.seq += 1
        return Origin(device_id=self.device_id, boot=self.boot, seq=self.seq, sent_at=now)


def with_lowest_held(message: Message, lowest_held: int) -> Message:
    """The same message, telling that nothing older is held any more."""
    return replace(message, origin=replace(message.origin, lowest_held=lowest_held))
