"""The platform's side of JT/T 808: who may speak, what is stored, what is answered when.

A device is told 'done' only for what is on disk; 'failed' means: send it again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from edge import topics
from edge.datum import Crs
from edge.errors import Unreadable
from edge.intake import Item, Outcome
from edge.protocols import jt808
from edge.protocols import jt808_body as bodies
from edge.protocols.jt808_body import Registered, Result
from edge.protocols.jt808_frame import MAX_SERIAL, Frame, Header, Splitter, decode, encode
from edge.protocols.jt808_parts import Parts, PartSet
from edge.reception import Arrival
from edge.tcp_listener import Heard
from edge.telemetry import Envelope, Origin, Presence, PresenceState

MAX_DEVICES_A_CONNECTION = 1000
_CODE_CHARS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """``numbers`` empty: every number may speak. ``issued_codes``: only after authenticating."""

    key: bytes
    crs: Crs = "WGS-84"
    numbers: frozenset[str] = frozenset()
    issued_codes: bool = False
    max_frame_bytes: int = 4096
    max_parts_bytes: int = 1_048_576

    def knows(self, number: str) -> bool:
        return not self.numbers or number in self.numbers

    def code(self, number: str) -> str:
        """What its registration gives a device; the same every time, so nothing is kept."""
        made = hmac.new(self.key, number.encode(), hashlib.sha256).hexdigest()
        return made[:_CODE_CHARS]


class Links:
    """Which session speaks for a device now: an old half-dead connection ends in silence."""

    def __init__(self) -> None:
        self._newest: dict[str, Jt808Session] = {}

    def take(self, number: str, session: Jt808Session) -> None:
        self._newest[number] = session

    def speaks(self, number: str, session: Jt808Session) -> bool:
        return self._newest.get(number) is session

    def leave(self, number: str, session: Jt808Session) -> None:
        if self.speaks(number, session):
            del self._newest[number]


class Jt808Session:
    """One connection; a gateway may speak for several devices over it."""

    def __init__(self, rules: Rules, links: Links, refused: Callable[[str], None]) -> None:
        self._rules = rules
        self._links = links
        self._refused = refused
        self._splitter = Splitter(rules.max_frame_bytes)
        self._parts = Parts(rules.max_parts_bytes)
        self._online: dict[str, datetime] = {}
        self._authenticated: set[str] = set()
        self._serial = 0
        self._topic = topics.jt808_topic(rules.crs)

    def hear(self, data: bytes, now: datetime) -> list[Heard]:
        out = [self._one(wire, now) for wire in self._splitter.feed(data)]
        return out + self._incomplete(self._parts.given_up(now), now)

    def tick(self, now: datetime) -> list[Heard]:
        return self._incomplete(self._parts.given_up(now), now)

    def close(self, now: datetime) -> list[Heard]:
        rest = self._splitter.rest()
        out = [Heard([self._arrival(rest, now)], kept=True)] if rest else []
        out += self._incomplete(self._parts.given_up(now, everything=True), now)
        gone = [item for number in self._online for item in self._offline(number, now)]
        for number in list(self._online):
            self._forget(number)
        return [*out, Heard(gone, kept=True)] if gone else out

    def _one(self, wire: bytes, now: datetime) -> Heard:
        try:
            frame = decode(wire)
        except Unreadable:
            # Its header cannot be trusted, so nobody is answered; it is a dead letter.
            return Heard([self._arrival(wire, now)], kept=True)
        return self._permitted(frame, wire, now)

    def _permitted(self, frame: Frame, wire: bytes, now: datetime) -> Heard:
        number = jt808.device_id(frame)
        opening = frame.header.message_id in _OPENING
        if not self._rules.knows(number):
            self._refused("unknown_number")
            if frame.header.message_id == bodies.REGISTER:
                return self._registered(frame, Registered.NO_SUCH_DEVICE)
            return self._at_once(frame, Result.FAILED)
        if self._rules.issued_codes and not opening and number not in self._authenticated:
            self._refused("not_authenticated")
            return self._at_once(frame, Result.FAILED)
        try:
            jt808.check_readable(frame)
        except Unreadable:
            return self._stored(frame, [self._arrival(wire, now)], unreadable=Result.UNSUPPORTED)
        return self._known(frame, wire, now)

    def _known(self, frame: Frame, wire: bytes, now: datetime) -> Heard:
        match frame.header.message_id:
            case bodies.POSITION | bodies.POSITION_ASKED | bodies.BATCH:
                heard = self._telemetry(frame, wire, now)
            case bodies.HEARTBEAT:
                heard = self._stored(frame, self._now_online(jt808.device_id(frame), now))
            case bodies.REGISTER:
                heard = self._register(frame)
            case bodies.AUTHENTICATE:
                heard = self._authenticate(frame, now)
            case bodies.LOGOUT:
                heard = self._logout(frame, now)
            case bodies.DEVICE_ANSWER:
                heard = Heard(())
            case _:
                self._refused("unsupported")
                heard = self._at_once(frame, Result.UNSUPPORTED)
        return heard

    def _telemetry(self, frame: Frame, wire: bytes, now: datetime) -> Heard:
        online = self._now_online(jt808.device_id(frame), now)
        if frame.header.part is None:
            return self._stored(frame, [*online, self._arrival(wire, now)])
        if self._parts.is_stored(frame, now):
            return self._at_once(frame, Result.DONE)
        whole = self._parts.add(frame, wire, now)
        if whole is None:
            return Heard(online, kept=True)
        return self._whole([*online, self._arrival(whole.wire, now)], whole, now)

    def _whole(self, items: list[Item], whole: PartSet, now: datetime) -> Heard:
        """Every sub-packet is answered, once all of them are on disk."""

        def answer(outcome: Outcome) -> bytes:
            if outcome is Outcome.STORED:
                self._parts.stored(whole.frames[0], now)
            elif outcome is Outcome.FAILED:
                self._forget(jt808.device_id(whole.frames[0]))
            result = _RESULTS[outcome]
            return b"".join(self._answer(frame, result) for frame in whole.frames)

        return Heard(items, answer)

    def _register(self, frame: Frame) -> Heard:
        try:
            bodies.register(frame)
        except Unreadable:
            # The number is what counts; the rest is told wrongly, and seen so, but not needed.
            self._refused("bad_register")
        return self._registered(frame, Registered.DONE)

    def _authenticate(self, frame: Frame, now: datetime) -> Heard:
        number = jt808.device_id(frame)
        try:
            told = bodies.authenticate(frame).code
        except Unreadable:
            told = ""
        right = hmac.compare_digest(told.encode(), self._rules.code(number).encode())
        if self._rules.issued_codes and not right:
            self._refused("wrong_code")
            return self._at_once(frame, Result.FAILED)
        if len(self._authenticated) < MAX_DEVICES_A_CONNECTION:
            self._authenticated.add(number)
        return self._stored(frame, self._now_online(number, now))

    def _now_online(self, number: str, now: datetime) -> list[Item]:
        if number in self._online or len(self._online) >= MAX_DEVICES_A_CONNECTION:
            return []
        self._online[number] = now
        self._links.take(number, self)
        return [_presence(number, "online", since=now, now=now)]

    def _logout(self, frame: Frame, now: datetime) -> Heard:
        number = jt808.device_id(frame)
        items = self._offline(number, now)

        def answer(outcome: Outcome) -> bytes:
            if outcome is Outcome.STORED:
                self._forget(number)
            return self._answer(frame, _RESULTS[outcome])

        return Heard(items, answer)

    def _offline(self, number: str, now: datetime) -> list[Item]:
        since = self._online.get(number)
        if since is None or not self._links.speaks(number, self):
            return []
        return [_presence(number, "offline", since=since, now=now)]

    def _forget(self, number: str) -> None:
        self._online.pop(number, None)
        self._links.leave(number, self)

    def _incomplete(self, given_up: list[PartSet], now: datetime) -> list[Heard]:
        return [Heard([self._arrival(found.wire, now)], kept=True) for found in given_up]

    def _arrival(self, wire: bytes, now: datetime) -> Arrival:
        return Arrival(self._topic, wire, now, "listener")

    def _stored(
        self, frame: Frame, items: list[Item], *, unreadable: Result = Result.UNREADABLE
    ) -> Heard:
        results = _RESULTS | {Outcome.UNREADABLE: unreadable}

        def answer(outcome: Outcome) -> bytes:
            if outcome is Outcome.FAILED and items:
                self._forget(jt808.device_id(frame))  # its 'online' is not stored either
            return self._answer(frame, results[outcome])

        return Heard(items, answer)

    def _at_once(self, frame: Frame, result: Result) -> Heard:
        """There is nothing to store."""
        return Heard((), lambda _: self._answer(frame, result))

    def _registered(self, frame: Frame, result: Registered) -> Heard:
        code = self._rules.code(jt808.device_id(frame))
        body = bodies.register_answer(frame.header.serial, result, code)
        return Heard((), lambda _: self._frame(frame, bodies.REGISTER_ANSWER, body))

    def _answer(self, frame: Frame, result: Result) -> bytes:
        body = bodies.answer(frame.header.serial, frame.header.message_id, result)
        return self._frame(frame, bodies.ANSWER, body)

    def _frame(self, asked: Frame, message_id: int, body: bytes) -> bytes:
        """In the version the device speaks; answers are numbered as they are sent."""
        serial = self._serial
        self._serial = (serial + 1) % MAX_SERIAL
        header = Header(
            message_id=message_id,
            phone=asked.header.phone,
            serial=serial,
            version=asked.header.version,
        )
        return encode(header, body)


_OPENING = frozenset({bodies.REGISTER, bodies.AUTHENTICATE, bodies.DEVICE_ANSWER})
_RESULTS = {
    Outcome.STORED: Result.DONE,
    Outcome.UNREADABLE: Result.UNREADABLE,
    Outcome.FAILED: Result.FAILED,
}


def _presence(number: str, state: PresenceState, *, since: datetime, now: datetime) -> Envelope:
    """A run for each connection: 1 online, 2 offline."""
    origin = Origin(
        device_id=number,
        boot=f"jt-link-{int(since.timestamp() * 1000)}",
        seq=1 if state == "online" else 2,
        sent_at=now,
    )
    return Envelope(message=Presence(origin=origin, state=state), received_at=now, protocol="jt808")
