"""``xiaonao-edge simulate --load``: many devices, ready-made positions, a rate to find limits with.

The positions are plain and go out once each; what the ``ack`` topic says of them is counted. That
is the whole way: broker, agent, server. Times are those of sending, numbers count from 1 a device.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge import topics
from edge.device_link import Clock
from edge.encoding import stamp
from edge.errors import BrokerUnreachable
from edge.flood import flood

MAX_MESSAGES = 20_000_000
MAX_LANES = 8
_ACK = topics.ack_topic("+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """``rate`` messages a second in all for ``seconds``, from ``devices`` devices in turn."""

    devices: int
    rate: float
    seconds: float
    boot: str
    linger_s: float
    prefix: str = "ld-"

    @property
    def count(self) -> int:
        return min(MAX_MESSAGES, round(self.rate * self.seconds))


@dataclass(frozen=True, slots=True)
class Carried:
    """``acknowledged`` by the broker in ``seconds``; ``confirmed`` by the server within the linger;
    the rest is ``unconfirmed``: lost, or still on its way."""

    sent: int
    acknowledged: int
    seconds: float
    per_s: float
    confirmed: int
    unconfirmed: int


@dataclass(slots=True)
class _Confirmations:
    """How far each device of this run is confirmed."""

    load: Load
    up_to: dict[str, int] = field(default_factory=dict)
    subscribed: threading.Event = field(default_factory=threading.Event)

    def hear(self, _client: Any, _user: Any, message: paho.MQTTMessage) -> None:
        try:
            raw = json.loads(message.payload)
            device_id = message.topic.split("/")[2]
            if raw["boot"] == self.load.boot and device_id.startswith(self.load.prefix):
                self.up_to[device_id] = max(self.up_to.get(device_id, 0), int(raw["seq"]))
        except (ValueError, KeyError, TypeError, IndexError):
            return  # not ours

    def total(self) -> int:
        return sum(list(self.up_to.values()))


def lane(load: Load, number: int, lanes: int, clock: Clock) -> Iterator[tuple[str, bytes]]:
    """The messages of every ``lanes``-th device, made as they are asked for."""
    for done in range(0, load.count, load.devices):
        for device in range(number, load.devices, lanes):
            if done + device >= load.count:
                return
            yield position(load, device, done // load.devices + 1, clock())


def position(load: Load, device: int, seq: int, at: datetime) -> tuple[str, bytes]:
    """Topic and payload (230 bytes); it walks slowly, so that no fix is doubted."""
    moment = stamp(at)
    body = (
        f'{{"v": 1, "boot": "{load.boot}", "seq": {seq}, "sent_at": "{moment}", '
        f'"fix_time": "{moment}", "lat": {30.42 + seq % 997 * 1e-6:.6f}, "lon": 120.3, '
        '"crs": "WGS-84", "accuracy_m": 6.0, "speed_mps": 1.2, "heading_deg": 90.0}'
    )
    return f"xn/v1/{load.prefix}{device:05d}/position", body.encode()


def run(
    load: Load, *, host: str, port: int, login: tuple[str, str] | None, clock: Clock
) -> Carried:
    """Publishes, waits for confirmations at most ``linger_s``. Raises BrokerUnreachable."""
    heard = _Confirmations(load)
    listener = _listen(heard, host, port, login)
    try:
        lanes = min(MAX_LANES, load.devices)
        made = [lane(load, n, lanes, clock) for n in range(lanes)]
        flooded = flood(host, port, made, rate=load.rate, login=login)
        give_up = time.monotonic() + load.linger_s
        while heard.total() < load.count and time.monotonic() < give_up:
            time.sleep(0.05)
    finally:
        listener.loop_stop()
        listener.disconnect()
    confirmed = heard.total()
    per_s = flooded.acknowledged / flooded.seconds if flooded.seconds else 0.0
    return Carried(
        sent=load.count,
        acknowledged=flooded.acknowledged,
        seconds=round(flooded.seconds, 3),
        per_s=round(per_s, 1),
        confirmed=confirmed,
        unconfirmed=load.count - confirmed,
    )


def _listen(
    heard: _Confirmations, host: str, port: int, login: tuple[str, str] | None
) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"load-{time.time_ns()}")
    if login is not None:
        client.username_pw_set(*login)
    client.on_connect = lambda c, *_: c.subscribe(_ACK, 0)
    client.on_subscribe = lambda *_: heard.subscribed.set()
    client.on_message = heard.hear
    try:
        client.connect(host, port, 60)
    except OSError as error:
        raise BrokerUnreachable(host, port, str(error)) from error
    client.loop_start()
    if not heard.subscribed.wait(10):
        client.loop_stop()
        raise BrokerUnreachable(host, port, "no subscription within 10 s")
    return client
