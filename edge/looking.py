"""What a device said, for people: lines of raw frames become lines of JSON.

A line is a JT/T 808 frame in hexadecimal (``7e…7e``, blanks allowed), an NMEA sentence (``$…``),
or ``{"topic", "payload"}``. Nothing is stored. Every line has an answer: what it holds, or what
is broken about it. Sub-packets of one JT/T 808 message are put together with the last of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime

from edge import topics
from edge.decoding import Decoded
from edge.encoding import encode, stamp
from edge.errors import Fault, Unreadable
from edge.protocols import jt808, registry
from edge.protocols import jt808_body as bodies
from edge.protocols.jt808_frame import FLAG, Frame, Header, decode, join, parts_key, peek
from edge.protocols.jt808_words import name_of
from edge.protocols.reading import Reading

MAX_SETS = 1000
"""Sub-packet messages begun and not whole; beyond it the oldest is let go."""

Json = dict[str, object]


@dataclass(slots=True)
class Looker:
    """Remembers sub-packets between lines. ``crs`` is the datum of JT/T 808 and NMEA places."""

    now: datetime
    crs: str = "WGS-84"
    _begun: dict[tuple[str, int, int, int], list[Frame]] = field(default_factory=dict)

    def lines(self, texts: Iterable[str]) -> Iterator[Json]:
        """One answer a line that is not blank: ``line``, ``ok``, and what it holds or ``error``."""
        for number, text in enumerate(texts, 1):
            if text.strip():
                yield {"line": number, **self._answer(text.strip())}

    def waiting(self) -> list[str]:
        """What never became whole, in words."""
        return [
            f"message 0x{key[1]:04x} of {key[0]}: {len(frames)} of {key[3]} sub-packets"
            for key, frames in self._begun.items()
        ]

    def _answer(self, text: str) -> Json:
        told: Json = {}
        try:
            found = self._look(text, told)
        except Unreadable as error:
            return {"ok": False, "error": str(error), **told}
        return {"ok": "error" not in found, **told, **found}

    def _look(self, text: str, told: Json) -> Json:
        if text.startswith("{"):
            return self._topic_line(text)
        if text.startswith("$"):
            topic = topics.nmea_topic(self.crs, "line")
            return _reading("nmea", registry.read(topic, text.encode(), self.now)[1])
        return self._frame(_hexadecimal(text), told)

    def _topic_line(self, text: str) -> Json:
        try:
            raw = json.loads(text)
            topic, payload = str(raw["topic"]), raw["payload"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Unreadable.because("line", "is not {topic, payload}") from None
        body = payload if isinstance(payload, str) else json.dumps(payload)
        protocol, reading = registry.read(topic, body.encode("utf-8", "replace"), self.now)
        return _reading(protocol, reading)

    def _frame(self, wire: bytes, told: Json) -> Json:
        told["protocol"] = "jt808"
        guessed = peek(wire)
        if guessed is not None:
            told |= _header(guessed)
        frame = decode(wire)
        told["doubt"] = list(frame.doubt)
        jt808.check_readable(frame)
        whole = self._whole(frame)
        if whole is None:
            return {"waits": "for the other sub-packets", "body_hex": frame.body.hex()}
        return _body(whole) | _reading(
            "jt808", jt808.telemetry_of(whole, crs=self.crs, received_at=self.now)
        )

    def _whole(self, frame: Frame) -> Frame | None:
        if frame.header.part is None:
            return frame
        key = parts_key(frame.header)
        frames = [*self._begun.pop(key, ()), frame]
        try:
            return join(frames)
        except Unreadable:
            if not 1 <= frame.header.part.index <= frame.header.part.total:
                raise
            self._begun[key] = frames
            while len(self._begun) > MAX_SETS:
                del self._begun[next(iter(self._begun))]
            return None


def _hexadecimal(text: str) -> bytes:
    try:
        wire = bytes.fromhex(text)
    except ValueError:
        raise Unreadable.because("line", "is not hexadecimal, NMEA or JSON") from None
    if not wire.startswith(FLAG) and not wire.endswith(FLAG):
        return FLAG + wire + FLAG  # as some logs print a frame
    return wire


def _header(header: Header) -> Json:
    out: Json = {
        "message_id": f"0x{header.message_id:04x}",
        "message": name_of(header.message_id),
        "phone": header.phone,
        "serial": header.serial,
        "edition": "2013" if header.version is None else "2019",
    }
    if header.part is not None:
        out["part"] = asdict(header.part)
    return out


def _body(frame: Frame) -> Json:
    """What the body says, beside the messages it becomes; ``body_hex`` where nobody knows."""
    reader = _BODIES.get(frame.header.message_id)
    if reader is None:
        return {"body_hex": frame.body.hex()} if frame.body else {}
    found = reader(frame)
    return {"body": _plain(found)}


def _batch(frame: Frame) -> object:
    found = bodies.batch(frame.body)
    return {"late": found.late, "reports": [_plain(report) for report in found.reports]}


def _general_answer(frame: Frame) -> object:
    if len(frame.body) < 5:
        raise Unreadable.because("body", "is shorter than 5 bytes")
    serial, message_id = (int.from_bytes(frame.body[at : at + 2], "big") for at in (0, 2))
    return {"serial": serial, "message_id": f"0x{message_id:04x}", "result": frame.body[4]}


def _register_answer(frame: Frame) -> object:
    if len(frame.body) < 3:
        raise Unreadable.because("body", "is shorter than 3 bytes")
    code = frame.body[3:].decode("gbk", "replace")
    return {
        "serial": int.from_bytes(frame.body[:2], "big"),
        "result": frame.body[2],
        "code": code,
    }


_BODIES = {
    bodies.REGISTER: bodies.register,
    bodies.AUTHENTICATE: bodies.authenticate,
    bodies.POSITION: lambda frame: bodies.report(frame.body),
    bodies.POSITION_ASKED: lambda frame: bodies.report(frame.body[2:]),
    bodies.BATCH: _batch,
    bodies.DEVICE_ANSWER: _general_answer,
    bodies.ANSWER: _general_answer,
    bodies.REGISTER_ANSWER: _register_answer,
}


def _plain(found: object) -> object:
    if isinstance(found, dict):
        return found
    out: Json = {}
    for name, value in asdict(found).items():  # type: ignore[call-overload]
        if name == "extras":
            out[name] = {key: item for key, item in value.items() if item not in (None, ())}
        elif name != "raw":
            out[name] = stamp(value) if isinstance(value, datetime) else value
    return out


def _reading(protocol: str, reading: Reading) -> Json:
    out: Json = {"protocol": protocol, "messages": [_message(item) for item in reading.messages]}
    if reading.unreadable:
        faults: list[Fault] = [fault for item in reading.unreadable for fault in item.faults]
        out["error"] = "; ".join(map(str, faults))
    return out


def _message(item: Decoded) -> Json:
    message = item.message
    return {
        "device_id": message.origin.device_id,
        "kind": message.kind,
        **encode(message),
        "doubt": list(item.doubt),
    }
