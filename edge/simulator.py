"""Made-up units on any broker: every device with its own connection, all in one thread."""

from __future__ import annotations

import queue
import random
import selectors
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import structlog
from paho.mqtt import client as paho

from edge.device_link import RESEND_S, Clock, DeviceLink, Summary
from edge.district import Point
from edge.made_up import Device, Ground

log = structlog.get_logger("edge.simulator")

TICK_S = 0.05
_MAX_CATCH_UP = 1000
_MAX_ROUNDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``rate`` is messages a second and unit; ``duration_s`` None: until stopped."""

    rate: float
    speed_kmh: float = 22.0
    speedup: float = 1.0
    duration_s: float | None = None
    linger_s: float = 10.0

    @property
    def speed_mps(self) -> float:
        return self.speed_kmh / 3.6 * self.speedup


@dataclass(frozen=True, slots=True)
class Steer:
    """Send the unit of a device to a place; None sends it home."""

    device_id: str
    goal: Point | None


@dataclass(slots=True)
class Simulator:
    """Runs links and units until the plan ends or ``stop`` is called."""

    links: Sequence[DeviceLink[Device]]
    ground: Ground
    plan: Plan
    clock: Clock
    chance: random.Random
    commands: queue.Queue[Steer] = field(default_factory=lambda: queue.Queue(10_000))
    _stopping: bool = False

    def stop(self) -> None:
        self._stopping = True

    def run(self) -> Summary:
        """Connects, lives, says goodbye, waits for the last confirmations; sums up."""
        begun = last = time.monotonic()
        while not self._stopping and not self._over(begun):
            now_s = time.monotonic()
            self._steer()
            self._live(now_s - last)
            last = now_s
            for link in self.links:
                self._work(link, now_s)
            self._listen(TICK_S)
        return self._goodbye()

    def _over(self, begun: float) -> bool:
        return self.plan.duration_s is not None and time.monotonic() - begun > self.plan.duration_s

    def _steer(self) -> None:
        units = {link.device.device_id: link.device.unit for link in self.links}
        while True:
            try:
                command = self.commands.get_nowait()
            except queue.Empty:
                return
            unit = units.get(command.device_id)
            if unit is None:
                log.warning("no such device to steer", device_id=command.device_id)
            else:
                unit.steer(self.ground.graph, command.goal)

    def _live(self, elapsed_s: float) -> None:
        for unit in {id(link.device.unit): link.device.unit for link in self.links}.values():
            unit.live(elapsed_s, self.plan.speed_mps, chance=self.chance, ground=self.ground)
        for link in self.links:
            link.device.live(elapsed_s)

    def _work(self, link: DeviceLink[Device], now_s: float) -> None:
        _come_back(link, now_s)
        turns = 0
        while link.next_s <= now_s and turns < _MAX_CATCH_UP:
            turns += 1
            link.next_s += link.interval_s
            link.maybe_lose_coverage()
            for message in link.device.speak(
                self.clock(), interval_s=link.interval_s, speed_mps=self.plan.speed_mps
            ):
                link.say(message)
        link.bring_home()

    def _listen(self, wait_s: float) -> None:
        """Waits for bytes at most ``wait_s``, then moves what there is on every connection."""
        with selectors.DefaultSelector() as selector:
            for link in self.links:
                if (sock := link.client.socket()) is not None:
                    selector.register(sock, _interest(link.client), link)
            for _ in range(_MAX_ROUNDS):
                ready = selector.select(wait_s) if selector.get_map() else []
                for key, events in ready:
                    _move(key.data.client, events)
                    if key.data.client.socket() is None:
                        selector.unregister(key.fileobj)
                wait_s = 0.0
                if not ready or not selector.get_map():
                    break
        for link in self.links:
            link.client.loop_misc()
        if all(link.client.socket() is None for link in self.links):
            time.sleep(TICK_S)

    def _goodbye(self) -> Summary:
        for link in self.links:
            link.dark_until_s = 0.0
            link.say(link.device.presence(self.clock(), "offline"))
        give_up = time.monotonic() + self.plan.linger_s
        while any(len(link.kept) for link in self.links) and time.monotonic() < give_up:
            for link in self.links:
                _come_back(link, time.monotonic())
                link.bring_home(after_s=RESEND_S / 4)
            self._listen(TICK_S)
        return _sum(link.finish() for link in self.links)


def _come_back(link: DeviceLink[Device], now_s: float) -> None:
    if link.client.socket() is None:
        link.connected = False
        if now_s >= link.retry_s:
            link.connect()


def _interest(client: paho.Client) -> int:
    writing = selectors.EVENT_WRITE if client.want_write() else 0
    return selectors.EVENT_READ | writing


def _move(client: paho.Client, events: int) -> None:
    if events & selectors.EVENT_READ:
        client.loop_read()
    if events & selectors.EVENT_WRITE:
        client.loop_write()


def _sum(parts: Iterable[Summary]) -> Summary:
    total = Summary()
    for part in parts:
        total.sent += part.sent
        total.resent += part.resent
        total.confirmed += part.confirmed
        total.unconfirmed += part.unconfirmed
        total.dropped += part.dropped
        total.alarms += part.alarms
        total.connects += part.connects
    return total
