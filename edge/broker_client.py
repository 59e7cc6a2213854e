"""paho with a read buffer: one system call for many packets, and PUBLISH read without its objects.

paho reads a packet in three or more calls and wraps each message in objects that an agent does
not need; here whole packets are cut from a buffer and a PUBLISH goes straight to ``on_arrival``.
Everything else (CONNACK, SUBACK, PINGRESP, DISCONNECT, a packet still incomplete) is paho's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.client import time_func
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion

OnArrival = Callable[[bytes, bytes, int, int], None]
"""Topic, payload, packet id (0 at QoS 0), QoS."""

_CHUNK = 262_144
_PUBLISH, _PUBACK = 0x30, 0x40
_QOS_2 = 2


class BrokerClient(paho.Client):
    """Set ``on_arrival`` before connecting; QoS 2 stays with paho's ``on_message``."""

    def __init__(self, *args: Any, **more: Any) -> None:
        self._held = bytearray()
        self._at = 0
        self.on_arrival: OnArrival = lambda *_: None
        super().__init__(*args, **more)

    @property
    def holds_bytes(self) -> bool:
        """Whether bytes were read from the socket that nobody has looked at yet."""
        return self._at < len(self._held)

    def take(self) -> MQTTErrorCode:
        """One packet or one read of the socket. ``MQTT_ERR_AGAIN``: there is nothing now."""
        if self._in_packet["command"] == 0:
            end = self._end_of_packet()
            if end and self._held[self._at] & 0xF0 == _PUBLISH and self._publish(end):
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            if not end:
                return self._fill()
        code = self._packet_read()
        return self._loop_rc_handle(code) if code > 0 else code

    def ack_all(self, packet_ids: Sequence[int]) -> None:
        """PUBACK of many in one write, in their order."""
        if packet_ids:
            packet = b"".join(b"\x40\x02" + number.to_bytes(2, "big") for number in packet_ids)
            self._packet_queue(_PUBACK, packet, packet_ids[-1], 0)

    def _fill(self) -> MQTTErrorCode:
        """Reads what the socket has behind what is held."""
        del self._held[: self._at]
        self._at = 0
        try:
            data = super()._sock_recv(_CHUNK)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_AGAIN
        except OSError:
            data = b""
        if not data:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        self._held += data
        self._last_bytes_received = time_func()
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _sock_recv(self, bufsize: int) -> bytes:
        """What paho reads of the packets that are its own."""
        if not self.holds_bytes:
            return bytes(super()._sock_recv(bufsize))
        piece = bytes(self._held[self._at : self._at + bufsize])
        self._at += len(piece)
        return piece

    def _sock_close(self) -> None:
        self._held.clear()
        self._at = 0
        super()._sock_close()

    def _end_of_packet(self) -> int:
        """Where the packet that begins the buffer ends; 0 while it is not whole."""
        length, shift, at = 0, 0, self._at + 1
        held = self._held
        while at < len(held):
            byte = held[at]
            at += 1
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                return at + length if at + length <= len(held) else 0
            shift += 7
            if shift > 21:
                return len(held)  # malformed; paho says so
        return 0

    def _publish(self, end: int) -> bool:
        """Hands on a PUBLISH; False leaves it to paho (QoS 2, or malformed)."""
        held, qos = self._held, self._held[self._at] >> 1 & 0b11
        at = self._at + 1
        while held[at] & 0x80:
            at += 1
        topic_at = at + 3
        topic_end = topic_at + (held[at + 1] << 8 | held[at + 2])
        body_at = topic_end + (2 if qos else 0)
        if qos >= _QOS_2 or topic_end == topic_at or body_at > end:
            return False
        packet_id = held[topic_end] << 8 | held[topic_end + 1] if qos else 0
        if self._protocol == MQTTProtocolVersion.MQTTv5:
            body_at = _behind_properties(held, body_at, end)
        if body_at > end:
            return False
        self._at = end
        self.on_arrival(bytes(held[topic_at:topic_end]), bytes(held[body_at:end]), packet_id, qos)
        return True


def _behind_properties(held: bytearray, at: int, end: int) -> int:
    """Where the payload begins; beyond ``end`` when the length of the properties is malformed."""
    length, shift = 0, 0
    while at < end:
        byte = held[at]
        at += 1
        length |= (byte & 0x7F) << shift
        if byte < 0x80:
            return at + length
        shift += 7
    return end + 1
