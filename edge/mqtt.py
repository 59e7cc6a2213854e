"""The agent's side of the broker: take, have it stored, then acknowledge.

Own poll loop around paho, one thread. A group is settled when the socket falls idle or
``commit_rows`` are in hand; there is no timer, so a lone message is settled at once and a flood in
large groups. Acknowledgements belong to a connection: after a reconnect the broker may give an
old packet id to another message, so an older generation's ids are never acknowledged.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge import topics
from edge.broker_client import BrokerClient
from edge.confirming import Ack
from edge.encoding import dumps
from edge.errors import BrokerUnreachable
from edge.heartbeat import Down
from edge.in_hand import InHand, Taken
from edge.mqtt_config import MqttSettings
from edge.mqtt_session import session, subscriptions, tls_files
from edge.reception import Arrival

MAX_ACKS_UNDERWAY = 500
_IDLE_S = 1.0

Settle = Callable[[Sequence[Arrival]], None]
Clock = Callable[[], datetime]


class BrokerLink:
    """One connection at a time; ``settle`` stores a group or raises, and only then it is
    acknowledged."""

    def __init__(
        self,
        settings: MqttSettings,
        *,
        settle: Settle,
        clock: Clock,
        commit_rows: int,
        on_sent: Callable[[str], None] = lambda _: None,
        filters: tuple[str, ...] = topics.FILTERS,
    ) -> None:
        self._settings = settings
        self._settle = settle
        self._clock = clock
        self._in_hand = InHand(commit_rows)
        self._generation = 0
        self._subscribed = False
        self._refusal = ""
        self._acks_underway = 0
        self._down_underway: dict[int, str] = {}
        self._on_sent = on_sent
        self._filters = filters
        self.acknowledged = 0
        self._waker, self._wake_me = socket.socketpair()
        for end in (self._waker, self._wake_me):
            end.setblocking(False)
        self._client = self._build()

    @property
    def subscribed(self) -> bool:
        return self._subscribed

    def connect(self) -> None:
        """Connects and subscribes. Raises BrokerUnreachable."""
        settings = self._settings
        self._forget()
        try:
            self._client.connect(
                settings.host, settings.port, settings.keep_alive_s, **session(settings)
            )
        except (OSError, ValueError) as error:
            raise self._unreachable(str(error)) from error
        give_up = time.monotonic() + settings.connect_timeout_s
        while not self._subscribed:
            if self._refusal or time.monotonic() > give_up or not self._pump(0.2):
                why = self._refusal or "no answer"
                self.drop()
                raise self._unreachable(why)

    def turn(self) -> None:
        """One turn of the loop: read, settle when idle or full, write.

        Raises BrokerUnreachable when the connection is gone, and what ``settle`` raises.
        """
        if not self._pump(_IDLE_S):
            why = self._refusal or "connection lost"
            self.drop()
            raise self._unreachable(why)

    def wake(self) -> None:
        """Ends a wait in ``turn``; safe from any thread and from a signal handler."""
        try:
            self._waker.send(b"\0")
        except (BlockingIOError, OSError):
            return  # full or closed: it is awake already

    def confirm(self, ack: Ack) -> bool:
        """Tells a device how far its run is stored; False when too many are underway."""
        if not self._subscribed or self._acks_underway >= MAX_ACKS_UNDERWAY:
            return False
        payload = dumps({"v": 1, "boot": ack.boot, "seq": ack.seq})
        info = self._client.publish(topics.ack_topic(ack.device_id), payload, qos=1)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            return False
        self._acks_underway += 1
        return True

    def send_down(self, down: Down, *, now: datetime) -> bool:
        """Publishes for a device, to expire with the call; False when it cannot be sent now."""
        left_s = int((down.expires_at - now).total_seconds())
        if left_s <= 0:
            return True  # too late to be of use
        if not self._subscribed or self._acks_underway >= MAX_ACKS_UNDERWAY:
            return False
        properties = None
        if self._settings.version == "5":
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = left_s
        topic = topics.down_topic(down.device_id)
        info = self._client.publish(topic, down.payload, qos=1, properties=properties)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            return False
        self._acks_underway += 1
        self._down_underway[info.mid] = down.id
        return True

    def settle_in_hand(self) -> None:
        """Stores what is in hand, then acknowledges it on the connection it came by."""
        group = self._in_hand.empty()
        if not group:
            return
        self._settle([item.arrival for item in group])
        fresh = [item for item in group if item.qos and item.generation == self._generation]
        self._client.ack_all([item.packet_id for item in fresh if item.qos == 1])
        for item in fresh:
            if item.qos > 1:
                self._client.ack(item.packet_id, item.qos)
        self.acknowledged += len(group)

    def drop(self) -> None:
        """Lets the connection go; what is unsettled comes again from the broker."""
        self._forget()
        self._client.disconnect()
        self._client.loop_misc()

    def close(self) -> None:
        """Settles what is in hand, says goodbye and closes. Raises what ``settle`` raises."""
        try:
            self.settle_in_hand()
            give_up = time.monotonic() + 0.5
            while self._client.want_write() and time.monotonic() < give_up:
                self._client.loop_write()
        finally:
            self.drop()
            self._waker.close()
            self._wake_me.close()

    def _pump(self, wait_s: float) -> bool:
        """Moves bytes once; False when the connection is gone."""
        sock = self._client.socket()
        if sock is None:
            return False
        if self._readable(sock, wait_s) and not self._read():
            return False
        self.settle_in_hand()
        if self._client.want_write():
            self._client.loop_write()
        return self._client.loop_misc() == paho.MQTT_ERR_SUCCESS

    def _read(self) -> bool:
        """Takes what has arrived, at most a group; False when the connection is gone."""
        while not self._in_hand.full:
            code = self._client.take()
            if code == paho.MQTT_ERR_AGAIN:
                break  # idle
            if code != paho.MQTT_ERR_SUCCESS:
                return False
        return self._client.socket() is not None

    def _readable(self, sock: Any, wait_s: float) -> bool:
        if self._client.holds_bytes or (isinstance(sock, ssl.SSLSocket) and sock.pending()):
            return True
        writing = [sock] if self._client.want_write() else []
        readable, _, _ = select.select([sock, self._wake_me], writing, [], wait_s)
        if self._wake_me in readable:
            self._wake_me.recv(4096)
        return sock in readable

    def _forget(self) -> None:
        self._generation += 1
        self._subscribed = False
        self._refusal = ""
        self._in_hand.empty()

    def _unreachable(self, why: str) -> BrokerUnreachable:
        return BrokerUnreachable(self._settings.host, self._settings.port, why)

    def _build(self) -> BrokerClient:
        settings = self._settings
        five = settings.version == "5"
        client = BrokerClient(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            clean_session=None if five else False,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = settings.connect_timeout_s
        client.max_inflight_messages_set(MAX_ACKS_UNDERWAY)
        if settings.username:
            client.username_pw_set(settings.username, settings.password.get_secret_value())
        if settings.tls:
            client.tls_set(**tls_files(settings))
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_arrival = self._on_arrival
        client.on_publish = self._on_publish
        return client

    def _on_connect(self, client: paho.Client, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        if reason.is_failure:
            self._refusal = f"refused: {reason}"
            return
        if self._settings.version == "5":
            client.subscribe(subscriptions(self._settings.share, self._filters))
        else:
            client.subscribe([(name, 1) for name in self._filters])

    def _on_subscribe(self, _c: Any, _u: Any, _mid: int, reasons: list[Any], _p: Any) -> None:
        refused = [reason for reason in reasons if reason.is_failure]
        if refused:
            self._refusal = f"subscription refused ({refused[0]}); let this user read xn/#"
        else:
            self._subscribed = True

    def _on_disconnect(self, _c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        self._generation += 1
        self._subscribed = False
        self._acks_underway = 0
        self._down_underway.clear()
        self._refusal = self._refusal or f"disconnected: {reason}"

    def _on_message(self, _c: Any, _u: Any, message: paho.MQTTMessage) -> None:
        """QoS 2 only; the agent asks for 1."""
        arrival = Arrival(_topic(message), bytes(message.payload), self._clock())
        self._in_hand.add(Taken(arrival, message.mid, message.qos, self._generation))

    def _on_arrival(self, topic: bytes, payload: bytes, packet_id: int, qos: int) -> None:
        try:
            name = topic.decode()
        except UnicodeDecodeError:
            name = "not UTF-8"
        arrival = Arrival(name, payload, self._clock())
        self._in_hand.add(Taken(arrival, packet_id, qos, self._generation))

    def _on_publish(self, _c: Any, _u: Any, packet_id: int, *_: object) -> None:
        self._acks_underway = max(0, self._acks_underway - 1)
        call_id = self._down_underway.pop(packet_id, None)
        if call_id is not None:
            self._on_sent(call_id)


def _topic(message: paho.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:
        return "not UTF-8"
