"""One made-up device on a broker.

A message stays in memory until the ``ack`` topic confirms it and is sent again until then, so
that whatever is killed on the way, what was said arrives.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, Generic, Protocol, TypeVar

import structlog
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge import topics
from edge.encoding import dumps, encode
from edge.mqtt_config import MqttSettings
from edge.telemetry import Message, Origin, Presence, PresenceState, Receipt
from edge.unconfirmed import Unconfirmed

log = structlog.get_logger("edge.device")

RESEND_S = 10.0
RETRY_S = 2.0
BATCH = 200
MAX_ANSWERED = 1000
MEAN_LIGHT_S = 600.0  # between two stretches without coverage
_DARK_S = (8.0, 30.0)
_KEEP_ALIVE_S = 20
_IN_FLIGHT = 1000

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Summary:
    sent: int = 0
    resent: int = 0
    confirmed: int = 0
    unconfirmed: int = 0
    dropped: int = 0
    alarms: int = 0
    connects: int = 0


class Speaker(Protocol):
    """Whose messages a link carries."""

    @property
    def device_id(self) -> str: ...
    @property
    def boot(self) -> str: ...
    @property
    def chance(self) -> Random: ...
    @property
    def alarms(self) -> int: ...
    def presence(self, now: datetime, state: PresenceState) -> Presence: ...
    def receipt(self, now: datetime, down_id: str) -> Receipt: ...


S = TypeVar("S", bound=Speaker)


class DeviceLink(Generic[S]):
    """A device, its connection, and what it still has to bring home."""

    def __init__(
        self, device: S, *, settings: MqttSettings, clock: Clock, interval_s: float
    ) -> None:
        self.device = device
        self.interval_s = interval_s
        self.next_s = time.monotonic() + device.chance.uniform(0, interval_s)
        self.retry_s = 0.0
        self.dark_until_s = 0.0
        self.connected = False
        self.summary = Summary()
        self.kept = Unconfirmed()
        self._answered: dict[str, None] = {}
        self._settings = settings
        self._clock = clock
        self.client = self._build()

    def connect(self) -> None:
        """Tries once; the next try comes after ``RETRY_S``."""
        self.retry_s = time.monotonic() + RETRY_S
        self.summary.connects += 1
        self._set_will()
        try:
            self.client.connect(self._settings.host, self._settings.port, _KEEP_ALIVE_S)
        except OSError as error:
            log.warning("broker away", device_id=self.device.device_id, why=type(error).__name__)

    def say(self, message: Message) -> None:
        """Keeps the message and sends it when there is a way."""
        self.kept.keep(message)
        if self._open():
            self._publish([(message, False)])

    def bring_home(self, *, after_s: float = RESEND_S) -> None:
        """Sends what was never sent, and again what was not confirmed in time."""
        if not self._open():
            return
        if due := self.kept.due(time.monotonic(), after_s=after_s, limit=BATCH):
            self._publish(due)

    def maybe_lose_coverage(self) -> None:
        if self.device.chance.random() < self.interval_s / MEAN_LIGHT_S:
            self.dark_until_s = time.monotonic() + self.device.chance.uniform(*_DARK_S)

    def finish(self) -> Summary:
        self.client.disconnect()
        self.summary.confirmed = self.kept.confirmed
        self.summary.unconfirmed = len(self.kept)
        self.summary.dropped = self.kept.dropped
        self.summary.alarms = self.device.alarms
        return self.summary

    def _open(self) -> bool:
        return self.connected and time.monotonic() >= self.dark_until_s

    def _publish(self, due: Sequence[tuple[Message, bool]]) -> None:
        """A few one by one, more as a ``batch``."""
        device_id = self.device.device_id
        if len(due) > 5:
            items = [encode(message) | {"kind": message.kind} for message, _ in due]
            self.client.publish(topics.telemetry_topic(device_id, "batch"), dumps(items), qos=1)
        else:
            for message, _ in due:
                topic = topics.telemetry_topic(device_id, message.kind)
                keep = isinstance(message, Presence)
                self.client.publish(topic, dumps(encode(message)), qos=1, retain=keep)
        for message, again in due:
            self.kept.sent(message, time.monotonic())
            self.summary.resent += again
            self.summary.sent += not again

    def _build(self) -> paho.Client:
        five = self._settings.version == "5"
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.device.device_id,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(_IN_FLIGHT)
        client.connect_timeout = self._settings.connect_timeout_s
        if self._settings.username:
            client.username_pw_set(
                self._settings.username, self._settings.password.get_secret_value()
            )
        if self._settings.tls:
            client.tls_set(
                ca_certs=self._settings.ca_file or None,
                certfile=self._settings.cert_file or None,
                keyfile=self._settings.key_file or None,
            )
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _set_will(self) -> None:
        """The will is said by the broker, so it counts in a run of its own, one a connection."""
        device = self.device
        will = Presence(
            origin=Origin(
                device_id=device.device_id,
                boot=f"{device.boot}.will{self.summary.connects}",
                seq=1,
                sent_at=self._clock(),
            ),
            state="offline",
        )
        topic = topics.telemetry_topic(device.device_id, "presence")
        self.client.will_set(topic, dumps(encode(will)), qos=1, retain=True)

    def _on_connect(self, client: paho.Client, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        if reason.is_failure:
            log.error("refused", device_id=self.device.device_id, why=str(reason))
            return
        self.connected = True
        device_id = self.device.device_id
        client.subscribe([(topics.ack_topic(device_id), 1), (topics.down_topic(device_id), 1)])
        self.say(self.device.presence(self._clock(), "online"))

    def _on_disconnect(self, *_: object) -> None:
        self.connected = False

    def _on_message(self, _c: Any, _u: Any, message: paho.MQTTMessage) -> None:
        try:
            raw = json.loads(message.payload)
            if message.topic.endswith("/down"):
                self._answer(str(raw["id"]))
            elif raw["boot"] == self.device.boot:
                self.kept.confirm(int(raw["seq"]))
        except (ValueError, KeyError, TypeError):
            log.warning("unreadable message from above", device_id=self.device.device_id)

    def _answer(self, down_id: str) -> None:
        """A call may come twice; it is answered once."""
        if down_id not in self._answered:
            self._answered[down_id] = None
            while len(self._answered) > MAX_ANSWERED:
                del self._answered[next(iter(self._answered))]
            self.say(self.device.receipt(self._clock(), down_id))
