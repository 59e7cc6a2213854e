"""Live made-up life: devices that move, people who call, mediators and a desk who work.

All of it over HTTP and MQTT with accounts of its own, like anybody from outside.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Mapping
from json import loads
from pathlib import Path
from random import Random
from threading import Event
from typing import Any
from uuid import uuid4
from zlib import crc32

from edge.shipped import shipped_district
from server import config
from server.demo.caller import FilesReports
from server.demo.client import Client, Json, Refused
from server.demo.past import ending
from server.demo.people import HUMAN_UNIT, DemoUnit, demo_units
from server.demo.players import ARRIVED_WITHIN_M, TIRED_S, Act, delay_s, next_act
from server.demo.seed import DESK, DEVICES, INTAKE
from server.demo.simulation import Simulation
from server.domain.case import Disposition
from server.domain.geo import Place, distance_m
from server.supervise import sealed
from server.vault import open_vault

LOOK_S = 2.0
"""The made-up people look at their screens this often."""
HASTY_ONE_IN = 12
RESTART_S = 5.0
"""A simulator that ended is started again after this long."""


def main() -> int:
    """``python -m … HOME SERVER_URL MQTT_URL``."""
    home, server_url, mqtt_url = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    config.load(home)  # a wrong setting is named here as everywhere
    kept = sealed.read(home, open_vault(home), sealed.DEMO_FILE)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    Life(server_url, mqtt_url, kept).go_on(stop)
    return 0


class Life:
    """One loop: every look, whoever has something to do does it."""

    def __init__(self, server_url: str, mqtt_url: str, kept: Mapping[str, str]) -> None:
        self._rng = Random()  # noqa: S311 - made-up people
        self._run = uuid4().hex[:8]
        self._units = {unit.id: unit for unit in demo_units()}
        self._mqtt_url, self._devices = mqtt_url, loads(kept[DEVICES])
        self._desk = Client(server_url, kept[DESK])
        self._hands = {unit: Client(server_url, kept[unit]) for unit in self._units}
        line = Client(server_url, kept[INTAKE])
        self._caller = FilesReports(line, self._rng, shipped_district(), run=self._run)
        self._due: dict[Act, float] = {}
        self._sent: dict[str, str] = {}
        self._left: dict[str, float] = {}
        self._simulation: Simulation | None = None
        self._simulation_at = 0.0

    def go_on(self, stop: Event) -> None:
        try:
            while not stop.is_set():
                self._look(time.monotonic(), stop)
                stop.wait(LOOK_S)
        finally:
            if self._simulation is not None:
                self._simulation.stop()

    def _look(self, now: float, stop: Event) -> None:
        self._keep_simulating(now)
        try:
            self._caller.maybe_file(now)
            cases = self._desk.open_cases()
            self._steer(cases)
            self._work(cases, self._desk.positions(), now, stop)
        except Refused as error:
            _say(f"the office answered {error}; trying again")

    def _keep_simulating(self, now: float) -> None:
        if self._simulation is not None and self._simulation.alive:
            return
        if self._simulation is not None and now < self._simulation_at + RESTART_S:
            return
        if self._simulation is not None:
            _say("the simulated devices ended; starting them again")
            self._sent.clear()
        self._simulation_at = now
        self._simulation = Simulation(self._mqtt_url, self._devices)

    def _steer(self, cases: list[Json]) -> None:
        """Units that left go to their case; the others to their point."""
        for case in cases:
            unit = self._unit_on_the_way(case)
            if unit and case["location"] and self._sent.get(unit.id) != case["id"]:
                self._sent[unit.id] = case["id"]
                self._send(unit, case["location"]["lat"], case["location"]["lon"])
        open_ids = {case["id"] for case in cases}
        for unit_id, case_id in list(self._sent.items()):
            if case_id not in open_ids:
                del self._sent[unit_id]
                self._send(self._units[unit_id], None, None)

    def _send(self, unit: DemoUnit, lat: float | None, lon: float | None) -> None:
        if self._simulation is not None:
            self._simulation.send(unit, lat, lon)

    def _unit_on_the_way(self, case: Json) -> DemoUnit | None:
        gone = case["status"] in ("en_route", "on_scene") and case["assignment"]
        return self._units.get(case["assignment"]["unit_id"]) if gone else None

    def _work(self, cases: list[Json], at: Mapping[str, Place], now: float, stop: Event) -> None:
        seen: set[Act] = set()
        for case in cases:
            act = next_act(case, near=self._is_near(case, at, now))
            if act is None:
                continue
            seen.add(act)
            due = self._due.setdefault(act, now + self._wait_s(act, case))
            if now >= due and not stop.is_set():
                self._do(act, case)
        self._due = {act: due for act, due in self._due.items() if act in seen}
        self._left = {k: v for k, v in self._left.items() if k in {c["id"] for c in cases}}

    def _wait_s(self, act: Act, case: Json) -> float:
        """A case that came from outside the demo is left to people for a while, too."""
        foreign = self._caller.truth(case) is None
        return delay_s(act, self._rng, human=foreign or act.unit_id == HUMAN_UNIT)

    def _is_near(self, case: Json, at: Mapping[str, Place], now: float) -> bool:
        """Whether the unit stands at the door, or has been on the way for too long to wait."""
        unit = self._unit_on_the_way(case)
        if unit is None:
            return False
        left = self._left.setdefault(case["id"], now)
        if _is_hasty(case):
            return True
        here, there = at.get(unit.id), case["location"]
        if here is None or there is None:
            return now - left > TIRED_S / 3
        near = distance_m(here, Place(there["lat"], there["lon"])) <= ARRIVED_WITHIN_M
        return near or now - left > TIRED_S

    def _do(self, act: Act, case: Json) -> None:
        try:
            self._try(act, case)
        except Refused as error:
            # Somebody was faster, or the office is away: the next look shows what is left to do.
            if error.status not in (0, 404, 409, 503):
                _say(f"{act.kind} was refused with {error}")

    def _try(self, act: Act, case: Json) -> None:
        if act.kind == "decide":
            self._decide(case)
        elif act.kind == "hand_on":
            end = "to_police" if case["route"] == "police" else "to_service"
            self._desk.close(act.case_id, {"disposition": end, "key": f"demo-{self._run}"})
        elif act.unit_id in self._hands:
            self._act_as_mediator(act, self._hands[act.unit_id])

    def _decide(self, case: Json) -> None:
        """The desk says what it really is; a case from outside waits for a person."""
        made = self._caller.truth(case)
        if made is not None:
            self._desk.correct(case["report_ids"][0], made.label, made.category)

    def _act_as_mediator(self, act: Act, hands: Client) -> None:
        key = f"demo-{self._run}-{act.kind}"
        if act.kind != "close":
            hands.step(act.case_id, act.kind, key)
            return
        end = ending(self._rng)
        body: dict[str, Any] = {"disposition": end.value, "note": "演示记录", "key": key}
        if end is Disposition.SETTLED_ON_SPOT:
            body["amount_yuan"] = float(self._rng.choice((0, 200, 500, 1200, 3000)))
        hands.close(act.case_id, body)


def _is_hasty(case: Json) -> bool:
    """Some tick arrival while still on the way: what evidence is for."""
    return crc32(str(case["id"]).encode()) % HASTY_ONE_IN == 0


def _say(text: str) -> None:
    sys.stderr.write(f"demo: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
